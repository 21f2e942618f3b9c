/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * A new password of one's own.  Argument: the browser.
 */
import { scene, launch, accessible, is, like, ok, see, until, PASSWORD }
    from './lib.mjs';
import { at, MANAGEMENT, signIn, ready, live } from './page.mjs';

const kind = process.argv[2];
const NEW = 'screws and bolts';
const said = (seat, name) =>
    seat.text(`#password-dialog [data-for="${name}"] .field-error`);

async function openDialog(seat) {
	await seat.click('#user-menu-button');
	await seat.click('#change-password');
	await until('the dialog', () => seat.visible('#password-dialog'));
}

async function fill(seat, current, wish, again = wish) {
	await seat.fill('#password-current', current);
	await seat.fill('#password-new', wish);
	await seat.fill('#password-again', again);
	await seat.press('Enter');
}

/** What the page itself sees is wrong, and what the server refuses. */
async function refusals(seat) {
	await openDialog(seat);
	is(await seat.run(() => document.activeElement?.id),
	    'password-current', `${kind}: the first field has the focus`);
	is(await seat.run(() => [...document.querySelectorAll(
	    '#password-dialog input')].map((e) => e.autocomplete)),
	['username', 'current-password', 'new-password', 'new-password'],
	`${kind}: a store of passwords knows which is which`);
	await fill(seat, '', 'short');
	like(await said(seat, 'current'), /needed/,
	    `${kind}: the present one is needed`);
	like(await said(seat, 'new'), /too short/, `${kind}: too short`);
	await fill(seat, PASSWORD, NEW, 'screws and nuts');
	like(await said(seat, 'again'), /not the same/,
	    `${kind}: mistyped once`);
	await fill(seat, 'stockroom1', NEW);
	await see(`${kind}: a wrong present one is said at its field`,
	    async () => /not your password/.test(
		await said(seat, 'current') ?? ''));
	is(await seat.run(() => document.activeElement?.id),
	    'password-current', `${kind}: and the focus goes there`);
	ok(!await seat.visible(at('password-error')),
	    `${kind}: and nowhere else`);
	if (kind === 'chromium')
		await accessible(seat, 'the dialog, refused');
	await seat.press('Escape');
	await until('no dialog', async () =>
	    !await seat.visible('#password-dialog'));
	is(await seat.run(() => document.activeElement?.id),
	    'user-menu-button', `${kind}: Escape leads back to the menu`);
}

/** Mark the page: it is the same one as long as this is there. */
const mark = (seat) => seat.run(() => {
	document.documentElement.dataset.same = '';
});
const isSame = (seat) => seat.count('html[data-same]');

/** This one stays, and its other tab; the other sign-in ends. */
async function change(here, there) {
	const tab = await here.tab();

	await tab.go(MANAGEMENT);
	await live(tab);
	for (const seat of [here, tab])
		await mark(seat);
	const streams = [here, tab].map((seat) => seat.page.waitForResponse(
	    (r) => /\/collaboration\/join$/.test(r.url()) && r.ok(),
	    { timeout: 60000 }));
	// Firefox ESR draws no hidden window, and a click waits for that.
	await here.page.bringToFront();
	await openDialog(here);
	await fill(here, PASSWORD, NEW);
	await see(`${kind}: it is changed, and said so`, async () =>
	    !await here.visible('#password-dialog') &&
	    (await here.texts(at('notice'))).some((t) =>
		/Your password is changed/.test(t)));
	await see(`${kind}: the other sign-in is over`, () =>
	    there.where() === '/');
	// One of the two has the stream.
	await Promise.any(streams);
	for (const seat of [here, tab]) {
		await live(seat);
		ok(await isSame(seat), `${kind}: this one goes on`);
	}
	await here.go(MANAGEMENT);
	await ready(here);
	await here.click('#user-menu-button');
	await here.click('#sign-out');
	await until('the form', () => here.visible('#username'));
	await see(`${kind}: the tab is signed out, too`, () =>
	    tab.where() === '/');
	await here.fill('#username', 'ana');
	await here.fill('#password', PASSWORD);
	await here.press('Enter');
	await see(`${kind}: the old one opens no door`, () =>
	    here.visible(at('sign-in-error')));
	await here.fill('#password', NEW);
	await here.press('Enter');
	await see(`${kind}: the new one does`, () =>
	    here.where() === MANAGEMENT);
	await live(here);
	await tab.run(() => window.dispatchEvent(new Event('focus')));
	await see(`${kind}: the tab goes on as soon as it is looked at`, () =>
	    tab.where() === MANAGEMENT);
	await live(tab);
	await tab.close();
}

/** Where fingers do it. */
async function phone(browser) {
	const seat = await browser.seat('ben', { width: 360, height: 640 });

	await signIn(seat);
	await openDialog(seat);
	await accessible(seat, `${kind}: the dialog on a phone`);
	const sizes = await seat.run(() => ({
		wide: document.documentElement.scrollWidth <= innerWidth,
		low: [...document.querySelectorAll(
		    '#password-dialog :is(input, button)')]
		    .filter((e) => e.checkVisibility() &&
			e.getBoundingClientRect().height < 38)
		    .map((e) => e.id),
		out: [...document.querySelectorAll('#password-dialog')].map(
		    (e) => e.getBoundingClientRect()).filter((box) =>
			box.left < 0 || box.right > innerWidth + 0.5 ||
			box.bottom > innerHeight + 0.5)
		    .map((box) => [box.left, box.right, box.bottom,
			innerWidth, innerHeight]),
	}));
	is(sizes, { wide: true, low: [], out: [] },
	    `${kind}: it fits on a phone`);
	seat.clean();
	await seat.close();
}

scene(async () => {
	const browser = await launch(kind);
	const here = await browser.seat('ana');
	const there = await browser.seat('ana');

	for (const seat of [here, there]) {
		seat.allow(/40[13]|422/);
		await signIn(seat);
	}
	await refusals(here);
	await change(here, there);
	here.clean();
	if (kind === 'chromium')
		await phone(browser);
});
