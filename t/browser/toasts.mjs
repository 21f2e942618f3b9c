/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * Toasts, the list of what happened, and what is announced, in both browsers,
 * under a name that is no secure context.
 */
import { scene, inTurn, launch, call, ok, is, like, see, until, sleep }
    from './lib.mjs';
import { at, rowOf, toastOf, signIn, skus, change, open, write, search,
    leaveTable, conflictOf, sideways } from './page.mjs';

const LAN = { host: 'stock.lan' };
const entry = at('happened-entry');

const patch = (user, sku, body) => call('api', user, 'PATCH',
    `/inventory/items/${sku}`, body);

/** A value that the field has not had yet. */
let number = 1000;
const next = () => ++number;

const toastTexts = (seat) => seat.texts(`${at('toast')} ` +
    at('toast-text'));
const unread = async (seat) => await seat.visible(at('unread')) ?
    seat.text(at('unread')) : '0';

/** Keep, from now on, what the live regions say, and when. */
const listen = (seat) => seat.run(() => {
	const heard = /** @type {any} */ (window).heard = [];
	for (const id of ['polite', 'assertive'])
		new MutationObserver((all) => {
			for (const m of all)
				for (const n of m.addedNodes)
					heard.push([id, performance.now(),
						n.textContent]);
		}).observe(document.getElementById(id), { childList: true });
});
const heard = (seat) => seat.run(() => /** @type {any} */ (window).heard);

/** Take all toasts away. */
const quiet = (seat) => until('no toast', async () => {
	await seat.run(() => {
		for (const e of document.querySelectorAll('.toast-close'))
			/** @type {HTMLElement} */ (e).click();
	});
	return !await seat.count(at('toast'));
});

/** Changes of one actor are one toast. */
async function coalesce(seat) {
	const rows = await skus(seat);
	await patch('ben', rows[0], { quantity: next() });
	await see('one change is told as ever', async () =>
	    (await toastTexts(seat)).some((t) => t ===
		`ben (ben token) updated quantity for ${rows[0]}`));
	for (const sku of rows.slice(0, 7))
		await patch('ben', sku, { quantity: next() });
	await see('many become one that counts', async () =>
	    (await toastTexts(seat)).some((t) => t ===
		'ben (ben token) changed 7 items'));
	is(await seat.count(at('toast')), 1, 'a single one');
	await patch('admin', rows[1], { quantity: next() });
	await patch('admin', rows[1], { location: `L${next()}` });
	await patch('admin', rows[1], { unit: `u${next()}` });
	await see('fields of one item are counted, too', async () =>
	    (await toastTexts(seat)).some((t) => t ===
		`admin (admin token) changed 3 fields of ${rows[1]}`));
	is(await seat.count(at('toast')), 2, 'another actor, another toast');
	await quiet(seat);
}

/** Never more than three, however many actors. */
async function three(seat) {
	const rows = await skus(seat);
	await seat.run(() => {
		const w = /** @type {any} */ (window);
		w.most = 0;
		w.counting = new MutationObserver(() => {
			w.most = Math.max(w.most, document.querySelectorAll(
			    '[data-testid=toast]').length);
		});
		w.counting.observe(document.querySelector('#toasts'),
		    { childList: true });
	});
	for (const [n, who] of ['One', 'Two', 'Three', 'Four', 'Five',
		'Six'].entries())
		await call('as', who, rows[n], { quantity: next() });
	await see('three actors\' toasts', async () =>
	    await seat.count(at('toast')) === 3);
	await see('those who found no room come next', async () =>
	    (await toastTexts(seat)).some((t) => /Four|Five|Six/.test(t)));
	is(await seat.run(() => /** @type {any} */ (window).most), 3,
	    'six actors: never more than three toasts');
	await quiet(seat);
}

/** All of it is in the list, and leads to the row. */
async function list(seat) {
	const rows = await skus(seat);
	await seat.click(at('happened-button'));
	await see('the list of what happened opens', () =>
	    seat.visible(at('happened')));
	is(await unread(seat), '0', 'and all is read');
	const had = await seat.count(entry);
	const bay = `Bay ${next()}`;
	await patch('ben', rows[2], { quantity: 4711,
	    location: bay });
	await see('a change appears in it at once', async () =>
	    await seat.count(entry) === had + 1);
	await see('who, what, old and new, and when', async () => {
		const text = await seat.text(entry);
		return /ben \(ben token\) updated/.test(text) &&
		    text.includes(rows[2]) && / → 4,711/.test(text) &&
		    text.includes(` → ${bay}`) && /\d\d:\d\d/.test(text);
	});
	is(await seat.count(at('toast')), 0, 'and no toast hides it');
	await seat.press('Escape');
	is(await seat.visible(at('happened')), false, 'Escape closes it');

	await patch('ben', rows[3], { quantity: next() });
	await see('the bell counts what is new', async () =>
	    await unread(seat) === '1');
	like(await seat.attr(at('happened-button'), 'aria-label'),
	    /1 new change/, 'in words, too');
	await seat.run(() => {
		for (const e of document.querySelectorAll('#grid *'))
			if (e.scrollHeight > e.clientHeight + 1000)
				e.scrollTop = 5000;
	});
	await until('rows away', async () =>
	    !(await skus(seat)).includes(rows[3]));
	await seat.click(at('happened-button'));
	await seat.click(`${entry}[data-sku="${rows[3]}"] button`);
	await see('a click on an entry goes to its row', () =>
	    seat.count(`${rowOf(rows[3])}[data-found]`));
	await seat.page.keyboard.press('Escape');
	await seat.run(() => /** @type {HTMLElement} */ (document
	    .querySelector('#happened')).hidden || /** @type {any} */ (
	    document.querySelector('#happened-button')).click());

	for (let n = 0; n < 210; n += 7)
		await Promise.all(Array.from({ length: 7 }, (_, i) => patch(
		    'admin', rows[i], { quantity: next() })));
	await seat.click(at('happened-button'));
	await see('it keeps the last 200', async () =>
	    await seat.count(entry) === 200);
	await seat.press('Escape');
	await quiet(seat);
}

/** Own changes are in the list, but nobody is told of them. */
async function own(seat) {
	const [, sku] = await skus(seat);
	await change(seat, sku, 'location', `Own ${next()}`);
	await leaveTable(seat);
	await seat.click(at('happened-button'));
	await see('an own change is in the list', async () =>
	    /^(AN )?ana updated location/.test(await seat.text(entry)));
	await seat.press('Escape');
	is([await unread(seat), await seat.count(at('toast'))], ['0', 0],
	    'but is no news');
}

/** Muted: no toasts, not a word; the list fills; remembered. */
async function mute(seat) {
	const rows = await skus(seat);
	await seat.click(at('happened-button'));
	await seat.click(at('mute'));
	is(await seat.attr(at('mute'), 'aria-checked'), 'true', 'muted');
	await seat.press('Escape');
	await listen(seat);
	await patch('ben', rows[4], { quantity: next() });
	await see('the bell counts', async () => await unread(seat) === '1');
	// The way to a row, asked for a moment ago, may still be told.
	is([await seat.count(at('toast')), (await heard(seat))
	    .map(([, , text]) => text).filter((t) => t.includes('updated'))],
	[0, []], 'without a toast, and without a word');
	const other = await seat.tab();
	await other.go('/inventory/management');
	await until('the rows', () => other.count('#grid[data-ready]'));
	is(await other.attr(at('mute'), 'aria-checked'), 'true',
	    'this browser remembers it');
	await other.click(at('happened-button'));
	await other.click(at('mute'));
	await see('and its other tabs follow', async () =>
	    await seat.attr(at('mute'), 'aria-checked') === 'false');
	await other.close();
	await patch('admin', rows[4], { quantity: next() });
	await see('toasts are back', () => seat.count(at('toast')));
	await quiet(seat);
}

/** A screen reader hears little of a flood, and of a conflict at once. */
async function announced(seat) {
	const rows = await skus(seat);
	ok(await seat.run(() => document.querySelector('#toasts').closest(
	    '[aria-live], [role=status], [role=alert], [role=log]') === null),
	    'toasts are no live region');
	await listen(seat);
	const from = Date.now();
	while (Date.now() - from < 6000) {
		await patch('ben', rows[number % 9], { quantity: next() });
		await sleep(60);
	}
	const said = (await heard(seat)).filter(([id]) => id === 'polite');
	ok(said.length >= 1 && said.length <= 3, 'six seconds of changes: ' +
	    'two messages or so', said.join('\n'));
	for (let n = 1; n < said.length; n++)
		ok(said[n][1] - said[n - 1][1] > 4900, '5 s apart',
		    `${said[n][1] - said[n - 1][1]} ms`);
	like(said[said.length - 1][2], /ben \(ben token\) changed \d+ items/,
	    'that sum up');

	const sku = rows[10];
	await open(seat, sku, 'quantity');
	await write(seat, '8');
	await patch('ben', sku, { quantity: next() });
	await until('the other value', () => seat.visible(
	    at('editor-remote')));
	await seat.press('Enter');
	await until('the conflict', () => seat.count(
	    conflictOf(sku, 'quantity')));
	await see('an own conflict is said assertively', async () =>
	    (await heard(seat)).some(([id, , text]) => id === 'assertive' &&
		text.includes(sku)));
	await seat.click(at('conflict-theirs'));
	seat.allow(/409.*\/items\//);
	await quiet(seat);
}

/** The pointer keeps a toast; a cross takes it away; a click goes there. */
async function hands(seat) {
	const rows = await skus(seat);
	const sku = rows[5];
	await patch('ben', sku, { quantity: next() });
	await until('the toast', () => seat.visible(toastOf(sku)));
	await seat.click(`${toastOf(sku)} .toast-go`);
	await see('a click on a toast goes to its row', () => seat.count(
	    `${rowOf(sku)}[data-found]`));
	await see('and is enough of it', async () =>
	    !await seat.count(at('toast')));
	await patch('admin', sku, { quantity: next() });
	await until('the toast', () => seat.visible(toastOf(sku)));
	await seat.click(`${toastOf(sku)} .toast-close`);
	await see('its cross takes it away', async () =>
	    !await seat.count(at('toast')));
	await leaveTable(seat);
}

/** One at a time on a phone, and the list fits. */
async function phone(browser) {
	const seat = await browser.seat('ana', { ...LAN, width: 360,
		height: 740 });
	await signIn(seat);
	const rows = await skus(seat);
	await patch('ben', rows[0], { quantity: next() });
	await patch('admin', rows[1], { quantity: next() });
	await until('a toast', () => seat.count(at('toast')));
	is(await seat.count(at('toast')), 1, '360 px: one toast at a time');
	await seat.click(at('happened-button'));
	await until('the list', () => seat.visible(at('happened')));
	is([await sideways(seat), await seat.run((s) => {
		const b = document.querySelector(s).getBoundingClientRect();
		return b.left >= 0 && b.right <= innerWidth &&
		    b.bottom <= innerHeight;
	}, at('happened'))], [0, true], 'and the list fits');
	seat.clean();
	await seat.close();
}

scene(async () => {
	for (const name of ['chromium', 'firefox']) {
		const browser = await launch(name);
		const seat = await browser.seat('ana', LAN);
		await signIn(seat);
		await search(seat, '');
		await inTurn([[coalesce, seat], [three, seat], [own, seat],
			[list, seat], [mute, seat], [hands, seat],
			[announced, seat]]);
		if (name === 'chromium')
			await inTurn([[phone, browser]]);
		seat.clean();
		await seat.close();
		await browser.close();
	}
});
