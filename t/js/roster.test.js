// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Roster } from "../../htdocs/js/roster.js";

const E1 = "0190000000000000", E2 = "0190000000000001";
const at = (n, e = E1) => `${e}:${n}`;
const user = (sid, more) => ({ sid, user_id: 1, username: sid, ...more });
const lease = (row, field, sid) => ({ row, field, sid, expires_in: 20000 });

/** A roster that was told of a room. */
function room(more)
{
	const r = new Roster();

	r.take("room_joined", { room: "r", count: 1, recovered: true,
		from: at(3), to: at(5), settling: true, build: "1",
		presence_version: 7, users: [user("a")],
		leases: [lease("X", null, "a")], ...more }, "");
	return r;
}

const sids = (r) => r.snapshot().users.map((u) => u.sid);
const rows = (r) => r.snapshot().leases.map((l) => `${l.row} ${l.field}`);

test("nothing is known before the room", () => {
	assert.equal(new Roster().snapshot(), null);
});

test("a snapshot is a room_joined as it would be now", () => {
	const r = room();

	r.take("user_joined", user("b", { first: true, version: 8 }), "");
	r.take("inventory_changed", {}, at(6));
	assert.deepEqual(r.snapshot(), { room: "r", count: 2,
		recovered: false, from: null, to: at(6), position: at(6),
		settling: true, build: "1", presence_version: 8,
		users: [user("a"), user("b", { first: true, version: 8 })],
		leases: [lease("X", null, "a")] });
});

test("who comes, goes and moves", () => {
	const r = room();

	r.take("user_joined", user("b", { first: true }), "");
	r.take("user_joined", user("c", { first: false }), "");
	r.take("user_left", { sid: "a", last: true }, "");
	assert.deepEqual([sids(r), r.count], [["b", "c"], 1]);
	r.take("cursors", [{ sid: "b", editing_row: "X", mode: "edit" },
		{ sid: "nobody", editing_row: "X" }], "");
	assert.equal(r.users.get("b").editing_row, "X");
	assert.equal(r.users.get("b").username, "b");
	assert.equal(r.users.size, 2);
});

test("a whole list replaces what was known, a part of one does not", () => {
	const r = room();

	r.take("presence_update", { users: [user("b")], more: true }, "");
	assert.deepEqual(sids(r), ["a", "b"]);
	r.take("presence_update", { users: [user("c")], count: 1,
		version: 9 }, "");
	assert.deepEqual(sids(r), ["c"]);
	assert.equal(r.snapshot().settling, false);
	assert.equal(r.snapshot().presence_version, 9);
	r.take("room_joined", { users: [user("d")], more: true }, "");
	assert.deepEqual(sids(r), ["d"]);
});

test("leases come and go by row and field", () => {
	const r = room();

	r.take("lease_changed", { action: "taken", from: null, version: 8,
		...lease("Y", "name", "b") }, "");
	assert.deepEqual(rows(r), ["X null", "Y name"]);
	r.take("lease_changed", { action: "stolen",
		...lease("X", "name", "b") }, "");
	assert.deepEqual(rows(r), ["Y name", "X name"]);
	r.take("lease_changed", { action: "expired",
		...lease("Y", "name", "a") }, "");
	assert.equal(r.leases.size, 2, "another's");
	r.take("lease_changed", { action: "expired",
		...lease("Y", "name", "b") }, "");
	r.take("lease_changed", { action: "released",
		...lease("X", "name", "b") }, "");
	assert.deepEqual(rows(r), []);
});

test("the log only goes on, but for another history", () => {
	const r = room();

	r.take("ping", { position: at(4) }, "");
	assert.equal(r.position, at(5));
	r.take("ping", { position: at(9) }, "");
	assert.equal(r.position, at(9));
	r.take("inventory_changed", {}, at(1, E2));
	assert.equal(r.position, at(1, E2));
	r.take("ping", { position: null }, "");
	assert.equal(r.position, at(1, E2));
});
