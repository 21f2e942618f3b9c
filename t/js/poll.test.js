// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Poller } from "../../htdocs/js/poll.js";

const E1 = "0190000000000000";
const seat = { sid: "s1", ticket: "T", poll: "/push/poll" };
const at = (n) => `${E1}:${n}`;
const answer = (n, version, answer, events = []) => ({ events,
	position: at(n), presence_version: version, answer, pause: 0 });
const joined = { event: "room_joined", data: { to: at(5) } };
const change = (n) => ({ event: "inventory_changed", id: at(n),
	data: { seq: n } });

/**
 * Polls that are answered with these, one after the other: an answer's
 * object, [status, headers], or an Error of the network.  `asked` has the
 * queries, `frames` what came.
 */
async function poll(t, answers, { poller = new Poller(), start = at(5),
	who = seat } = {})
{
	const asked = [], frames = [], left = [...answers];

	t.mock.method(globalThis, "fetch", async (url, how) => {
		const next = left.shift();
		asked.push(Object.fromEntries(url.searchParams));
		assert.equal(url.pathname, "/push/poll");
		assert.equal(how.headers.Authorization, "Bearer T");
		if (next instanceof Error)
			throw next;
		if (Array.isArray(next))
			return new Response("", { status: next[0],
				headers: next[1] });
		return Response.json(next);
	});
	const end = await poller.read(who, start, new AbortController(), {
		frame: (event, data, id) => frames.push(id || event),
		heard: () => {},
		more: () => left.length > 0,
	});
	t.mock.restoreAll();
	return { asked, frames, end, poller };
}

test("the first question says only where to go on", async (t) => {
	const { asked, frames, end } = await poll(t,
	    [answer(6, 3, 1, [joined, change(6)])]);

	assert.deepEqual(asked, [{ position: at(5) }]);
	assert.deepEqual(frames, ["room_joined", at(6)]);
	assert.deepEqual([end.first, end.status, end.code], [true, 200, ""]);
});

test("each next one says what the last answer said", async (t) => {
	const { asked, frames } = await poll(t, [answer(5, 3, 1, [joined]),
		answer(7, 4, 2, [change(6), change(7)]), answer(7, 4, 3)]);

	assert.deepEqual(asked.slice(1), [
		{ position: at(5), presence_version: "3", answer: "1" },
		{ position: at(7), presence_version: "4", answer: "2" }]);
	assert.deepEqual(frames, ["room_joined", at(6), at(7), "ping"]);
});

test("an answer that was lost is asked for again", async (t) => {
	const lost = await poll(t, [answer(5, 3, 1, [joined]),
		new TypeError("network")]);

	assert.equal(lost.end.status, 0);
	const { asked } = await poll(t, [answer(6, 3, 2, [change(6)])],
	    { poller: lost.poller, start: at(1) });
	assert.deepEqual(asked, [{ position: at(5), presence_version: "3",
		answer: "1" }]);
});

test("another sid begins anew", async (t) => {
	const { poller } = await poll(t, [answer(5, 3, 1, [joined])]);
	const { asked } = await poll(t, [answer(9, 3, 1, [joined])],
	    { poller, start: at(8), who: { ...seat, sid: "s2" } });

	assert.deepEqual(asked, [{ position: at(8) }]);
});

test("a disconnect ends it, and the next one begins anew", async (t) => {
	const bye = { event: "disconnect", data: { code: "shutdown",
		reason: "", retry: 700 } };
	const { end, frames, poller } = await poll(t,
	    [answer(5, 3, 1, [joined]), answer(5, 3, 2, [bye]),
		answer(9, 9, 9)]);

	assert.deepEqual([end.code, end.wait], ["shutdown", 700]);
	assert.deepEqual(frames, ["room_joined", "disconnect"]);
	assert.equal(poller.answer, null);
});

test("refusals: the status, and when to come back", async (t) => {
	for (const status of [401, 403, 429, 503]) {
		const { end } = await poll(t,
		    [[status, { "Retry-After": "3" }]]);
		assert.deepEqual([end.status, end.wait, end.first],
		    [status, 3000, false]);
	}
});

test("what is no answer of ours counts as none", async (t) => {
	const { end } = await poll(t, [{ hello: "from the hotel" }]);

	assert.equal(end.status, 0);
});

test("no position yet: none is said", async (t) => {
	const { asked } = await poll(t, [{ ...answer(1, 1, 1, [joined]),
		position: null }, answer(1, 1, 2)], { start: null });

	assert.deepEqual(asked, [{}, { presence_version: "1", answer: "1" }]);
});

test("our number again and nothing else: another has our sid", async (t) => {
	const { end, frames } = await poll(t, [answer(5, 3, 1, [joined]),
		answer(5, 3, 1), answer(5, 3, 2)]);

	assert.deepEqual([end.code, frames], ["replaced", ["room_joined"]]);
});
