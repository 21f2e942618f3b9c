/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * Hostile texts wherever the pages show any: as text, in their place, and
 * without a turn of the words around them.  Argument: the browser.
 */
import { scene, inTurn, launch, call, ok, is, see, until } from './lib.mjs';
import { at, rowOf, cellOf, editorOf, conflictOf, toastOf, MANAGEMENT,
    signIn, ready, open, write, leaveTable, search, sideways }
    from './page.mjs';

const name = process.argv[2];
/** What Mallory of t/50-hostile.t has made. */
let given;
/** So that the second browser changes something, too. */
let turn = name === 'firefox' ? 100 : 0;

/** Without the isolates, which the page puts around a text in a sentence. */
const plain = (text) => String(text).replace(/[\u2066-\u2069]/g, '')
    .replace(/[\u2028\u2029]/g, ' ');

/** Note what must not happen, before any script of the page runs. */
async function guard(seat) {
	await seat.page.evaluateOnNewDocument(() => {
		const all = /** @type {any} */ (window).violations = [];
		document.addEventListener('securitypolicyviolation', (e) =>
		    all.push(`${e.violatedDirective} ${e.blockedURI}`));
	});
}

/**
 * What is wrong with the page as it is: something ran, something became an
 * element, or a text that turns the direction is not kept apart.
 */
function wrongs(seat) {
	return seat.run((known) => {
		const bad = [];
		const all = new Set(known);
		const turns = new RegExp('[\\u0590-\\u08ff\\u200f' +
		    '\\u202a-\\u202e\\u2066\\u2067\\ufb1d-\\ufdff' +
		    '\\ufe70-\\ufefc]');
		if ('pwned' in window)
			bad.push('a script ran');
		bad.push(.../** @type {any} */ (window).violations);
		for (const e of document.querySelectorAll('#pwned, ' +
		    '[src="x"], [onerror], [onload], [onfocus], iframe, ' +
		    'object, embed, base, meta[http-equiv], ' +
		    'script:not([src]), [href^="javascript" i], ' +
		    '[href^="data" i], [style*="expression"]'))
			bad.push(`an element: ${e.outerHTML.slice(0, 99)}`);
		// Whole isolates are harmless; nothing else may turn.
		const inner = /\u2068[^\u2066-\u2069]*\u2069/g;
		const open = (text) => {
			let now = text, was;
			do {
				was = now;
				now = was.replace(inner, '').replace(
				    /[\u2066\u2067][^\u2066-\u2069]*\u2069/g,
				    '');
			} while (now !== was);
			return turns.test(now);
		};
		const walk = document.createTreeWalker(document.body,
		    NodeFilter.SHOW_TEXT);
		for (let n = walk.nextNode(); n !== null; n = walk.nextNode()) {
			const text = n.data, e = n.parentElement;
			if (!turns.test(text) ||
			    ['SCRIPT', 'STYLE', 'TEXTAREA'].includes(e.tagName))
				continue;
			const css = getComputedStyle(e);
			// A box of its own is a paragraph of its own; within
			// a line an unpaired PDI ends the element's isolate.
			const alone = all.has(text) &&
			    e.childNodes.length === 1 &&
			    css.display !== 'inline';
			const apart = css.display !== 'inline' ||
			    /isolate|plaintext/.test(css.unicodeBidi);
			if (!apart || (!alone && open(text)))
				bad.push(`${e.tagName}.${e.className} turns: ` +
				    JSON.stringify(text).slice(0, 120));
		}
		for (const e of document.querySelectorAll('*'))
			for (const a of ['title', 'aria-label', 'alt',
				'placeholder', 'aria-description']) {
				const text = e.getAttribute(a) ?? '';
				if (!all.has(text) && open(text))
					bad.push(`${e.tagName}.${e.className}` +
					    ` ${a} turns: ` +
					    JSON.stringify(text).slice(0, 99));
			}
		return bad;
	}, [...given.texts, ...given.items.flatMap((i) => Object.values(i)),
		given.mallory, given.label, given.key]);
}

/** A test: nothing of that is so. */
async function harmless(seat, where) {
	is(await wrongs(seat), [], `${name}: ${where}: only text`);
}

/** It would be seen: in a window of its own is put what must not be. */
async function planted(browser) {
	const seat = await browser.seat('planted');

	seat.allow(/Content.Security.Policy/);
	await guard(seat);
	await signIn(seat, 'ana');
	await harmless(seat, 'nothing is planted yet');
	for (const [what, tag, id, text] of [
		['an element', 'b', 'pwned', 'x'],
		['script-src', 'script', '', 'window.pwned = 1'],
		['turns', 'i', '', 'a \u202eb']]) {
		await seat.run((tag, id, text) => {
			const e = document.createElement(tag);
			e.id = id;
			e.dataset.planted = '';
			e.textContent = text;
			document.body.append(e);
		}, tag, id, text);
		await see(`${name}: seen: ${what}`, async () =>
		    (await wrongs(seat)).some((one) => one.includes(what)));
		if (tag === 'script')
			is(await seat.run(() => 'pwned' in window), false,
			    `${name}: the script did not run`);
		await seat.run(() => {
			document.querySelector('[data-planted]')?.remove();
			/** @type {any} */ (window).violations.length = 0;
		});
	}
	await harmless(seat, 'nothing is planted any more');
	await seat.close();
}

/** What of all that matches is out of the window, or holds not its text. */
async function fits(seat, selector) {
	let last;
	// Half-way through coming in it is not where it will be.
	await until('it fits', async () => {
		last = await misfits(seat, selector);
		return last.length === 0;
	}, 3000).catch(() => 0);
	return last;
}

function misfits(seat, selector) {
	return seat.run((s) => [...document.querySelectorAll(s)].filter((e) =>
	    !e.closest('.visually-hidden')).flatMap((e) => {
		const box = e.getBoundingClientRect(), has = e.scrollWidth;
		// A part of a line has no width of its own.
		const wide = e.clientWidth || Infinity;
		return [box.left < -1 || box.right > innerWidth + 1 ?
		    `${e.className} from ${box.left} to ${box.right}` : '',
		has > wide + 1 && getComputedStyle(e).overflowX === 'visible' ?
		    `${e.className} holds ${has} px in ${wide}` : ''];
	}).filter((t) => t !== ''), selector);
}

const textOf = (seat, selector) => seat.run((s) =>
    document.querySelector(s)?.textContent ?? null, selector);

/** A test: what matches shows TEXT, whole or as a part. */
async function shows(seat, selector, text, where) {
	const want = plain(text);
	return see(`${name}: ${where}`, async () =>
	    plain(await textOf(seat, selector) ?? '').includes(want));
}

/* ---- the parts */

async function table(ana) {
	const fields = ['name', 'location', 'unit', 'note_to', 'notes'];
	await until('all rows', async () => await ana.count(at('row')) ===
	    given.items.length);
	const shown = await ana.run((row, fields) => Object.fromEntries(
	    [...document.querySelectorAll(row)].map((e) => [e.dataset.sku,
		Object.fromEntries(fields.map((f) => {
			const c = e.querySelector(`[data-field="${f}"]`);
			return [f, { text: c.textContent,
				made: c.childElementCount,
				high: c.getBoundingClientRect().height }];
		}))])), at('row'), fields);
	const bad = [], high = new Set();
	for (const item of given.items)
		for (const f of fields) {
			const c = shown[item.sku]?.[f];
			high.add(c?.high);
			if (c?.text !== item[f] || c.made !== 0)
				bad.push(`${item.sku} ${f}: ` +
				    JSON.stringify(c));
		}
	is(bad, [], `${name}: each cell shows its text to the letter`);
	is(high.size, 1, `${name}: all cells are equally high`);
	is(await sideways(ana), 0, `${name}: nothing widens the page`);
	await shows(ana, '#grid', given.label, "a column's label");
	const places = await ana.run((s) => [...document.querySelectorAll(
	    `${s} option`)].map((o) => o.textContent), at('filter-location'));
	is(given.items.filter((i) => !places.some((p) =>
	    p.trim() === i.location.replace(/[ \n\t]+/g, ' ').trim() ||
	    p.startsWith(i.location) || p === i.location)).map((i) => i.sku),
	[], `${name}: all locations can be picked`);
	await harmless(ana, 'the table');
}

async function editor(ana) {
	const [one, two] = given.items;
	await open(ana, one.sku, 'name');
	is(await ana.run(() => /** @type {any} */ (document.activeElement)
	    .value), one.name, `${name}: the editor holds the text`);
	await ana.press('Escape');
	const evil = given.texts.find((t) => t.startsWith('<img'));
	await open(ana, two.sku, 'name');
	await write(ana, evil);
	await ana.press('Enter');
	await see(`${name}: what is typed is shown`, async () =>
	    await textOf(ana, cellOf(two.sku, 'name')) === evil);
	await open(ana, two.sku, 'note_to');
	await harmless(ana, 'the editor of a column with such a label');
	await ana.press('Escape');
	await leaveTable(ana);
}

async function finding(ana) {
	for (const text of given.texts.filter((t) => t.length <= 60)
	    .slice(0, 12)) {
		await ana.run((t) => {
			const e = /** @type {any} */ (
			    document.querySelector('#search'));
			e.value = t;
			e.dispatchEvent(new Event('input', { bubbles: true }));
		}, text);
	}
	await ana.fill('#search', '<b id=pwned>');
	await until('a result', async () =>
	    Number(await ana.attr('#grid', 'data-shown')) < 20);
	await harmless(ana, 'the search');
	await search(ana, 'no such \u202ething<img src=x>');
	await until('nothing', () => ana.visible(at('empty')));
	await harmless(ana, 'nothing found');
	await search(ana, '');
	await until('all rows', async () => await ana.count(at('row')) ===
	    given.items.length);
}

/** Mallory's changes: toasts, the bell's list, words for screen readers. */
async function news(ana) {
	const who = `${given.mallory} (${given.key})`;
	const bad = [];
	for (const [n, item] of given.items.slice(0, 6).entries()) {
		const value = given.texts[(n * 7 + turn) % given.texts.length];
		await call('as', 'PATCH', `/inventory/items/${item.sku}`,
		    { name: value, note_to: `${value.slice(0, 90)}!` });
		item.name = value;
		item.note_to = `${value.slice(0, 90)}!`;
		if (n === 0) {
			await shows(ana, toastOf(item.sku), who,
			    'a toast says who');
			await see(`${name}: words for screen readers`,
			    async () => plain(await textOf(ana, at('polite')))
				.includes(plain(who)));
			await harmless(ana, 'a toast');
		}
		await until(`${item.sku} as changed`, async () =>
		    await textOf(ana, cellOf(item.sku, 'name')) === value);
		bad.push(...await fits(ana, '.toast, .toast *'));
	}
	await call('as', 'POST', `/inventory/items/${given.items[7].sku}` +
	    '/adjustments', { delta: 1, reason: given.texts[20] });
	await call('as', 'POST',
	    '/inventory/collaboration/broadcast-change',
	    { update_type: 'count', sku: given.items[7].sku,
		field: '\u202e<b id=pwned>', old_value: given.texts[5],
		new_value: '\u2069\u202e<script>pwned=1</script>' });
	await harmless(ana, 'toasts');
	is(bad, [], `${name}: toasts hold their texts`);
	await ana.click(at('happened-button'));
	await until('the list', async () =>
	    await ana.count(at('happened-entry')) >= 8);
	await shows(ana, at('happened-entry'), who, 'the list says who');
	is(await fits(ana, '#happened, #happened li, #happened li *'), [],
	    `${name}: the list holds its texts`);
	await harmless(ana, 'the list');
	await ana.press('Escape');
	await leaveTable(ana);
}

/** She is here under a name, on a row, in a cell. */
async function people(ana) {
	const alias = '<b id=pwned>\u202e\u05d0\u05d1\u2069\u202e "\'';
	const item = given.items.find((i) => i.note_to.length > 80);
	ok(await call('comes', alias), 'Mallory comes');
	const avatar = `${at('avatar')}:not([data-me])`;
	await see(`${name}: her avatar`, async () => plain(await ana.attr(
	    avatar, 'title')) === plain(alias));
	is(await call('push', 'cursor', { editing_row: item.sku,
		editing_field: 'note_to', mode: 'edit' }), 204, 'she edits');
	is(await call('push', 'lease', { action: 'take', row: item.sku,
		field: 'note_to' }), 200, 'and holds the cell');
	await see(`${name}: her badge`, async () => plain(await ana.attr(
	    `${rowOf(item.sku)} ${at('row-badge')}`, 'title'))
	    .startsWith(plain(alias)));
	await shows(ana, `${cellOf(item.sku, 'note_to')} ${at('edit-tag')}`,
	    alias, 'the tag on the cell');
	is(await ana.run((s) => {
		const cell = document.querySelector(s);
		const { right, top, height } = cell.getBoundingClientRect();
		return [4, 20, 60].some((x) => cell.contains(
		    document.elementFromPoint(right + x, top + height / 2)));
	}, cellOf(item.sku, 'note_to')), false,
	`${name}: its text lies over no other cell`);
	await shows(ana, '#activity', alias, 'the bar says what she does');
	is(await ana.run(() => {
		const parts = [...document.querySelector('#activity')
		    .childNodes].filter((n) => n.textContent !== '')
		    .map((n) => {
			const r = document.createRange();
			r.selectNodeContents(n);
			return r.getBoundingClientRect().left;
		});
		return parts.every((x, n) => n === 0 || x >= parts[n - 1]);
	}), true, `${name}: from left to right`);
	await harmless(ana, 'the bar and badges');
	await open(ana, item.sku, 'note_to');
	await see(`${name}: the editor says who edits it`, async () =>
	    plain(await textOf(ana, at('editor-lease'))).startsWith(
		plain(alias)));
	await harmless(ana, 'the editor of a taken cell');
	await ana.press('Escape');
	await ana.click('#people-button');
	await shows(ana, at('people-list'), alias, 'the list of people');
	is(await fits(ana, '#people-panel, #people-panel li'), [],
	    `${name}: the list of people holds them`);
	await harmless(ana, 'the list of people');
	await ana.click(`${at('person')}:not(:has([data-me])) button`);
	await harmless(ana, 'the way to her');
	await call('goes');
	await leaveTable(ana);
}

/** Both change one cell. */
async function conflict(ana) {
	const item = given.items[9], theirs = `<b id=pwned>\u202e${++turn}`;
	const mine = '\u202e"><img src=x onerror=pwned=1>';
	given.texts.push(theirs, mine);
	await open(ana, item.sku, 'note_to');
	await write(ana, mine);
	await call('as', 'PATCH', `/inventory/items/${item.sku}`,
	    { note_to: theirs });
	await shows(ana, `${editorOf(item.sku, 'note_to')} ` +
	    at('editor-remote'), theirs, 'what she wrote is beside it');
	await harmless(ana, 'the editor beside which somebody wrote');
	await ana.press('Enter');
	const card = conflictOf(item.sku, 'note_to');
	await shows(ana, card, theirs, 'the choice shows hers');
	await shows(ana, card, mine, 'and mine');
	await shows(ana, at('assertive'), theirs, 'and says it');
	is(await fits(ana, `${card}, ${card} *`), [],
	    `${name}: the choice holds its texts`);
	await harmless(ana, 'the choice');
	await ana.click(at('conflict-theirs'));
	item.note_to = theirs;
	await until('it is hers', async () => await textOf(ana,
	    cellOf(item.sku, 'note_to')) === theirs);
}

async function details(ana) {
	const bad = [];
	for (const item of [7, 11, 25, 40].map((n) => given.items[n])) {
		await ana.hover(rowOf(item.sku));
		await ana.click(`${rowOf(item.sku)} ${at('open-details')}`);
		await until('details', () => ana.visible('#details-dialog'));
		await until('history', () => ana.count(at('history-entry')));
		const has = await ana.run(() => Object.fromEntries(
		    [...document.querySelectorAll('#details-dialog [name]')]
			.map((e) => /** @type {any} */ ([
			e.getAttribute('name'), e.value]))));
		for (const f of ['name', 'location', 'unit', 'notes',
			'note_to'])
			if (has[f] !== item[f])
				bad.push(`${item.sku} ${f}: ${has[f]}`);
		bad.push(...await fits(ana, '#details-dialog, ' +
		    '#details-dialog h2, #details-dialog p, ' +
		    '#details-dialog li, #details-dialog label'));
		bad.push(...await wrongs(ana));
		if (item === given.items[7])
			await shows(ana, at('history'), given.texts[20],
			    'the reason is in the history');
		await ana.click('#details-close');
	}
	is(bad, [], `${name}: details hold each text to the letter`);
	is(await ana.run(() => document.title), 'Inventory · Stockroom',
	    `${name}: the title is ours`);
}

/** Mallory's own window. */
async function mallory(browser) {
	const seat = await browser.seat('mallory');
	seat.allow(/401.*\/api\/v1\/session/);
	await guard(seat);
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	for (const [id, text] of [['username', `x${given.mallory}`],
		['username', given.mallory], ['password', 'stockroom']])
		await seat.run((id, text) => {
			/** @type {any} */ (document.getElementById(id))
			    .value = text;
		}, id, text);
	await seat.click('#sign-in-submit');
	await until('the page', () => seat.where() === MANAGEMENT);
	await ready(seat);
	await seat.click('#user-menu-button');
	await shows(seat, '#user-menu-name', given.mallory, 'her own name');
	await harmless(seat, 'her menu');
	await seat.go('/test-collaboration.html');
	await seat.click('#connect');
	await until('connected', async () =>
	    await seat.text('#status') === 'Connected');
	await seat.run(() => {
		/** @type {any} */ (document.getElementById('name')).value =
		    '\u202e<img src=x onerror=pwned=1>';
	});
	await seat.click('#join');
	await until('joined', () => seat.count(at('active-user')));
	await seat.click('#cursor');
	const text = `\u202e<b id=pwned>${turn}`;
	given.texts.push(text);
	await call('as', 'PATCH', `/inventory/items/${given.items[12].sku}`,
	    { name: text });
	await see(`${name}: the log of events`, async () =>
	    (await seat.texts(at('log-line'))).some((t) =>
		t.includes('<b id=pwned>')));
	await harmless(seat, 'the test page');
	is(await sideways(seat), 0, `${name}: its page is not wider`);
	seat.clean(`${name}: nothing in the console of her window`);
	await seat.close();
}

scene(async () => {
	given = await call('given');
	const browser = await launch(name);
	const ana = await browser.seat('ana', { width: 1400, height: 2600 });
	await guard(ana);
	// Two changed one cell.
	ana.allow(/409.*\/inventory\/items/);
	await signIn(ana);
	await inTurn([[planted, browser], [table, ana], [editor, ana],
		[finding, ana], [news, ana], [people, ana], [conflict, ana],
		[details, ana], [mallory, browser]]);
	await harmless(ana, 'the end');
	ana.clean(`${name}: nothing in ana's console`);
});
