/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * An open editor and all that may happen to it; conflicts; leases.  In both
 * browsers, under a name that is no secure context.  Arguments: one browser,
 * and the parts to run; all when there are none.
 */
import { isDeepStrictEqual } from 'node:util';
import { scene, inTurn, launch, call, diag, ok, is, like, see, until }
    from './lib.mjs';
import { at, rowOf, cellOf, editorOf, conflictOf, signIn, live, ready, skus,
    value, open, write, leaveTable, search } from './page.mjs';

/** What is typed; other figures in each browser's turn. */
let TYPED = '98765';
const REMOTE = `${at('editor')} ${at('editor-remote')}`;
const LEASE = `${at('editor')} ${at('editor-lease')}`;
const HOLDER = '.grid-scroll';

let browsers, ana, ben, rows;

const item = (sku) => `/inventory/items/${sku}`;
const api = (method, path, body) => call('api', 'ben', method, path, body);
const patch = (sku, body) => api('PATCH', item(sku), body);
const stored = async (sku) => (await api('GET', item(sku))).body;

/** The editor as the reader sees it. */
const editing = (seat) => seat.run((editor, holder) => {
	const e = /** @type {any} */ (document.activeElement);
	const table = document.querySelector(holder);
	return { inside: !!e?.closest(editor), text: e?.value ?? null,
		from: e?.selectionStart ?? null, to: e?.selectionEnd ?? null,
		scroll: [scrollX, scrollY, table?.scrollTop] };
}, at('editor'), HOLDER);

/** Open a cell, type, and select two characters in the middle. */
async function begin(sku, field = 'quantity') {
	await open(ana, sku, field);
	await write(ana, TYPED);
	await ana.run(() => /** @type {any} */ (document.activeElement)
	    .setSelectionRange(1, 3));
	return editing(ana);
}

const shown = (selector) => ana.text(selector).then((t) => t ?? '');

/** A change of each kind beside the open editor. */
async function changes() {
	await ana.run((s) => {
		document.querySelector(s).scrollTop = 84;
	}, HOLDER);
	rows = await skus(ana);
	const sku = rows[4], before = await begin(sku);
	const same = async (what) => is(await editing(ana), before,
	    `${ana.kind}: ${what}: caret, text, focus and scroll stay`);

	is([before.inside, before.text, before.from, before.to],
	    [true, TYPED, 1, 3], `${ana.kind}: typing, two selected`);
	ok(before.scroll[2] > 0, 'in a table that is scrolled');
	await patch(sku, { quantity: 31 });
	await see('a remote change of the cell shows beside the editor',
	    async () => /^ben.* set it to 31$/.test(await shown(REMOTE)));
	await same('a change of that cell');
	await patch(sku, { location: 'Moved' });
	await see('another cell of the row', async () =>
	    await value(ana, sku, 'location') === 'Moved');
	await same('a change of another cell of the row');
	await patch(rows[3], { quantity: 777 });
	await see('another row', async () =>
	    await value(ana, rows[3], 'quantity') === '777');
	await same('a change of another row');

	const made = `${rows[0]}-0`;
	const total = Number(await ana.attr('#grid', 'data-total'));
	await api('POST', '/inventory/items', { sku: made, name: 'Above' });
	await see('an item made above waits', async () =>
	    await ana.attr('#grid', 'data-total') === String(total + 1) &&
	    await ana.visible(at('waiting')));
	await same('an insert above');
	await api('DELETE', item(made));
	await see('and deleted again', async () =>
	    await ana.attr('#grid', 'data-total') === String(total));
	await same('a delete above');
	await api('DELETE', item(rows[1]));
	await see('the row above is crossed out', async () =>
	    await ana.attr(rowOf(rows[1]), 'data-deleted') !== null);
	await same('a delete of a row above that is shown');
	is((await stored(sku)).quantity, 31, 'nothing was committed');
	await ana.press('Escape');
	await leaveTable(ana);
	await until('the rows follow', async () =>
	    !await ana.count(rowOf(rows[1])));
	rows = await skus(ana);
}

/** What the reader does elsewhere on the page. */
async function tools() {
	const sku = rows[4];
	const before = await begin(sku);
	const same = async (what) => {
		const now = await editing(ana);
		is([now.inside, now.text, now.from, now.to],
		    [true, TYPED, 1, 3],
		    `${ana.kind}: ${what}: caret, text and focus stay`);
	};

	await ana.click('[data-head=name]');
	await see('sorted by name', async () =>
	    await ana.attr('[data-head=name]', 'aria-sort') === 'ascending');
	await same('a re-sort');
	await patch(sku, { name: `Aa ${Date.now()}` });
	await see('the new name', async () => (await shown(at('waiting')))
	    .length > 0);
	await ana.click(at('waiting'));
	await see('its row went up', async () =>
	    (await skus(ana)).indexOf(sku) < 2);
	await same('a change that moves the row');
	await ana.click('[data-head=sku]');
	await see('sorted by SKU again', async () =>
	    await ana.attr('[data-head=sku]', 'aria-sort') === 'ascending');
	await ana.click(at('filter-out'));
	await see('a filter that hides the row', async () =>
	    !await ana.count(rowOf(sku)));
	await same('a filter');
	like(await shown(`${at('editor')} .editor-where`), new RegExp(sku),
	    'the editor says which cell it is of');
	await ana.click(at('filter-all'));
	await see('all rows again', () => ana.count(rowOf(sku)));
	await same('no filter');
	await ana.page.focus('#search');
	await ana.type('zzz');
	await see('a search without a match', async () =>
	    await ana.attr('#grid', 'data-shown') === '0');
	is(await ana.run((s) => /** @type {any} */ (
	    document.querySelector(s)).value, at('editor-input')), TYPED,
	    'leaves the editor open');
	await search(ana, '');
	await until('all rows', () => ana.count(rowOf(sku)));
	await ana.click(at('editor-input'));
	ok((await stored(sku)).quantity !== Number(TYPED) &&
	    before.text === TYPED, 'nothing was committed');
	await ana.press('Escape');
	await leaveTable(ana);
}

/** The stream goes and comes, the window turns, everything is read anew. */
async function upheavals() {
	const sku = rows[5], before = await begin(sku);
	const same = async (what) => is(await editing(ana), before,
	    `${ana.kind}: ${what}: caret, text, focus and scroll stay`);

	ana.allow(/50[234]/, /ERR_/, /NetworkError/, /422.*join/);
	ben.allow(/50[234]/, /ERR_/, /NetworkError/, /422.*join/);
	await ana.run(() => {
		dispatchEvent(new Event('offline'));
		dispatchEvent(new Event('online'));
	});
	await patch(sku, { quantity: 41 });
	await see('the stream was cut and is back', async () =>
	    /41/.test(await shown(REMOTE)));
	await live(ana);
	await same('a cut stream');
	await call('stop', 'relay');
	await until('offline', () => ana.count('body[data-state=offline]'));
	await same('offline');
	await call('start', 'relay');
	await live(ana, 20000);
	await same('a relay that began anew');

	const { width = 1280, height = 800 } = ana.options;
	await ana.resize({ width: 360, height: 740 });
	await see('cards on a narrow screen', () => ana.count('#grid.cards'));
	await until('the cards', () => ana.count(at('row')));
	let now = await editing(ana);
	is([now.inside, now.text, now.from, now.to], [true, TYPED, 1, 3],
	    `${ana.kind}: cards instead of a table: text and caret stay`);
	await ana.resize({ width, height });
	await see('a table again', async () =>
	    !await ana.count('#grid.cards') && await ana.count(rowOf(sku)));
	now = await editing(ana);
	is([now.inside, now.text, now.from, now.to], [true, TYPED, 1, 3],
	    `${ana.kind}: and the table again`);

	await call('stop', 'relay');
	const epochs = await call('other_epoch');
	await patch(sku, { quantity: 51 });
	await call('start', 'relay');
	await see(`everything read anew, of another history (${epochs})`,
	    async () => /51/.test(await shown(REMOTE)), 20000);
	now = await editing(ana);
	is([now.inside, now.text, now.from, now.to], [true, TYPED, 1, 3],
	    `${ana.kind}: another history: text and caret stay`);
	is((await stored(sku)).quantity, 51, 'nothing was committed');
	await ana.press('Enter');
	await see('asked, since the draft is of another history', () =>
	    ana.visible(conflictOf(sku, 'quantity')));
	like(await shown(conflictOf(sku, 'quantity')), /It is now 51/,
	    'before anything is sent');
	await ana.click(at('conflict-mine'));
	await see('mine is saved', async () =>
	    (await stored(sku)).quantity === Number(TYPED));
}

/** The item is renamed, and at last deleted, under the editor. */
async function renamedAndGone() {
	const doomed = '0-DOOMED', renamed = '0-RENAMED';

	await leaveTable(ana);
	await api('POST', '/inventory/items', { sku: doomed, name: 'Doomed' });
	await until('its row', () => ana.count(rowOf(doomed)));
	const before = await begin(doomed);
	await patch(doomed, { sku: renamed });
	await see('the row has another SKU', () => ana.count(rowOf(renamed)));
	is(await editing(ana), before,
	    `${ana.kind}: a rename: caret, text, focus and scroll stay`);
	await ana.press('Enter');
	await see('saved under the new name', async () =>
	    (await stored(renamed)).quantity === Number(TYPED));

	await open(ana, renamed, 'location');
	await write(ana, 'my text');
	const typing = await editing(ana);
	await api('DELETE', item(renamed));
	await see('deleted: it says so, and who', async () =>
	    /^ben.* deleted this item$/.test(await shown(REMOTE)));
	is(await editing(ana), typing,
	    `${ana.kind}: a delete: caret, text, focus and scroll stay`);
	ana.allow(/404.*\/items\//);
	await ana.press('Enter');
	const card = conflictOf(renamed, 'location');
	await see('the text is handed back', async () =>
	    /deleted.*my text/.test(await shown(card)));
	await ana.page.reload();
	await ready(ana);
	await see('also after a reload', async () =>
	    /deleted.*my text/.test(await shown(card)));
	await ana.click(`${card} ${at('conflict-drop')}`);
	await see('until it is let go', async () => !await ana.count(card));
}

async function details(sku) {
	await ana.hover(rowOf(sku));
	await ana.click(`${rowOf(sku)} ${at('open-details')}`);
	await until('details', () => ana.visible('#details-dialog'));
}

/** What is typed outlives the page. */
async function reloaded() {
	const sku = rows[6];

	await begin(sku);
	await ana.page.reload();
	await ready(ana);
	await see('a reload: the editor is open again, with the text',
	    async () => (await editing(ana)).inside &&
		(await editing(ana)).text === TYPED);
	ok(await ana.visible(editorOf(sku, 'quantity')), 'on its cell');
	const next = (await stored(sku)).quantity + 61;
	await patch(sku, { quantity: next });
	await see('it follows what others do', async () =>
	    (await shown(REMOTE)).endsWith(String(next)));
	await ana.press('Escape');
	await ana.page.reload();
	await ready(ana);
	await see('given up: it is not', async () =>
	    !await ana.count(at('editor')));

	await details(rows[6]);
	await ana.fill('#details-dialog [name=location]',
	    `half a wo ${ana.kind}`);
	await ana.page.reload();
	await ready(ana);
	await see('what was typed in the details is in its cell', async () =>
	    await ana.visible(editorOf(rows[6], 'location')) &&
	    (await editing(ana)).text === `half a wo ${ana.kind}`);
	ok((await stored(rows[6])).location !== `half a wo ${ana.kind}`,
	    'and not committed');
	await ana.press('Escape');
}

/** What was typed finds its place while the reader types elsewhere. */
async function recalled() {
	const sku = rows[6], other = rows[5], renamed = `${sku}-X`;
	const text = `Half a wo ${ana.kind}`;
	const { quantity, location } = await stored(other);
	const card = conflictOf(renamed, 'location');
	const held = [];
	/* What the page reads to find the item that was renamed. */
	const look = (r) => /\/inventory\/changes/.test(r.url()) ?
	    held.push(r) : r.continue();

	await open(ana, sku, 'location');
	await write(ana, text);
	await patch(sku, { sku: renamed });
	await until('renamed', () => ana.count(rowOf(renamed)));
	await ana.page.setRequestInterception(true);
	ana.page.on('request', look);
	await ana.page.reload();
	await ready(ana);
	await until('it is looked for', () => held.length > 0);
	await open(ana, other, 'location');
	await write(ana, 'Half');
	held.length = 0;
	await ana.page.reload();
	await ready(ana);
	await see(`${ana.kind}: left twice: the later text is in its cell`,
	    async () => await ana.visible(editorOf(other, 'location')) &&
		(await editing(ana)).text === 'Half');
	await until('the other one is looked for', () => held.length > 0);
	await ana.press('Escape');
	await open(ana, other, 'quantity');
	await write(ana, '1');
	await held[0].continue();
	await see('the earlier one, a cell being open, is a question',
	    async () => (await shown(card)).includes(`You wrote ${text}`));
	const now = await editing(ana);
	is([now.inside, now.text, await ana.visible(
	    editorOf(other, 'quantity'))], [true, '1', true],
	    'and typing goes on in the open one');
	ana.page.off('request', look);
	await ana.page.setRequestInterception(false);
	await ana.press('Escape');
	await ana.page.reload();
	await ready(ana);
	await see('it outlives a reload', () => ana.visible(card));
	await ana.click(`${card} ${at('conflict-again')}`);
	await see('and is back in its cell when asked for', async () =>
	    await ana.visible(editorOf(renamed, 'location')) &&
	    (await editing(ana)).text === text);
	await ana.press('Enter');
	await see('to be saved', async () =>
	    (await stored(renamed)).location === text);
	is([(await stored(other)).quantity, (await stored(other)).location],
	    [quantity, location], 'nothing else was');
	await patch(renamed, { sku });
	await until('renamed back', () => ana.count(rowOf(sku)));
}

/** What is typed for a new item outlives the page, too. */
async function newItem() {
	const sku = `NEW-${ana.kind}`, form = '#create-dialog';
	const typed = () => ana.run((f) => ['sku', 'name', 'quantity'].map(
	    (name) => /** @type {any} */ (document.querySelector(
		`${f} [name=${name}]`))?.value), form);
	const comesBack = (what, want) => see(`${ana.kind}: ${what}`,
	    async () => await ana.visible(form) &&
		isDeepStrictEqual(await typed(), want));
	const wide = [sku, 'Half a na', '2x'];

	ana.allow(/401.*\/inventory\/fields/, /409.*\/inventory\/items/);
	await leaveTable(ana);
	await ana.click('#new-item');
	await ana.fill(`${form} [name=sku]`, sku);
	await ana.fill(`${form} [name=name]`, 'Half a na');
	await ana.fill(`${form} [name=quantity]`, '2x');
	await ana.page.reload();
	await ready(ana);
	await comesBack('a new item after a reload', wide);
	await ana.context.deleteCookie(...await ana.context.cookies());
	await ana.page.reload();
	await until('sign in', () => ana.visible('#username'));
	await signIn(ana);
	await comesBack('when the session was over', wide);

	// Next to it an editor, left by a later page.
	await ana.run((sku) => {
		const kept = JSON.parse(sessionStorage['stockroom.draft']);
		sessionStorage['stockroom.draft'] = JSON.stringify([...kept, {
			user: kept[0].user, epoch: kept[0].epoch, base: 0,
			sku, field: 'location', old: '', text: 'Half a lo' }]);
	}, rows[5]);
	await ana.page.reload();
	await ready(ana);
	const card = conflictOf(sku, 'sku');
	await see('while a cell is open it is a question', async () =>
	    await ana.visible(editorOf(rows[5], 'location')) &&
	    /^New item/.test(await shown(card)));
	await ana.press('Escape');
	await ana.click(`${card} ${at('conflict-again')}`);
	await comesBack('then a form again', wide);

	await ana.fill(`${form} [name=sku]`, rows[5]);
	await ana.fill(`${form} [name=quantity]`, '2');
	await ana.click('#create-submit');
	await until('refused', async () =>
	    await ana.count(`${form} [aria-invalid]`) ||
	    await ana.visible(at('create-error')));
	await ana.page.reload();
	await ready(ana);
	await comesBack('what was refused', [rows[5], 'Half a na', '2']);
	await ana.fill(`${form} [name=sku]`, sku);
	await ana.click('#create-submit');
	await until('made', async () => !await ana.count(form));
	await ana.click('#new-item');
	await ana.fill(`${form} [name=sku]`, 'never');
	await ana.click('#create-cancel');
	await until('closed', async () => !await ana.count(form));
	await ana.page.reload();
	await ready(ana);
	is([await ana.count(form), await ana.count(at('conflict'))], [0, 0],
	    'not what was made or given up');

	await open(ana, rows[5], 'quantity');
	await write(ana, '3x');
	await ana.click('#new-item');
	await see('a cell whose text may not be saved comes first', () =>
	    ana.visible(at('editor-error')));
	is([await ana.count(form), (await editing(ana)).text], [0, '3x'],
	    'and keeps it');
	await ana.press('Escape');
	await api('DELETE', item(sku));
}

/** Type over somebody's change; the card that comes. */
async function clash(sku, hers) {
	await patch(sku, { quantity: 10 });
	await until('10', async () =>
	    await value(ana, sku, 'quantity') === '10');
	await open(ana, sku, 'quantity');
	await write(ana, hers);
	await patch(sku, { quantity: 20 });
	await until('beside', async () => /20/.test(await shown(REMOTE)));
	await ana.press('Enter');
	const card = conflictOf(sku, 'quantity');
	await until('the card', () => ana.visible(card));
	return card;
}

async function conflicts() {
	const sku = rows[7];
	let card = await clash(sku, '30');
	const texts = async () => Object.fromEntries(await Promise.all(
	    ['mine', 'theirs', 'was'].map(async (c) =>
		[c, await shown(`${card} ${at(`conflict-${c}`)}`)])));

	like(await shown(card), /ben.* changed it to 20 · just now/,
	    `${ana.kind}: a conflict says who and when`);
	is(await texts(), { mine: 'Keep mine 30', theirs: 'Take theirs 20',
		was: 'As it was 10' }, 'mine, theirs, and what it was');
	await see('told at once to a screen reader', async () =>
	    /30/.test(await ana.run(() => document.querySelector(
		'[aria-live=assertive], [role=alert]#assertive')
		?.textContent ?? '')));
	await ana.page.reload();
	await ready(ana);
	await see('it outlives a reload', () => ana.visible(card));
	is(await texts(), { mine: 'Keep mine 30', theirs: 'Take theirs 20',
		was: 'As it was 10' }, 'with all three');
	await ana.press('Escape');
	await see('Escape folds it away', async () => !await ana.count(card));
	await ana.press('Enter');
	await see('and it opens again', () => ana.visible(card));
	await ana.press('Tab', 'Tab', 'Tab');
	is(await ana.run(() => document.activeElement?.getAttribute(
	    'data-testid')), 'conflict-was', 'the third choice by keyboard');
	await ana.press('Enter');
	await see('as it was', async () => (await stored(sku)).quantity === 10);
	await see('shown', async () =>
	    await value(ana, sku, 'quantity') === '10' &&
	    !await ana.count(card));

	card = await clash(sku, '30');
	await ana.click(`${card} ${at('conflict-theirs')}`);
	await see('theirs', async () =>
	    await value(ana, sku, 'quantity') === '20');
	is((await stored(sku)).quantity, 20, 'nothing is sent for it');
	card = await clash(sku, '30');
	await ana.click(`${card} ${at('conflict-mine')}`);
	await see('mine', async () => (await stored(sku)).quantity === 30);
	await ana.page.reload();
	await ready(ana);
	is(await ana.count(at('conflict')), 0, 'a choice is made once');

	await details(sku);
	await ana.fill('#details-dialog [name=location]', `Hers ${ana.kind}`);
	await patch(sku, { location: `His ${ana.kind}` });
	await ana.press('Enter');
	card = conflictOf(sku, 'location');
	await until('the card', () => ana.visible(card));
	await ana.click(`${card} ${at('conflict-mine')}`);
	await see('in the details, too, there is a choice', async () =>
	    (await stored(sku)).location === `Hers ${ana.kind}`);
	await ana.click('#details-close');

	// Two edits of one cell, the second while the first is on its way.
	await open(ana, sku, 'quantity');
	await write(ana, '31');
	await ana.press('Enter', 'ArrowUp', 'Enter');
	await until('open again', () => ana.visible(editorOf(sku, 'quantity')));
	await see('31 is saved', async () =>
	    (await stored(sku)).quantity === 31);
	await until('and known to be', async () =>
	    await ana.attr(cellOf(sku, 'quantity'), 'data-pending') === null);
	await write(ana, '32');
	await ana.press('Enter');
	await see('one\'s own edit is nobody\'s conflict', async () =>
	    (await stored(sku)).quantity === 32);
	is(await ana.count(at('conflict')), 0, 'indeed');
}

/**
 * What ANA changes is held back; the result lets the server refuse it.
 */
async function refusing() {
	const held = [];
	const look = (r) => r.method() !== 'GET' &&
	    /\/inventory\/items/.test(r.url()) ? held.push(r) : r.continue();

	await ana.page.setRequestInterception(true);
	ana.page.on('request', look);
	return async () => {
		await until('it is sent', () => held.length > 0);
		await held[0].respond({ status: 422,
			contentType: 'application/problem+json',
			body: JSON.stringify({ detail: 'No room there' }) });
		ana.page.off('request', look);
		await ana.page.setRequestInterception(false);
	};
}

/** A refusal while the reader types elsewhere; what "Edit again" does. */
async function refused() {
	const sku = rows[9], card = conflictOf(sku, 'location');
	const text = `Nowhere ${ana.kind}`;
	const again = `${at('conflict')} ${at('conflict-again')}`;
	const typed = (selector) => ana.run((s) => /** @type {any} */ (
	    document.querySelector(s))?.value, selector);

	ana.allow(/422.*\/inventory\/items/);
	let refuse = await refusing();
	await open(ana, sku, 'location');
	await write(ana, text);
	await ana.press('Enter');
	await open(ana, sku, 'quantity');
	await write(ana, '12x');
	await refuse();
	await see(`${ana.kind}: refused: the text is in a card`, async () =>
	    (await shown(card)).startsWith('Location of') &&
	    (await shown(card)).includes(text));
	await ana.click(again);
	await see('another cell with what may not be: it says why', () =>
	    ana.visible(at('editor-error')));
	is([await typed(at('editor-input')), await ana.visible(card)],
	    ['12x', true], 'and both texts stay');
	await ana.press('Escape');
	await details(sku);
	await ana.fill('#details-dialog [name=quantity]', '13x');
	await ana.click(again);
	await see('so do the details', () =>
	    ana.visible('#details-dialog [data-for=quantity] .field-error'));
	is([await typed('#details-dialog [name=quantity]'),
		await ana.visible(card)], ['13x', true], 'nor is that lost');
	await ana.fill('#details-dialog [name=quantity]', '13');
	await ana.click(again);
	await see('when it can be, it is back in its cell', async () =>
	    await ana.visible(editorOf(sku, 'location')) &&
	    (await editing(ana)).text === text && (await editing(ana)).inside);
	is([await ana.count(card), await ana.count('#details-dialog')], [0, 0],
	    'instead of the card and the details');
	await see('which have saved what was typed there', async () =>
	    (await stored(sku)).quantity === 13);
	await ana.press('Escape');

	const doomed = `0-LOST-${ana.kind}`;
	const lost = conflictOf(doomed, 'location');
	await leaveTable(ana);
	await api('POST', '/inventory/items', { sku: doomed, name: 'Doomed' });
	await until('its row', () => ana.count(rowOf(doomed)));
	refuse = await refusing();
	await open(ana, doomed, 'location');
	await write(ana, text);
	await ana.press('Enter');
	await open(ana, sku, 'location');
	await refuse();
	await until('the card', () => ana.visible(lost));
	await ana.press('Escape');
	await api('DELETE', item(doomed));
	await until('deleted', async () => !await ana.count(rowOf(doomed)) ||
	    await ana.attr(rowOf(doomed), 'data-deleted') !== null);
	// Without its cell the card goes to the middle, perhaps from under a
	// click.
	await see('an item that is gone meanwhile: the card says so, too',
	    async () => {
		if (await ana.count(again))
			await ana.click(again);
		return /deleted/.test(await shown(lost)) &&
		    (await shown(lost)).includes(text);
	    });
	await ana.click(`${lost} ${at('conflict-drop')}`);
	await until('let go', async () => !await ana.count(lost));

	refuse = await refusing();
	await details(sku);
	await ana.fill('#adjust-amount', '7.5');
	await ana.fill('#adjust-reason', 'broken');
	await ana.click('#adjust-minus');
	await ana.click('#details-close');
	await refuse();
	await until('the card', () => ana.visible(
	    conflictOf(sku, 'quantity')));
	await ana.click(again);
	await see('an adjustment: the amount and the reason are there',
	    async () => await typed('#adjust-amount') === '7.5' &&
		await typed('#adjust-reason') === 'broken');
	is(await ana.text('#details-dialog .stock-error'), 'No room there',
	    'and why it was refused');
	await ana.click('#details-close');
}

const holdsFocus = (seat) => seat.run((s) =>
    !!document.activeElement?.closest(s), at('editor'));

/** Who edits, taking over, and what the loser keeps. */
async function leases() {
	const sku = rows[8];
	const note = (seat) => seat.text(LEASE).then((t) => t ?? '');
	const typed = (seat) => seat.run((s) => /** @type {any} */ (
	    document.querySelector(s))?.value, at('editor-input'));

	await open(ben, sku, 'location');
	await write(ben, `ben beside ${ana.kind}`);
	await see(`${ana.kind}: ben's lease shows on the cell`, async () =>
	    await ana.attr(cellOf(sku, 'location'), 'data-remote-edit') !==
		null && await ana.text(`${cellOf(sku, 'location')} ` +
		at('edit-tag')) === 'ben');
	await open(ana, sku, 'location');
	await write(ana, `ana in ${ana.kind}`);
	await see('the editor opens all the same, and says who edits',
	    async () => /^ben is editing this/.test(await note(ana)));
	ana.allow(/423.*\/push\/lease/);
	ben.allow(/423.*\/push\/lease/);
	is([await typed(ana), await holdsFocus(ana)],
	    [`ana in ${ana.kind}`, true],
	    'typing did not wait');
	await ana.press('Tab');
	is(await ana.run(() => document.activeElement?.getAttribute(
	    'data-testid')), 'lease-take', '"Take over" by keyboard');
	await ana.press('Enter');
	await see('taken over', async () => await note(ana) === '');
	is([await typed(ana), await holdsFocus(ana)],
	    [`ana in ${ana.kind}`, true],
	    'with the text and the focus');
	await see('ben is told who took over', async () =>
	    /^ana took over/.test(await note(ben)));
	is(await typed(ben), `ben beside ${ana.kind}`, 'and keeps his text');
	await see('told at once to a screen reader', async () =>
	    /ana took over/.test(await ben.run(() => document.querySelector(
		'[aria-live=assertive], [role=alert]#assertive')
		?.textContent ?? '')));
	await ana.press('Enter');
	await see('ana saves', async () =>
	    (await stored(sku)).location === `ana in ${ana.kind}`);
	await see('ben edits alone again', async () => await note(ben) === '');
	await see('ana sees him there', async () =>
	    await ana.attr(cellOf(sku, 'location'), 'data-remote-edit') !==
		null);
	await ben.press('Enter');
	await see('his draft is a choice', () =>
	    ben.visible(conflictOf(sku, 'location')));
	await ben.click(at('conflict-mine'));
	await see('nothing is lost', async () =>
	    (await stored(sku)).location === `ben beside ${ana.kind}`);

	await open(ana, sku, 'notes');
	await see('ana\'s lease', async () => await ben.attr(
	    cellOf(sku, 'notes'), 'data-remote-edit') !== null);
	await call('stop', 'relay');
	// Both: a page says for a while that it is live when it no longer is.
	for (const seat of [ana, ben])
		await until('offline', () =>
		    seat.count('body[data-state=offline]'));
	// Who asks first has it, and being live does not say that she asked.
	const again = ana.page.waitForResponse((r) => r.status() === 200 &&
	    new URL(r.url()).pathname === '/push/lease', { timeout: 60000 });
	await call('start', 'relay');
	await live(ben, 20000);
	await live(ana, 20000);
	await again;
	await open(ben, sku, 'notes');
	await see('a relay that began anew: she has taken it again',
	    async () => /^ana is editing this/.test(await note(ben)));
	await ana.press('Escape');
	await see('she closes: it is ben\'s', async () =>
	    await note(ben) === '');
	await ben.press('Escape');
	await leaveTable(ben);
}

async function everything(kind) {
	const other = kind === 'chromium' ? 'firefox' : 'chromium';

	TYPED = kind === 'chromium' ? '98765' : '87654';
	ana = await browsers[kind].seat('ana', { host: 'stock.lan' });
	ben = await browsers[other].seat('ben', { host: 'stock.lan' });
	for (const seat of [ana, ben]) {
		seat.allow(/409.*\/api\/v1\/inventory\/items\//);
		seat.page.on('dialog', (d) => d.accept().catch(() => 0));
		await signIn(seat);
	}
	await leaveTable(ana);
	rows = await skus(ana);
	const only = process.argv.slice(3);
	await inTurn([changes, tools, upheavals, renamedAndGone, reloaded,
		recalled, newItem, conflicts, refused, leases]
	    .filter(({ name }) => only.length === 0 || only.includes(name))
	    .map((part) => [part]));
	ana.clean();
	ben.clean();
	await ana.close();
	await ben.close();
}

scene(async () => {
	browsers = { chromium: await launch('chromium'),
		firefox: await launch('firefox') };
	for (const b of Object.values(browsers))
		diag(`${b.name}: ${b.version}`);
	for (const kind of process.argv[2] ? [process.argv[2]] :
	    ['chromium', 'firefox'])
		await everything(kind);
});
