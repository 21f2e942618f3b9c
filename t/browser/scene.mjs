/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * ana in one browser, ben in the other, curl beside them, on one table: all
 * that they see of each other.  Arguments: ana's browser and ben's.
 */
import { scene, inTurn, launch, call, diag, ok, is, like, see, until }
    from './lib.mjs';
import { at, rowOf, cellOf, avatarOf, badgeOf, toastOf, editorOf, conflictOf,
    signIn, live, skus, value, open, write, change, leaveTable,
    initials, note, noteGone, noteEvent, noted, farewell, recordStates, states,
    ready }
    from './page.mjs';

const FIELDS = ['sku', 'name', 'location', 'quantity', 'unit', 'qty_ordered',
	'reorder_level', 'status', 'notes', 'qty_ordered_jason', 'changed'];
const PRINTER = 'ana (label printer)';
const [first = 'chromium', second = 'firefox'] = process.argv.slice(2);

let ana, ben;
/** Rows that both see, a fresh one for each part of the scene. */
let rows;

const ms = (from, to) => `${Math.round((to - from) * 10) / 10} ms`;

const color = (seat, user) => seat.run((s) => getComputedStyle(
    document.querySelector(s)).getPropertyValue('--person').trim(),
    avatarOf(user));

async function arrive() {
	for (const seat of [ana, ben]) {
		await signIn(seat);
		await see(`${seat.who} sees a table of 200 items`, async () =>
		    await seat.attr('#grid', 'data-total') === '200');
	}
	for (const seat of [ana, ben]) {
		const who = `${seat.who}'s bar`;
		await see(`${who} counts 2 users online`, async () =>
		    await seat.text(at('user-count')) === '2 users online');
		for (const user of ['ana', 'ben'])
			await see(`${who} has ${user}'s avatar with initials`,
			    async () => /^\p{L}{1,2}$/u.test(
				await initials(seat, avatarOf(user))));
		is(await seat.text(at('connection-status')), 'Live',
		    `${who} says Live`);
		like(await seat.run((s) => getComputedStyle(
		    document.querySelector(s)).backgroundImage,
		    at('presence-bar')), /gradient/, `${who} is a gradient`);
		const colors = [await color(seat, 'ana'),
			await color(seat, 'ben')];
		ok(colors[0] && colors[1] && colors[0] !== colors[1],
		    `${who} gives them different colours`, colors.join(' '));
	}
	is([await color(ana, 'ana'), await color(ana, 'ben')],
	    [await color(ben, 'ana'), await color(ben, 'ben')],
	    'both see the same colours');
	rows = (await skus(ana)).slice(0, 10);
	is((await skus(ben)).slice(0, 10), rows, 'both see the same rows');
	for (const seat of [ana, ben]) {
		is(await seat.run((row, fields) => fields.filter((f) =>
		    !document.querySelector(`${row} [data-field="${f}"]`)),
		    rowOf(rows[0]), FIELDS), [], `${seat.who}: every column`);
		// A mark that a reload would wipe off.
		await seat.run(() => { window.name = 'same page'; });
	}
}

async function pointer() {
	const sku = rows[1];
	await note(ben, 'badge', badgeOf(sku, 'ana'));
	await ana.away();
	await noteEvent(ana, 'rest', 'mousemove');
	await ana.hover(cellOf(sku, 'name'));
	const took = await noted(ben, 'badge') - await noted(ana, 'rest');
	diag(`pointer at rest to badge (500 ms of them waiting): ` +
	    `${Math.round(took)} ms`);
	ok(took > 400 && took < 5000, `ben sees ana's badge on ${sku}`,
	    `${took} ms`);
	is(await ben.attr(badgeOf(sku, 'ana'), 'data-mode'), 'hover',
	    'the badge says that she looks');
	const tint = (row) => ben.run((s) => {
		const style = getComputedStyle(document.querySelector(s));
		return [style.backgroundColor, style.backgroundImage,
			style.boxShadow].join();
	}, rowOf(row));
	await see('the row is tinted', async () =>
	    await ben.attr(rowOf(sku), 'data-presence') !== null &&
	    await tint(sku) !== await tint(rows[3]));
	await open(ana, sku, 'quantity');
	await see('the badge says that she edits, and which cell', async () =>
	    await ben.attr(badgeOf(sku, 'ana'), 'data-mode') === 'edit' &&
	    await ben.attr(badgeOf(sku, 'ana'), 'data-editing-field') ===
		'quantity' &&
	    /ana is editing quantity/i.test(
		await ben.attr(badgeOf(sku, 'ana'), 'title')));
	await see('the cell itself is marked with her name', async () =>
	    await ben.attr(cellOf(sku, 'quantity'), 'data-remote-edit') !==
		null &&
	    await ben.text(`${cellOf(sku, 'quantity')} ${at('edit-tag')}`) ===
		'ana');
	await see('the bar says so too', async () =>
	    new RegExp(`ana is editing quantity of ${sku}`, 'i').test(
		await ben.text(at('activity'))));
	await ana.press('Escape');
	await see('the mark goes when she leaves the cell', async () =>
	    await ben.attr(cellOf(sku, 'quantity'), 'data-remote-edit') ===
		null);
}

/** One change by ana, timed from her key to ben's screen. */
async function timed(sku, text) {
	await open(ana, sku, 'quantity');
	await write(ana, text);
	await note(ben, 'value', cellOf(sku, 'quantity'), text);
	await noteEvent(ana, 'enter', 'keydown');
	await ana.press('Enter');
	return await noted(ben, 'value') - await noted(ana, 'enter');
}

/** Note the color that a row flashes in. */
const noteFlash = (seat, sku) => seat.run((row) => {
	const notes = /** @type {any} */ (window).notes ??= {};
	delete notes.flash;
	const observer = new MutationObserver(() => {
		const e = document.querySelector(`${row}[data-flash]`);
		if (e === null)
			return;
		observer.disconnect();
		notes.flash = getComputedStyle(e, '::after').backgroundColor;
	});
	observer.observe(document, { subtree: true, childList: true,
		attributes: true });
}, rowOf(sku));

async function update() {
	const sku = rows[2];
	await leaveTable(ben);
	await noteFlash(ben, sku);
	const took = await timed(sku, '471');
	ok(took < 5000, 'ben sees the new quantity', `${took} ms`);
	like(await noted(ben, 'flash'), /^rgba\(18, 184, 106, /,
	    'the row flashes in green');
	await see('a toast tells who changed what', async () =>
	    (await ben.texts(`${toastOf(sku)} ${at('toast-text')}`)).includes(
		`ana updated quantity for ${sku}`));
	is(await ana.count(toastOf(sku)), 0, 'none for ana herself');
	await see('the last column names her', async () =>
	    /\bana\b/.test(await value(ben, sku, 'changed')));

	const all = [];
	for (let n = 0; n < 15; n++)
		all.push(await timed(sku, String(100 + n)));
	all.sort((a, b) => a - b);
	diag(`${first} to ${second}, Enter to the other's screen: median ` +
	    `${all[7].toFixed(1)} ms, least ${all[0].toFixed(1)} ms, most ` +
	    `${all[14].toFixed(1)} ms`);
	ok(all[14] < 5000, 'every one of 15 changes within 5 s');
	await see('the flash ends', async () =>
	    await ben.attr(rowOf(sku), 'data-flash') === null);
	await see('toasts go by themselves', async () =>
	    await ben.count(at('toast')) === 0, 12000);
}

/** The server's own idea of an item. */
const stored = (seat, sku) => seat.run((path) => fetch(path)
    .then((r) => r.json()), `/api/v1/inventory/items/${sku}`);

async function merge() {
	const sku = rows[3];
	await open(ana, sku, 'quantity');
	await open(ben, sku, 'location');
	await write(ana, '77');
	await write(ben, 'Both 1');
	await Promise.all([ana.press('Enter'), ben.press('Enter')]);
	for (const seat of [ana, ben]) {
		await see(`different fields at once: ${seat.who} sees both`,
		    async () => await value(seat, sku, 'quantity') === '77' &&
			await value(seat, sku, 'location') === 'Both 1');
		is(await seat.count(at('conflict')), 0,
		    `${seat.who} is asked nothing`);
	}
	const item = await stored(ana, sku);
	is([item.quantity, item.location], [77, 'Both 1'],
	    'both are in the database');
}

/** ana saves HERS while ben has HIS in the same cell; ben is asked. */
async function clash(sku, hers, his) {
	await open(ben, sku, 'quantity');
	await write(ben, his);
	await change(ana, sku, 'quantity', hers);
	await see(`ben sees ${hers} beside his editor`, async () =>
	    (await ben.text(`${editorOf(sku, 'quantity')} ` +
		at('editor-remote')) ?? '').includes(hers));
	is(await ben.run(() => /** @type {HTMLInputElement} */ (
	    document.activeElement).value), his, 'what he typed stays');
	await ben.press('Enter');
	const card = conflictOf(sku, 'quantity');
	await see('ben is asked: mine or theirs', async () =>
	    await ben.visible(`${card} ${at('conflict-mine')}`) &&
	    await ben.visible(`${card} ${at('conflict-theirs')}`));
	const text = await ben.text(card);
	ok(text.includes(hers) && text.includes(his) && /\bana\b/.test(text),
	    'with both values and her name', text);
	is((await stored(ben, sku)).quantity, Number(hers),
	    'nothing is overwritten meanwhile');
	return card;
}

async function conflict() {
	const sku = rows[4];
	let card = await clash(sku, '11', '12');
	await ben.click(`${card} ${at('conflict-mine')}`);
	for (const seat of [ana, ben])
		await see(`mine: ${seat.who} sees 12`, async () =>
		    await value(seat, sku, 'quantity') === '12');
	await see('the question is gone', async () =>
	    await ben.count(card) === 0);
	is((await stored(ben, sku)).quantity, 12, 'mine: 12 is stored');

	card = await clash(sku, '21', '22');
	await ben.click(`${card} ${at('conflict-theirs')}`);
	await see('theirs: ben sees 21', async () =>
	    await value(ben, sku, 'quantity') === '21');
	await see('the question is gone again', async () =>
	    await ben.count(card) === 0);
	is(await value(ana, sku, 'quantity'), '21', 'theirs: ana sees 21');
	is((await stored(ben, sku)).quantity, 21, 'theirs: 21 is stored');

	// Both press Enter at the very same time: one is asked, neither lost.
	await open(ana, sku, 'quantity');
	await open(ben, sku, 'quantity');
	await write(ana, '31');
	await write(ben, '32');
	await Promise.all([ana.press('Enter'), ben.press('Enter')]);
	const asked = await until('one of the two is asked', async () => {
		for (const seat of [ana, ben])
			if (await seat.count(conflictOf(sku, 'quantity')))
				return seat;
	});
	const won = asked === ana ? '32' : '31';
	is((await stored(ana, sku)).quantity, Number(won),
	    'at the same instant: the other one is stored');
	await asked.click(`${conflictOf(sku, 'quantity')} ` +
	    at('conflict-theirs'));
	for (const seat of [ana, ben])
		await see(`${seat.who} sees ${won}`, async () =>
		    await value(seat, sku, 'quantity') === won);
	await leaveTable(ana);
	await leaveTable(ben);
}

const curl = (...args) => call('curl', ...args);
const items = '/api/v1/inventory/items';
const room = '/api/v1/inventory/collaboration';

async function scripts() {
	const sku = rows[5];
	let r = await curl('PATCH', `${items}/${sku}`, { quantity: 555 });
	is(r.status, 200, 'curl changes an item');
	for (const seat of [ana, ben]) {
		await see(`${seat.who} sees curl's change`, async () =>
		    await value(seat, sku, 'quantity') === '555');
		await see(`${seat.who}'s toast names the token`, async () =>
		    (await seat.texts(`${toastOf(sku)} ${at('toast-text')}`))
			.includes(`${PRINTER} updated quantity for ${sku}`));
		await see(`${seat.who}'s last column names the token`,
		    async () => (await value(seat, sku, 'changed'))
			.includes(PRINTER));
	}

	const fresh = `${rows[0]}-A`;
	r = await curl('POST', items, { sku: fresh, name: 'Label roll 62 mm',
		location: 'Office', quantity: 3 });
	is(r.status, 201, 'curl adds an item');
	for (const seat of [ana, ben]) {
		await see(`${seat.who} sees the new row`, async () =>
		    await value(seat, fresh, 'name') === 'Label roll 62 mm');
		await see(`${seat.who} counts 201`, async () =>
		    await seat.attr('#grid', 'data-total') === '201');
		await see(`${seat.who}'s toast tells who added it`,
		    async () => (await seat.text(`${toastOf(fresh)} ` +
			at('toast-text')) ?? '').startsWith(PRINTER));
	}
	r = await curl('DELETE', `${items}/${fresh}`);
	is(r.status, 204, 'curl deletes it');
	for (const seat of [ana, ben])
		await see(`${seat.who}: the row goes`, async () =>
		    await seat.count(rowOf(fresh)) === 0 &&
		    await seat.attr('#grid', 'data-total') === '200');

	r = await curl('GET', `${room}/presence?room=inventory_management`);
	is([r.status, r.body?.count,
		r.body?.users?.map((u) => u.username).sort()],
	    [200, 2, ['ana', 'ben']], 'curl reads who is there');

	r = await curl('POST', `${room}/broadcast-change`, {
		update_type: 'recount', sku: rows[6], field: 'quantity',
		old_value: 1, new_value: 2 });
	is(r.status, 202, 'curl announces a change made elsewhere');
	const before = await stored(ana, rows[6]);
	for (const seat of [ana, ben]) {
		await see(`${seat.who}'s page reacts`, async () =>
		    (await seat.texts(`${toastOf(rows[6])} ` +
			at('toast-text'))).some((t) => t.includes(PRINTER)));
		is(await value(seat, rows[6], 'quantity'),
		    String(before.quantity),
		    `${seat.who}'s page shows what is stored, not the claim`);
	}
}

/** ana closes her tab; ms until ben saw it. */
async function leave() {
	await noteGone(ben, 'gone', avatarOf('ana'));
	const from = await ana.now();
	await ana.close();
	const took = await noted(ben, 'gone', 20000) - from;
	diag(`tab closed to avatar gone: ${ms(0, took)}`);
	await see('ben counts 1 user online', async () =>
	    await ben.text(at('user-count')) === '1 user online');
	return took;
}

/** She is back in a new one. */
async function comeBack() {
	ana = await ana.tab();
	await ana.go('/inventory/management');
	await ready(ana);
	await see('she comes back', () => ben.visible(avatarOf('ana')));
}

async function leaveAndReturn() {
	const most = 2000 + 1000;
	const took = await farewell(most, leave, comeBack);
	ok(took < most, 'ana closes her tab and is gone', ms(0, took));
	await comeBack();
}

async function relayDies() {
	const sku = rows[7];
	// 502 is what the web server says while the relay is down.
	for (const seat of [ana, ben]) {
		seat.allow(/50[234].*(\/push\/|presence|join)/,
		    /ERR_INCOMPLETE_CHUNKED_ENCODING.*\/push\//);
		await recordStates(seat);
		await note(seat, 'offline', '[data-state=offline]');
	}
	await call('kill_relay');
	const r = await curl('PATCH', `${items}/${sku}`, { quantity: 999 });
	is(r.status, 200, 'curl changes an item while the relay is down');
	for (const seat of [ana, ben]) {
		await noted(seat, 'offline');
		ok(true, `${seat.who} sees Offline`);
	}
	await call('relay_back');
	const from = Date.now();
	for (const seat of [ana, ben]) {
		await see(`${seat.who} is Live again by itself`, () =>
		    live(seat, 10000), 10000);
		diag(`${seat.who} live again ${ms(from, Date.now())} ` +
		    'after the relay');
		await see(`${seat.who} sees the change made meanwhile`,
		    async () => await value(seat, sku, 'quantity') === '999');
		await see(`${seat.who} counts 2 users online again`,
		    async () => await seat.text(at('user-count')) ===
			'2 users online');
	}
	ok(Date.now() - from < 5000 + 5000, 'both within 5 s (and some)',
	    ms(from, Date.now()));
	is((await states(ben)).slice(-1), ['live'], 'ben stays live');
	await change(ana, sku, 'quantity', '998');
	await see('and changes go on arriving', async () =>
	    await value(ben, sku, 'quantity') === '998');
}

scene(async () => {
	const one = await launch(first);
	const two = await launch(second);
	diag(`ana: ${one.version}, ben: ${two.version}`);
	ana = await one.seat('ana');
	ben = await two.seat('ben');
	// A refused merge is an answer 409, which browsers log.
	for (const seat of [ana, ben])
		seat.allow(/409.*\/api\/v1\/inventory\/items\//,
		    /423.*\/push\/lease/);
	await inTurn([[arrive], [pointer], [update], [merge], [conflict],
		[scripts], [leaveAndReturn], [relayDies]]);
	is(await ben.run(() => window.name), 'same page',
	    'ben never had to reload');
	ana.clean();
	ben.clean();
});
