/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The list that people went through by hand, a test a line, in its order.
 */
import { scene, launch, ok, is, like, see, sleep } from './lib.mjs';
import { at, rowOf, cellOf, avatarOf, badgeOf, toastOf, signIn, ready, live,
    skus, value, change, leaveTable, initials, note, noted } from './page.mjs';

const TEST_PAGE = '/test-collaboration.html';
const activeUser = (name) => `${at('active-user')}[data-user="${name}"]`;
const lines = (event) => `#log ${at('log-line')}[data-event="${event}"]`;

async function connect(tab) {
	await tab.go(TEST_PAGE);
	ok(true, `${tab.label} opened the test page`);
	is(await tab.text('#status'), 'Disconnected', 'it begins disconnected');
	await tab.click('#connect');
	await see('status changed to "Connected"', async () =>
	    await tab.text('#status') === 'Connected');
	await see('its connection id is displayed', async () =>
	    /^[\w-]{8,}$/.test(await tab.text('#sid')));
}

async function join(tab, name) {
	await tab.fill('#name', name);
	await tab.click('#join');
	await see(`${tab.label}: "Joined room!" in the log`, async () =>
	    (await tab.texts(at('log-line'))).some((t) =>
		/joined room!/i.test(t)));
	await see(`${tab.label}: ${name} is in "Active Users"`, () =>
	    tab.visible(activeUser(name)));
	ok(await tab.visible(`${activeUser(name)} ${at('avatar')}`),
	    'with an avatar');
	like(await avatarColor(tab, name), /^rgb/, 'that is coloured');
}

const avatarColor = (tab, name) => tab.run((s) => {
	const style = getComputedStyle(document.querySelector(s));
	return style.backgroundImage !== 'none' ? style.backgroundImage :
	    style.backgroundColor;
}, `${activeUser(name)} ${at('avatar')}`);

async function testPage(one) {
	one.label = 'the first tab';
	await one.go(TEST_PAGE);
	await one.click('#connect');
	await see('who is not signed in is shown the way', () =>
	    one.visible('#sign-in-link'));
	one.allow(/401.*\/join/);
	await signIn(one);

	await connect(one);
	one.clean('no errors in the browser console');
	await join(one, 'Kim');

	const two = await one.tab();
	two.label = 'the second tab';
	await connect(two);
	is(await one.text('#sid') === await two.text('#sid'), false,
	    'the two have ids of their own');
	await join(two, 'Robin');
	for (const tab of [one, two]) {
		for (const name of ['Kim', 'Robin'])
			await see(`${tab.label}: ${name} appears`, () =>
			    tab.visible(activeUser(name)));
		ok(await avatarColor(tab, 'Kim') !==
		    await avatarColor(tab, 'Robin'),
		    `${tab.label}: each has a different colour`);
	}

	await one.click('#cursor');
	await see('"Update Cursor Position": the other tab logs it',
	    () => two.count(lines('cursor_updated')));
	like(await two.text(lines('cursor_updated')), /Kim/,
	    'with the name');
	const sku = await one.run(() => /** @type {any} */ (
	    document.querySelector('#test-sku')).value);
	await one.click('#broadcast');
	await see('"Broadcast Test Update": the other tab logs it',
	    () => two.count(lines('inventory_changed')));
	ok((await two.text(lines('inventory_changed'))).includes(sku),
	    'with the SKU');

	await two.click('#disconnect');
	await see('"Disconnect" says so', async () =>
	    await two.text('#status') === 'Disconnected');
	await see('and the other tab sees Robin go', async () =>
	    !await one.visible(activeUser('Robin')));
	one.clean();
	two.clean();
	await two.close();
}

async function inventoryPage(ana, ben) {
	await ana.go('/inventory/management');
	await ready(ana);
	ok(true, 'logged in, and on /inventory/management');
	ok(await ana.visible(at('presence-bar')), 'the presence bar is there');
	ok(await ana.run((s) => document.querySelector(s)
	    .getBoundingClientRect().top < 200, at('presence-bar')),
	    'at the top of the page');
	is(await ana.text(at('connection-status')), 'Live',
	    'the status shows "Live"');
	ana.clean('no errors in the browser console of the inventory page');

	await signIn(ben);
	for (const seat of [ana, ben]) {
		for (const user of ['ana', 'ben']) {
			await see(`${seat.who} sees ${user} in the bar`,
			    () => seat.visible(avatarOf(user)));
			like(await initials(seat, avatarOf(user)),
			    /^\p{L}{1,2}$/u, 'an avatar with initials');
		}
		await see(`${seat.who} sees "2 users online"`, async () =>
		    await seat.text(at('user-count')) === '2 users online');
	}
}

async function cursors(ana, ben) {
	const [, sku, other] = await skus(ana);
	const look = (row) => ben.run((s) => {
		const style = getComputedStyle(document.querySelector(s));
		return [style.backgroundColor, style.backgroundImage,
			style.boxShadow].join();
	}, rowOf(row));
	await leaveTable(ben);
	await sleep(100);
	const plain = await look(sku);
	await note(ben, 'badge', badgeOf(sku, 'ana'));
	const from = await ana.now();
	await ana.hover(cellOf(sku, 'name'));
	const took = await noted(ben, 'badge') - from;
	ok(took > 400, 'the badge comes after about 500 ms', `${took} ms`);
	like(await initials(ben, badgeOf(sku, 'ana')), /^\p{L}{1,2}$/u,
	    'it shows the initials');
	await see('the row has a subtle highlight', async () =>
	    await look(sku) !== plain);
	await ana.hover(cellOf(other, 'name'));
	await see('the badge moves along', async () =>
	    await ben.visible(badgeOf(other, 'ana')) &&
	    !await ben.visible(badgeOf(sku, 'ana')));
}

async function dataUpdate(ana, ben) {
	const [, , sku] = await skus(ana);
	await note(ben, 'flash', `${rowOf(sku)}[data-flash]`);
	await change(ana, sku, 'qty_ordered_jason', '15');
	await see('the save succeeded', async () =>
	    await value(ana, sku, 'qty_ordered_jason') === '15' &&
	    await ana.attr(cellOf(sku, 'qty_ordered_jason'),
		'data-pending') === null);
	await see('a toast in the other window', async () =>
	    (await ben.texts(`${toastOf(sku)} ${at('toast-text')}`)).some(
		(t) => /^ana updated .+ for /.test(t) && t.endsWith(sku)));
	await noted(ben, 'flash');
	ok(true, 'the row flashed in the other window');
	await see('its data refreshed by itself', async () =>
	    await value(ben, sku, 'qty_ordered_jason') === '15');
}

async function reconnect(ana, ben) {
	await ana.close();
	await see('one window closed: its user leaves the other\'s bar',
	    async () => !await ben.count(avatarOf('ana')));
	const again = await ana.tab();
	await again.go('/inventory/management');
	await live(again);
	await see('opened again: the user reappears', () =>
	    ben.visible(avatarOf('ana')));
	again.clean();
	ben.clean();
}

scene(async () => {
	const chromium = await launch('chromium');
	const ana = await chromium.seat('ana');
	await testPage(ana);
	const ben = await chromium.seat('ben');
	await inventoryPage(ana, ben);
	await cursors(ana, ben);
	await dataUpdate(ana, ben);
	await reconnect(ana, ben);
});
