// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcer, GAP } from "../../htdocs/js/announce.js";
import { FakeClock } from "./fake-clock.js";

function announcer()
{
	const clock = new FakeClock(), said = [];

	return { clock, said, a: new Announcer(clock, (text) =>
	    said.push([clock.now(), text])) };
}

test("the first message is said at once, the next 5 s later", () => {
	const { clock, said, a } = announcer();

	a.polite("one");
	clock.go(0);
	assert.deepEqual(said, [[1000, "one."]]);
	clock.go(1000);
	a.polite("two");
	clock.go(GAP - 1001);
	assert.equal(said.length, 1);
	clock.go(1);
	assert.deepEqual(said[1], [1000 + GAP, "two."]);
	clock.go(60000);
	a.polite("three");
	clock.go(0);
	assert.equal(said.length, 3);
});

test("whatever comes, at most one message in 5 s", () => {
	const { clock, said, a } = announcer();

	for (let n = 0; n < 300; n++) {
		a.polite(`change ${n}`, `change ${n % 7}`);
		clock.go(100);
	}
	clock.go(GAP);
	for (let n = 1; n < said.length; n++)
		assert.ok(said[n][0] - said[n - 1][0] >= GAP);
	assert.ok(said.length >= 6 && said.length <= 8);
});

test("of a kind the newest is said, and of many only some", () => {
	const { clock, said, a } = announcer();

	a.polite("ana changed A-1", "ana");
	a.polite("ana changed 2 items", "ana");
	clock.go(0);
	assert.equal(said[0][1], "ana changed 2 items.");
	for (const who of ["ben", "cy", "di", "ed", "flo"])
		a.polite(`${who} changed A-1`, who);
	clock.go(GAP);
	assert.equal(said[1][1], "ben changed A-1. cy changed A-1. " +
	    "di changed A-1. 2 more messages.");
});

test("what is taken back is not said", () => {
	const { clock, said, a } = announcer();

	a.polite("now");
	clock.go(0);
	a.polite("ben changed A-1", "change ben");
	a.polite("it is saved");
	a.drop("change ");
	clock.go(GAP);
	assert.deepEqual(said.map((s) => s[1]), ["now.", "it is saved."]);
});
