/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * The installed page, through TLS and HTTP/2 and below a prefix: ana in
 * Chromium, ben in Firefox.
 */
import { scene, inTurn, launch, call, ok, is, like, see, until, url }
	from './lib.mjs';
import { at, avatarOf, MANAGEMENT, signIn, ready, skus, change, shows }
	from './page.mjs';

const TABS = 12;
const seats = {};
let sku = '';

/** What a page has loaded, by address. */
const loaded = (seat) => seat.run(() => performance
    .getEntriesByType('resource').map((e) => {
	const r = /** @type {PerformanceResourceTiming} */ (e);
	return { name: r.name, by: r.nextHopProtocol, bytes: r.transferSize };
    }));

const kept = (all) => all.filter((r) => /\/v\/[0-9a-f]{12}\//.test(r.name));

/** Both sign in; what they load and are given. */
async function comeIn() {
	await Promise.all([['chromium', 'ana'], ['firefox', 'ben']].map(
	    async ([kind, who]) => {
		const browser = await launch(kind);
		seats[who] = await browser.seat(who);
		await signIn(seats[who]);
	    }));
	for (const seat of Object.values(seats)) {
		const kind = seat.kind;
		const all = await loaded(seat);
		is(all.filter((r) => !r.name.startsWith(url.href)), [],
		    `${kind}: everything is below the prefix`);
		ok(kept(all).length > 30, `${kind}: it is the installed page`,
		    JSON.stringify(all));
		is([...new Set(kept(all).map((r) => r.by))], ['h2'],
		    `${kind}: by HTTP/2`);
		const [cookie] = await seat.page.cookies();
		is([cookie.name, cookie.path, cookie.secure, cookie.httpOnly],
		    ['__Secure-stockroom_session', '/a/lager', true, true],
		    `${kind}: the cookie is for this page by TLS only`);
	}
}

async function together() {
	const { ana, ben } = seats;

	await see('ana sees ben', () => ana.visible(avatarOf('ben')));
	await see('ben sees ana', () => ben.visible(avatarOf('ana')));
	[sku] = await skus(ana);
	await change(ana, sku, 'quantity', '4711');
	await see('ben sees what ana changed', () =>
	    shows(ben, sku, 'quantity', '4,711'));
	await change(ben, sku, 'location', 'B-99');
	await see('ana sees what ben changed', () =>
	    shows(ana, sku, 'location', 'B-99'));
}

/** A page comes again without asking for what it has. */
async function again(seat) {
	const before = await call('asked', '\\S+/v/\\S+');

	await seat.go(MANAGEMENT);
	await ready(seat);
	const all = kept(await loaded(seat));
	ok(all.length > 30 && all.every((r) => r.bytes === 0),
	    `${seat.kind}: nothing is fetched again`, JSON.stringify(all));
	is(await call('asked', '\\S+/v/\\S+'), before,
	    `${seat.kind}: nor asked for`);
}

/** More streams at once than HTTP/1.1 has connections. */
async function manyStreams(seat) {
	const n = await seat.run(async (tabs) => {
		const api = new URL('../api/v1/', location.href);
		const json = { 'Content-Type': 'application/json' };
		const open = new AbortController();
		const first = await Promise.all([...Array(tabs)].map(
		    async (_, i) => {
			const answer = await fetch(new URL(
			    'inventory/collaboration/join', api), {
				method: 'POST', headers: json,
				body: JSON.stringify({ name: `tab ${i}`,
					room: 'inventory_management' }) });
			const { stream, ticket } = await answer.json();
			const st = await fetch(new URL(stream, location.href), {
				headers: { Authorization: `Bearer ${ticket}` },
				cache: 'no-store', signal: open.signal });
			const got = await st.body?.getReader().read();
			return new TextDecoder().decode(got?.value);
		    }));
		const more = await fetch(new URL('session', api));
		open.abort();
		return [first.filter((t) => /connection_established/.test(t))
		    .length, more.status];
	}, TABS);
	is(n, [TABS, 200], `${seat.kind}: ${TABS} streams and a request`);
}

/** Another build is being installed: the page has lost its code. */
async function lost(seat) {
	const page = '/a/lager/inventory/management';
	const button = `${at('not-loaded')} button`;

	seat.allow(/404|Failed to load|Loading failed|MIME|NetworkError/);
	/* A fresh profile's cache would still have all of it. */
	await seat.page.setCacheEnabled(false);
	await call('away');
	const before = await call('asked', page);
	await seat.go(MANAGEMENT);
	await until(`${seat.kind}: it is said`, () => seat.visible(button));
	is(await call('asked', page) - before, 2,
	    `${seat.kind}: it was tried once more by itself`);
	like(await seat.text(at('not-loaded')), /could not be loaded/,
	    `${seat.kind}: the page says so`);
	await call('back');
	await seat.click(button);
	await ready(seat);
	ok(!await seat.count(button), `${seat.kind}: Reload brings it back`);
	await seat.page.setCacheEnabled(true);
}

scene(async () => {
	await inTurn([[comeIn], [together]]);
	for (const seat of Object.values(seats))
		await inTurn([[again, seat], [manyStreams, seat],
			[lost, seat]]);
	for (const seat of Object.values(seats))
		seat.clean();
});
