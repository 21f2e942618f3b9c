/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * axe-core on every page in every state.  Argument: full (the demo's items
 * are there) or empty.
 */
import { scene, launch, call, accessible, see, until } from './lib.mjs';
import { at, rowOf, cellOf, editorOf, conflictOf, MANAGEMENT, signIn, ready,
    live, skus, open, write } from './page.mjs';

/** No two edits are of the same. */
let figure = 5000;
const LOOKS = [
	{ name: 'light', dark: false, width: 1280 },
	{ name: 'dark', dark: true, width: 1280 },
	{ name: 'light, 360 px', dark: false, width: 360 },
	{ name: 'dark, 360 px', dark: true, width: 360 },
];

async function front(seat, look) {
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	await accessible(seat, `sign-in (${look})`);
	await seat.fill('#username', 'ana');
	await seat.fill('#password', 'wrong');
	await seat.press('Enter');
	await until('the refusal', () => seat.visible(at('sign-in-error')));
	await accessible(seat, `sign-in refused (${look})`);
}

/** Open the details of a row, as the width asks for. */
async function details(seat, sku, narrow) {
	if (narrow)
		await seat.page.click(rowOf(sku));
	else {
		await seat.hover(rowOf(sku));
		await seat.click(`${rowOf(sku)} ${at('open-details')}`);
	}
	await until('the details', () => seat.visible(
	    `#details-dialog[data-sku="${sku}"]`));
}

/** Toasts, the list of what happened, a notice with a choice, the way. */
async function news(seat, look, narrow) {
	const rows = await skus(seat);
	const some = () => 1 + Math.floor(Math.random() * 100000);
	const names = narrow ? ['One'] : ['One', 'Two', 'Three'];
	for (const [n, who] of names.entries())
		await call('as', who, rows[n], { quantity: some() });
	await until('toasts', async () =>
	    await seat.count(at('toast')) === names.length);
	await accessible(seat, `toasts (${look})`);
	await seat.click(at('happened-button'));
	await until('what happened', () => seat.visible(at('happened')));
	await accessible(seat, `what happened (${look})`);
	await seat.click(at('mute'));
	await accessible(seat, `muted (${look})`);
	await seat.click(at('mute'));
	await seat.press('Escape');
	await seat.click(`${at('presence-bar')} ${at('avatar')}`);
	await until('a notice', () => seat.visible(at('notice')));
	await accessible(seat, `a notice (${look})`);
}

async function inventory(seat, look, narrow) {
	await signIn(seat, 'ana');
	await accessible(seat, `200 items (${look})`);
	await call('crowd', ...Array.from({ length: 29 },
	    (_, n) => `Guest ${n}`));
	await until('a crowd', async () => /^30 /.test(
	    await seat.text(at('user-count'))), 15000);
	await accessible(seat, `30 users (${look})`);
	await seat.click(at('avatars-more'));
	await until('the list of people', () => seat.visible(
	    at('people-list')));
	await accessible(seat, `the list of people (${look})`);
	await seat.press('Escape');
	await call('disperse');
	await news(seat, look, narrow);

	const [, sku, other] = await skus(seat);
	if (!narrow) {
		await open(seat, sku, 'quantity');
		await accessible(seat, `editor open (${look})`);
		const mine = ++figure;
		await write(seat, String(mine));
		await call('api', 'ben', 'PATCH', `/inventory/items/${sku}`,
		    { quantity: mine + 1000 });
		await until('the other value', () => seat.visible(
		    `${editorOf(sku, 'quantity')} ${at('editor-remote')}`));
		await accessible(seat, `a remote value (${look})`);
		await seat.press('Enter');
		await until('the question', () => seat.visible(
		    conflictOf(sku, 'quantity')));
		await accessible(seat, `conflict open (${look})`);
		await seat.click(at('conflict-theirs'));
	}
	await details(seat, other, narrow);
	await accessible(seat, `details open (${look})`);
	await seat.click('#details-close');
	await seat.click('#new-item');
	await until('the form', () => seat.visible('#create-dialog'));
	await accessible(seat, `a new item (${look})`);
	await seat.click('#create-cancel');
	await seat.click('#user-menu-button');
	await accessible(seat, `the user's menu (${look})`);
	await seat.press('Escape');
	await seat.fill('#search', 'no such thing');
	await until('no rows', async () =>
	    await seat.attr('#grid', 'data-shown') === '0');
	await accessible(seat, `nothing found (${look})`);
	await seat.fill('#search', '');

	seat.allow(/50[234]/, /ERR_INCOMPLETE_CHUNKED_ENCODING/);
	await call('stop', 'relay');
	await call('stop', 'app');
	await until('offline', () => seat.count('[data-state=offline]'));
	await accessible(seat, `offline (${look})`);
	if (narrow)
		await seat.click(cellOf(other, 'quantity'));
	else
		await open(seat, other, 'quantity');
	await write(seat, String(++figure));
	await seat.press('Enter');
	await until('the banner', () => seat.visible(at('offline-banner')));
	await accessible(seat, `an edit waits (${look})`);
	await call('start', 'app');
	await call('start', 'relay');
	await live(seat, 15000);
	await until('the edit is sent', async () =>
	    !await seat.visible(at('offline-banner')), 20000);
}

async function testPage(seat, look) {
	await seat.go('/test-collaboration.html');
	await accessible(seat, `test page (${look})`);
	await seat.click('#connect');
	await until('connected', async () =>
	    await seat.text('#status') === 'Connected');
	await seat.fill('#name', 'Kim');
	await seat.click('#join');
	await until('joined', () => seat.count(at('active-user')));
	await accessible(seat, `test page, joined (${look})`);
	await seat.click('#away');
	await seat.click('#lease-take');
	await until('a lease', () => seat.count(at('lease')));
	await seat.click('#read-all');
	await until('the list is read', async () =>
	    await seat.text(at('read-said')) !== '');
	await accessible(seat, `test page, its scenes (${look})`);
}

async function nothing(seat, look) {
	await signIn(seat, 'ana');
	await see(`no items yet (${look})`, () => seat.visible(at('empty')));
	await accessible(seat, `empty (${look})`);
}

scene(async () => {
	const chromium = await launch('chromium');
	for (const { name, dark, width } of LOOKS) {
		const seat = await chromium.seat('ana', { dark, width,
			height: 800 });
		// Refusals on purpose.
		seat.allow(/401.*\/session/, /409.*\/items\//);
		if (process.argv[2] === 'empty') {
			await nothing(seat, name);
		} else {
			await front(seat, name);
			await inventory(seat, name, width < 600);
			await testPage(seat, name);
		}
		seat.clean(`no errors in the console (${name})`);
		await seat.close();
	}
});
