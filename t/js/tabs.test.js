// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { OPEN_TABS, mustRest } from "../../htdocs/js/tabs.js";

test("the tabs used last keep their streams, the others rest", () => {
	const used = new Map([...Array(10).keys()].map((n) => [`t${n}`, n]));
	const open = [...used.keys()].filter((id) => !mustRest(id, used));

	assert.deepEqual(open, ["t6", "t7", "t8", "t9"]);
	used.set("t0", 99);
	assert.equal(mustRest("t0", used), false);
	assert.equal(mustRest("t6", used), true);
});

test("used at the same moment: still so many, and no more", () => {
	const used = new Map([...Array(9).keys()].map((n) => [`t${n}`, 5]));

	const awake = [...used.keys()].filter((id) => !mustRest(id, used));

	assert.equal(awake.length, OPEN_TABS);
});

test("one that is alone never rests", () => {
	assert.equal(mustRest("me", new Map([["me", 1]])), false);
	assert.equal(mustRest("me", new Map()), false);
});
