/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The scenes of the test page, played by hand, in both browsers: Kim plays,
 * Robin watches, under a name that is no secure context.
 */
import { scene, inTurn, launch, call, is, like, ok, see, until }
    from './lib.mjs';
import { at, signIn, sideways } from './page.mjs';

const LAN = { host: 'stock.lan' };
const PAGE = '/test-collaboration.html';
const GOOD = '0 missed, 0 repeated, 0 out of order';
const lines = (event) => `#log ${at('log-line')}[data-event="${event}"]`;
const userOf = (name) => `${at('active-user')}[data-user="${name}"]`;
const received = async (seat) => Number(await seat.text(
    at('tally-received')));
const position = (seat) => seat.text(at('position'));

const connected = (seat) => until('connected', async () =>
    await seat.text('#status') === 'Connected');

async function enter(seat, name) {
	await seat.go(PAGE);
	await seat.click('#connect');
	await connected(seat);
	await seat.fill('#name', name);
	await seat.click('#join');
	await until(`${name} is in`, () => seat.count(userOf(name)));
}

const pick = (seat, id, value) => seat.page.select(id, value);

/** Choose a transport, and see it in use. */
async function choose(seat, value, words) {
	await pick(seat, '#transport', value);
	await see(`${words} is chosen, and in use`, async () =>
	    await seat.text(at('transport-used')) === words &&
	    await seat.text('#status') === 'Connected', 15000);
}

/** So many changes by somebody else. */
async function send(seat, n) {
	await seat.fill('#flood-count', String(n));
	await seat.click('#flood');
	await until('all sent', async () => new RegExp(
	    `^${n} of ${n} sent, \\d+ a second`).test(
	    await seat.text(at('flood-said'))), 20000);
}

/** Whatever is cut or switched, nothing lacks and nothing comes twice. */
async function nothingLost(kim, robin) {
	await choose(kim, 'sse', 'SSE');
	const before = await received(kim);
	await send(robin, 20);
	await see('a flood of 20 arrives', async () =>
	    await received(kim) === before + 20);
	await choose(kim, 'poll', 'Long-poll');
	await send(robin, 10);
	await see('by long-poll, too', async () =>
	    await received(kim) === before + 30);

	await kim.click('#cut');
	await see('cut: disconnected', async () =>
	    await kim.text('#status') === 'Disconnected');
	is(await kim.text(at('transport-used')), '–', 'by nothing');
	const was = await position(kim);
	await send(robin, 15);
	is(await position(kim), was, 'nothing comes');
	await kim.click('#reconnect');
	await see('reconnected: what was missed is replayed', async () =>
	    await received(kim) === before + 45);
	await choose(kim, 'sse', 'SSE');

	await kim.click('#glitch');
	await send(robin, 5);
	await see('dropped once: back by itself', async () =>
	    await received(kim) === before + 50, 15000);
	await choose(kim, 'auto', await robin.text(at('transport-used')));
	for (const seat of [kim, robin]) {
		is(await seat.text(at('tally')), GOOD,
		    `${seat.label}: ${GOOD}`);
		is(await seat.attr(at('tally'), 'data-good'), 'true',
		    'which is good');
	}
	is(await position(kim), await position(robin),
	    'and both are at the same position');
	like(await position(kim), /^[0-9a-f]{16}:\d+$/, 'which is shown');
}

/** Go away and be active; leave without a word. */
async function presence(kim, robin) {
	await kim.click('#away');
	await see('"Go away": Robin sees Kim away', async () =>
	    await robin.attr(userOf('Kim'), 'data-state') === 'away');
	is(await kim.attr('#away', 'aria-pressed'), 'true', 'it is pressed');
	await kim.click('#away');
	await see('"Be active": and back', async () =>
	    await robin.attr(userOf('Kim'), 'data-state') === 'active');
	await kim.click('#cursor');
	await see('the cursor is told', async () =>
	    /Kim/.test((await robin.texts(lines('cursor_updated'))).join()));
}

/** A lease is taken, refused, stolen, renewed and released. */
async function leases(kim, robin) {
	const sku = await robin.run(() => /** @type {any} */ (
	    document.querySelector('#test-sku')).value);
	const said = (seat) => seat.text(at('lease-said'));
	await kim.fill('#test-sku', sku);
	await pick(kim, '#lease-field', 'quantity');
	await pick(robin, '#lease-field', 'quantity');
	await kim.click('#lease-take');
	await see('Kim takes a field', async () =>
	    /^200: yours for \d+ s$/.test(await said(kim)));
	await see('all see who has it', async () =>
	    (await robin.texts(at('lease'))).join() ===
		`Kim has quantity of ${sku}`);
	await robin.click('#lease-take');
	await see('Robin is refused, and told who has it', async () =>
	    /^423: Kim has it, for \d+ s more$/.test(await said(robin)));
	await pick(robin, '#lease-field', '');
	await robin.click('#lease-take');
	await see('the whole row, too', async () =>
	    /^423: Kim/.test(await said(robin)));
	await robin.click('#lease-steal');
	await see('Robin steals the row', async () =>
	    /^200: yours/.test(await said(robin)) &&
	    (await kim.texts(at('lease'))).join() ===
		`Robin has the row of ${sku}`);
	await kim.click('#lease-renew');
	await see('which Kim cannot renew', async () =>
	    /^423: Robin/.test(await said(kim)));
	await robin.click('#lease-release');
	await see('released: nobody has it', async () =>
	    /^204/.test(await said(robin)) && !await kim.count(at('lease')));
	for (const seat of [kim, robin])
		seat.allow(/423.*\/lease/);
}

/** Cursors: too many are refused; the list of people by pages. */
async function floods(kim, robin) {
	await kim.fill('#flood-count', '300');
	const from = Date.now();
	await kim.click('#cursor-flood');
	const said = await until('300 are answered', async () =>
	    /^\d+ of 300 cursors taken, (\d+) refused$/.exec(
		await kim.text(at('flood-said')) ?? ''), 60000);
	// 80 at once and 40 a second are taken.
	ok(Number(said[1]) > 0 || Date.now() - from > 5000,
	    'of 300 cursors at once some are refused', said[0]);
	kim.allow(/429/);
	await call('throng', 1100);
	await robin.click('#read-all');
	await see('1,100 more people are read, in two pages', async () =>
	    await robin.text(at('read-said')) ===
		'1102 people in 1102 tabs, read in 2 pages', 20000);
	await see('and counted', async () => (await robin.text(
	    at('user-count'))) === '1102 users online', 20000);
	await call('part');
}

/** Gone without a word, and back. */
async function vanish(kim, robin) {
	await kim.click('#vanish');
	await see('vanished: disconnected here', async () =>
	    await kim.text('#status') === 'Disconnected' &&
	    await kim.text('#sid') === '–');
	is(await robin.count(userOf('Kim')), 1,
	    'Robin does not know it yet');
	await see('but within seconds', async () =>
	    !await robin.count(userOf('Kim')), 30000);
	await kim.click('#connect');
	await connected(kim);
	await kim.click('#join');
	await see('Kim is back', () => robin.count(userOf('Kim')));
	await robin.click('#disconnect');
	await see('"Disconnect" says goodbye', async () =>
	    !await kim.count(userOf('Robin')));
}

async function phone(browser) {
	const seat = await browser.seat('ana', { ...LAN, width: 360,
		height: 740 });
	await signIn(seat);
	await enter(seat, 'Kim');
	is(await sideways(seat), 0, '360 px: nothing to scroll sideways');
	is(await seat.run(() => [...document.querySelectorAll(
	    'button, input, select')].filter((e) => {
		const b = e.getBoundingClientRect();
		return b.left < 0 || b.right > innerWidth;
	}).map((e) => e.id)), [], 'and all controls in sight');
	seat.clean();
	await seat.close();
}

scene(async () => {
	const chromium = await launch('chromium');
	for (const name of ['chromium', 'firefox']) {
		const browser = name === 'chromium' ? chromium :
		    await launch(name);
		const kim = await browser.seat('ana', LAN);
		await signIn(kim);
		// Firefox keeps a click waiting in a window behind another.
		const robin = await chromium.seat('ben', LAN);
		await signIn(robin);
		kim.label = 'Kim';
		robin.label = 'Robin';
		await enter(kim, 'Kim');
		await enter(robin, 'Robin');
		await inTurn([[nothingLost, kim, robin],
			[presence, kim, robin], [leases, kim, robin]]);
		if (name === 'chromium')
			await inTurn([[floods, kim, robin],
				[vanish, kim, robin], [phone, browser]]);
		kim.clean();
		robin.clean();
		await kim.close();
		await robin.close();
	}
});
