/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * A page of somebody else's, on a port of its own.  As 127.0.0.1 it is
 * allowed, by another name it is not.  Arguments: the browser, the port.
 */
import http from 'node:http';

import { scene, launch, call, is, ok, url, PASSWORD } from './lib.mjs';

const [kind, port] = process.argv.slice(2);
const ITEM = 'inventory/items/CORS-1';

/** A page that is nobody's, until the scene ends. */
function serve() {
	const server = http.createServer((rq, rs) => {
		rs.setHeader('Content-Type', 'text/html');
		rs.end('<!doctype html><title>Elsewhere</title>');
	});

	server.unref();
	return new Promise((done) => server.listen(Number(port), '127.0.0.1',
	    () => done(server)));
}

/** What fetch() comes to on the page: what it may read of the answer. */
function ask(seat, path, options = {}) {
	return seat.run(async (to, options) => {
		try {
			const r = await fetch(to, options);
			return { status: r.status, etag: r.headers.get('ETag'),
				id: r.headers.get('X-Request-Id') !== null,
				doc: await r.json().catch(() => null) };
		} catch (e) {
			return { status: 0, etag: null, id: false, doc: null };
		}
	}, new URL(`api/v1/${path}`, url).href, options);
}

async function allowed(seat, token) {
	const as = { Authorization: `Bearer ${token}` };
	const read = await ask(seat, ITEM, { headers: as });

	is([read.status, read.doc?.sku, read.id], [200, 'CORS-1', true],
	    `${kind}: it reads`);
	const write = await ask(seat, ITEM, { method: 'PATCH',
		headers: { ...as, 'Content-Type': 'application/json',
			'If-Match': read.etag ?? 'none',
			'Idempotency-Key': `cors-${kind}` },
		body: JSON.stringify({ name: kind }) });
	is([write.status, write.doc?.name], [200, kind], `${kind}: it writes`);
	const stale = await ask(seat, ITEM, { method: 'PATCH',
		headers: { ...as, 'Content-Type': 'application/json',
			'If-Match': read.etag ?? 'none' },
		body: JSON.stringify({ name: 'stale' }) });
	is([stale.status, typeof stale.doc?.title], [412, 'string'],
	    `${kind}: it can tell why not`);
	is((await ask(seat, ITEM)).status, 401, `${kind}: not without a token`);
}

/** Join, open the stream, and hear of an own change. */
async function listens(seat, token) {
	const heard = await seat.run(async (base, token, item) => {
		const as = { Authorization: `Bearer ${token}`,
			'Content-Type': 'application/json' };
		const join = await (await fetch(new URL(
		    'api/v1/inventory/collaboration/join', base), {
			method: 'POST', headers: as, body: '{}' })).json();
		const stop = AbortSignal.timeout(8000);
		const stream = await fetch(new URL(join.stream, base), {
			headers: { Authorization: `Bearer ${join.ticket}` },
			signal: stop });
		const reader = /** @type {any} */ (stream.body).getReader();
		const text = new TextDecoder();
		let all = '', asked = false;
		while (!/event: inventory_changed/.test(all)) {
			const { value, done } = await reader.read();
			if (done)
				break;
			all += text.decode(value, { stream: true });
			if (!asked && /event: room_joined/.test(all)) {
				asked = true;
				fetch(new URL(`api/v1/${item}/adjustments`,
				    base), { method: 'POST', headers: as,
					body: '{"delta":1}' });
			}
		}
		reader.cancel();
		const beat = await fetch(new URL('push/beat', base), {
			method: 'POST', headers: { ...as, Authorization:
			    `Bearer ${join.ticket}` },
			body: '{"state":"active"}' });
		return [/"sku":"CORS-1"/.test(all), beat.status];
	}, url.href, token, ITEM).catch((e) => String(e));

	is(heard, [true, 204], `${kind}: it joins, listens and beats`);
}

/** The cookie of one who is signed in at Stockroom, in the same browser. */
async function ambient(seat) {
	const home = await seat.tab({ port: url.port });

	await home.go('/');
	is(await home.run((password) => fetch('/api/v1/session', {
		method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ username: 'ana', password }),
	}).then((r) => r.status), PASSWORD), 201, `${kind}: ana signs in`);
	is((await ask(seat, ITEM, { credentials: 'include' })).status, 0,
	    `${kind}: with her cookie the page reads nothing`);
	is((await ask(seat, ITEM, { method: 'DELETE',
		credentials: 'include' })).status, 0,
	`${kind}: and deletes nothing`);
	is(await home.run((item) => fetch(`/api/v1/${item}`).then((r) =>
	    r.status), ITEM), 200, `${kind}: the item is still there`);
	home.errors = [];
	await home.close();
}

scene(async () => {
	const browser = await launch(kind);
	const server = await serve();
	const token = await call('token');
	const seat = await browser.seat('friend', { port });

	await seat.go('/');
	await allowed(seat, token);
	await listens(seat, token);
	await ambient(seat);
	const other = await browser.seat('stranger', { port,
		host: 'stock.lan' });
	await other.go('/');
	for (const path of [ITEM, 'health'])
		is((await ask(other, path, { headers: { Authorization:
		    `Bearer ${token}` } })).status, 0,
		`${kind}: a stranger's page reads no ${path}`);
	ok(await call('token') === token, `${kind}: the token was good`);
	server.close();
});
