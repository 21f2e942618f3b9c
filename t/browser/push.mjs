/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 *
 * ana and ben where the web server takes no streams: on a port of the relay's
 * own, or by polls only.  Arguments: the browser, and that port or "poll".
 */
import { scene, inTurn, launch, ok, is, see, until, url } from './lib.mjs';
import { MANAGEMENT, at, rowOf, cellOf, avatarOf, badgeOf, signIn, skus, open,
	write, shows, leaveTable, farewell } from './page.mjs';

const [kind, way] = process.argv.slice(2);
const polls = way === 'poll';
const own = `${url.protocol}//${url.hostname}:${polls ? url.port : way}`;
/** A page that did not say that it leaves is shown for longer, ms. */
const GRACE = 10000;

let ana, ben, sku;

/** The last words of its addresses at the relay, and where else it asked. */
function tap(seat) {
	seat.said = [];
	seat.strays = [];
	seat.page.on('request', (r) => {
		const [, to, what] = /^([^?]*)\/push\/(\w+)/.exec(r.url()) ??
		    [];
		/* Not the browser's own question whether it may ask. */
		if (what && r.method() !== 'OPTIONS')
			(to === own ? seat.said : seat.strays).push(what);
	});
	return seat;
}

const times = (seat, what) => seat.said.filter((w) => w === what).length;

async function arrive(browser) {
	ana = tap(await browser.seat('ana'));
	ben = tap(await browser.seat('ben'));
	for (const seat of [ana, ben]) {
		if (!polls)
			seat.allow(new RegExp(
			    `^a request elsewhere ${own}/push/`));
		await signIn(seat);
	}
	await see('ana sees ben', () => ana.visible(avatarOf('ben')));
	[sku] = await skus(ana);
	ok(polls ? times(ana, 'poll') > 0 && times(ana, 'stream') === 0 :
	    times(ana, 'stream') === 1 && times(ana, 'poll') === 0,
	    polls ? 'by polls from the start' : 'by a stream',
	    ana.said.join(' '));
}

async function edit() {
	await ben.hover(cellOf(sku, 'name'));
	await see("ana sees ben's pointer", () =>
	    ana.visible(badgeOf(sku, 'ben')));
	await open(ben, sku, 'quantity');
	await see('and that he edits', async () =>
	    await ana.attr(badgeOf(sku, 'ben'), 'data-mode') === 'edit');
	await write(ben, '47');
	await ben.press('Enter');
	await shows(ana, sku, 'quantity', '47');
	ok(true, 'ana sees his change');
	await leaveTable(ben);
	for (const what of ['cursor', 'lease', 'beat'])
		ok(times(ben, what) > 0, `he has said: ${what}`,
		    ben.said.join(' '));
}

/** A poll that brings nothing is a ping, and not each ping wants a beat. */
async function quiet() {
	if (!polls)
		return;
	const before = times(ana, 'poll'), beats = times(ana, 'beat');
	await until('five empty polls', () => times(ana, 'poll') - before > 5,
	    30000);
	ok(times(ana, 'beat') - beats <= 2, 'few beats for many polls',
	    `${times(ana, 'beat') - beats}`);
}

/** ben closes his tab; ms until ana saw it. */
async function close() {
	const from = Date.now();
	await ben.close();
	await until('ana sees him go', async () =>
	    !await ana.visible(avatarOf('ben')), 20000);
	return Date.now() - from;
}

/** He is back in a new one. */
async function comeBack() {
	const { strays } = ben;
	ben = tap(await ben.tab());
	ben.strays = strays;
	await ben.go(MANAGEMENT);
	await until('ana sees him again', () => ana.visible(avatarOf('ben')));
}

async function leave() {
	const took = await farewell(GRACE - 2000, close, comeBack);
	ok(took < GRACE - 2000, 'he has said that he leaves', `${took} ms`);
	is(await ana.text(at('connection-status')), 'Live', 'ana is Live');
	is([...ana.strays, ...ben.strays], [], 'nothing was asked elsewhere');
	ok(await ana.visible(rowOf(sku)), 'and has her table');
	ana.clean();
}

scene(async () => {
	const browser = await launch(kind);
	await inTurn([[arrive, browser], [edit], [quiet], [leave]]);
});
