/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * Rows hold still under the reader's hand: 500 changes of all kinds while
 * the pointer is on a row; what waits is told in words; a click, rest or
 * leaving shows it.  And the head above them: its titles are whole.
 */
import { scene, inTurn, launch, call, ok, is, like, see, until }
	from './lib.mjs';
import { at, rowOf, cellOf, signIn, value, leaveTable, search }
	from './page.mjs';

const CHANGES = 500;
/** After so many ms the hand moves a little, as hands do; rows that wait come
 * when it has not for 3 s. */
const TREMBLE = 300;

const api = (method, path, body) => call('api', 'ben', method, path, body);
const item = (sku) => `/inventory/items/${sku}`;
const holder = '#grid .grid-scroll';

/** Numbers that look random, the same in every run. */
function random(seed) {
	let s = seed;
	return (n) => {
		s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
		return Math.floor(s / 4294967296 * n);
	};
}

/**
 * From now on look at every frame which rows are where, and keep what was
 * another than at the start.
 */
function guard(seat, x, y) {
	return seat.run((row, x, y) => {
		const w = /** @type {any} */ (window);
		const look = () => {
			const grid = document.querySelector('#grid')
			    .getBoundingClientRect();
			const rows = [...document.querySelectorAll(row)]
			    .map((e) => [e.getAttribute('data-uid'),
				e.getBoundingClientRect()])
			    .filter(([, b]) => b.bottom > grid.top + 38 &&
				b.top < grid.bottom)
			    .sort((a, b) => a[1].top - b[1].top)
			    .map(([uid, b]) => `${uid}@${b.top}`);
			const under = document.elementFromPoint(x, y)
			    ?.closest(row);
			return `${under?.getAttribute('data-uid')} ` +
			    `${under?.getBoundingClientRect().top} of ` +
			    rows.join(' ');
		};
		const first = look();
		w.guard = { frames: 0, moved: [], on: true };
		const frame = () => {
			const now = look();
			w.guard.frames++;
			if (now !== first && w.guard.moved.length < 3)
				w.guard.moved.push(first, now);
			if (w.guard.on)
				requestAnimationFrame(frame);
		};
		requestAnimationFrame(frame);
	}, at('row'), x, y);
}

/** What moved since guard(). */
async function moved(seat, test) {
	const g = await until('some frames', () => seat.run(() => {
		const w = /** @type {any} */ (window);
		w.guard.on = w.guard.frames < 10;
		return !w.guard.on && w.guard;
	}));
	is(g.moved, [], `${seat.kind}: ${test}`);
}

/** The middle of a row, and the pointer put there. */
async function rest(seat, sku) {
	const [x, y] = await seat.run((s) => {
		const b = document.querySelector(s).getBoundingClientRect();
		return [b.left + 300, Math.round(b.top + b.height / 2)];
	}, rowOf(sku));
	await seat.page.mouse.move(x, y);
	return [x, y];
}

/** One change of whatever kind to whatever item but the one at rest. */
async function disturb(rnd, list, n, not) {
	const pick = () => {
		const k = rnd(list.length);
		return list[k] === not ? list[(k + 1) % list.length] : list[k];
	};
	const sku = pick(), kind = rnd(100);

	if (kind < 45)
		return api('PATCH', item(sku), { quantity: rnd(2000) });
	if (kind < 60)
		return api('PATCH', item(sku), { status: rnd(3) ?
		    'discontinued' : 'active' });
	if (kind < 75) {
		list.push(`NEW-${n}`);
		return api('POST', '/inventory/items', { sku: `NEW-${n}`,
		    name: `New ${n}`, quantity: rnd(2000) });
	}
	if (kind < 88) {
		list.splice(list.indexOf(sku), 1, `REN-${n}`);
		return api('PATCH', item(sku), { sku: `REN-${n}` });
	}
	list.splice(list.indexOf(sku), 1);
	return api('DELETE', item(sku));
}

/** SKUs of the rows that can be seen whole, from top to bottom. */
function inSight(seat) {
	return seat.run((row, holder) => {
		const view = document.querySelector(holder)
		    .getBoundingClientRect();
		return [...document.querySelectorAll(row)]
		    .map((e) => [e.getAttribute('data-sku'),
			e.getBoundingClientRect()])
		    .filter(([, b]) => b.top >= view.top + 36 &&
			b.bottom <= view.bottom)
		    .sort((a, b) => a[1].top - b[1].top)
		    .map(([sku]) => sku);
	}, at('row'), holder);
}

/** Whether the counter says so; its words, when others, for the report. */
async function waits(seat, words) {
	const text = await seat.text(at('waiting'));

	if (text !== words)
		throw new Error(`it says "${text}"`);
	return true;
}

async function allItems(filter = '') {
	const { body } = await api('GET',
	    `/inventory/items?limit=500${filter}`);
	return body.items;
}

/**
 * By the wheel, until it rests: the ESR 140 scrolls by less than it is told,
 * and a browser that scrolls smoothly takes its time.
 */
async function scrollPast(seat, px) {
	let last = -1, still = 0;

	await until('scrolled', async () => {
		const top = await seat.run((s) =>
		    document.querySelector(s).scrollTop, holder);
		still = top === last ? still + 1 : 0;
		last = top;
		if (still < 10)
			return false;
		if (top > px)
			return true;
		still = 0;
		await seat.page.mouse.wheel({ deltaY: 600 });
		return false;
	});
}

async function hold(seat, seed) {
	const rnd = random(seed);
	const list = (await allItems()).map((i) => i.sku);

	await seat.page.select(at('filter-status'), 'active');
	await until('filtered', async () =>
	    await seat.attr('#grid', 'data-shown') !==
	    await seat.attr('#grid', 'data-total'));
	await seat.click('[data-head=quantity]');
	await until('sorted', async () => await seat.attr(
	    '[data-head=quantity]', 'aria-sort') === 'ascending');
	await seat.page.mouse.move(600, 400);
	await scrollPast(seat, 1000);
	const mine = (await inSight(seat))[7];
	const [x, y] = await rest(seat, mine);
	await until('at rest', () => seat.count(`${rowOf(mine)}:hover`));
	await guard(seat, x, y);
	let last = 0, side = 0;
	const tremble = () => {
		last = Date.now();
		return seat.page.mouse.move(x + (side ^= 1), y);
	};
	for (let n = 0; n < CHANGES; n++) {
		await disturb(rnd, list, `${seat.kind}-${n}`, mine);
		if (Date.now() - last > TREMBLE)
			await tremble();
	}
	await api('PATCH', item(mine), { quantity: 4321 });
	await see(`${seat.kind}: the row at rest shows its new value`,
	    async () => {
		await tremble();
		return await value(seat, mine, 'quantity') === '4,321';
	    });
	await moved(seat, `after ${CHANGES} changes no row in sight moved`);
	await tremble();
	like(await seat.text(at('waiting')),
	    /^\d+ new, \d+ no longer match, \d+ deleted, \d+ moved · show$/,
	    `${seat.kind}: what waits is told in words`);
	// By itself: on its way there a pointer leaves the table.
	is(await seat.run((s) => {
		const button = document.querySelector(s);
		button.click();
		return button.hidden;
	}, at('waiting')), true, `${seat.kind}: a click shows it, at once`);
	const want = await allItems('&status=active');
	is(await seat.attr('#grid', 'data-shown'), String(want.length),
	    `${seat.kind}: as many rows as there are`);
	const now = await inSight(seat);
	const by = new Map(want.map((i) => [i.sku, i.quantity]));
	const shown = now.map((s) => by.get(s));
	is(shown, [...shown].sort((a, b) => a - b),
	    `${seat.kind}: in their order`);
	await seat.page.select(at('filter-status'), '');
	await seat.click('[data-head=sku]');
	await leaveTable(seat);
}

/** Rest applies what waits, and the row under the pointer stays even so. */
async function idle(seat) {
	await seat.page.mouse.move(600, 400);
	await scrollPast(seat, 500);
	const rows = await inSight(seat);
	const from = await seat.now();
	const [, y] = await rest(seat, rows[6]);
	await api('POST', '/inventory/items', { sku: `${rows[3]}-I`,
		name: 'Above' });
	await see(`${seat.kind}: a new row in sight waits`, () =>
	    waits(seat, '1 new · show'));
	await see(`${seat.kind}: rest shows it`, () =>
	    seat.count(rowOf(`${rows[3]}-I`)));
	ok(await seat.now() - from >= 3000, `${seat.kind}: but not before`);
	is(await seat.run((s) => {
		const b = document.querySelector(s).getBoundingClientRect();
		return Math.round(b.top + b.height / 2);
	}, rowOf(rows[6])), y, `${seat.kind}: the row at rest stays`);
	await seat.page.mouse.move(600, y + 1);
	await api('DELETE', item(`${rows[3]}-I`));
	await see(`${seat.kind}: a deleted row stays too, struck out`, () =>
	    seat.count(`${rowOf(`${rows[3]}-I`)}[data-deleted]`));
	await see(`${seat.kind}: and is told`, () =>
	    waits(seat, '1 deleted · show'));
	await leaveTable(seat);
	await see(`${seat.kind}: leaving the table lets it go`, async () =>
	    !await seat.count(rowOf(`${rows[3]}-I`)));
}

/** What is out of sight needs no waiting, and moves nothing in sight. */
async function unseen(seat) {
	await seat.page.mouse.move(600, 400);
	await until('scrolled', () => seat.run((s) =>
	    document.querySelector(s).scrollTop > 500, holder));
	const rows = await inSight(seat);
	const total = Number(await seat.attr('#grid', 'data-shown'));
	const [x, y] = await rest(seat, rows[5]);
	await until('at rest', () => seat.count(`${rowOf(rows[5])}:hover`));
	await guard(seat, x, y);
	await api('POST', '/inventory/items', { sku: '0-TOP', name: 'Top' });
	await api('POST', '/inventory/items', { sku: 'Z-END', name: 'End' });
	// A hand that trembles is no rest.
	await see(`${seat.kind}: rows above and below are there at once`,
	    async () => {
		await seat.page.mouse.move(x + Date.now() % 2, y);
		return Number(await seat.attr('#grid', 'data-shown')) ===
		    total + 2;
	    });
	ok(!await seat.visible(at('waiting')), `${seat.kind}: nothing waits`);
	await moved(seat, 'and no row in sight moved');
	await api('DELETE', item('0-TOP'));
	await api('DELETE', item('Z-END'));
	await leaveTable(seat);
}

/** By keyboard: the row does not go from under the cursor. */
async function keyboard(seat) {
	await search(seat, '');
	await leaveTable(seat);
	await seat.press('Enter');
	await until('the table has the focus', () => seat.run(() =>
	    document.activeElement?.id === 'grid'));
	await seat.press('ArrowDown', 'ArrowDown', 'ArrowDown');
	const [row] = await seat.run(() => [document.querySelector(
	    '[data-active]').closest('[data-sku]').getAttribute('data-sku')]);
	const made = `${(await inSight(seat))[0]}-K`;
	const top = () => seat.run((s) => document.querySelector(s)
	    .getBoundingClientRect().top, rowOf(row));
	const y = await top();
	await api('POST', '/inventory/items', { sku: made, name: 'Above' });
	await see(`${seat.kind}: by keyboard a new row waits`, () =>
	    waits(seat, '1 new · show'));
	is(await top(), y, `${seat.kind}: the active row is where it was`);
	await see(`${seat.kind}: rest brings it`, () =>
	    seat.count(rowOf(made)));
	is(await top(), y, `${seat.kind}: the active row stays even so`);
	await api('DELETE', item(made));
	await until('gone', async () => !await seat.count(rowOf(made)));
}

/** The counter comes and goes without moving the table, on narrow windows. */
async function layout(seat) {
	for (const width of [1280, 900, 700, 500]) {
		await seat.resize({ width, height: 700 });
		await until('laid out', () => seat.run((w) =>
		    innerWidth === w, width));
		await leaveTable(seat);
		const rows = await inSight(seat);
		const top = () => seat.run(() => document.querySelector('#grid')
		    .getBoundingClientRect().top);
		const y = await top();
		await seat.hover(rowOf(rows[1]));
		await api('POST', '/inventory/items', { name: 'Between',
			sku: `${rows[0]}-L${width}` });
		await until('the counter', () => seat.visible(at('waiting')));
		is(await top(), y, `${seat.kind}: ${width} px: the counter ` +
		    'moves nothing');
		// By itself: it goes when the pointer has rested for 3 s.
		await seat.run((s) => document.querySelector(s).click(),
		    at('waiting'));
		await api('DELETE', item(`${rows[0]}-L${width}`));
		await leaveTable(seat);
		await until('gone', async () => !await seat.count(
		    rowOf(`${rows[0]}-L${width}`)));
	}
}

/** Each title can be read, sorted by or not; what fits is not scrolled. */
async function head(seat) {
	await seat.resize({ width: 1280, height: 700 });
	await until('laid out', () => seat.run(() => innerWidth === 1280));
	const fields = await seat.run(() => [...document.querySelectorAll(
	    '[data-head]')].map((e) => e.getAttribute('data-head')));
	for (const field of [...fields, 'sku']) {
		const cell = `[data-head=${field}]`;
		if (await seat.attr(cell, 'aria-sort') === 'none')
			await seat.click(cell);
		await until(`sorted by ${field}`, async () =>
		    await seat.attr(cell, 'aria-sort') === 'ascending');
		is(await seat.run((s) => getComputedStyle(
		    document.querySelector(s), '::after').content, cell),
		'"↑"', `${seat.kind}: sorted by ${field}: an arrow says so`);
		is(await seat.run(() => [...document.querySelectorAll(
		    '.grid-title')].filter((e) =>
		    e.scrollWidth > e.clientWidth ||
		    e.scrollHeight > e.clientHeight)
		    .map((e) => e.textContent)), [],
		`${seat.kind}: and every title is whole`);
	}
	is(await seat.run((s) => {
		const table = document.querySelector(s);
		return table.scrollWidth - table.clientWidth;
	}, holder), 0, `${seat.kind}: nothing is to the side at 1280 px`);
}

scene(async () => {
	for (const [n, name] of ['chromium', 'firefox'].entries()) {
		const browser = await launch(name);
		const seat = await browser.seat('ana', { host: 'stock.lan' });
		await signIn(seat);
		await inTurn([[hold, seat, 7 + n], [idle, seat],
			[unseen, seat], [keyboard, seat], [head, seat],
			[layout, seat]]);
		seat.clean();
		await browser.close();
	}
});
