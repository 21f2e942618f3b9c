// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeTime } from "./fake-time.js";
import { Standing } from "../../htdocs/js/standing.js";

let time;

/** @param {any} t @returns {any} and what it has shown */
function standing(t)
{
	const shown = [], by = [];

	time = fakeTime(t, 5000);
	return Object.assign(new Standing({ state: (s) => shown.push(s),
		transport: (name) => by.push(name), changed: () => {} }),
	{ shown, names: by });
}

test("connecting, live, offline and back", (t) => {
	const s = standing(t);

	s.become("connecting");
	s.live("sse");
	s.lose(0);
	s.live("poll");
	assert.deepEqual(s.shown, ["connecting", "live", "offline", "live"]);
	assert.deepEqual(s.names, ["sse", "", "poll"]);
});

test("an end that is over within its grace is not shown", (t) => {
	const s = standing(t);

	s.live("sse");
	s.lose(2000);
	assert.equal(s.liveAt, 0);
	time.tick(1999);
	s.live("sse");
	time.tick(9000);
	assert.deepEqual(s.shown, ["live"]);
});

test("one that lasts is", (t) => {
	const s = standing(t);

	s.live("sse");
	s.lose(2000);
	time.tick(1500);
	s.lose(2000);
	time.tick(500);
	assert.deepEqual(s.shown, ["live", "offline"], "no second grace");
	assert.equal(s.since, 7000);
	time.tick(700);
	assert.equal(s.outage, 700);
});

test("real trouble is shown at once, within a grace too", (t) => {
	const s = standing(t);

	s.live("sse");
	s.lose(2000);
	s.lose(0);
	assert.deepEqual(s.shown, ["live", "offline"]);
});

test("a grace does not make connecting of offline, nor the reverse", (t) => {
	const s = standing(t);

	s.become("connecting");
	s.lose(2000);
	time.tick(5000);
	s.lose(0);
	s.lose(2000);
	time.tick(5000);
	assert.deepEqual(s.shown, ["connecting", "offline"]);
});

test("stopped: nothing more is shown", (t) => {
	const s = standing(t);

	s.follow();
	s.lose(2000);
	s.stop();
	time.tick(5000);
	assert.deepEqual([s.shown, s.names], [["live"], ["tab"]]);
	s.reset();
	assert.deepEqual([s.state, s.transport], ["", ""]);
});
