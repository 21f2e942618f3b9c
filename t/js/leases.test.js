// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { LeaseBook, Leases, RENEW, RETRY, excludes }
	from "../../htdocs/js/leases.js";

const lease = (sid, row, field, more = {}) => ({ sid, row, field,
	user_id: sid.charCodeAt(0), username: sid, color: "#112233", ...more });
const turn = () => new Promise((r) => setImmediate(r));

/** A page with sid "me"; answers come in their order, else 200. */
function make(...answers)
{
	const calls = [], told = [], stolen = [], timers = [];
	const l = new Leases({
		sid: () => "me",
		call: async (action, row, field) => {
			calls.push(`${action} ${row} ${field}`);
			return answers.shift() ?? { status: action ===
			    "release" ? 204 : 200, doc: null };
		},
		told: () => told.push([l.held, l.holder?.sid ?? null, l.lost]),
		stolen: (by) => stolen.push(by.sid),
		clock: {
			now: () => 0,
			set: (fn, ms) => timers.push({ fn, ms }),
			clear: () => timers.splice(0),
		},
	});
	return { l, calls, told, stolen, timers };
}

const held = (sid) => ({ status: 423,
	doc: { holder: lease(sid, "A", "notes") } });

test("a row's lease excludes its fields', and the other way round", () => {
	assert.ok(excludes({ row: "A", field: null },
	    { row: "A", field: "notes" }));
	assert.ok(excludes({ row: "A", field: "notes" },
	    { row: "A", field: null }));
	assert.ok(!excludes({ row: "A", field: "notes" },
	    { row: "A", field: "unit" }));
	assert.ok(!excludes({ row: "A", field: null },
	    { row: "B", field: null }));
});

test("the book follows the relay", () => {
	const b = new LeaseBook();

	b.replace([lease("x", "A", "notes"), lease("y", "B", null)]);
	assert.equal(b.holder({ row: "A", field: "notes" }, "me").sid, "x");
	assert.equal(b.holder({ row: "A", field: "unit" }, "me"), null);
	assert.equal(b.holder({ row: "B", field: "unit" }, "me").sid, "y");
	assert.equal(b.holder({ row: "B", field: "unit" }, "y"), null);
	b.apply({ ...lease("z", "A", null), action: "stolen" });
	assert.equal(b.holder({ row: "A", field: "notes" }, "me").sid, "z");
	b.apply({ ...lease("x", "A", null), action: "released" });
	assert.equal(b.holder({ row: "A", field: "unit" }, "me").sid, "z");
	b.apply({ ...lease("z", "A", null), action: "expired" });
	assert.equal(b.holder({ row: "A", field: "unit" }, "me"), null);
	b.replace([]);
	assert.equal(b.all.size, 0);
});

test("a lease is the truth, a cursor only a hint", () => {
	const b = new LeaseBook();
	const mark = (sid, mode, field) => ({ sid, name: sid, color: "#445566",
		mode, field, turn: 3 });
	const marks = new Map([
		["A", [mark("x", "hover", ""), mark("y", "edit", "notes")]],
		["B", [mark("y", "edit", "unit")]],
	]);

	b.replace([lease("x", "A", "notes"), lease("q", "C", "unit"),
		lease("me", "B", "unit")]);
	const joined = b.join(marks, "me");
	assert.deepEqual(joined.get("A").map((m) => [m.sid, m.mode, m.field]),
	    [["x", "edit", "notes"], ["y", "select", "notes"]]);
	assert.equal(joined.get("A")[0].color, "#445566");
	assert.deepEqual(joined.get("B"), marks.get("B"));
	assert.deepEqual(joined.get("C").map((m) => [m.sid, m.mode, m.field]),
	    [["q", "edit", "unit"]]);
	assert.equal(marks.get("A")[1].mode, "edit", "the cursors stay");
});

test("taken, renewed every eight seconds, released", async () => {
	const { l, calls, timers } = make();

	l.open("A", "notes");
	await turn();
	assert.ok(l.held);
	assert.equal(timers[0].ms, RENEW);
	assert.ok(RENEW < 10000, "twice within its 20 s");
	timers[0].fn();
	await turn();
	l.close();
	await turn();
	assert.deepEqual(calls, ["take A notes", "renew A notes",
		"release A notes"]);
});

test("closed before the answer: let go when it comes", async () => {
	const { l, calls } = make();

	l.open("A", "notes");
	l.close();
	await turn();
	assert.deepEqual(calls, ["take A notes", "release A notes"]);
	assert.equal(l.held, false);
});

test("held by another: says who; taken as soon as it is free", async () => {
	const { l, calls, told } = make(held("x"));

	l.open("A", "notes");
	await turn();
	assert.deepEqual(told.at(-1), [false, "x", false]);
	l.frame("lease_changed", { ...lease("x", "A", "notes"),
		action: "released", from: null });
	await turn();
	assert.deepEqual(told.at(-1), [true, null, false]);
	assert.deepEqual(calls, ["take A notes", "take A notes"]);
});

test("taking over", async () => {
	const { l, calls, told } = make(held("x"));

	l.open("A", "notes");
	await turn();
	l.steal();
	await turn();
	assert.deepEqual(calls, ["take A notes", "steal A notes"]);
	assert.deepEqual(told.at(-1), [true, null, false]);
});

test("stolen: told once, and not taken back by itself", async () => {
	const { l, calls, told, stolen, timers } = make(undefined, held("x"));

	l.open("A", "notes");
	await turn();
	l.frame("lease_changed", { ...lease("x", "A", "notes"),
		action: "stolen", from: { sid: "me" } });
	assert.deepEqual(stolen, ["x"]);
	assert.deepEqual(told.at(-1), [false, "x", true]);
	timers[0].fn();
	await turn();
	assert.deepEqual(calls, ["take A notes"], "never \"steal\"");
	assert.deepEqual(told.at(-1), [false, "x", true]);
});

test("a relay that begins anew: taken again", async () => {
	const { l, calls } = make();

	l.open("A", "notes");
	await turn();
	l.frame("room_joined", { users: [], leases: [] });
	await turn();
	assert.deepEqual(calls, ["take A notes", "take A notes"]);
	l.frame("presence_update", { users: [], leases: [] });
	await turn();
	assert.equal(calls.length, 2, "the list alone changes nothing");
});

test("a whole list stands for a steal that was left out", async () => {
	const { l, calls, told, stolen } = make();

	l.open("A", "notes");
	await turn();
	l.frame("presence_update", { users: [],
		leases: [lease("x", "A", null)] });
	assert.deepEqual(stolen, ["x"]);
	assert.deepEqual(told.at(-1), [false, "x", true]);
	l.frame("presence_update", { users: [], leases: [] });
	await turn();
	assert.deepEqual(calls, ["take A notes", "take A notes"]);
	assert.ok(l.held);
});

test("no answer: typing goes on, and it is tried again, soon", async () => {
	const none = { status: 0, doc: null }, bad = { status: 502, doc: null };
	/* The ticket is void, and another one on its way. */
	const old = { status: 401, doc: null };
	const { l, calls, timers } = make(none, bad, old, bad, none,
	    undefined, none);
	const next = async () => {
		const [{ fn, ms }] = timers;

		fn();
		await turn();
		return ms;
	};

	l.open("A", "notes");
	await turn();
	assert.equal(l.holder, null);
	for (const wait of [1, 2, 4, 8, 8])
		assert.equal(await next(), wait * RETRY);
	assert.deepEqual(calls, Array(6).fill("take A notes"));
	assert.ok(l.held);
	assert.equal(await next(), RENEW, "answered");
	assert.equal(await next(), RETRY, "from the start again");
});
