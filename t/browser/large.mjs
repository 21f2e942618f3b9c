/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * 20,000 items: how soon the first rows are there, and the longest time for
 * which the page is deaf while the rest is read, while others change 20
 * items a second, while it scrolls, filters and sorts.  The figures are
 * told; only what nobody would bear fails.
 */
import { scene, launch, call, diag, ok, is, see, until, sleep }
	from './lib.mjs';
import { at, MANAGEMENT, signIn, ready, live, skus, value, search, leaveTable }
	from './page.mjs';

const ITEMS = 20000;
/** What nobody would bear, ms. */
const FIRST_ROWS = 10000, ALL_ROWS = 60000, STALL = 5000;
/** Changes while we look, and how many a second. */
const CHANGES = 80, RATE = 20;

const api = (method, path, body) => call('api', 'ben', method, path, body);
const sku = (n) => `PART-${String(n).padStart(5, '0')}`;

/* In the page from its first moment: the longest time without a turn. */
function watch() {
	const w = /** @type {any} */ (window);
	let last = performance.now();

	w.stall = { longest: 0, frame: 0 };
	setInterval(() => {
		const now = performance.now();
		w.stall.longest = Math.max(w.stall.longest, now - last - 4);
		last = now;
	}, 4);
	let shown = 0;
	const frame = (now) => {
		if (shown)
			w.stall.frame = Math.max(w.stall.frame, now - shown);
		shown = now;
		requestAnimationFrame(frame);
	};
	requestAnimationFrame(frame);
	const look = new MutationObserver(() => {
		const row = document.querySelector('[data-testid=row]');
		if (row === null || !row.checkVisibility())
			return;
		look.disconnect();
		requestAnimationFrame(() => setTimeout(() => {
			w.firstRow = performance.now();
		}));
	});
	look.observe(document, { subtree: true, childList: true,
		attributes: true });
}

/** Do FN, and tell the longest stall and the longest frame meanwhile. */
async function stalls(seat, what, fn) {
	await seat.run(() => {
		Object.assign(/** @type {any} */ (window).stall,
		    { longest: 0, frame: 0 });
	});
	await fn();
	const { longest, frame } = await seat.run(() =>
	    /** @type {any} */ (window).stall);
	diag(`${seat.kind}: ${what}: longest stall ${longest.toFixed(0)} ms, ` +
	    `longest frame ${frame.toFixed(0)} ms`);
	ok(longest < STALL, `${seat.kind}: ${what} without a stall`,
	    `${longest} ms`);
}

/** CHANGES of others, RATE a second; each moves its row to the top. */
async function pour(from) {
	const start = Date.now();

	for (let n = 0; n < CHANGES; n++) {
		await api('PATCH', `/inventory/items/${sku(from + n * 37)}`,
		    { quantity: 10000 + from + n });
		await sleep(Math.max(0, start + (n + 1) * 1000 / RATE -
		    Date.now()));
	}
	return sku(from + (CHANGES - 1) * 37);
}

async function loading(seat) {
	await seat.page.evaluateOnNewDocument(watch);
	await seat.go(MANAGEMENT);
	const first = await until('the first rows', () => seat.run(() =>
	    /** @type {any} */ (window).firstRow), FIRST_ROWS);
	diag(`${seat.kind}: first rows after ${first.toFixed(0)} ms`);
	ok(first < FIRST_ROWS, `${seat.kind}: rows are there soon`);
	await live(seat);
	await stalls(seat, 'reading the rest', () => see(
	    `${seat.kind}: all ${ITEMS} are there`, async () =>
	    await seat.attr('#grid', 'data-total') === String(ITEMS),
	    ALL_ROWS));
	diag(`${seat.kind}: all rows after ` + (await seat.run(() =>
	    performance.now())).toFixed(0) + ' ms');
}

async function living(seat, from) {
	await leaveTable(seat);
	await stalls(seat, 'sorting', async () => {
		await seat.click('[data-head=quantity]');
		await seat.click('[data-head=quantity]');
		await until('sorted', async () => await seat.attr(
		    '[data-head=quantity]', 'aria-sort') === 'descending');
	});
	await leaveTable(seat);
	let last = '';
	await stalls(seat, `${RATE} changes a second`, async () => {
		last = await pour(from);
		await see(`${seat.kind}: the last one is at the top`,
		    async () => (await skus(seat))[0] === last);
	});
	await seat.page.mouse.move(500, 500);
	await stalls(seat, 'scrolling among them', async () => {
		const poured = pour(from + 5);
		for (let n = 0; n < 40; n++) {
			await seat.page.mouse.wheel({ deltaY: 600 });
			await sleep(60);
		}
		await poured;
		ok(await seat.count(at('row')) > 5,
		    `${seat.kind}: rows wherever it scrolled`);
	});
	await leaveTable(seat);
	await stalls(seat, 'typing into the search', async () => {
		await search(seat, 'hinge brass');
		await until('filtered', async () =>
		    await seat.attr('#grid', 'data-shown') === '2500');
	});
	await search(seat, '');
	await see(`${seat.kind}: all again`, async () =>
	    await seat.attr('#grid', 'data-shown') === String(ITEMS));
}

/** All rows can be reached, and the last one is the last one. */
async function reach(seat) {
	await seat.click('[data-head=sku]');
	await until('sorted', async () => await seat.attr(
	    '[data-head=sku]', 'aria-sort') === 'ascending');
	await seat.page.focus('#grid');
	await seat.page.keyboard.down('Control');
	await seat.press('ArrowDown');
	await seat.page.keyboard.up('Control');
	await see(`${seat.kind}: the last row is in sight`, async () =>
	    (await skus(seat)).at(-1) === sku(ITEMS));
	is(await value(seat, sku(ITEMS), 'sku') !== null, true,
	    `${seat.kind}: and shows its item`);
	ok(await seat.count(at('row')) < 150, `${seat.kind}: rows are virtual`);
}

scene(async () => {
	for (const [n, name] of ['chromium', 'firefox'].entries()) {
		const browser = await launch(name);
		const seat = await browser.seat('ana', { host: 'stock.lan' });
		await signIn(seat);
		await ready(seat);
		await loading(seat);
		await living(seat, 100 + n * 10);
		await reach(seat);
		seat.clean();
		await browser.close();
	}
});
