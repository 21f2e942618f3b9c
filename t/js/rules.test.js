// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { fieldText, readField, wrongPassword } from "../../htdocs/js/rules.js";

const field = (name, type, more = {}) => ({ name, label: name, type,
	required: false, read_only: false, custom: false, ...more });

test("numbers are read as numbers; nothing is zero", () => {
	const f = field("quantity", "number");

	assert.deepEqual(readField(f, "1,840.5"), { value: 1840.5 });
	assert.deepEqual(readField(f, " "), { value: 0 });
	assert.match(readField(f, "-3").error, /below zero/);
	assert.match(readField(f, "ten").error, /number/);
});

test("text: trimmed, needed, not too long", () => {
	const f = field("name", "text", { required: true, max_length: 5 });

	assert.deepEqual(readField(f, " Glue "), { value: "Glue" });
	assert.ok(readField(f, "  ").error);
	assert.ok(readField(f, "sixsix").error);
	assert.deepEqual(readField(f, "🔩🔩🔩🔩🔩"), { value: "🔩🔩🔩🔩🔩" });
});

test("notes keep their lines", () => {
	assert.deepEqual(readField(field("notes", "text"), " a\n b\n\n"),
	    { value: " a\n b" });
});

test("SKU", () => {
	const f = field("sku", "text", { required: true });

	assert.deepEqual(readField(f, "FAS-0042"), { value: "FAS-0042" });
	for (const bad of ["", "a b", "ä", "x".repeat(65), "a/b", "<b>"])
		assert.ok(readField(f, bad).error, bad);
});

test("choices", () => {
	const f = field("status", "choice", { choices: ["active", "gone"] });

	assert.deepEqual(readField(f, "gone"), { value: "gone" });
	assert.ok(readField(f, "else").error);
});

test("a value as the text to edit", () => {
	assert.equal(fieldText(field("q", "number"), 1840.5), "1840.5");
	assert.equal(fieldText(field("q", "number"), null), "");
	for (const typed of ["", "12x", "1,5", "1e5"])
		assert.equal(fieldText(field("q", "number"), typed), typed);
	assert.equal(fieldText(field("n", "text"), "Glue"), "Glue");
});

test("a new password", () => {
	const who = { username: "Margarethe", least: 8 };
	const wrong = (/** @type {string} */ wish, again = wish,
	    current = "stockroom") => Object.keys(wrongPassword(
	    { current, new: wish, again }, who)).join();

	assert.equal(wrong("screws and bolts"), "");
	assert.equal(wrong("12345678"), "");
	assert.equal(wrong("🔩🔩🔩🔩🔩🔩🔩🔩"), "");
	assert.equal(wrong("x".repeat(1024)), "");
	assert.equal(wrong("1234567"), "new");
	assert.equal(wrong("🔩🔩🔩🔩🔩🔩🔩"), "new");
	assert.equal(wrong("x".repeat(1025)), "new");
	assert.equal(wrong("ä".repeat(513)), "new");
	assert.equal(wrong("margaRETHE"), "new");
	assert.equal(wrong("stockroom"), "new");
	assert.equal(wrong("screws and bolts", "screws and nuts"), "again");
	assert.equal(wrong("screws and bolts", "screws and bolts", ""),
	    "current");
	assert.equal(wrong("", "", ""), "current,new");
});
