// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { People, fitting, safeColor } from "../../htdocs/js/people.js";

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
	p.joined(entry("s1", ben));
	p.joined(entry("s5", { ...ben, state: "away" }));
	assert.equal(away(), false);
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

	p.replace([entry("me")], { count: 140 });
	assert.equal(p.count(), 140);
	p.joined(entry("s9", { user_id: 9 }));
	assert.equal(p.count(), 141);
	p.left({ sid: "s9" });
	assert.equal(p.count(), 140);
});

test("while the relay settles, absent ones stay", () => {
	const p = room(entry("s2", { user_id: 2, username: "ben" }));

	p.replace([entry("me")], { settling: true });
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

test("a crowd: I am in the list though the relay's is cut short", () => {
	const p = new People();

	p.seated({ sid: "me", user: { user_id: 7, username: "ana", name: "",
		color: "#112233" } });
	p.replace(Array.from({ length: 100 }, (_, n) => entry(`s${n}`,
	    { user_id: 100 + n, username: `u${n}` })),
	{ count: 1000, more: true });
	assert.equal(p.count(), 1000);
	assert.deepEqual([p.persons()[0].me, p.persons()[0].name],
	    [true, "ana"]);
	assert.equal(p.persons().length, 101);
});

test("a crowd: joins and leaves of those not listed are counted", () => {
	const p = room();

	p.replace([entry("me")], { count: 500, more: true });
	p.left({ sid: "far", last: true });
	p.left({ sid: "far2", last: false });
	assert.equal(p.count(), 499);
	p.joined(entry("s5", { user_id: 5, first: true }));
	p.joined(entry("s6", { user_id: 6, first: false }));
	assert.equal(p.count(), 500);
	p.cursor({ sid: "s7", user_id: 7, username: "gus", color: "#123456",
		editing_row: "A-1", mode: "select" });
	assert.equal(p.marks().get("A-1")?.[0].name, "gus");
	assert.equal(p.count(), 500);
});

test("a crowd: pages read on demand fill the list, and go again", () => {
	const p = room();
	const page = (from) => Array.from({ length: 100 }, (_, n) =>
	    entry(`s${from + n}`, { user_id: from + n + 10 }));

	p.replace([entry("me"), ...page(0)], { count: 301, more: true });
	p.read(page(50));
	p.read(page(200));
	assert.equal(p.persons(true).length, 251);
	assert.equal(p.persons().length, 101);
	p.left({ sid: "s220", last: true });
	assert.equal(p.persons(true).length, 250);
	assert.equal(p.count(), 300);
	p.joined(entry("s221", { user_id: 231 }));
	assert.equal(p.persons(true).length, 250);
	assert.equal(p.count(), 300, "it was counted already");
	p.unread();
	assert.equal(p.persons(true).length, 102);
});

test("three tabs are one person, who is where the last move was", () => {
	const ben = { user_id: 2, username: "ben" };
	const p = room(entry("s2", ben), entry("s3", ben), entry("s4", ben));

	p.cursor({ sid: "s3", editing_row: "A-1", editing_field: "quantity",
		mode: "edit" });
	p.cursor({ sid: "s2", editing_row: "A-2", editing_field: "quantity",
		mode: "hover" });
	assert.equal(p.persons().length, 2);
	assert.deepEqual((({ row, field, mode }) => [row, field, mode])(
	    p.persons()[1]), ["A-2", "", "hover"]);
	p.left({ sid: "s2" });
	assert.equal(p.persons()[1].row, "A-1");
	p.left({ sid: "s3" });
	assert.equal(p.persons()[1].row, "");
	p.left({ sid: "s4" });
	assert.equal(p.count(), 1);
});

test("everybody keeps their place, in whatever order a list comes", () => {
	const names = (p) => p.persons().map((x) => x.name).join(" ");
	const u = (n) => entry(`s${n}`, { user_id: n, username: `u${n}` });
	const p = room(u(2), u(3), u(4));

	p.replace([u(4), u(3), entry("me"), u(5), u(2)]);
	assert.equal(names(p), "ana u2 u3 u4 u5");
	p.left({ sid: "s3" });
	p.joined(u(3));
	assert.equal(names(p), "ana u2 u4 u5 u3");
});

test("as many avatars as fit, one in any case", () => {
	const need = { first: 30, next: 20, more: 40 };

	assert.equal(fitting(0, 500, need), 0);
	assert.equal(fitting(3, 70, need), 3);
	assert.equal(fitting(3, 69, need), 1);
	assert.equal(fitting(4, 89, need), 1);
	assert.equal(fitting(4, 90, need), 4);
	assert.equal(fitting(30, 210, need), 8);
	assert.equal(fitting(30, 0, need), 1);
	assert.equal(fitting(5, 109, need), 2);
});
