// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Sync, parsePosition } from "../../htdocs/js/sync.js";

const E1 = "0190000000000000", E2 = "0190000000000001";
const ev = (seq) => ({ seq });
const seqs = (r) => r.apply.map((e) => e.seq);

test("positions", () => {
	assert.deepEqual(parsePosition(`${E1}:17`), { epoch: E1, seq: 17 });
	for (const bad of ["", null, "17", `${E1}:`, `${E1}:-1`, `x${E1}:1`,
		`${E1}:1x`, E1])
		assert.equal(parsePosition(bad), null);
});

test("events before the pages wait, and start at the first page", () => {
	const s = new Sync();

	for (const n of [4, 5, 6, 7])
		assert.deepEqual(seqs(s.offer(E1, ev(n))), []);
	assert.deepEqual(seqs(s.start(`${E1}:5`)), [6, 7]);
	assert.equal(s.position, `${E1}:7`);
});

test("lower ones are dropped, the next is applied", () => {
	const s = new Sync();

	s.start(`${E1}:5`);
	assert.deepEqual(s.offer(E1, ev(5)),
	    { apply: [], gap: false, epoch: false });
	assert.deepEqual(seqs(s.offer(E1, ev(6))), [6]);
	assert.deepEqual(seqs(s.offer(E1, ev(6))), []);
});

test("a gap is told, and closed in order", () => {
	const s = new Sync();

	s.start(`${E1}:5`);
	const r = s.offer(E1, ev(8));
	assert.deepEqual([seqs(r), r.gap], [[], true]);
	assert.deepEqual(seqs(s.offer(E1, ev(6))), [6]);
	assert.deepEqual(seqs(s.offer(E1, ev(7))), [7, 8]);
	assert.equal(s.position, `${E1}:8`);
});

test("another history holds everything until it was read", () => {
	const s = new Sync();

	s.start(`${E1}:5`);
	s.offer(E1, ev(9));
	assert.equal(s.offer(E2, ev(2)).epoch, true);
	assert.equal(s.ready, false);
	assert.equal(s.offer(E2, ev(3)).epoch, false);
	assert.deepEqual(seqs(s.start(`${E2}:1`)), [2, 3]);
	assert.equal(s.position, `${E2}:3`);
});

test("events of the old history do not survive the start of a new", () => {
	const s = new Sync();

	s.offer(E1, ev(2));
	assert.deepEqual(seqs(s.start(`${E2}:1`)), []);
});

test("a server's position shows a hole, and another history", () => {
	const s = new Sync();

	assert.equal(s.compare(`${E1}:5`), "unknown");
	s.start(`${E1}:5`);
	assert.equal(s.compare(`${E1}:5`), "same");
	assert.equal(s.compare(`${E1}:4`), "same");
	assert.equal(s.compare(`${E1}:6`), "behind");
	assert.equal(s.compare(`${E2}:1`), "epoch");
	assert.equal(s.compare("rubbish"), "unknown");
	assert.throws(() => s.start("rubbish"));
});

test("the buffer is bounded; what did not fit shows as a gap", () => {
	const s = new Sync();

	s.start(`${E1}:0`);
	for (let n = 2; n < 7000; n++)
		s.offer(E1, ev(n));
	assert.ok(s.buffer.size <= 5000);
	s.offer(E1, ev(1));
	const r = s.offer(E1, ev(7000));
	assert.equal(r.gap, true);
});

test("told, before the pages are there, how far the log has come", () => {
	const s = new Sync();

	assert.equal(s.compare(`${E1}:8`), "unknown");
	assert.equal(s.compare(`${E1}:6`), "unknown");
	assert.equal(s.start(`${E1}:5`).gap, true, "what is not there yet");
	s.hold();
	assert.equal(s.start(`${E1}:5`).gap, false, "is asked for once");
	s.hold();
	s.compare(`${E1}:8`);
	assert.equal(s.start(`${E1}:8`).gap, false);
	s.hold();
	s.compare(`${E2}:9`);
	assert.equal(s.start(`${E1}:8`).gap, false, "another history");
});
