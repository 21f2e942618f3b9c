/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The connection of the page: one for ten tabs, by stream or by poll, and
 * back after whatever happens to it.  Argument: chromium or firefox.
 * Everything under a name on plain HTTP, which is no secure context.
 */
import { scene, inTurn, launch, call, diag, ok, is, see, until, PASSWORD }
	from './lib.mjs';
import { at, rowOf, avatarOf, MANAGEMENT, signIn, ready, live, skus,
	value, change, leaveTable, search, recordStates, states }
	from './page.mjs';
import { Front } from './front.mjs';

const kind = process.argv[2];
const LAN = 'stock.lan';
/** What browsers log of connections that were cut or refused. */
const CUT = [/50[234]/, /ERR_/, /NetworkError/, /Failed to load/];

let browser;
const front = new Front();
let port = '';
let sku = '';
let turn = 100;
/** whether the last leader was replaced within a second */
let quick = false;

const api = (method, path, body) => call('api', 'admin', method, path, body);

/** A change made elsewhere; gives the new value. */
async function elsewhere() {
	const quantity = ++turn;
	await api('PATCH', `/inventory/items/${sku}`, { quantity });
	return String(quantity);
}

const sees = async (seat, want) =>
    await value(seat, sku, 'quantity') === want;

/** A change made now is seen by all of these. */
async function allSee(what, seats, ms) {
	const want = await elsewhere();
	for (const seat of seats)
		await until(`${what}: ${seat.who} sees the change`,
		    () => sees(seat, want), ms);
	ok(true, `${what}: ${seats.length} tab(s) see the next change`);
}

/** Streams and polls that the relay has open. */
async function held() {
	const text = await call('metrics');
	return ['streams', 'polls'].reduce((n, name) => n + Number(
	    new RegExp(`^stockroom_relay_${name} (\\d+)`, 'm').exec(text)
		?.[1] ?? 0), 0);
}

const sidsOf = async (user) => (await api('GET',
    '/inventory/collaboration/presence?room=inventory_management')).body
    .users.filter((u) => u.username === user).map((u) => u.sid);

/** Requests of a tab for its events, newest last, and those under way. */
function tap(seat) {
	seat.asked = [];
	seat.asking = new Set();
	seat.page.on('request', (r) => {
		if (!/\/push\/(stream|poll)/.test(r.url()))
			return;
		seat.asked.push(Date.now());
		seat.asking.add(r);
	});
	for (const end of ['requestfinished', 'requestfailed'])
		seat.page.on(end, (r) => seat.asking.delete(r));
	return seat;
}

/** Tabs of one browser, the first one signed in. */
async function tabs(user, n, options) {
	const all = [tap(await browser.seat(user, { host: LAN, ...options }))];
	all[0].allow(...CUT);
	// By polls it is live after 5 s.
	await signIn(all[0], user, 20000);
	while (all.length < n)
		all.push(tap(await all[0].tab({ type: 'tab' })));
	await Promise.all(all.slice(1).map((t) => t.go(MANAGEMENT,
	    { timeout: 60000 })));
	for (const tab of all)
		await ready(tab, 20000);
	sku ||= (await skus(all[n - 1]))[0];
	return all;
}

/**
 * The tab that asked for a stream last leads, of those that have one: another
 * may have led for a moment, and given way.
 */
function leaderOf(all) {
	const have = all.filter((t) => t.asking.size > 0);

	return (have.length > 0 ? have : all).reduce((a, b) =>
	    (b.asked.at(-1) ?? 0) > (a.asked.at(-1) ?? 0) ? b : a);
}

async function closeAll(all) {
	for (const tab of all) {
		tab.clean(`${tab.who}: nothing unexpected in the console`);
		await tab.close();
	}
}

// ---- ten tabs

async function tenTabs() {
	const from = Date.now(), all = await tabs('ana', 10);
	diag(`ten tabs after ${Date.now() - from} ms`);
	is(await all[9].run(() => [location.hostname, isSecureContext]),
	    [LAN, false], 'no secure context');
	await see('one connection serves ten tabs', async () =>
	    await held() === 1);
	await see('all ten say Live at once', async () => (await Promise.all(
	    all.map((t) => t.text(at('connection-status')))))
	    .every((text) => text === 'Live'));
	await see('the relay knows ten pages', async () =>
	    (await sidsOf('ana')).length === 10);
	await see('of one person', async () =>
	    await all[4].text(at('user-count')) === '1 user online');
	const took = await all[9].run(async () => {
		const t0 = performance.now();
		await (await fetch('/api/v1/session')).text();
		return performance.now() - t0;
	});
	ok(took < 5000, 'a request of the tenth is answered at once',
	    `${took} ms`);
	diag(`a request of the tenth tab: ${took.toFixed(1)} ms`);
	const t0 = Date.now();
	await allSee('ten', all);
	diag(`a change in all ten within ${Date.now() - t0} ms`);
	return all;
}

/** A follower is somebody of its own: where it is, others see. */
async function follower(all) {
	const ben = await browser.seat('ben', { host: LAN });
	ben.allow(...CUT);
	await signIn(ben);
	const tab = all.at(-1);
	await tab.page.bringToFront();
	await tab.hover(rowOf(sku));
	await see('ben sees where a follower points', () => ben.visible(
	    `${rowOf(sku)} ${at('row-badge')}[data-user="ana"]`));
	await see('a follower sees ben come', () =>
	    tab.visible(avatarOf('ben')));
	await leaveTable(tab);
	await closeAll([ben]);
	// Firefox may send no farewell: the relay waits 10 s then.
	await see('and go', async () => !await tab.visible(avatarOf('ben')),
	    20000);
}

/**
 * Whoever led is gone by GONE(seat); the others go on.  `bye`: it has the time
 * to say so.
 */
async function succession(what, all, gone, bye = true) {
	const leader = leaderOf(all), rest = all.filter((t) => t !== leader);
	for (const tab of rest)
		await recordStates(tab);
	await rest[0].run(() => {
		const channel = new BroadcastChannel('stockroom.room /');
		const heard = /** @type {any} */ (window).heard = [];
		channel.onmessage = ({ data }) => heard.push(data.kind);
	});
	await rest[0].page.bringToFront();
	const from = Date.now();
	await gone(leader);
	await until(`${what}: another one leads`, () =>
	    rest.some((t) => (t.asked.at(-1) ?? 0) >= from), 10000);
	const took = (leaderOf(rest).asked.at(-1) ?? 0) - from;
	quick = took < 1000;
	diag(`${what}: replaced after ${took} ms`);
	ok(took < 6000, `${what}: replaced soon`, `${took} ms`);
	if (bye)
		await see(`${what}: it says so`, () => rest[0].run(() =>
		    /** @type {any} */ (window).heard.includes('bye')));
	for (const tab of rest)
		await live(tab);
	await allSee(what, rest);
	await see(`${what}: still one connection`, async () =>
	    await held() === 1);
	return rest;
}

async function leaders() {
	let all = await tenTabs();
	await follower(all);
	all = await succession('left', all, async (seat) => {
		await seat.page.goto('about:blank');
	});
	// Beyond 2 s the readers are told, as they should be.
	for (const tab of quick ? all : [])
		is(await states(tab), ['live'],
		    'a change of leaders is no outage');
	all = await succession('closed', all, (seat) => seat.close());
	if (kind === 'chromium') {
		all = await succession('crashed', all, async (seat) => {
			seat.page.goto('chrome://crash').catch(() => 0);
		}, false);
		await frozen(all);
	}
	await closeAll(all.slice(2));
	return all.slice(0, 2);
}

/** Chromium freezes hidden tabs; this one comes back. */
async function frozen(all) {
	const seat = leaderOf(all);
	const cdp = await seat.page.createCDPSession();
	await succession('frozen', all, () =>
	    cdp.send('Page.setWebLifecycleState', { state: 'frozen' }));
	const want = await elsewhere();
	await cdp.send('Page.setWebLifecycleState', { state: 'active' });
	await seat.page.bringToFront();
	await live(seat);
	await see('the thawed tab catches up', () => sees(seat, want));
	await allSee('thawed', all);
}

/** Signed out in one tab: the other is not left behind. */
async function signOut([one, two]) {
	for (const tab of [one, two])
		tab.allow(/401/);
	await one.page.bringToFront();
	await one.click('#user-menu-button');
	await one.click('#sign-out');
	for (const tab of [one, two])
		await see(`${tab === one ? 'the tab' : 'the other'} is sent ` +
		    'to the sign-in', () => tab.visible('#username'));
	await see('nobody is left in the room', async () =>
	    (await sidsOf('ana')).length === 0);
	await signIn(one, 'vera');
	await two.go(MANAGEMENT);
	await ready(two);
	// vera is locked out the moment after ana has signed in; the page may
	// notice and reload before it has the answer.
	await one.run(async (password) => {
		await fetch('/api/v1/session', { method: 'POST',
			headers: { 'Content-Type': 'application/json' },
			body: JSON.stringify({ username: 'ana', password }) });
	}, PASSWORD).catch(() => 0);
	await call('ctl', 'user', 'disable', 'vera');
	for (const tab of [one, two])
		await see('a tab shows who has signed in by now', async () =>
		    await tab.attr('body', 'data-role') !== 'viewer' &&
		    await tab.count('#grid[data-ready]') === 1);
	for (const tab of [one, two])
		await live(tab);
	await allSee('another person', [one, two]);
	await closeAll([one, two]);
}

// ---- ways around

async function fallback() {
	front.be('buffer');
	const from = Date.now();
	const [one] = await tabs('ana', 1, { port });
	diag(`live by polls after ${Date.now() - from} ms`);
	// By the clock of the page: we may hear of a request late.  When it
	// begins to wait, the browser has yet to ask for the stream.
	const gap = await one.run(() => {
		const all = performance.getEntriesByType('resource');
		const asked = (path) => all.find((entry) =>
		    new URL(entry.name).pathname === path)?.startTime;

		return asked('/push/poll') - asked('/push/stream');
	});
	ok(gap > 4500 && gap < 12000, 'polls after five s without a frame',
	    `${gap} ms`);
	await recordStates(one);
	for (let n = 0; n < 3; n++)
		await allSee('by polls', [one]);
	const two = tap(await one.tab({ type: 'tab' }));
	const t0 = Date.now();
	await two.go(MANAGEMENT);
	await ready(two);
	diag(`a second tab after ${Date.now() - t0} ms`);
	// It may have led for a moment, when the first was late to say so.
	await until('the second tab follows', () => two.asking.size === 0);
	const asked = two.asked.length;
	await allSee('polls of another tab', [one, two]);
	is(two.asked.length, asked, 'a second tab needs no connection');
	await two.close();
	const before = front.count('/stream');
	await sleepless(one);
	await one.page.reload();
	await ready(one);
	is(front.count('/stream'), before, 'a reload remembers what works');
	await back(one);
	await closeAll([one]);
}

/** The page believes that so many minutes have gone by. */
function later(seat, minutes) {
	return seat.run((ms) => {
		const now = Date.now;
		Date.now = () => now() + ms;
	}, minutes * 60000);
}

/**
 * The page looks each 5 s whether the machine has slept (life.js), and after a
 * jump of its clock finds that it has.  From the next load on it does not.
 */
function sleepless(seat) {
	return seat.page.evaluateOnNewDocument(() => {
		const real = setInterval;
		/** @type {any} */ (globalThis).setInterval =
		    (run, ms, ...more) =>
			ms === 5000 ? 0 : real(run, ms, ...more);
	});
}

/** Some minutes later the stream is tried again. */
async function back(one) {
	await recordStates(one);
	if (kind === 'chromium') {
		const before = front.count('/stream');
		await later(one, 4);
		await elsewhere();
		await until('a try', () => front.count('/stream') > before);
		await allSee('a try in vain', [one], 15000);
	}
	front.be('open');
	await later(one, 10);
	await elsewhere();
	await until('the stream is tried', () => front.count('/stream') > 0);
	await allSee('by the stream again', [one]);
	await until('no poll is open', () => front.open.size === 1);
	is(await states(one), ['live'], 'which the reader does not notice');
}

async function endings() {
	front.be('open');
	const [one] = await tabs('ana', 1, { port });
	for (const code of ['life', 'shutdown']) {
		await recordStates(one);
		front.asked = [];
		front.disconnect(code, 300);
		await until(`back after ${code}`,
		    () => front.count('/stream') > 0);
		await allSee(`after ${code}`, [one]);
		is(await states(one), ['live'], `${code}: no outage`);
	}
	await refused(one);
	await network(one);
	await cached(one);
	await replaced(one);
	await closeAll([one]);
}

/** Another page has taken our sid: it may have it. */
async function replaced(one) {
	const [sid] = await sidsOf('ana');
	front.disconnect('replaced', 0);
	await see('replaced: a sid of its own', async () =>
	    (await sidsOf('ana')).some((s) => s !== sid));
	await allSee('replaced', [one]);
}

async function refused(one) {
	front.be('refuse');
	await see('503: Offline', () => one.count('[data-state=offline]'));
	await until('two tries', () => front.count('/stream') >= 2, 20000);
	const tries = front.asked.filter((a) => a.path.endsWith('/stream'));
	ok(tries.slice(1).every((t, n) => t.at - tries[n].at >= 2990),
	    'never sooner than Retry-After says',
	    tries.map((t) => t.at - tries[0].at).join(' '));
	front.be('open');
	await live(one);
	await allSee('after 503', [one]);
}

/** The cable is pulled; browsers say offline and online. */
async function network(one) {
	const out = async (on) => {
		front.be(on ? 'cut' : 'open');
		if (kind === 'chromium')
			await one.page.setOfflineMode(on);
		else
			await one.run((e) => {
				dispatchEvent(new Event(e));
			}, on ? 'offline' : 'online');
	};
	await out(true);
	await see('no network: Offline', () =>
	    one.count('[data-state=offline]'));
	const want = await elsewhere();
	const from = Date.now();
	await out(false);
	await live(one);
	diag(`Live ${Date.now() - from} ms after the network`);
	await see('what was missed is there', () => sees(one, want));
	// The event alone: the page believes it, and its own eyes again.
	await recordStates(one);
	await one.run(() => {
		dispatchEvent(new Event('offline'));
	});
	await until('live again', async () =>
	    (await states(one)).length === 3);
	is(await states(one), ['live', 'offline', 'live'],
	    'offline is shown when the browser says so');
}

/** Left for another page and come back to, as it was. */
async function cached(one) {
	const [sid] = await sidsOf('ana');
	await one.run(() => {
		dispatchEvent(new PageTransitionEvent('pagehide',
		    { persisted: true }));
	});
	await see('who leaves a page leaves the room', async () =>
	    (await sidsOf('ana')).length === 0);
	await until('no connection', () => front.open.size === 0);
	const want = await elsewhere();
	await one.run(() => {
		dispatchEvent(new PageTransitionEvent('pageshow',
		    { persisted: true }));
	});
	await see('who comes back is the same', async () =>
	    (await sidsOf('ana'))[0] === sid);
	await see('and sees what was missed', () => sees(one, want));
	await one.run(() => {
		addEventListener('pageshow', (ev) => {
			/** @type {any} */ (window).kept = ev.persisted;
		});
	});
	await one.go('/test-collaboration.html');
	await one.page.goBack();
	await ready(one);
	await search(one, '');
	diag(`came back by the cache: ${await one.run(() =>
	    /** @type {any} */ (window).kept ?? false)}`);
	await allSee('after the way back', [one]);
}

// ---- two names on the test page

async function twoNames() {
	const all = [await browser.seat('ana', { host: LAN })];
	await signIn(all[0]);
	all.push(await all[0].tab({ type: 'tab' }));
	for (const [n, tab] of all.entries()) {
		await tab.go('/test-collaboration.html');
		await tab.page.bringToFront();
		await tab.click('#connect');
		await tab.fill('#name', `Name ${n}`);
		await tab.click('#join');
		await until('joined', () => tab.visible(
		    `${at('active-user')}[data-user="Name ${n}"][data-me]`));
	}
	for (const tab of all)
		for (const name of ['Name 0', 'Name 1'])
			await see(`${name} is here`, () => tab.visible(
			    `${at('active-user')}[data-user="${name}"]`));
	await see('by one connection', async () => await held() === 1);
	await closeAll(all.reverse());
}

scene(async () => {
	port = await front.listen();
	browser = await launch(kind);
	diag(browser.version);
	const only = process.argv.slice(3);
	const two = only.includes('signOut') ? await tabs('ana', 2) :
	    only.length > 0 && !only.includes('leaders') ? [] :
	    await leaders();
	const parts = [[signOut, two], [fallback], [endings], [twoNames]];
	await inTurn(parts.filter(([part]) => only.length === 0 ||
	    only.includes(part.name)));
	front.close();
});
