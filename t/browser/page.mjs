/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * What the scenes know of the inventory page: its selectors and how a person
 * goes about it with pointer and keyboard.
 */
import { PASSWORD, until } from './lib.mjs';

export const MANAGEMENT = '/inventory/management';

export const at = (id) => `[data-testid="${id}"]`;
export const rowOf = (sku) => `${at('row')}[data-sku="${sku}"]`;
export const cellOf = (sku, field) => `${rowOf(sku)} [data-field="${field}"]`;
export const avatarOf = (user) =>
    `${at('presence-bar')} ${at('avatar')}[data-user="${user}"]`;
export const badgeOf = (sku, user) =>
    `${rowOf(sku)} ${at('row-badge')}[data-user="${user}"]`;
export const toastOf = (sku) => `${at('toast')}[data-sku="${sku}"]`;
export const editorOf = (sku, field) =>
    `${at('editor')}[data-sku="${sku}"][data-field="${field}"]`;
export const conflictOf = (sku, field) =>
    `${at('conflict')}[data-sku="${sku}"][data-field="${field}"]`;

/** Sign in at the front door, by keyboard; ends where the rows are. */
export async function signIn(seat, user = seat.who, ms = undefined) {
	// The browser itself logs the answer 401 to "who am I?".
	seat.allow(/401.*\/api\/v1\/session/);
	await seat.go('/');
	await until('the sign-in form', () => seat.visible('#username'));
	await seat.fill('#username', user);
	await seat.press('Tab');
	await seat.type(PASSWORD);
	await seat.press('Enter');
	await until('the inventory page',
	    () => seat.where() === MANAGEMENT);
	await ready(seat, ms);
}

/** The rows are there and the stream is open. */
export async function ready(seat, ms = undefined) {
	await until('the rows', () => seat.count('#grid[data-ready]'), ms);
	return live(seat, ms);
}

export function live(seat, ms) {
	return until(`${seat.who} is live`, async () =>
	    await seat.text(at('connection-status')) === 'Live', ms);
}

/** SKUs of the rows that can be seen whole, from top to bottom. */
export function skus(seat) {
	return seat.run((row) => [...document.querySelectorAll(row)]
	    .map((e) => ({ e, box: e.getBoundingClientRect() }))
	    .filter(({ box }) => box.height && box.top > 0 &&
		box.bottom < innerHeight)
	    .sort((a, b) => a.box.top - b.box.top)
	    .map(({ e }) => e.getAttribute('data-sku')), at('row'));
}

/** What a cell shows. */
export function value(seat, sku, field) {
	return seat.run((s) => {
		const cell = document.querySelector(s);
		const own = cell?.querySelector('[data-testid="edit-tag"]');
		return cell ? (cell.textContent ?? '').replace(
		    own?.textContent ?? '', '').trim() : null;
	}, cellOf(sku, field));
}

/** Wait until a cell shows WANT. */
export function shows(seat, sku, field, want, ms) {
	return until(`${seat.who}'s ${field} of ${sku} shows ${want}`,
	    async () => await value(seat, sku, field) === want, ms);
}

/** Open the editor on a cell by a double click. */
export async function open(seat, sku, field) {
	await seat.click(cellOf(sku, field), { count: 2 });
	await until(`${seat.who}'s editor on ${field} of ${sku}`,
	    () => seat.visible(editorOf(sku, field)));
}

/** Put TEXT into the open editor in place of what it held. */
export async function write(seat, text) {
	const input = `${at('editor')} ${at('editor-input')}`;
	await until('the editor has the focus', () => seat.run((s) =>
	    document.activeElement?.matches(s), input));
	await seat.run(() => /** @type {HTMLInputElement} */ (
	    document.activeElement).select?.());
	await seat.type(text);
}

/** Change a cell as people do: double click, type, Enter. */
export async function change(seat, sku, field, text) {
	await open(seat, sku, field);
	await write(seat, text);
	await seat.press('Enter');
}

/** What an avatar or a badge shows to the eye, its hidden label left out. */
export async function initials(seat, selector) {
	return await seat.text(`${selector} [aria-hidden=true]`) ??
	    await seat.text(selector);
}

/** Let the pointer rest where no row is, so that waiting rows may move. */
export function leaveTable(seat) {
	return seat.page.mouse.move(2, 2);
}

/** Type into the search field. */
export async function search(seat, text) {
	await seat.fill('#search', text);
}

/**
 * From now on note when the first match of SELECTOR (with TEXT, unless null)
 * is on the screen; noted() tells.  ms since 1970, by the machine's clock.
 */
export function note(seat, name, selector, text = null) {
	return seat.run((name, selector, text) => {
		const notes = /** @type {any} */ (window).notes ??= {};
		delete notes[name];
		const stamp = () => {
			notes[name] = performance.timeOrigin +
			    performance.now();
		};
		const look = () => {
			const e = document.querySelector(selector);
			if (!e || (text !== null &&
			    (e.textContent ?? '').trim() !== text))
				return;
			observer.disconnect();
			if (document.hidden)
				stamp();
			else
				requestAnimationFrame(stamp);
		};
		const observer = new MutationObserver(look);
		observer.observe(document, { subtree: true, childList: true,
			characterData: true, attributes: true });
		look();
	}, name, selector, text);
}

/** Note when something that matches is no longer there. */
export function noteGone(seat, name, selector) {
	return seat.run((name, selector) => {
		const notes = /** @type {any} */ (window).notes ??= {};
		delete notes[name];
		const look = () => {
			if (document.querySelector(selector))
				return;
			observer.disconnect();
			notes[name] = performance.timeOrigin +
			    performance.now();
		};
		const observer = new MutationObserver(look);
		observer.observe(document, { subtree: true, childList: true,
			attributes: true });
		look();
	}, name, selector);
}

/**
 * GO closes a tab and gives the ms until another one saw that; BACK opens it
 * again.  Gives the ms of the first time that took less than MOST, or of the
 * third: Firefox on a busy machine sends one in thirty of its farewells not at
 * all, and the relay then waits its PRESENCE_GRACE.  Three are no accident.
 */
export async function farewell(most, go, back) {
	for (let n = 1; ; n++) {
		const took = await go();
		if (took < most || n === 3)
			return took;
		await back();
	}
}

/** Note when the next event of TYPE happens on the page (a key, a click). */
export function noteEvent(seat, name, type) {
	return seat.run((name, type) => {
		const notes = /** @type {any} */ (window).notes ??= {};
		delete notes[name];
		addEventListener(type, (e) => {
			notes[name] = performance.timeOrigin + e.timeStamp;
		}, { capture: true, once: true });
	}, name, type);
}

export function noted(seat, name, ms = 8000) {
	return until(`${seat.who} notes ${name}`, () => seat.run((n) =>
	    /** @type {any} */ (window).notes?.[n], name), ms);
}

/** Keep every state that the connection shows from now on. */
export function recordStates(seat) {
	return seat.run(() => {
		const list = /** @type {any} */ (window).states =
		    [document.body.dataset.state];
		new MutationObserver(() => {
			const state = document.body.dataset.state;
			if (state !== list[list.length - 1])
				list.push(state);
		}).observe(document.body, { attributes: true,
			attributeFilter: ['data-state'] });
	});
}

export function states(seat) {
	return seat.run(() => /** @type {any} */ (window).states);
}

/** Whether the page can be scrolled sideways (it should not be). */
export function sideways(seat) {
	return seat.run(() => document.documentElement.scrollWidth -
	    document.documentElement.clientWidth);
}
