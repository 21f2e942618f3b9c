// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { AWAY, IDLE, difference, mayMove, shiftOf, waitingWords }
	from "../../htdocs/js/calm.js";

const still = { editing: false, finger: false, over: false, row: false,
	keys: false, touch: false, quiet: 0 };
const none = () => false;

test("rows may move where no hand is", () => {
	assert.equal(mayMove(still), "yes");
});

test("nothing moves while an editor is open or a finger is down", () => {
	assert.equal(mayMove({ ...still, editing: true, quiet: AWAY }), "no");
	assert.equal(mayMove({ ...still, finger: true, quiet: AWAY }), "no");
});

test("mouse, finger and cursor keys hold what is in sight", () => {
	for (const what of ["over", "touch", "keys"]) {
		const hand = { ...still, [what]: true };
		assert.equal(mayMove(hand), "unseen", what);
		assert.equal(mayMove({ ...hand, quiet: IDLE - 1 }), "unseen");
		assert.equal(mayMove({ ...hand, quiet: IDLE }), "yes", what);
	}
});

test("a row under a resting mouse is held until nobody is there", () => {
	const hand = { ...still, over: true, row: true };

	assert.equal(mayMove({ ...hand, quiet: IDLE }), "around");
	assert.equal(mayMove({ ...hand, quiet: AWAY }), "yes");
});

test("what waits, counted", () => {
	assert.deepEqual(difference([1, 2, 3], [1, 2, 3], none),
	    { added: 0, unmatched: 0, deleted: 0, moved: 0 });
	assert.deepEqual(difference([1, 2, 3], [1, 9, 3, 8],
	    none), { added: 2, unmatched: 1, deleted: 0, moved: 0 });
	assert.deepEqual(difference([1, 2, 3, 4], [4, 7], (u) => u === 2),
	    { added: 1, unmatched: 2, deleted: 1, moved: 0 });
	assert.deepEqual(difference([], [5], none),
	    { added: 1, unmatched: 0, deleted: 0, moved: 0 });
});

test("moved are the fewest that must", () => {
	const list = [1, 2, 3, 4, 5, 6];

	assert.equal(difference(list, [6, 1, 2, 3, 4, 5], none).moved, 1);
	assert.equal(difference(list, [2, 1, 3, 4, 6, 5], none).moved, 2);
	assert.equal(difference(list, [6, 5, 4, 3, 2, 1], none).moved, 5);
	assert.deepEqual(difference(list, [9, 5, 1, 2, 3], none),
	    { added: 1, unmatched: 2, deleted: 0, moved: 1 });
});

test("what waits, in words", () => {
	const words = (added, unmatched, deleted, moved) =>
	    waitingWords({ added, unmatched, deleted, moved });

	assert.equal(words(0, 0, 0, 0), "");
	assert.equal(words(3, 2, 0, 0), "3 new, 2 no longer match");
	assert.equal(words(0, 1, 0, 0), "1 no longer matches");
	assert.equal(words(0, 0, 1, 4), "1 deleted, 4 moved");
	assert.equal(words(1, 2, 3, 4),
	    "1 new, 2 no longer match, 3 deleted, 4 moved");
});

test("what is out of sight leaves the rows in sight together", () => {
	const shown = [1, 2, 3, 4, 5, 6, 7];

	/* In sight: 3, 4, 5. */
	assert.equal(shiftOf(shown, [1, 2, 3, 4, 5, 7], 2, 4), 0);
	assert.equal(shiftOf(shown, [9, 1, 2, 3, 4, 5, 6, 7], 2, 4), 1);
	assert.equal(shiftOf(shown, [3, 4, 5, 6], 2, 4), -2);
	assert.equal(shiftOf(shown, [1, 2, 3, 9, 4, 5, 6], 2, 4), null);
	assert.equal(shiftOf(shown, [1, 2, 3, 5, 4, 6], 2, 4), null);
	assert.equal(shiftOf(shown, [1, 2, 4, 5, 6], 2, 4), null);
	assert.equal(shiftOf(shown, [4, 5, 6], 2, 4), null);
});

test("a list's start and end in sight stay its start and end", () => {
	const shown = [1, 2, 3, 4, 5];

	assert.equal(shiftOf(shown, [9, 1, 2, 3, 4, 5], 0, 2), null);
	assert.equal(shiftOf(shown, [1, 2, 3, 4, 5, 9], 0, 2), 0);
	assert.equal(shiftOf(shown, [1, 2, 3, 4, 5, 9], 2, 4), null);
	assert.equal(shiftOf(shown, [9, 1, 2, 3, 4, 5], 2, 4), 1);
	assert.equal(shiftOf([], [], 0, -1), 0);
	assert.equal(shiftOf([], [1], 0, -1), null);
});
