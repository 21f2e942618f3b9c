/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The sign-in page on other days: while there is no user yet, and where the
 * web server signs people in (here it believes a cookie).
 */
import { scene, launch, accessible, call, is, like, ok, see, until }
    from './lib.mjs';
import { at, MANAGEMENT, live } from './page.mjs';

async function first(seat) {
	await seat.go('/');
	await see('the form is there', () => seat.visible('#username'));
	ok(await seat.visible(at('first-run')), 'nobody is there yet: a note');
	like(await seat.text(at('first-run')),
	    /stockroomctl user add NAME --role admin/,
	    'a new install says how the first user is made');
	await accessible(seat, 'the sign-in page of a new install');
	await call('add', 'ana');
	await seat.go('/');
	await until('the form', () => seat.visible('#username'));
	ok(!await seat.visible(at('first-run')), 'and then no more');
	is(await seat.run(() => document.activeElement?.id), 'username',
	    'the name has the focus');
}

/** From now on the web server says that it is NAME. */
const be = (seat, name) => seat.run((name) => {
	document.cookie = `who=${name}; path=/`;
}, name);

async function nobody(seat) {
	let asked = 0;
	seat.page.on('request', (r) => {
		asked += /\/api\/v1\//.test(r.url()) ? 1 : 0;
	});
	await seat.go(MANAGEMENT);
	await see('nobody is led to the sign-in page', async () =>
	    seat.where() === '/' && await seat.visible(at('remote')));
	like(await seat.text('#remote-why'), /signed nobody in/,
	    'which says that the web server has signed nobody in');
	ok(!await seat.visible('#username'), 'and asks for no password');
	await accessible(seat, 'the sign-in page without a name');
	ok(asked <= 4, 'it does not go round in circles', `${asked} requests`);
	await be(seat, 'maria');
	await seat.click('#remote-retry');
	await see('signed in meanwhile: on to where one wanted to go', () =>
	    seat.where() === MANAGEMENT);
	await live(seat);
}

async function somebody(seat) {
	await seat.go('/');
	await see('the sign-in page leads on at once', () =>
	    seat.where() === MANAGEMENT);
	await live(seat);
	await seat.click('#user-menu-button');
	await until('the menu', () => seat.visible('#user-menu'));
	like(await seat.text('#user-menu'), /maria · viewer.*web server/,
	    'the menu says who it is, and by whom');
	ok(!await seat.visible('#sign-out') &&
	    !await seat.visible('#change-password'),
	    'there is nothing to sign out of, and no password');
	await accessible(seat, 'the menu of one whom the web server signed in');
	await seat.press('Escape');
	await call('ctl', 'user', 'role', 'maria', 'editor');
	await see('another role: the page knows', () =>
	    seat.visible('#new-item'));
	await live(seat);
}

async function leaving(seat) {
	await call('app', { STOCKROOM_SIGNOUT_URL: '/?left' });
	await seat.go(MANAGEMENT);
	await live(seat);
	await seat.click('#user-menu-button');
	await be(seat, '');
	await seat.click('#sign-out');
	await see('"Sign out" leads where the settings say', () =>
	    new URL(seat.page.url()).search === '?left');
	// It has asked who is there: else it leads on by itself meanwhile.
	await until('nobody', () => seat.visible(at('remote')));
	await be(seat, 'maria');
	await seat.go(MANAGEMENT);
	await live(seat);
	await call('ctl', 'user', 'disable', 'maria');
	await see('who is shut out is told so', async () =>
	    /Your account is disabled/.test(
		await seat.text(at('load-error')) ?? ''));
	await seat.go('/');
	await see('on the sign-in page, too', async () =>
	    /Your account is disabled/.test(
		await seat.text('#remote-why') ?? ''));
}

scene(async () => {
	const browser = await launch('chromium');
	const early = await browser.seat('ana');

	await first(early);
	early.clean();
	await early.close();
	await call('app', {});
	const seat = await browser.seat('maria');
	seat.allow(/40[13]|50[234]|ERR_INCOMPLETE_CHUNKED/);
	await nobody(seat);
	await somebody(seat);
	await leaving(seat);
	seat.clean();
});
