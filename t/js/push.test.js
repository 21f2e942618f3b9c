// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import "./globals.js";
import { Link } from "../../htdocs/js/link.js";
import { Relay } from "../../htdocs/js/relay.js";
import { pushUrl } from "../../htdocs/js/seat.js";
import { Choice, ended } from "../../htdocs/js/transport.js";

const OWN = "https://stock.lan:8443/a/push";
const own = { sid: "s", ticket: "T", stream: `${OWN}/stream`,
	poll: `${OWN}/poll` };
const pollsOnly = { sid: "s", ticket: "T", stream: null,
	poll: "/push/poll" };
const joined = { event: "room_joined", data: { to: "0190000000000000:1" } };
const answer = (n) => ({ events: n === 1 ? [joined] : [],
	position: "0190000000000000:1", presence_version: 1, answer: n,
	pause: 0 });

/** Every request is answered by REPLY; gives their addresses, as they come. */
function requests(t, reply)
{
	const asked = [];

	t.mock.method(globalThis, "fetch", async (url, how) => {
		asked.push(String(url));
		return reply(url, how, asked.length);
	});
	return asked;
}

test("what a page says to the relay goes where the poll is", async (t) => {
	const asked = requests(t, () => new Response(null, { status: 204 }));
	const relay = new Relay(() => own, () => true);

	await relay.post("beat", {});
	await relay.lease("take", "A", null);
	await relay.post("cursor", {});
	assert.deepEqual(asked, ["beat", "lease", "cursor"].map(
	    (what) => `${OWN}/${what}`));
	assert.equal(pushUrl(pollsOnly, "beat").pathname, "/push/beat");
	assert.equal(pushUrl({ ...pollsOnly, poll: "/stock/push/poll" },
	    "leave").pathname, "/stock/push/leave");
});

test("a beat says no more than it must", async (t) => {
	const beats = [];
	const relay = new Relay(() => own, () => true);

	requests(t, (_, how) => {
		beats.push([how.body, how.referrerPolicy,
			how.headers.get("content-type")]);
		return new Response(null, { status: 204 });
	});
	globalThis.document = { hidden: false };
	t.after(() => delete globalThis.document);
	await relay.beat();
	globalThis.document.hidden = true;
	await relay.beat();
	assert.deepEqual(beats, [[null, "no-referrer", null],
		['{"state":"away"}', "no-referrer", "application/json"]]);
});

test("a page that leaves says so there, too", (t) => {
	const said = [];
	const before = Object.getOwnPropertyDescriptor(globalThis,
	    "navigator");

	Object.defineProperty(globalThis, "navigator", { configurable: true,
		value: { sendBeacon: (url, text) =>
			said.push([String(url), text]) } });
	t.after(() => before === undefined ? delete globalThis.navigator :
	    Object.defineProperty(globalThis, "navigator", before));
	new Relay(() => own, () => true).leave();
	assert.deepEqual(said, [[`${OWN}/leave`, "T"]]);
});

test("a stream is opened where it is said to be", async (t) => {
	const asked = requests(t, () => new Response("", { status: 503 }));
	const link = new Link("auto", { frame: () => {}, live: () => {} });
	const { end } = await link.read(own, "0190000000000000:1");

	assert.equal(end.status, 503);
	assert.deepEqual(asked,
	    [`${OWN}/stream?position=0190000000000000%3A1`]);
});

test("without a stream there are polls, from the start", async (t) => {
	for (const option of ["auto", "sse", "poll"]) {
		const lives = [];
		const link = new Link(option, { frame: () => {},
			live: (kind) => lives.push(kind) });
		const asked = requests(t, (url, how, n) => n < 4 ?
		    Response.json(answer(n)) :
		    new Response("", { status: 503 }));
		const { end, swap } = await link.read(pollsOnly, null);

		assert.deepEqual([end.status, swap], [503, false]);
		assert.equal(asked.length, 4);
		for (const url of asked)
			assert.equal(new URL(url).pathname, "/push/poll");
		assert.ok(lives.length > 0);
		assert.deepEqual(new Set(lives), new Set(["poll"]));
		t.mock.restoreAll();
	}
});

test("and never a try of a stream, whatever happens to polls", () => {
	const c = new Choice("auto", 0.5);

	c.streams = false;
	for (const end of [ended(), ended({ status: 503 }),
		ended({ first: true, status: 200 }), ended({ silent: true })])
		assert.equal(c.ended("poll", end, 1000), false);
	assert.equal(c.pick(1e12), "poll");
	c.streams = true;
	assert.equal(c.pick(1e12), "sse", "a later join may have one");
});
