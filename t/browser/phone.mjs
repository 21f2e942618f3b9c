/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The pages on a phone of 360 x 740: everything that can be touched is large
 * enough, nothing is scrolled sideways, nothing needs a pointer to hover, the
 * keyboard hides no editor, and rows hold still under a finger.  Chromium is
 * a phone with a finger, Firefox a window as narrow.
 */
import { scene, inTurn, launch, call, ok, is, like, see, until, PASSWORD }
	from './lib.mjs';
import { at, rowOf, cellOf, editorOf, MANAGEMENT, ready, value, sideways }
	from './page.mjs';

const WIDTH = 360, HEIGHT = 740;
/** What a keyboard leaves of it. */
const ABOVE_KEYBOARD = 380;
/** Least size of what is touched, px. */
const TARGET = 44;

const api = (method, path, body) => call('api', 'ben', method, path, body);
const item = (sku) => `/inventory/items/${sku}`;
const stored = async (sku) => (await api('GET', item(sku))).body;

function viewport(seat, height) {
	return seat.resize({ width: WIDTH, height,
		...(seat.kind === 'chromium' ? { hasTouch: true,
			isMobile: true, deviceScaleFactor: 2 } : {}) });
}

/** Touch, where there are fingers. */
async function tap(seat, selector) {
	if (seat.kind !== 'chromium')
		return seat.click(selector);
	const [x, y] = await until(`${selector} to touch`, async () => {
		const box = () => seat.run((s) => {
			const e = document.querySelector(s);
			if (e.closest('dialog'))
				e.scrollIntoView({ block: 'center' });
			const b = e.getBoundingClientRect();
			return b.height && b.top >= 0 &&
			    b.bottom <= innerHeight &&
			    [b.left + b.width / 2, b.top + b.height / 2];
		}, selector);
		const was = await box(), now = await box();
		return now && `${was}` === `${now}` && now;
	});
	return seat.page.touchscreen.tap(x, y);
}

/** A test: nothing is too small for a finger, and nothing is too wide. */
async function fits(seat, what) {
	is(await sideways(seat), 0,
	    `${seat.kind}: ${what}: nothing to scroll sideways`);
	const small = await seat.run((least) => {
		const all = [...document.querySelectorAll('button, a[href], ' +
		    'input, select, textarea, summary, [role=button]')];
		const open = document.querySelector('dialog[open]');
		return all.filter((e) => (!open || open.contains(e)) &&
		    e.checkVisibility({ visibilityProperty: true,
			opacityProperty: true })).map((e) => {
			const small = e.matches('[type=radio], ' +
			    '[type=checkbox]');
			const seen = small && e.closest('label') || e;
			const b = seen.getBoundingClientRect();
			return [b.width, b.height, e.id || e.className ||
			    e.outerHTML.slice(0, 60)];
		}).filter(([w, h]) => w > 1 && h > 1 &&
		    (w < least - .5 || h < least - .5))
		    .map(([w, h, name]) => `${name}: ${w} x ${h}`);
	}, TARGET);
	is(small, [], `${seat.kind}: ${what}: all of it can be touched`);
}

async function front(seat) {
	seat.allow(/401.*\/session/);
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	await fits(seat, 'the sign-in');
	await seat.fill('#username', 'ana');
	await seat.fill('#password', PASSWORD);
	await tap(seat, '#sign-in-submit');
	await until('the inventory', () => seat.where() === MANAGEMENT);
	await ready(seat);
	await fits(seat, 'the list');
}

/** SKUs of the cards in sight. */
function cards(seat) {
	return seat.run((row) => {
		const view = document.querySelector('#grid')
		    .getBoundingClientRect();
		return [...document.querySelectorAll(row)]
		    .map((e) => [e.getAttribute('data-sku'),
			e.getBoundingClientRect()])
		    .filter(([, b]) => b.top >= view.top - 1 &&
			b.bottom <= view.bottom + 1)
		    .sort((a, b) => a[1].top - b[1].top)
		    .map(([sku]) => sku);
	}, at('row'));
}

async function opened(seat) {
	const [, sku] = await cards(seat);

	await tap(seat, `${rowOf(sku)} .item-name`);
	await see(`${seat.kind}: a tap opens the card`, () => seat.visible(
	    `#details-dialog[data-sku="${sku}"]`));
	await until('its history', () => seat.count(at('history-entry')));
	const told = await seat.count(at('history-entry'));
	await fits(seat, 'the opened card');
	const { quantity } = await stored(sku);
	await tap(seat, '#adjust-plus');
	await see(`${seat.kind}: + puts one in`, async () =>
	    (await stored(sku)).quantity === quantity + 1);
	await tap(seat, '#adjust-minus');
	await see(`${seat.kind}: - takes one out`, async () =>
	    (await stored(sku)).quantity === quantity);
	// It pushes the button down.
	await until('both in the history', async () =>
	    await seat.count(at('history-entry')) === told + 2);
	await tap(seat, '#details-delete');
	await until('the question', () => seat.visible('#delete-confirm'));
	await fits(seat, 'the question before deleting');
	await tap(seat, '#delete-cancel');
	await tap(seat, '#details-close');
	await until('closed', async () =>
	    !await seat.count('#details-dialog'));
	await tap(seat, '#new-item');
	await until('the form', () => seat.visible('#create-dialog'));
	await fits(seat, 'a new item');
	await tap(seat, '#create-cancel');
}

async function menus(seat) {
	for (const [button, menu] of [['#user-menu-button', '#user-menu'],
		['#people-button', '#people-list']]) {
		await tap(seat, button);
		await until(menu, () => seat.visible(menu));
		await fits(seat, menu);
		ok(await seat.run((s) => {
			const b = document.querySelector(s)
			    .getBoundingClientRect();
			return b.left >= 0 && b.right <= innerWidth &&
			    b.bottom <= innerHeight;
		}, menu), `${seat.kind}: ${menu} is on the screen`);
		await seat.press('Escape');
		await until('closed', async () => !await seat.visible(menu));
	}
}

/** The quantity of the last card in sight, with a keyboard over it. */
async function keyboard(seat) {
	const sku = (await cards(seat)).at(-1);
	const shown = () => seat.run((s) => {
		const b = document.querySelector(s)?.getBoundingClientRect();
		return b && b.top >= 0 && b.bottom <= innerHeight;
	}, `${at('editor')} ${at('editor-input')}`);

	await tap(seat, `${cellOf(sku, 'quantity')}`);
	await see(`${seat.kind}: a tap on the quantity edits it`, () =>
	    seat.visible(editorOf(sku, 'quantity')));
	await fits(seat, 'the editor');
	await seat.type('7');
	await viewport(seat, ABOVE_KEYBOARD);
	await see(`${seat.kind}: the keyboard does not hide it`, async () =>
	    await seat.run(() => innerHeight) === ABOVE_KEYBOARD &&
	    await shown());
	await see(`${seat.kind}: it lies on its card`, () => seat.run(
	    (row, editor) => {
		const r = document.querySelector(row)?.getBoundingClientRect();
		const e = document.querySelector(editor)
		    .getBoundingClientRect();
		return r && e.top >= r.top - 1 && e.top <= r.bottom &&
		    r.bottom <= innerHeight;
	    }, rowOf(sku), at('editor')));
	await seat.press('Escape');
	await viewport(seat, HEIGHT);
	await until('tall again', async () =>
	    await seat.run(() => innerHeight) === HEIGHT);
	// Some lay their keyboard over the page.
	await seat.run((height) => {
		Object.defineProperty(visualViewport, 'height',
		    { configurable: true, get: () => height });
		visualViewport.dispatchEvent(new Event('resize'));
	}, ABOVE_KEYBOARD);
	await see(`${seat.kind}: the list ends where a keyboard begins`, () =>
	    seat.run((height) => document.querySelector('#grid')
		.getBoundingClientRect().bottom <= height, ABOVE_KEYBOARD));
	await seat.run(() => {
		delete /** @type {any} */ (visualViewport).height;
		visualViewport.dispatchEvent(new Event('resize'));
	});
	await until('and back', () => seat.run((height) => document
	    .querySelector('#grid').getBoundingClientRect().bottom > height,
	ABOVE_KEYBOARD));
}

/** Cards hold still under a finger, and for a while after it. */
async function finger(seat) {
	await seat.run(() => {
		document.querySelector('#grid .grid-scroll').scrollTop = 0;
	});
	await until('the top', () => seat.count(`${at('row')}[data-first]`));
	const rows = await cards(seat);
	const made = `${rows[0]}-F`;
	const where = () => seat.run((s) => document.querySelector(s)
	    .getBoundingClientRect().top, rowOf(rows[2]));
	const y = await where();
	const hand = await seat.page.touchscreen.touchStart(100, y + 40);

	await api('POST', '/inventory/items', { sku: made, name: 'Made' });
	await api('PATCH', item(rows[2]), { quantity: 4444 });
	await see('under a finger a card shows its new value', async () =>
	    /4,444/.test(await value(seat, rows[2], 'quantity')));
	const down = await seat.now();
	await until('longer than rest takes', async () =>
	    await seat.now() - down > 3700);
	is(await where(), y, 'and does not move, for as long as it is down');
	await see('what waits is told', async () =>
	    await seat.text(at('waiting')) === '1 new · show');
	await hand.move(100, y + 80);
	await hand.move(100, y + 120);
	await fits(seat, 'what waits');
	await hand.end();
	is(await where(), y, 'nor when the finger goes');
	await tap(seat, at('waiting'));
	await see('a tap shows it', async () =>
	    (await cards(seat)).includes(made) &&
	    !await seat.visible(at('waiting')));
	const start = await seat.now();
	const swipe = await seat.page.touchscreen.touchStart(100, y + 40);
	await swipe.move(100, y + 60);
	await swipe.move(100, y + 80);
	await swipe.end();
	await api('DELETE', item(made));
	await see('it waits after a finger, too', () =>
	    seat.count(`${rowOf(made)}[data-deleted]`));
	await see('and goes when no finger comes', async () =>
	    !await seat.count(rowOf(made)));
	ok(await seat.now() - start >= 3000, 'not before');
}

async function others(seat) {
	await seat.go('/test-collaboration.html');
	await until('the page', () => seat.visible('#connect'));
	await fits(seat, 'the test page');
}

scene(async () => {
	for (const name of ['chromium', 'firefox']) {
		const browser = await launch(name);
		const seat = await browser.seat('ana', { host: 'stock.lan',
			width: WIDTH, height: HEIGHT });
		await viewport(seat, HEIGHT);
		await inTurn([[front, seat], [menus, seat], [opened, seat],
			[keyboard, seat]]);
		if (name === 'chromium')
			await inTurn([[finger, seat]]);
		await inTurn([[others, seat]]);
		like(await seat.run(() => document.querySelector(
		    'meta[name=viewport]').content), /width=device-width/,
		    `${name}: as wide as the device`);
		seat.clean();
		await browser.close();
	}
});
