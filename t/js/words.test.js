// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import * as words from "../../htdocs/js/words.js";

test("a typed quantity is read in thousandths", () => {
	for (const [text, milli] of [
		["0", 0], ["7", 7000], ["1840", 1840000], ["1,840", 1840000],
		["1,840.5", 1840500], ["1.840,5", 1840500], ["12,5", 12500],
		["0,125", 125], [" 1 840.250 ", 1840250], ["+3", 3000],
		[".5", 500], ["5.", 5000], ["2.5000", 2500],
		["1,234,567", 1234567000], ["999999999.999", 999999999999],
	])
		assert.equal(words.parseMilli(text), milli, text);
});

test("what is no quantity is refused", () => {
	for (const text of ["", " ", "x", "-1", "1e3", "1.2345", "1.2.3", ".",
		"1000000000", "0x10", "NaN", "Infinity", "1,2,3"])
		assert.equal(words.parseMilli(text), null, text);
});

test("a quantity is printed with thousands apart and no spare zeros", () => {
	for (const [n, text] of [[0, "0"], [1840, "1,840"], [0.5, "0.5"],
		[12.25, "12.25"], [1234567.125, "1,234,567.125"],
		[999999999.999, "999,999,999.999"], [-5, "−5"],
		[0.1 + 0.2, "0.3"], [null, "0"], [undefined, "0"]])
		assert.equal(words.formatNumber(n), text);
	assert.equal(words.plainNumber(1234.5), "1234.5");
	assert.equal(words.plainNumber(-2), "-2");
});

test("what is printed is read back as the same number", () => {
	for (const milli of [0, 1, 10, 999, 1000, 1234567, 100000,
		999999999999])
		assert.equal(words.parseMilli(words.formatNumber(milli / 1000)),
		    milli);
});

test("values are shown on one line, short, and never as nothing", () => {
	assert.equal(words.formatValue(""), "empty");
	assert.equal(words.formatValue(null), "empty");
	assert.equal(words.formatValue("a\n b"), "a b");
	assert.equal(words.formatValue(1500), "1,500");
	assert.equal(words.formatValue("1,5x"), "1,5x");
	assert.equal(words.formatValue("x".repeat(100)).length, 60);
	assert.equal(words.formatValue("\u{1f600}".repeat(100)),
	    "\u{1f600}".repeat(59) + "…", "no half of a character");
});

test("a text in a sentence turns nothing but itself", () => {
	for (const same of ["", "ana", "é ß 愛 \u{1f600}", "a (b) → c"])
		assert.equal(words.isolate(same), same);
	const around = (/** @type {string} */ t) => `\u2068${t}\u2069`;
	for (const [text, inside] of [["אבג", "אבג"],
		["a\u202eb", "a\u202eb"], ["\u200fa", "\u200fa"],
		["a\u2069b\u202ec", "ab\u202ec"],
		["\u2069\u2069", ""], ["\u2067a", "\u2067a\u2069"],
		["\u2066\u2067a\u2069\u2069\u2069b",
			"\u2066\u2067a\u2069\u2069b"],
		["\u202ea\u2029b\u2028c", "\u202ea b c"]])
		assert.equal(words.isolate(text), around(inside));
	const ev = { seq: 1, user_id: 1, username: "\u202eana", sku: "S",
		update_type: "edit", version: 1, timestamp: "", source: "api",
		reason: "\u202eno",
		changes: [{ field: "f", old_value: "\u202ea",
			new_value: "\u2069b" }] };
	const p = words.changeWords(ev, () =>
	    ({ label: "\u202eL", type: "text" }));
	assert.equal(p.before, `${around("\u202eana")} updated ` +
	    `${around("\u202eL")} for `);
	assert.equal(p.detail, `${around("\u202ea")} → ${around("b")} · ` +
	    around("\u202eno"));
	assert.equal(words.personTitle({ name: "\u202ea", me: true,
		away: false }), `${around("\u202ea")} (you)`);
});

test("initials", () => {
	for (const [name, letters] of [["ana", "AN"], ["Ben Miller", "BM"],
		["ana (label printer)", "AN"], ["(x)", "X"],
		["é", "É"], ["", "?"],
		["x-y", "XY"], ["łukasz", "ŁU"]])
		assert.equal(words.initials(name), letters, name);
});

test("users are counted in words", () => {
	assert.equal(words.usersOnline(1), "1 user online");
	assert.equal(words.usersOnline(2), "2 users online");
	assert.equal(words.usersOnline(0), "0 users online");
});

test("how long ago", () => {
	const now = Date.parse("2026-05-01T12:00:00.000Z");
	for (const [at, text] of [
		["2026-05-01T11:59:30.000Z", "now"],
		/* their clock is ahead */
		["2026-05-01T12:00:20.000Z", "now"],
		["2026-05-01T11:54:00.000Z", "6 min"],
		["2026-05-01T07:00:00.000Z", "5 h"],
		["2026-04-29T12:00:00.000Z", "2 d"],
		["2026-01-20T12:00:00.000Z", "3 mo"],
		["2024-02-20T12:00:00.000Z", "2 y"], ["", ""]])
		assert.equal(words.ago(at, now), text);
});

test("the bar's right side", () => {
	assert.equal(words.activity([]), null);
	assert.deepEqual(words.activity([
		{ name: "ben", field: "Quantity", sku: "A-1" },
		{ name: "ana", field: "Name", sku: "A-2" }]),
	{ name: "ben", what: " is editing Quantity of ", sku: "A-1", more: 1 });
	assert.equal(words.activity([{ name: "ben", field: "", sku: "A" }])
	    ?.what, " is editing ");
});

const label = (name) => ({ label: { quantity: "Quantity", sku: "SKU",
	qty_ordered: "Ordered", name: "Name" }[name] ?? name,
	type: name === "quantity" ? "number" : "text" });

/** The toast of an event, in one line. */
function toast(ev)
{
	const p = words.changeWords({ username: "ana", sku: "SKU-0042",
		source: "api", changes: [], ...ev }, label);

	return `${p.before}${p.sku}${p.after} | ${p.detail}`;
}

test("the toast of a change says who, what, which, old and new", () => {
	const quantity = { field: "quantity", old_value: 300, new_value: 1350 };

	assert.equal(toast({ update_type: "edit", changes: [quantity] }),
	    "ana updated quantity for SKU-0042 | 300 → 1,350");
	assert.equal(toast({ update_type: "adjust", reason: "sale",
		changes: [{ ...quantity, new_value: 295 }] }),
	"ana adjusted quantity for SKU-0042 | 300 → 295 (−5) · sale");
	assert.equal(toast({ update_type: "stock_count", source: "broadcast",
		changes: [{ ...quantity, new_value: "some" }] }),
	"ana announced stock count: quantity for SKU-0042 | 300 → some");
	assert.equal(toast({ update_type: "edit", changes: [quantity,
		{ field: "sku", old_value: "a", new_value: "b" }] }),
	"ana updated quantity and SKU for SKU-0042 | 300 → 1,350");
	assert.equal(toast({ update_type: "create", changes: [
		{ field: "sku", old_value: null, new_value: "SKU-0042" },
		{ field: "name", old_value: null, new_value: "Glue" }] }),
	"ana added SKU-0042 | Glue");
	assert.equal(toast({ update_type: "delete", changes: [
		{ field: "name", old_value: "Glue", new_value: null }] }),
	"ana deleted SKU-0042 | Glue");
	assert.equal(toast({ update_type: "stock_count", source: "broadcast",
		changes: [quantity] }),
	"ana announced stock count: quantity for SKU-0042 | 300 → 1,350");
	assert.equal(toast({ update_type: "edit", truncated: true,
		changes: [quantity] }), "ana updated quantity for SKU-0042 | ");
});
