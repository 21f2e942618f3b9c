/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The presence bar, in both browsers, under a name that is no secure context.
 */
import { scene, inTurn, launch, call, diag, ok, is, like, see, until }
    from './lib.mjs';
import { at, rowOf, cellOf, avatarOf, MANAGEMENT, signIn, ready, live, skus,
    search, leaveTable, sideways } from './page.mjs';

const LAN = { host: 'stock.lan' };
const BAR = at('presence-bar');
const personOf = (user) => `${at('person')}[data-user="${user}"]`;

/** What the bar shows: avatars in their order, and its words. */
const bar = (seat) => seat.run((s) => ({
	who: [...document.querySelectorAll(`${s} [data-testid=avatar]`)]
	    .map((e) => /** @type {HTMLElement} */ (e).dataset.user),
	more: /** @type {HTMLElement} */ (document.querySelector(
	    '[data-testid=avatars-more]')).checkVisibility() ?
	    document.querySelector('[data-testid=avatars-more]').textContent :
	    '',
	high: document.querySelector(s).getBoundingClientRect().height,
	// Room that is left in the line, in avatars.
	left: (() => {
		const box = document.querySelector('#who')
		    .getBoundingClientRect();
		const [one, two] = [...document.querySelectorAll(
		    `${s} .avatar-slot`)].slice(-2).map((e) =>
		    e.getBoundingClientRect());
		const end = document.querySelector('#people-button')
		    .getBoundingClientRect();
		return two ? (box.width - (end.right - document
		    .querySelector('#avatars').getBoundingClientRect().left)) /
		    (two.right - one.right) : -1;
	})(),
	over: [...document.querySelectorAll(`${s} button, ${s} .activity`)]
	    .some((e) => e.getBoundingClientRect().right > innerWidth ||
		e.getBoundingClientRect().left < 0),
}), BAR);

const count = async (seat) => (await seat.run((s) =>
    document.querySelector(s).textContent, at('user-count'))).trim();

/** Keep, from now on, every avatar that is taken away or put somewhere. */
const recordMoves = (seat) => seat.run((s) => {
	const moves = /** @type {any} */ (window).moves = [];
	new MutationObserver((all) => {
		const note = (sign, nodes) => moves.push(...[...nodes]
		    .filter((n) => n instanceof HTMLElement &&
			n.matches('.avatar-slot'))
		    .map((n) => `${sign} ${n.textContent}`));
		for (const m of all) {
			note('+', m.addedNodes);
			note('-', m.removedNodes);
		}
	}).observe(document.querySelector(`${s} ul`), { childList: true });
}, BAR);
const moves = (seat) => seat.run(() => /** @type {any} */ (window).moves);

/** ana before three windows, ben before one; ana is one person, first. */
async function people(ana, ben) {
	const more = [await ana.tab(), await ana.tab()];
	for (const tab of more) {
		await tab.go(MANAGEMENT);
		await ready(tab);
	}
	await see('three tabs of ana and one of ben: two people', async () =>
	    await count(ana) === '2 users online');
	is((await bar(ana)).who, ['ana', 'ben'], 'ana sees herself first');
	await see('and ben himself', async () =>
	    (await bar(ben)).who.join() === 'ben,ana');
	const ring = (seat, user) => seat.run((s) => getComputedStyle(
	    document.querySelector(`${s} .avatar`)).boxShadow !== 'none',
	    avatarOf(user));
	is([await ring(ana, 'ana'), await ring(ana, 'ben')], [true, false],
	    'with a ring around me alone');
	await more[0].close();
	await more[1].close();
}

/** Where somebody is, by a click and by keys. */
async function goThere(ana, ben) {
	const rows = await skus(ben);
	const sku = rows[3];
	await ben.hover(cellOf(sku, 'name'));
	await until('ana knows', () => ana.count(`${rowOf(sku)} ` +
	    `${at('row-badge')}[data-user="ben"]`));
	await ana.run(() => {
		for (const e of document.querySelectorAll('#grid *'))
			if (e.scrollHeight > e.clientHeight + 1000)
				e.scrollTop = 4000;
	});
	await until('the row is out of sight', async () =>
	    !(await skus(ana)).includes(sku));
	await ana.click(avatarOf('ben'));
	await see('a click on an avatar brings their row into sight',
	    async () => (await skus(ana)).includes(sku));
	await see('and marks it', () => ana.count(
	    `${rowOf(sku)}[data-found]`));
	await see('for a while', async () =>
	    !await ana.count('[data-found]'), 10000);
	is(await ana.text(at('notice')), null, 'no more is to say');

	await search(ana, rows[0]);
	await until('a filter', async () =>
	    !(await skus(ana)).includes(sku));
	await ana.page.focus('#people-button');
	await ana.press('Enter');
	await until('the list', () => ana.visible(at('people-list')));
	await until('the first one has the focus', () => ana.run((s) =>
	    !!document.activeElement?.closest(s), at('person')));
	await ana.press('ArrowDown');
	is(await ana.run(() => /** @type {any} */ (document.activeElement)
	    .closest('[data-user]').dataset.user), 'ben',
	    'the list is walked by arrow keys');
	like(await ana.text(personOf('ben')), new RegExp(`on ${sku}`),
	    'and says where they are');
	await ana.press('Enter');
	await see('a filter hides the row: said, and offered to show',
	    async () => new RegExp(`ben is on ${sku}, which the filter hides`)
		.test(await ana.text(at('notice'))));
	is(await ana.visible(at('people-list')), false, 'the list closes');
	await see('and the focus is back', () => ana.run(() =>
	    document.activeElement?.id === 'people-button'));
	await ana.click(`${at('notice')} .link-button`);
	await see('"Show it" shows it', () => ana.count(
	    `${rowOf(sku)}[data-found]`));
	is(await ana.run(() => /** @type {any} */ (document.querySelector(
	    '#search')).value), '', 'without the filter');

	await leaveTable(ben);
	await until('ben is nowhere', async () =>
	    !await ana.count(`${at('row-badge')}[data-user="ben"]`));
	await ana.page.focus(avatarOf('ben'));
	await ana.press('Enter');
	await see('somebody on no row: said so', async () =>
	    /ben is on no row/.test((await ana.texts(at('notice'))).join()));
	await ana.click('#people-button');
	await until('the list', () => ana.visible(at('people-list')));
	await ana.press('Escape');
	is(await ana.visible(at('people-list')), false, 'Escape closes it');
}

/** Away is dimmed, and said. */
async function away(chromium, ana) {
	const vera = await chromium.seat('vera', LAN);
	await signIn(vera);
	await until('vera', () => ana.count(avatarOf('vera')));
	const back = (user) => ana.run((s) => getComputedStyle(
	    document.querySelector(`${s} .avatar`)).backgroundColor,
	    avatarOf(user));
	const was = await back('vera');
	await vera.run(() => {
		Object.defineProperty(document, 'hidden',
		    { configurable: true, get: () => true });
		document.dispatchEvent(new Event('visibilitychange'));
	});
	await see('a hidden tab: away', async () =>
	    await ana.attr(avatarOf('vera'), 'data-state') === 'away');
	ok(await back('vera') !== was, 'dimmed');
	is(await ana.attr(avatarOf('vera'), 'title'), 'vera (away)',
	    'and in words');
	vera.clean();
	await vera.close();
}

/** More people than fit, at any width. */
async function fits(ana) {
	const names = Array.from({ length: 38 }, (_, n) => `Guest ${n}`);
	await call('crowd', ...names);
	await until('40 people', async () =>
	    /^40 /.test(await count(ana)), 15000);
	const shown = [];
	for (const width of [1280, 900, 360]) {
		await ana.resize({ width, height: 800 });
		let b;
		await until(`the bar at ${width} px`, async () => {
			const wide = await ana.run(() => innerWidth);
			b = await bar(ana);
			return wide === width && !b.over && b.left >= 0 &&
			    b.left < 1 && b.more === `+${40 - b.who.length}`;
		});
		shown.push(b.who.length);
		is([b.who[0], b.over, await sideways(ana)], ['ana', false, 0],
		    `${width} px: all in the bar, me first`);
		ok(b.high < 60, 'in one line', `${b.high} px`);
		ok(b.left >= 0 && b.left < 1, 'no room for one more',
		    `room for ${b.left}`);
	}
	diag(`avatars at 1280, 900 and 360 px: ${shown.join(', ')}`);
	ok(Math.min(shown[0], shown[1]) > 15 && shown[2] >= 2 &&
	    shown[2] < 9, 'as many as there is room for', shown.join(' '));
	await ana.click('#people-button');
	await until('the list', () => ana.visible(at('people-list')));
	is([await ana.count(at('person')), await sideways(ana)], [40, 0],
	    '"+N" lists all of them, at 360 px too');
	ok(await ana.run((s) => {
		const b = document.querySelector(s).getBoundingClientRect();
		return b.left >= 0 && b.right <= innerWidth &&
		    b.bottom <= innerHeight;
	}, '#people-panel'), 'within the page');
	await ana.page.focus('#people-find');
	await ana.type('guest 17');
	await see('one is found by name', async () =>
	    (await ana.texts(`${at('person')} .person-name`))
		.join() === 'Guest 17');
	await ana.press('Escape');
	await ana.resize({ width: 1280, height: 800 });
	await call('disperse');
	await see('they leave', async () => /^2 /.test(await count(ana)),
	    20000);
}

/** Targets for fingers; a window of a phone's kind is Chromium's only. */
async function touch(chromium) {
	const seat = await chromium.seat('ana', { ...LAN, width: 360,
		height: 740 });
	await seat.resize({ width: 360, height: 740,
		hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
	await signIn(seat);
	const small = () => seat.run((s) => [...document.querySelectorAll(s)]
	    .filter((e) => e.checkVisibility()).map((e) => ({ e,
		b: e.getBoundingClientRect() }))
	    .filter(({ b }) => b.width < 44 || b.height < 44)
	    .map(({ e, b }) => `${e.id || e.className} ${b.width} x ` +
		b.height), `${BAR} button`);
	is(await small(), [], 'by touch: 44 px targets in the bar');
	await seat.click('#people-button');
	await until('the list', () => seat.visible(at('people-list')));
	is(await small(), [], 'and in the list of people');
	is(await seat.run(() => document.activeElement?.tagName), 'BUTTON',
	    'which brings up no keyboard');
	await seat.press('Escape');
	await seat.click('#happened-button');
	is(await small(), [], 'and in the list of what happened');
	seat.clean();
	await seat.close();
}

/** 1,000 people: the stream tells of 100, the rest is read on demand. */
async function crowd(seat) {
	await search(seat, '');
	const had = 2, from = Date.now();
	await call('throng', 1000);
	await see('1,000 more people are counted', async () =>
	    await count(seat) === `${had + 1000} users online`, 20000);
	diag(`${seat.kind}: a crowd of 1,000 in ${Date.now() - from} ms`);
	const b = await bar(seat);
	is([b.who[0], b.more], ['ana', `+${had + 1000 - b.who.length}`],
	    'the bar counts those it does not show');
	const opened = Date.now();
	await seat.click('#people-button');
	await see('the list gets all of them', async () =>
	    await seat.count(at('person')) === had + 1000, 20000);
	diag(`${seat.kind}: the list of 1,000 in ${Date.now() - opened} ms`);
	await seat.press('Escape');
	await call('part');
	await see('they go, and are counted no more', async () =>
	    await count(seat) === `${had} users online`, 20000);
}

/** The relay dies and is back: nobody's avatar blinks or moves. */
async function noBlink(ana, ben) {
	await call('crowd', 'Kim', 'Robin', 'Lou');
	for (const seat of [ana, ben]) {
		await until('five', async () =>
		    /^5 /.test(await count(seat)));
		seat.allow(/50[234]/, /ERR_/, /push\//);
		await recordMoves(seat);
	}
	const before = (await bar(ana)).who;
	await call('crash');
	await call('disperse');
	await call('crowd', 'Mia');
	for (const seat of [ana, ben])
		await see(`the relay died: ${seat.who} is back, sees Mia come`,
		    () => seat.count(avatarOf('Mia')), 15000);
	is((await bar(ana)).who, [...before, 'Mia'],
	    'and those at their places who are not yet back');
	await call('crowd', 'Lou', 'Kim', 'Robin');
	await live(ana);
	await live(ben);
	await see('all are there', async () => (await ana.run((path) =>
	    fetch(path).then((r) => r.json()),
	    '/api/v1/inventory/collaboration/presence')).count === 6);
	is([await moves(ana), await moves(ben)], [['+ MIMia'], ['+ MIMia']],
	    'no avatar but Mia\'s was put or taken meanwhile');
	is((await bar(ana)).who, [...before, 'Mia'], 'each at their place');
	await call('disperse');
}

async function bars(browser, chromium) {
	const ana = await browser.seat('ana', LAN);
	// Firefox keeps a click waiting in a window behind another.
	const ben = await chromium.seat('ben', LAN);
	await signIn(ana);
	await signIn(ben);
	await inTurn([[people, ana, ben], [goThere, ana, ben],
		[fits, ana]]);
	if (browser === chromium)
		await inTurn([[crowd, ana], [away, chromium, ana],
			[touch, chromium]]);
	await inTurn([[noBlink, ana, ben]]);
	ana.clean();
	ben.clean();
	await ana.close();
	await ben.close();
}

scene(async () => {
	const chromium = await launch('chromium');
	await bars(chromium, chromium);
	await bars(await launch('firefox'), chromium);
});
