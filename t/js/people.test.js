// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { People, safeColor } from "../../htdocs/js/people.js";

const entry = (sid, more = {}) => ({ sid, user_id: 1, username: "ana",
	name: "", color: "#FF6B6B", state: "active", cursor_position: null,
	editing_row: null, editing_field: null, mode: null, ...more });

function room(...entries)
{
	const p = new People();

	p.sid = "me";
	p.replace([entry("me"), ...entries]);
	return p;
}

test("people are counted by user and name, not by tab", () => {
	const p = room(entry("s2"),
	    entry("s3", { user_id: 2, username: "ben" }),
	    entry("s4", { name: "Counter" }),
	    entry("s5", { name: "Counter" }));

	assert.equal(p.count(), 3);
	assert.deepEqual(p.persons().map((x) => [x.name, x.me]),
	    [["ana", true], ["ben", false], ["Counter", false]]);
});

test("somebody is away only when all of the tabs are", () => {
	const ben = { user_id: 2, username: "ben" };
	const p = room(entry("s2", { ...ben, state: "away" }),
	    entry("s3", ben));
	const away = () => p.persons().find((x) => x.name === "ben")?.away;

	assert.equal(away(), false);
	p.left({ sid: "s3" });
	assert.equal(away(), true);
});

test("joining and leaving", () => {
	const p = room();

	p.joined(entry("s2", { user_id: 2, username: "ben" }));
	assert.equal(p.count(), 2);
	p.left({ sid: "s2" });
	p.left({ sid: "s2" });
	assert.equal(p.count(), 1);
});

test("a list that is cut short keeps the relay's count", () => {
	const p = room();

	p.replace([entry("me")], 140);
	assert.equal(p.count(), 140);
	p.joined(entry("s9", { user_id: 9 }));
	assert.equal(p.count(), 141);
	p.left({ sid: "s9" });
	assert.equal(p.count(), 140);
});

test("while the relay settles, absent ones stay", () => {
	const p = room(entry("s2", { user_id: 2, username: "ben" }));

	p.replace([entry("me")], 0, true);
	assert.equal(p.count(), 2);
	p.replace([entry("me")]);
	assert.equal(p.count(), 1);
});

test("others are marked on rows, those who edit first; I am not", () => {
	const p = room(entry("s2", { user_id: 2, username: "ben" }),
	    entry("s3", { user_id: 3, username: "cy", editing_row: "A-1",
		mode: "hover" }));

	p.cursor({ sid: "me", editing_row: "A-1", editing_field: null,
		mode: "hover" });
	p.cursor({ sid: "s2", editing_row: "A-1", editing_field: "quantity",
		mode: "edit" });
	assert.deepEqual(p.marks().get("A-1")?.map((m) =>
	    [m.name, m.mode, m.field]),
	[["ben", "edit", "quantity"], ["cy", "hover", ""]]);
	assert.deepEqual(p.editing(), [{ name: "ben", field: "quantity",
		sku: "A-1" }]);
	p.cursor({ sid: "s2", editing_row: null, editing_field: null,
		mode: "hover" });
	assert.equal(p.marks().get("A-1")?.length, 1);
	p.cursor({ sid: "nobody", editing_row: "A-1" });
	assert.equal(p.marks().get("A-1")?.length, 1);
});

test("a colour that is none becomes grey", () => {
	assert.equal(safeColor("#4ecdc4"), "#4ecdc4");
	for (const bad of ["red", "#fff", "#12345g", "url(x)", null,
		"#123456;x"])
		assert.equal(safeColor(bad), "#98a2b3");
});
