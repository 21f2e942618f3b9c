// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Tally } from "../../htdocs/js/tally.js";

const at = (n, epoch = "0123456789abcdef") => `${epoch}:${n}`;

function tally(...seqs)
{
	const t = new Tally();

	t.start(at(10));
	for (const n of seqs)
		t.got(at(n));
	return t;
}

test("all events, once and in order", () => {
	const t = tally(11, 12, 13);

	assert.equal(t.words(), "0 missed, 0 repeated, 0 out of order");
	assert.equal(t.received, 3);
	assert.equal(t.position, at(13));
	assert.equal(t.behind(at(13)), false);
	assert.equal(t.behind(at(14)), true);
});

test("a hole is missed until it is filled", () => {
	const t = tally(11, 14);

	assert.equal(t.missed, 2);
	assert.equal(t.behind(at(14)), true);
	t.got(at(12));
	assert.equal(t.words(), "1 missed, 0 repeated, 1 out of order");
	t.got(at(13), true);
	assert.equal(t.words(), "0 missed, 0 repeated, 1 out of order");
	assert.deepEqual([t.received, t.caught], [3, 1]);
});

test("a repeat is counted, but not one from the change log", () => {
	const t = tally(11, 12, 12, 11);

	assert.equal(t.repeated, 2);
	t.got(at(12), true);
	assert.equal(t.repeated, 2);
});

test("another history begins anew", () => {
	const t = tally(11, 15);

	t.got(at(3, "fedcba9876543210"));
	assert.equal(t.words(), "0 missed, 0 repeated, 0 out of order");
	assert.equal(t.epochs, 1);
	t.got(at(4, "fedcba9876543210"));
	assert.equal(t.missed, 0);
});

test("a hole of any size stays within bounds", () => {
	const t = tally(11, 1000012);

	assert.equal(t.missed, 1000000);
	assert.ok(t.holes.size <= 10000);
});

test("what is no position is nothing", () => {
	const t = tally();

	t.got("");
	t.got("x:1");
	t.start(null);
	assert.equal(t.position, "");
	t.got(at(5));
	assert.equal(t.missed, 0);
});
