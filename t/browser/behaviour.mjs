/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The inventory page under the hands of one person.  Argument: demo (200
 * items) or empty.
 */
import { scene, inTurn, launch, call, ok, is, see, until, sleep, PASSWORD }
	from './lib.mjs';
import { at, rowOf, cellOf, toastOf, editorOf, MANAGEMENT, signIn, ready,
    skus, value, open, write, change, leaveTable, search, note, noted,
    sideways } from './page.mjs';

let chromium;

const api = (method, path, body) => call('api', 'admin', method, path, body);
const item = (sku) => `/inventory/items/${sku}`;
const stored = async (sku) => (await api('GET', item(sku))).body;

/** Press Tab until something that matches has the focus. */
async function tabTo(seat, selector, key = 'Tab') {
	for (let n = 0; n < 60; n++) {
		if (await seat.run((s) => !!document.activeElement?.closest(s),
		    selector))
			return;
		if (key === 'Tab')
			await seat.press('Tab');
		else
			await seat.press(key);
	}
	throw new Error(`no way to ${selector} by ${key}; the focus is on ` +
	    await seat.run(() => document.activeElement?.outerHTML
		.slice(0, 200)));
}

/** The cell that has the focus, as [sku, field]: itself or its grid for it. */
const focusedCell = (seat) => seat.run((row) => {
	const at = document.activeElement;
	const id = at?.getAttribute('aria-activedescendant');
	const e = id ? document.getElementById(id) : at;
	return [e?.closest(row)?.getAttribute('data-sku') ?? null,
		e?.closest('[data-field]')?.getAttribute('data-field') ?? null];
}, at('row'));

async function keyboard() {
	const seat = await chromium.seat('ana');
	seat.allow(/401.*\/session/);
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	await tabTo(seat, '#username');
	await seat.type('ana');
	await tabTo(seat, '#password');
	await seat.type(PASSWORD);
	await tabTo(seat, '#sign-in-submit');
	await seat.press('Enter');
	await until('the inventory', () => seat.where() === MANAGEMENT);
	await ready(seat);
	const [first, second] = await skus(seat);

	await tabTo(seat, '#grid');
	await see('Tab reaches the table\'s first cell', async () =>
	    (await focusedCell(seat))[0] === first);
	await seat.press('Home');
	for (let n = 0; n < 12 &&
	    (await focusedCell(seat))[1] !== 'quantity'; n++)
		await seat.press('ArrowRight');
	is(await focusedCell(seat), [first, 'quantity'],
	    'arrow keys go from cell to cell');
	await seat.press('ArrowDown');
	is(await focusedCell(seat), [second, 'quantity'], 'and down');
	ok(await seat.run(() => {
		const grid = document.activeElement;
		const style = getComputedStyle(document.getElementById(
		    grid.getAttribute('aria-activedescendant')) ?? grid);
		return style.outlineStyle !== 'none' ||
		    style.boxShadow !== 'none';
	}), 'the focus can be seen');
	await seat.press('Enter');
	await until('the editor', () => seat.visible(
	    editorOf(second, 'quantity')));
	await seat.run(() => /** @type {any} */ (
	    document.activeElement).select());
	await seat.type('321');
	await seat.press('Escape');
	await see('Escape leaves the cell as it was', async () =>
	    !await seat.count(at('editor')) &&
	    await value(seat, second, 'quantity') !== '321');
	is((await focusedCell(seat))[0], second,
	    'and the focus back on the row');
	await seat.type('654');
	await until('typing opens the editor', () => seat.visible(
	    editorOf(second, 'quantity')));
	await seat.press('Enter');
	await see('Enter saves', async () =>
	    (await stored(second)).quantity === 654);
	await see('the focus stays in the table', async () =>
	    (await focusedCell(seat))[0] !== null);

	await seat.press('ArrowUp');
	const [sku] = await focusedCell(seat);
	await seat.page.keyboard.down('Control');
	await seat.press('Enter');
	await seat.page.keyboard.up('Control');
	await see('Ctrl+Enter opens the details', () => seat.visible(
	    `#details-dialog[data-sku="${sku}"]`));
	for (let n = 0; n < 40; n++) {
		await seat.press('Tab');
		if (!await seat.run(() => !!document.activeElement?.closest(
		    '#details-dialog') ||
		    document.activeElement === document.body)) {
			ok(false, 'Tab stays inside the dialog');
			break;
		}
	}
	await seat.press('Escape');
	await see('Escape closes them', async () =>
	    !await seat.visible('#details-dialog'));
	await see('the focus is back where it was', async () =>
	    (await focusedCell(seat))[0] === sku);

	await tabTo(seat, '#user-menu-button');
	await seat.press('Enter');
	await until('the menu', () => seat.visible('#sign-out'));
	await tabTo(seat, '#sign-out');
	await seat.press('Enter');
	await see('signed out by keyboard', async () =>
	    seat.where() === '/' && await seat.visible('#username'));
	seat.clean();
	await seat.close();
}

/** Text that would be a picture, a script or an entity if it were markup. */
async function hostileText(ana) {
	const name = '<img src=x onerror=window.pwned=1> &amp; "\'`';
	const sku = '0-HOSTILE';
	const notes = '<script>window.pwned=1</script>\n=1+1 </textarea>';
	await leaveTable(ana);
	const made = await api('POST', '/inventory/items', { sku, name, notes,
		location: '"><b id=bold>A1', unit: "'>", quantity: 1 });
	is(made.status, 201, 'an item with a hostile name');
	await search(ana, sku);
	await see('its name is shown as text', async () =>
	    await value(ana, sku, 'name') === name);
	await ana.hover(rowOf(sku));
	await ana.click(`${rowOf(sku)} ${at('open-details')}`);
	await until('details', () => ana.visible('#details-dialog'));
	await until('history', () => ana.count(at('history-entry')));
	is(await ana.run(() => /** @type {any} */ (document.querySelector(
	    '#details-dialog [name=notes]')).value), notes,
	    'notes with markup stay as they are');
	await ana.click('#details-close');
	await api('PATCH', item(sku), { name: `${name}!` });
	await see('a toast about it', () => ana.count(toastOf(sku)));
	is(await ana.run(() => ['pwned' in window,
		document.querySelectorAll('img[src=x], #bold').length]),
	    [false, 0], 'none of it became markup');
	await api('DELETE', item(sku));
	await search(ana, '');
	await until('all rows again', async () =>
	    await ana.attr('#grid', 'data-shown') === '200');
}

/** Search, filters, and all 200 rows by scrolling. */
async function finding(ana) {
	const [sku] = await skus(ana);
	await search(ana, sku);
	await see('search finds a SKU', async () =>
	    (await skus(ana))[0] === sku &&
	    Number(await ana.attr('#grid', 'data-shown')) < 20);
	await search(ana, '');
	await see('an empty search shows all', async () =>
	    await ana.attr('#grid', 'data-shown') === '200');
	const { counts } = (await api('GET', '/inventory/items?limit=1')).body;
	for (const name of ['low', 'out', 'on_order']) {
		await ana.click(at(`filter-${name}`));
		await see(`filter ${name} shows ${counts[name]}`, async () =>
		    await ana.attr('#grid', 'data-shown') ===
			String(counts[name]));
		ok((await ana.text(at(`filter-${name}`))).includes(
		    String(counts[name])), 'and says so');
		is(await ana.attr(at(`filter-${name}`), 'aria-pressed'),
		    'true', 'and that it is on');
	}
	await ana.click(at('filter-all'));
	await until('all again', async () =>
	    await ana.attr('#grid', 'data-shown') === '200');
	const all = (await api('GET', '/inventory/items?limit=200&sort=sku'))
	    .body.items.map((i) => i.sku);
	ok(await ana.count(at('row')) < 150, 'rows are virtual');
	await ana.hover(rowOf(sku));
	const seen = new Set();
	for (let n = 0; n < 80 && seen.size < 200; n++) {
		for (const one of await ana.run((row) =>
		    [...document.querySelectorAll(row)].map((e) =>
			e.getAttribute('data-sku')), at('row')))
			seen.add(one);
		await ana.page.mouse.wheel({ deltaY: 400 });
		await sleep(40);
	}
	is([...seen].sort(), [...all].sort(), 'scrolling shows all 200');
	await ana.page.mouse.wheel({ deltaY: -100000 });
	await until('back at the top', async () =>
	    (await skus(ana)).includes(sku));
	await leaveTable(ana);
}

/** Rows do not move, come or go under the pointer. */
async function calm(ana) {
	const before = await skus(ana);
	const made = `${before[1]}-B`;
	await ana.hover(cellOf(before[2], 'name'));
	await api('POST', '/inventory/items', { sku: made, name: 'Between' });
	await see('a new row waits while the pointer is in the table',
	    async () => await ana.text(at('waiting')) === '1 new · show');
	is((await skus(ana)).slice(0, 6), before.slice(0, 6),
	    'nothing moves under the pointer');
	// By itself: it goes when the pointer has rested for 3 s.
	await ana.run((s) => document.querySelector(s).click(), at('waiting'));
	await see('"show" brings it in', async () =>
	    (await skus(ana)).includes(made));
	await leaveTable(ana);
	await api('DELETE', item(made));
	await see('away from the table it goes by itself', async () =>
	    !await ana.count(rowOf(made)));
}

/** Nothing typed is lost when a row is deleted or the app is away. */
async function drafts(ana) {
	const [sku, other] = await skus(ana);
	const doomed = '0-DOOMED';
	await api('POST', '/inventory/items', { sku: doomed, name: 'Doomed' });
	await until('the row', () => ana.count(rowOf(doomed)));
	await open(ana, doomed, 'location');
	await write(ana, 'my text');
	await api('DELETE', item(doomed));
	await see('the row was deleted: what was typed is still there',
	    async () => await ana.run((s) => /** @type {any} */ (
		document.querySelector(s))?.value, at('editor-input')) ===
		'my text');
	await ana.press('Escape');
	await leaveTable(ana);
	await until('the row goes', async () =>
	    !await ana.count(rowOf(doomed)));

	ana.allow(/50[234]/, /ERR_/);
	await call('stop', 'app');
	await change(ana, sku, 'location', 'Kept 1');
	await see('the app is away: the edit waits, marked as pending',
	    async () => await value(ana, sku, 'location') === 'Kept 1' &&
		await ana.attr(cellOf(sku, 'location'), 'data-pending') !==
		    null);
	await call('start', 'app');
	await see('and is saved when it is back', async () =>
	    (await stored(sku)).location === 'Kept 1', 20000);
	await see('no longer pending', async () =>
	    await ana.attr(cellOf(sku, 'location'), 'data-pending') === null);

	await open(ana, other, 'quantity');
	await write(ana, '-5');
	await ana.press('Enter');
	await see('below zero: the editor says why and stays', async () =>
	    await ana.visible(at('editor-error')) &&
	    await ana.visible(editorOf(other, 'quantity')));
	await ana.press('Escape');
}

/** An item's life through the dialogs. */
async function dialogs(ana) {
	const sku = '0-NEW.1';
	await ana.click('#new-item');
	await until('the form', () => ana.visible('#create-dialog'));
	await ana.fill('#create-dialog [name=sku]', 'has space');
	await ana.fill('#create-dialog [name=name]', 'Glue');
	await ana.click('#create-submit');
	await see('a bad SKU is refused, in words', async () =>
	    await ana.count('#create-dialog [name=sku][aria-invalid]') &&
	    (await ana.text('#create-dialog [data-for=sku] .field-error'))
		.length > 5);
	await ana.fill('#create-dialog [name=sku]', sku);
	await ana.fill('#create-dialog [name=quantity]', '2.5');
	await ana.click('#create-submit');
	await see('a new item is made', async () =>
	    (await stored(sku)).quantity === 2.5);
	await see('the dialog closes', async () =>
	    !await ana.visible('#create-dialog'));
	await leaveTable(ana);
	await see('and its row is there', () => ana.count(rowOf(sku)));

	await ana.hover(rowOf(sku));
	await ana.click(`${rowOf(sku)} ${at('open-details')}`);
	await until('details', () => ana.visible('#details-dialog'));
	await ana.fill('#details-dialog [name=location]', 'Shelf 9');
	await ana.press('Enter');
	await see('details save on Enter', async () =>
	    (await stored(sku)).location === 'Shelf 9');
	await ana.fill('#adjust-amount', '2');
	await ana.fill('#adjust-reason', 'count');
	await ana.click('#adjust-plus');
	await see('an adjustment adds', async () =>
	    (await stored(sku)).quantity === 4.5);
	await see('the history tells', async () => {
		const all = (await ana.texts(at('history-entry'))).join(' | ');
		return /ana/.test(all) && /count/.test(all) &&
		    await ana.count(at('history-entry')) >= 3;
	});
	await ana.click('#details-delete');
	await ana.click('#delete-confirm');
	await see('deleted after asking', async () =>
	    (await api('GET', item(sku))).status === 404);
	await see('the details close', async () =>
	    !await ana.visible('#details-dialog'));
	ana.allow(/404.*\/items\//, /409.*\/items\//, /422.*\/items/,
	    /400.*\/items/);
}

/** Hundreds of changes at once, and a relay that dies among them. */
async function flood() {
	const seat = await chromium.seat('ana');
	await signIn(seat);
	seat.allow(/50[234].*\/push\//, /ERR_INCOMPLETE_CHUNKED.*\/push\//);
	await leaveTable(seat);
	const rows = (await skus(seat)).slice(0, 8);
	await call('flood', 'admin', 120, ...rows);
	for (const sku of rows) {
		const want = String((await stored(sku)).quantity);
		await see(`after a flood ${sku} is as stored`, async () =>
		    await value(seat, sku, 'quantity') === want, 15000);
	}
	await see('60 of its items are left', async () =>
	    await seat.attr('#grid', 'data-total') === '260', 15000);
	await search(seat, 'FLOOD-');
	await see('and can be found', async () =>
	    await seat.attr('#grid', 'data-shown') === '60');
	ok(await seat.count(at('toast')) <= 3, 'with three toasts at most');
	seat.clean();
	await seat.close();
}

async function reducedMotion() {
	const seat = await chromium.seat('ana', { reduced: true });
	await signIn(seat);
	const [sku] = await skus(seat);
	await note(seat, 'flash', `${rowOf(sku)}[data-flash]`);
	await seat.run(() => {
		const list = /** @type {any} */ (window).moving = [];
		const look = () => {
			for (const a of document.getAnimations()) {
				const t = a.effect?.getComputedTiming();
				if (Number(t?.duration) > 50)
					list.push(`${a.constructor.name} ` +
					    /** @type {any} */ (a.effect).target
						?.className);
			}
			requestAnimationFrame(look);
		};
		look();
	});
	await api('PATCH', item(sku), { quantity: 12 });
	await noted(seat, 'flash');
	await until('the toast', () => seat.count(toastOf(sku)));
	await sleep(300);
	is(await seat.run(() => [...new Set(
	    /** @type {any} */ (window).moving)]), [],
	    'reduced motion: flash and toast come without moving');
	seat.clean();
	await seat.close();
}

async function phone() {
	const seat = await chromium.seat('ana', { width: 360, height: 740 });
	seat.allow(/401.*\/session/);
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	is(await sideways(seat), 0, 'the sign-in fits 360 px');
	await signIn(seat);
	is(await sideways(seat), 0, '360 px: nothing to scroll sideways');
	const [sku] = await skus(seat);
	for (const field of ['name', 'quantity', 'location'])
		ok(await seat.run((s) => {
			const box = document.querySelector(s)
			    ?.getBoundingClientRect();
			return box && box.width > 0 && box.left >= 0 &&
			    box.right <= innerWidth;
		}, cellOf(sku, field)), `360 px: ${field} can be seen`);
	ok(await seat.visible(at('presence-bar')), '360 px: the bar too');
	await seat.page.click(rowOf(sku));
	await see('a tap opens the details', () => seat.visible(
	    `#details-dialog[data-sku="${sku}"]`));
	is(await sideways(seat), 0, 'which fit');
	await seat.fill('#details-dialog [name=quantity]', '36');
	await seat.press('Enter');
	await see('and change the item', async () =>
	    (await stored(sku)).quantity === 36);
	await seat.click('#details-close');
	await api('PATCH', item(sku), { quantity: 37 });
	await until('a toast', () => seat.visible(toastOf(sku)));
	ok(await seat.run((s) => {
		const box = document.querySelector(s).getBoundingClientRect();
		return box.left >= 0 && box.right <= innerWidth;
	}, toastOf(sku)), 'toasts fit');
	is(await sideways(seat), 0, 'and push nothing aside');
	await seat.go('/test-collaboration.html');
	is(await sideways(seat), 0, 'the test page fits 360 px');
	seat.clean();
	await seat.close();
}

async function emptyInventory() {
	const seat = await chromium.seat('ana');
	await signIn(seat);
	await see('an empty inventory says so', () =>
	    seat.visible(at('empty')));
	is(await seat.attr('#grid', 'data-total'), '0', 'and counts 0');
	await seat.click('#new-item');
	await seat.fill('#create-dialog [name=sku]', 'FIRST');
	await seat.fill('#create-dialog [name=name]', 'The first item');
	await seat.click('#create-submit');
	await leaveTable(seat);
	await see('the first item takes its place', async () =>
	    await value(seat, 'FIRST', 'name') === 'The first item' &&
	    !await seat.visible(at('empty')));
	await api('DELETE', item('FIRST'));
	await see('and leaves it again', () => seat.visible(at('empty')));
	seat.clean();
}

async function withDemo() {
	const seat = await chromium.seat('ana');
	// flood() ends the relay under it.
	seat.allow(/50[234].*\/push\//, /ERR_INCOMPLETE_CHUNKED.*\/push\//);
	await signIn(seat);
	const parts = [
		[keyboard], [hostileText, seat], [finding, seat], [calm, seat],
		[drafts, seat], [dialogs, seat], [reducedMotion], [phone],
		[flood],
	];
	// Arguments after "demo" are the parts to run; all when there are none.
	const only = process.argv.slice(3);
	await inTurn(parts.filter(([part]) => only.length === 0 ||
	    only.includes(part.name)));
	seat.clean();
}

scene(async () => {
	chromium = await launch('chromium');
	if (process.argv[2] === 'empty')
		await emptyInventory();
	else
		await withDemo();
});
