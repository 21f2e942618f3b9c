/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * Edits that cannot be sent: kept, shown, sent once.  In both browsers,
 * under a name that is no secure context.
 */
import { scene, inTurn, launch, call, diag, ok, is, like, see, until }
    from './lib.mjs';
import { at, rowOf, cellOf, conflictOf, signIn, live, ready, skus, value,
    change, leaveTable, sideways, MANAGEMENT } from './page.mjs';

const BANNER = at('offline-banner');

let kind, ana, rows;

const item = (sku) => `/inventory/items/${sku}`;
const api = (method, path, body) => call('api', 'ben', method, path, body);
const stored = async (sku) => (await api('GET', item(sku))).body;
const changes = async (sku) => (await api('GET', `${item(sku)}/history`))
    .body.changes.length;

/** The server goes away, and the page knows. */
async function away(...seats) {
	await call('stop', 'app', 'relay');
	for (const seat of seats)
		await until('offline', () =>
		    seat.count('body[data-state=offline]'));
}

const back = () => call('start', 'app', 'relay');
const banner = (seat) => seat.text(BANNER).then((t) => t ?? '');
const waits = (seat, n) => until(`${n} wait`, async () =>
    await seat.visible(BANNER) &&
    new RegExp(`: ${n} edits? waits?`).test(await banner(seat)));

/** Count what SEAT's page has sent and got done, by Idempotency-Key. */
function count(seat, sent = new Map()) {
	seat.page.on('response', (r) => {
		const key = r.request().headers()['idempotency-key'];
		if (key && r.status() < 300)
			sent.set(key, (sent.get(key) ?? 0) + 1);
	});
	return sent;
}

function prepare(seat) {
	seat.allow(/50[234]/, /ERR_/, /NetworkError/, /40[149]/, /422/);
	seat.asked = [];
	seat.page.on('dialog', (d) => {
		seat.asked.push(d.type());
		d.accept().catch(() => 0);
	});
}

async function tab(options) {
	const seat = await ana.tab(options);
	prepare(seat);
	return seat;
}

/** Everything that can be changed without a server. */
async function waiting() {
	const [a, b, c] = rows;
	const before = await changes(a), had = (await stored(c)).quantity;
	const sent = count(ana);

	await away(ana);
	is(await ana.visible(BANNER), false,
	    `${kind}: offline, but nothing waits: no banner`);
	await change(ana, a, 'quantity', '101');
	await see('an edit shows at once, as pending', async () =>
	    await value(ana, a, 'quantity') === '101' &&
	    await ana.attr(cellOf(a, 'quantity'), 'data-pending') !== null);
	await waits(ana, 1);
	like(await banner(ana), /^Offline since \d\d?:\d\d.*: 1 edit waits/,
	    'the banner says since when, and how many');
	await see('a screen reader is told', () => ana.run(() =>
	    /1 edit waits/.test(document.getElementById('polite')
		?.textContent ?? '')), 15000);
	await change(ana, a, 'quantity', '102');
	await change(ana, b, 'location', `Off ${kind}`);
	await waits(ana, 3);
	is(await value(ana, a, 'quantity'), '102', 'the last one shows');

	await ana.hover(rowOf(c));
	await ana.click(`${rowOf(c)} ${at('open-details')}`);
	await until('details', () => ana.visible('#details-dialog'));
	await ana.fill('#adjust-amount', '5');
	await ana.click('#adjust-plus');
	await see('an adjustment shows, too', async () =>
	    await ana.text('#details-dialog .figure') === String(had + 5));
	await ana.click('#details-close');
	await ana.click('#new-item');
	await until('the form', () => ana.visible('#create-dialog'));
	await ana.fill('#create-dialog [name=sku]', `OFF-${kind}`);
	await ana.fill('#create-dialog [name=name]', 'Made offline');
	await ana.click('#create-submit');
	await see('a new item waits, and the form is done', async () =>
	    !await ana.count('#create-dialog'));
	await waits(ana, 5);

	await look(ana);
	await back();
	await live(ana, 20000);
	await see('back: all is sent', async () =>
	    !await ana.visible(BANNER), 20000);
	await see('no longer pending', async () =>
	    await ana.attr(cellOf(a, 'quantity'), 'data-pending') === null,
	20000);
	is([(await stored(a)).quantity, (await stored(b)).location,
		(await stored(c)).quantity,
		(await stored(`OFF-${kind}`)).name],
	    [102, `Off ${kind}`, had + 5, 'Made offline'], 'and stored');
	is(await changes(a) - before, 2, 'in order, each once');
	is([...sent.values()], [1, 1, 1, 1, 1], 'five answers for five keys');
}

/** The banner cannot be missed, narrow or wide. */
async function look(seat) {
	const box = () => seat.run((s) => {
		const b = document.querySelector(s).getBoundingClientRect();
		const bar = document.querySelector('.bar')
		    .getBoundingClientRect();
		return [Math.round(b.width), innerWidth, b.height >= 32,
			Math.abs(b.top - bar.bottom) < 2];
	}, BANNER);
	let [width, all, high, under] = await box();

	is([width, high, under], [all, true, true],
	    'the banner is as wide as the page, under the bar');
	is(await seat.attr('#banner-words', 'role'), 'status',
	    'and a status to screen readers');
	await seat.resize({ width: 360, height: 740 });
	await until('cards', () => seat.count('#grid.cards'));
	[width, all, high, under] = await box();
	is([width, high, under, await sideways(seat)], [all, true, true, 0],
	    'also on 360 px');
	await seat.resize({ width: 1280, height: 800 });
	await until('a table', () => seat.count(rowOf(rows[0])));
}

/** The tab is closed with edits in it; the choice outlives it as well. */
async function closed() {
	const [, , , d, e] = rows;
	const before = await changes(d);

	await away(ana);
	await change(ana, d, 'quantity', '201');
	await change(ana, e, 'quantity', '202');
	await waits(ana, 2);
	const next = await tab();
	await ana.close();
	ana = next;
	await back();
	await api('PATCH', item(e), { quantity: 250 });
	const sent = count(ana);
	await ana.go(MANAGEMENT);
	await ready(ana);
	await see(`${kind}: closed and opened: the edit is sent`, async () =>
	    (await stored(d)).quantity === 201, 30000);
	is(await changes(d) - before, 1, 'once');
	const card = conflictOf(e, 'quantity');
	await see('the other one, changed meanwhile, is asked about',
	    async () => await ana.visible(`${card} ${at('conflict-was')}`),
	    30000);
	like(await ana.text(card), /ben.* changed it to 250.*You wrote 202/,
	    'with who, and both values');
	is((await stored(e)).quantity, 250, 'and overwrites nothing');
	await ana.click(`${card} ${at('conflict-mine')}`);
	await see('mine', async () => (await stored(e)).quantity === 202);
	is([...sent.values()].every((n) => n === 1), true, 'each key once');
}

/** Two tabs know of the same edits. */
async function twoTabs() {
	const [a, b] = rows;
	const other = await tab();
	const before = [await changes(a), await changes(b)];

	await other.go(MANAGEMENT);
	await ready(other);
	const sent = count(other, count(ana));
	await away(ana, other);
	await change(other, a, 'quantity', '301');
	await change(other, a, 'quantity', '302');
	await change(other, b, 'quantity', '303');
	await waits(other, 3);
	await back();
	await live(ana, 20000);
	await see(`${kind}: two tabs: all is sent`, async () =>
	    (await stored(a)).quantity === 302 &&
	    (await stored(b)).quantity === 303, 20000);
	await see('both tabs show it, and wait for nothing', async () => {
		for (const seat of [ana, other])
			if (await seat.visible(BANNER) ||
			    await value(seat, a, 'quantity') !== '302' ||
			    await seat.attr(cellOf(a, 'quantity'),
				'data-pending') !== null)
				return false;
		return true;
	}, 20000);
	is([await changes(a) - before[0], await changes(b) - before[1]],
	    [2, 1], 'each once');
	is([...sent.values()], [1, 1, 1], 'by one tab each');

	await away(ana, other);
	await other.page.bringToFront();
	await change(other, a, 'quantity', '304');
	await waits(other, 1);
	await other.close();
	await ana.page.bringToFront();
	await back();
	await see('of a tab that was closed: the other one sends it',
	    async () => (await stored(a)).quantity === 304, 30000);
	await live(ana, 20000);
}

/** Only the app was away: the tab that stays has been live all the time. */
async function leftBehind() {
	const [a] = rows, stays = await tab(), left = await tab();

	/* What it does each half a minute it does each half a second. */
	await stays.page.evaluateOnNewDocument(() => {
		const real = setInterval;
		globalThis.setInterval = (run, ms, ...more) =>
			real(run, ms === 30000 ? 500 : ms, ...more);
	});
	for (const seat of [left, stays]) {
		await seat.go(MANAGEMENT);
		await ready(seat);
		await live(seat, 20000);
	}
	await call('stop', 'app');
	await left.page.bringToFront();
	await change(left, a, 'quantity', '311');
	await until('it waits', () => left.visible(BANNER));
	await left.close();
	await stays.page.bringToFront();
	await call('start', 'app');
	await see(`${kind}: left by a tab while only the app was away: sent`,
	    // Its claim may have to run out first, which takes 20 s.
	    async () => (await stored(a)).quantity === 311, 40000);
	await stays.close();
	await ana.page.bringToFront();
}

async function signOut(seat) {
	await seat.click('#user-menu-button');
	await seat.click('#sign-out');
}

/** No question holds up who leaves for that, and what waits comes along. */
async function sessionOver() {
	const [a] = rows;

	await away(ana);
	await change(ana, a, 'quantity', '351');
	await waits(ana, 1);
	ana.asked = [];
	await ana.context.deleteCookie(...await ana.context.cookies());
	await back();
	await see(`${kind}: the session is over while an edit waits: sign in`,
	    async () => ana.where() === '/' && await ana.visible('#username'),
	    20000);
	is(ana.asked, [], 'without "Leave the page?"');
	await signIn(ana);
	await see('signed in again: it is sent', async () =>
	    (await stored(a)).quantity === 351, 30000);

	await ana.page.setRequestInterception(true);
	const refuse = (r) => r.method() === 'PATCH' ?
	    r.respond({ status: 503, body: '' }) : r.continue();
	ana.page.on('request', refuse);
	await change(ana, a, 'quantity', '352');
	await until('it is tried', () => ana.visible(BANNER));
	await signOut(ana);
	await until('the warning', async () =>
	    (await ana.texts(at('notice'))).some((t) => /not saved/.test(t)));
	ana.asked = [];
	await ana.click(`[data-notice=sign-out] .link-button`);
	await see('signed out anyway', async () =>
	    ana.where() === '/' && await ana.visible('#username'));
	is(ana.asked, [], 'who was warned is not asked once more');
	ana.page.off('request', refuse);
	await ana.page.setRequestInterception(false);
	await signIn(ana);
	await see('signed in again: that is sent, too', async () =>
	    (await stored(a)).quantity === 352, 30000);
}

/** The server makes the changes of SEAT's page, but its answers get lost. */
function lossy(seat) {
	return seat.run(() => {
		const real = window.fetch;
		window.lost = 0;
		window.heal = () => window.fetch = real;
		window.fetch = async (url, how) => {
			const answer = await real(url, how);
			if (how?.headers?.['Idempotency-Key'] === undefined)
				return answer;
			window.lost++;
			throw new TypeError('lost');
		};
	});
}

const heal = (seat) => seat.run(() => window.heal());
const lost = (seat) => seat.run(() => window.lost);
const asked = (seat) => seat.count(`${at('notice')}, ${at('conflict')}, ` +
    '.editor');

/** A write that was made, though nobody said so, and another SKU since. */
async function noAnswer() {
	const sku = rows[5], own = `${sku}-own`, his = `${sku}-his`;
	const before = await changes(sku);
	const had = (await stored(sku)).quantity, sent = [];

	ana.page.on('request', (r) => sent.push(r.url()));
	await lossy(ana);
	await change(ana, sku, 'sku', own);
	/* The events tell the page of the new name. */
	await until('it is sent again, to the new name', () =>
	    sent.some((url) => url.endsWith(item(own))), 30000);
	await heal(ana);
	await see(`${kind}: an own rename whose answer was lost is saved`,
	    async () => await ana.attr(cellOf(own, 'sku'), 'data-pending') ===
		null && await value(ana, own, 'sku') === own, 20000);
	is(await asked(ana), 0, 'not refused');

	await ana.hover(rowOf(own));
	await ana.click(`${rowOf(own)} ${at('open-details')}`);
	await until('details', () => ana.visible('#details-dialog'));
	await lossy(ana);
	await ana.fill('#adjust-amount', '5');
	await ana.click('#adjust-plus');
	await until('an answer is lost', async () => await lost(ana) > 0);
	await ana.click('#details-close');
	await api('PATCH', item(own), { sku: his });
	await until('the page has ben\'s name', () =>
	    ana.count(cellOf(his, 'sku')));
	await heal(ana);
	await see('so is an adjustment, of what ben renamed meanwhile',
	    async () => await ana.attr(cellOf(his, 'quantity'),
		'data-pending') === null, 20000);
	is(await asked(ana), 0, 'not refused');
	is([await value(ana, his, 'quantity'), (await stored(his)).quantity,
		await changes(his) - before], [String(had + 5), had + 5, 3],
	'and counted once');
	is(await ana.count(rowOf(own)), 0, 'no row of the old name comes back');
}

/** Somebody else at the same browser. */
async function twoPeople() {
	const [, , c] = rows;

	await away(ana);
	await change(ana, c, 'location', `By ana ${kind}`);
	await waits(ana, 1);
	await signOut(ana);
	await see(`${kind}: signing out with an edit that waits warns`,
	    async () => (await ana.texts(at('notice'))).some((t) =>
		/One of your edits is not saved.*kept on this device/
		    .test(t)));
	const ben = await tab();
	ben.who = 'ben';
	await ana.close();
	ana = ben;
	await back();
	await ben.go('/sign-out-by-hand');
	await ben.run(() => fetch('/api/v1/session', { method: 'DELETE' })
	    .then((r) => r.status));
	await signIn(ben, 'ben');
	await change(ben, rows[3], 'quantity', '401');
	await see('ben works', async () =>
	    (await stored(rows[3])).quantity === 401);
	ok((await stored(c)).location !== `By ana ${kind}` &&
	    await value(ben, c, 'location') !== `By ana ${kind}` &&
	    !await ben.visible(BANNER),
	    'ana\'s edit is neither his to see nor sent by him');
	await signOut(ben);
	await until('signed out', async () => ben.where() === '/');
	ben.who = 'ana';
	await signIn(ben, 'ana');
	/* The tab that was closed may have claimed it, for 20 s. */
	await see('ana signs in again: it is sent', async () =>
	    (await stored(c)).location === `By ana ${kind}`, 30000);
	is((await stored(c)).updated_by, 'ana', 'as hers');
}

/** Without a database in the browser. */
async function noDatabase() {
	const [, b] = rows;
	const poor = await tab();

	await poor.page.evaluateOnNewDocument(() => {
		if (sessionStorage.getItem('database') === null)
			IDBFactory.prototype.open = () => {
				throw new DOMException('no', 'SecurityError');
			};
	});
	await poor.go(MANAGEMENT);
	await ready(poor);
	await away(poor);
	await change(poor, b, 'quantity', '501');
	await waits(poor, 1);
	like(await banner(poor), /Do not close this tab/,
	    `${kind}: no IndexedDB: the banner says that closing loses it`);
	await back();
	await see('it is sent', async () =>
	    (await stored(b)).quantity === 501, 20000);

	await away(poor);
	await change(poor, b, 'quantity', '503');
	await waits(poor, 1);
	await poor.run(() => sessionStorage.setItem('database', 'works'));
	await poor.context.deleteCookie(...await poor.context.cookies());
	await back();
	await until('the sign-in page', async () => poor.where() === '/' &&
	    await poor.visible('#username'), 20000);
	await signIn(poor);
	await see('kept in the tab, and the next page has a database: sent',
	    async () => (await stored(b)).quantity === 503, 30000);
	await poor.run(() => sessionStorage.removeItem('database'));
	await poor.page.reload();
	await ready(poor);

	await poor.run(() => {
		Storage.prototype.setItem = () => {
			throw new DOMException('no', 'SecurityError');
		};
	});
	await away(poor);
	await change(poor, b, 'quantity', '502');
	await waits(poor, 1);
	await poor.context.deleteCookie(...await poor.context.cookies());
	await back();
	await see('kept nowhere: the end of the session asks first', async () =>
	    poor.asked.includes('beforeunload'), 20000);
	await poor.close();
}

scene(async () => {
	for (kind of process.argv[2] ? [process.argv[2]] :
	    ['chromium', 'firefox']) {
		const browser = await launch(kind);
		diag(`${kind}: ${browser.version}`);
		ana = await browser.seat('ana', { host: 'stock.lan' });
		prepare(ana);
		await signIn(ana);
		await leaveTable(ana);
		rows = (await skus(ana)).slice(kind === 'firefox' ? 6 : 0);
		await inTurn([[waiting], [closed], [twoTabs], [leftBehind],
			[noAnswer], [sessionOver], [twoPeople], [noDatabase]]);
		ana.clean();
		await ana.close();
	}
});
