// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Choice, GRACE, backoff, ended, grace, recoveredFor, rest,
	retryAfter } from "../../htdocs/js/transport.js";

const E1 = "0190000000000000", E2 = "0190000000000001";
const MINUTE = 60000;
const late = ended({ late: true });
const good = ended({ first: true, status: 200 });

test("waits: full jitter, doubled, within bounds", () => {
	assert.equal(backoff(1, 0, 0, 0), 20);
	assert.equal(backoff(1, 0, 0, 1), 520);
	assert.equal(backoff(2, 0, 0, 1), 1020);
	assert.equal(backoff(9, 29000, 0, 1), 2020);
	assert.equal(backoff(9, 31000, 0, 1), 30020);
	assert.equal(backoff(99, 1e9, 0, 1), 30020);
});

test("never sooner than the server asked for, and spread after it", () => {
	assert.equal(backoff(1, 0, 3000, 0), 3000);
	assert.equal(backoff(9, 31000, 3000, 1), 6000);
	assert.equal(backoff(1, 0, 3000, 1), 3500);
});

test("Retry-After", () => {
	assert.equal(retryAfter("7"), 7000);
	assert.equal(retryAfter("99999"), 60000);
	for (const none of [null, "", "soon", "-1", "1.5"])
		assert.equal(retryAfter(none), 0);
});

test("an announced end is no outage for a moment, any other is", () => {
	for (const code of ["life", "replaced", "shutdown", "slow", "ticket",
		"epoch"])
		assert.equal(grace(ended({ code })), GRACE);
	assert.equal(grace(ended({ code: "shutdown", wait: 1500 })),
	    GRACE + 1500);
	assert.ok(grace(ended({ code: "shutdown", wait: 60000 })) <= 4000);
	for (const code of ["", "down", "full", "starting"])
		assert.equal(grace(ended({ code })), 0);
	assert.equal(grace(ended({ first: true, status: 200,
		code: "down" })), 0);
});

test("a cut is shown before it is mended, not in a page that leaves", () => {
	assert.ok(grace(good) >= 100 && grace(good) < rest(good));
	assert.ok(rest(good) <= 500);
	assert.equal(grace({ ...good, silent: true }), 0);
	for (const code of ["life", "shutdown", "down"])
		assert.equal(rest({ ...good, code }), 0);
	assert.equal(rest(ended()), 0);
});

test("no first frame in time: poll, and the stream later", () => {
	const c = new Choice("auto", 0.5);

	assert.equal(c.pick(1000), "sse");
	assert.equal(c.ended("sse", late, 1000), true, "at once");
	assert.equal(c.pick(1000), "poll");
	assert.equal(c.pick(2 * MINUTE + 999), "poll");
	assert.equal(c.pick(2 * MINUTE + 1001), "sse");
});

test("each try of the stream that fails makes the next one rarer", () => {
	const c = new Choice("auto", 0.5);
	const waits = [];

	for (let n = 0, now = 0; n < 7; n++) {
		c.ended("sse", late, now);
		waits.push((c.until - now) / MINUTE);
		now = c.until;
	}
	assert.deepEqual(waits, [2, 4, 8, 16, 30, 30, 30]);
});

test("returns are spread", () => {
	const ends = [0, 1].map((random) => {
		const c = new Choice("auto", random);
		c.ended("sse", late, 0);
		return c.until / MINUTE;
	});

	assert.deepEqual(ends, [1.5, 2.5]);
});

test("a stream that lasts to its first ping clears the record", () => {
	const c = new Choice("auto");

	c.ended("sse", late, 0);
	c.proved();
	assert.deepEqual(c.memory, { until: 0, tries: 0 });
	assert.equal(c.pick(1), "sse");
});

test("several streams without a frame: poll", () => {
	const c = new Choice("auto");
	const none = ended({ status: 200 });

	assert.equal(c.ended("sse", none, 0), false);
	assert.equal(c.ended("sse", none, 0), false);
	assert.equal(c.pick(0), "sse");
	assert.equal(c.ended("sse", none, 0), true);
	assert.equal(c.pick(0), "poll");
});

test("a frame between them, or a refusal, starts the count anew", () => {
	for (const between of [good, ended({ status: 503 }),
		ended({ status: 502 }), ended({ status: 401 })]) {
		const c = new Choice("auto");
		for (let n = 0; n < 10; n++) {
			c.ended("sse", ended({ status: 200 }), 0);
			c.ended("sse", ended({ status: 200 }), 0);
			c.ended("sse", between, 0);
		}
		assert.equal(c.pick(0), "sse");
	}
});

test("no stream at that address: poll, and at once", () => {
	const c = new Choice("auto", 0.5);

	assert.equal(c.ended("sse", ended({ status: 404 }), 0), true);
	assert.equal(c.pick(2 * MINUTE - 1), "poll");
	assert.equal(c.pick(2 * MINUTE + 1), "sse");
});

test("streams that fall silent count, too", () => {
	const c = new Choice("auto");

	for (let n = 0; n < 3; n++)
		c.ended("sse", ended({ first: true, status: 200,
			silent: true }), 0);
	assert.equal(c.pick(0), "poll");
});

test("no network at all is not the stream's fault", () => {
	const c = new Choice("auto");

	for (let n = 0; n < 3; n++)
		c.ended("sse", ended(), 0);
	assert.equal(c.pick(0), "poll");
	c.ended("poll", ended(), 0);
	assert.equal(c.pick(0), "sse");
	assert.deepEqual(c.memory, { until: 0, tries: 0 });
});

test("where only polls get through, they go on", () => {
	const c = new Choice("auto");

	for (let n = 0; n < 3; n++)
		c.ended("sse", ended(), 0);
	c.ended("poll", ended({ first: true }), 0);
	assert.equal(c.pick(1), "poll");
});

test("chosen by hand: that, whatever happens", () => {
	for (const option of ["sse", "poll"]) {
		const c = new Choice(option);
		assert.equal(c.ended("sse", late, 0), false);
		assert.equal(c.pick(0), option);
	}
});

test("kept for the tab, rubbish left out", () => {
	const a = new Choice("auto", 0.5), b = new Choice("auto");

	a.ended("sse", late, 1000);
	b.remember(JSON.parse(JSON.stringify(a.memory)));
	assert.equal(b.pick(2000), "poll");
	assert.deepEqual(b.memory, a.memory);
	for (const bad of [null, "x", {}, { until: "1", tries: 1 },
		{ until: 1, tries: -1 }, { until: NaN, tries: 1 }]) {
		const c = new Choice("auto");
		c.remember(bad);
		assert.deepEqual(c.memory, { until: 0, tries: 0 });
	}
});

test("another tab's room_joined: whether its replay is enough for us", () => {
	const at = (n, e = E1) => `${e}:${n}`;
	const replay = { recovered: true, from: at(5), to: at(9) };

	assert.equal(recoveredFor(at(5), replay), true);
	assert.equal(recoveredFor(at(7), replay), true);
	assert.equal(recoveredFor(at(4), replay), false);
	assert.equal(recoveredFor(at(7, E2), replay), false);
	assert.equal(recoveredFor(null, replay), false);
	/* Without a replay only who is there already. */
	const now = { recovered: false, from: null, to: at(9) };
	assert.equal(recoveredFor(at(8), now), false);
	assert.equal(recoveredFor(at(9), now), true);
});
