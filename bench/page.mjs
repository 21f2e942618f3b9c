/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * page.mjs first|paint|idle ROUNDS: what the page is like in Chromium: how
 * soon it is there and how much comes for it; how soon a change of another
 * client is seen; what an open page sends and gets while nobody does
 * anything.  Figures go to bench/lib/Page.pm: call('figure', name, value).
 */
import net from 'node:net';
import { scene, launch, call, until, sleep, url }
	from '../t/browser/lib.mjs';
import { signIn, cellOf } from '../t/browser/page.mjs';

const [what, rounds] = [process.argv[2], Number(process.argv[3])];

/* ---- first rows */

/* In the page from its first moment: when a row is first painted. */
function watch() {
	const look = new MutationObserver(() => {
		const row = document.querySelector('[data-testid=row]');
		if (row === null || !row.checkVisibility())
			return;
		look.disconnect();
		requestAnimationFrame(() => setTimeout(() => {
			/** @type {any} */ (window).firstRow =
			    performance.now();
		}));
	});
	look.observe(document, { subtree: true, childList: true,
		attributes: true });
}

/** What comes for SEAT's page: bytes of scripts and styles, zipped. */
async function weigh(seat) {
	const cdp = await seat.page.createCDPSession();
	const heads = new Map();
	const weight = { bytes: 0 };

	await cdp.send('Network.enable');
	// How much had come with the head is told at its end.
	cdp.on('Network.responseReceived', ({ requestId, type, response }) => {
		if (type === 'Script' || type === 'Stylesheet')
			heads.set(requestId, response.encodedDataLength);
	});
	cdp.on('Network.loadingFinished', (end) => {
		if (heads.has(end.requestId))
			weight.bytes += end.encodedDataLength -
			    heads.get(end.requestId);
	});
	return weight;
}

/** Signed in for the first time, with nothing in the browser's cache. */
async function first() {
	for (let n = 0; n < rounds; n++) {
		const browser = await launch('chromium');
		const seat = await browser.seat('ana');
		const weight = await weigh(seat);
		await seat.page.evaluateOnNewDocument(watch);
		await signIn(seat);
		await call('figure', 'first', await until('the first rows',
		    () => seat.run(() => /** @type {any} */ (window).firstRow),
		    20000));
		await call('figure', 'kb', weight.bytes / 1000);
		await browser.close();
	}
}

/* ---- change to paint */

/** In the page: note when a cell comes to show WANT, and when it is painted. */
function expect(cell, want) {
	const w = /** @type {any} */ (window);
	const now = () => performance.timeOrigin + performance.now();

	w.seen = new Promise((done) => {
		const look = new MutationObserver(() => {
			const text = document.querySelector(cell)?.textContent;
			if (!text?.includes(want))
				return;
			look.disconnect();
			const shown = now();
			requestAnimationFrame(() => setTimeout(() => done({
				shown, painted: now() })));
		});
		look.observe(document, { subtree: true, childList: true,
			characterData: true });
	});
}

const CHANGES = 60;

async function paint() {
	const browser = await launch('chromium');
	const seat = await browser.seat('ana');
	await signIn(seat);
	const sku = await seat.run(() => document.querySelector(
	    '[data-testid=row]').getAttribute('data-sku'));
	for (let n = 0; n < rounds * CHANGES; n++) {
		const want = String(100000 + n).replace(/^1/, '7');
		await seat.run(expect, cellOf(sku, 'name'), want);
		const began = await call('patch', sku, `Number ${want}`);
		const { shown, painted } = await seat.run(() =>
		    /** @type {any} */ (window).seen);
		await call('figure', 'shown', shown - began);
		await call('figure', 'painted', painted - began);
		await sleep(20);
	}
	await browser.close();
}

/* ---- idle */

const SETTLE = 5000, IDLE = 60000;

/** A proxy to the web server that counts what TCP carries, both ways. */
async function meter() {
	const counted = { bytes: 0, port: '' };
	const server = net.createServer((down) => {
		const up = net.connect(Number(url.port), url.hostname);
		for (const [from, to] of [[down, up], [up, down]]) {
			from.on('data', (chunk) => {
				counted.bytes += chunk.length;
			});
			from.on('error', () => to.destroy());
			from.pipe(to);
		}
	});
	await new Promise((done) => server.listen(0, '127.0.0.1',
	    () => done(undefined)));
	server.unref();
	counted.port = String(
	    /** @type {net.AddressInfo} */ (server.address()).port);
	return counted;
}

/** As many users as there are rounds, each at a page of his own. */
async function idle() {
	const browser = await launch('chromium');
	const meters = [];

	for (let n = 0; n < rounds; n++) {
		meters.push(await meter());
		await signIn(await browser.seat('ana',
		    { port: meters[n].port }));
	}
	await sleep(SETTLE);
	const before = meters.map((m) => m.bytes);
	await sleep(IDLE);
	for (const [n, m] of meters.entries())
		await call('figure', 'idle', (m.bytes - before[n]) / 1000 *
		    60000 / IDLE);
	await browser.close();
}

await scene(async () => {
	await { first, paint, idle }[what]();
});
