/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * Who is let in and with what rights, through which names, and how a session
 * and a ticket end.
 */
import { scene, inTurn, launch, call, diag, ok, is, see, until, sleep,
    PASSWORD } from './lib.mjs';
import { at, rowOf, cellOf, avatarOf, MANAGEMENT, signIn, ready, live, skus,
    value, change, noteGone, noted } from './page.mjs';

let chromium;

const api = (method, path, body) => call('api', 'admin', method, path, body);
const item = (sku) => `/inventory/items/${sku}`;
const stored = async (sku) => (await api('GET', item(sku))).body;

async function refusals() {
	const seat = await chromium.seat('ana');
	seat.allow(/401/);
	await seat.go(MANAGEMENT);
	await see('who is not signed in is sent to the sign-in', async () =>
	    seat.where() === '/' && await seat.visible('#username'));
	for (const [user, password] of [['ana', 'wrong'], ['nobody', 'x']]) {
		await seat.fill('#username', user);
		await seat.fill('#password', password);
		await seat.press('Enter');
		await see(`${user} with "${password}" is refused in words`,
		    async () => (await seat.text(at('sign-in-error')) ?? '')
			.length > 5);
	}
	await seat.go('/?next=//example.org/x');
	await until('the form', () => seat.visible('#username'));
	await seat.fill('#username', 'ana');
	await seat.fill('#password', PASSWORD);
	await seat.press('Enter');
	await see('"next" leads nowhere else', async () =>
	    seat.where() === MANAGEMENT &&
	    new URL(seat.page.url()).host === seat.base.host);
	await ready(seat);
	await seat.go('/');
	await see('a signed-in visitor need not sign in again', () =>
	    seat.where() === MANAGEMENT);
	seat.clean();
	await seat.close();
}

async function viewer(sku) {
	const seat = await chromium.seat('vera');
	await signIn(seat);
	is(await seat.attr('body', 'data-role'), 'viewer', 'vera may look');
	is(await seat.visible('#new-item'), false, 'she has no "new item"');
	await seat.page.click(cellOf(sku, 'quantity'), { count: 2 });
	await seat.press('Enter', '5');
	await sleep(300);
	is(await seat.count(at('editor')), 0, 'cells do not open');
	is(await seat.run((path) => fetch(path, { method: 'PATCH',
		headers: { 'Content-Type': 'application/json' },
		body: '{"quantity":1}' }).then((r) => r.status),
	    `/api/v1${item(sku)}`), 403, 'nor does the server take it');
	seat.allow(/403.*\/items\//);
	await seat.hover(rowOf(sku));
	await seat.click(`${rowOf(sku)} ${at('open-details')}`);
	await until('details', () => seat.visible('#details-dialog'));
	is(await seat.run(() => [...document.querySelectorAll(
	    '#details-dialog input, #details-dialog textarea, ' +
	    '#details-dialog select')].filter((e) => e.checkVisibility() &&
		!/** @type {any} */ (e).readOnly &&
		!/** @type {any} */ (e).disabled).length), 0,
	    'her details are read-only');
	is(await seat.visible('#details-delete'), false, 'without "delete"');
	await api('PATCH', item(sku), { quantity: 808 });
	await see('but she sees what others do', async () =>
	    await value(seat, sku, 'quantity') === '808');
	seat.clean();
	await seat.close();
}

/** A name on plain HTTP: no secure context, nothing may need one. */
async function plainName(browser) {
	const seat = await browser.seat('ana', { host: 'stock.lan' });
	await signIn(seat);
	is(await seat.run(() => [location.hostname, isSecureContext]),
	    ['stock.lan', false], `${browser.name}: no secure context`);
	const [sku] = await skus(seat);
	const text = `Lan ${browser.name}`;
	await change(seat, sku, 'location', text);
	await see('a change is saved there', async () =>
	    (await stored(sku)).location === text);
	await api('PATCH', item(sku), { location: `${text} 2` });
	await see('and one comes in', async () =>
	    await value(seat, sku, 'location') === `${text} 2`);
	seat.clean();
	await seat.close();
}

/** A reload is no leaving; signing out is one, at once. */
async function comings(ana) {
	const ben = await chromium.seat('ben');
	await signIn(ben);
	await until('both', () => ana.visible(avatarOf('ben')));
	/* The relay waits 1.5 s; a reload that a busy machine takes longer for
	 * is tried again. */
	let quick = false;
	for (let n = 0; n < 20 && !quick; n++) {
		await until('ben is there', () => ana.visible(avatarOf('ben')));
		await noteGone(ana, 'gone', avatarOf('ben'));
		const from = Date.now();
		await ben.page.reload();
		await ready(ben);
		quick = Date.now() - from < 1400;
	}
	ok(quick, 'one of twenty reloads was done before the relay told');
	await sleep(2000);
	is(await ana.run(() => /** @type {any} */ (window).notes.gone),
	    undefined, 'ben reloads: he never leaves the bar');
	is(await ana.attr(avatarOf('ben'), 'data-state'), 'active',
	    'nor is he away');

	await ben.click('#user-menu-button');
	await noteGone(ana, 'out', avatarOf('ben'));
	await until('the menu', () => ben.visible('#sign-out'));
	await ben.page.focus('#sign-out');
	const from = await ben.now();
	await ben.press('Enter');
	const took = await noted(ana, 'out') - from;
	diag(`sign-out to avatar gone: ${took.toFixed(0)} ms`);
	ok(took < 1400, 'ben signs out: gone at once', `${took} ms`);
	await see('he is at the sign-in', async () =>
	    ben.where() === '/' && await ben.visible('#username'));
	await ben.page.goBack();
	await see('"back" shows him nothing', async () =>
	    ben.where() === '/' && !await ben.count(at('row')));
	ben.allow(/401/);

	await signIn(ben);
	await ben.context.deleteCookie(...await ben.context.cookies());
	const [sku] = await skus(ben);
	await change(ben, sku, 'unit', 'box');
	await see('the session is over: sent to the sign-in', async () =>
	    ben.where() === '/' && await ben.visible('#username'));
	await ben.fill('#username', 'ben');
	await ben.fill('#password', PASSWORD);
	await ben.press('Enter');
	await see('and from there back', () => ben.where() === MANAGEMENT);
	await ready(ben);
	await call('ctl', 'user', 'disable', 'ben');
	await see('ben is disabled: out within a second or so', async () =>
	    ben.where() === '/' && await ben.visible('#username'), 15000);
	await see('and out of ana\'s bar', async () =>
	    !await ana.count(avatarOf('ben')));
	ben.clean();
	await ben.close();
}

/** A relay that begins anew takes no ticket that is older than a minute. */
async function oldTicket() {
	const seat = await chromium.seat('ana');
	let joins = 0;
	seat.allow(/50[234].*\/push\//, /ERR_INCOMPLETE_CHUNKED.*\/push\//);
	seat.page.on('request', (r) => {
		joins += /collaboration\/join$/.test(r.url()) ? 1 : 0;
	});
	await signIn(seat);
	await live(seat);
	is(joins, 1, 'one ticket for a start');
	await seat.run(() => {
		const now = Date.now;
		Date.now = () => now() + 60000;
	});
	await call('stop', 'relay');
	await until('offline', () => seat.count('[data-state=offline]'));
	await call('start', 'relay');
	await live(seat, 15000);
	ok(joins > 1, 'with a new ticket, before the old one is refused');
	seat.clean();
	await seat.close();
}

scene(async () => {
	chromium = await launch('chromium');
	const ana = await chromium.seat('ana');
	// oldTicket() ends the relay under her.
	ana.allow(/50[234].*\/push\//, /ERR_INCOMPLETE_CHUNKED.*\/push\//);
	await signIn(ana);
	const [sku] = await skus(ana);
	await inTurn([[refusals], [viewer, sku], [plainName, chromium],
		[comings, ana], [oldTicket]]);
	ana.clean();
	await chromium.close();
	await inTurn([[plainName, await launch('firefox')]]);
});
