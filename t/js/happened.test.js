// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Happened, KEPT, LEAST, LIFE, STALE, Toasts, WINDOW }
	from "../../htdocs/js/happened.js";
import { FakeClock } from "./fake-clock.js";

/** A change of fields {name: [old, new]} of an item. */
function change(name, sku, fields = { Quantity: ["1", "2"] }, more = {})
{
	const values = Object.entries(fields).map(([label, [old, now]]) =>
	    ({ field: label.toLowerCase(), label, old, now }));

	return { actor: name, name, color: "#123456", own: false, sku,
		kind: "edit", at: "2026-01-02T03:04:05.678Z", values,
		words: { before: `${name} updated ` +
		    `${values[0].field} for `, sku, after: "",
		detail: `${values[0].old} → ${values[0].now}` }, ...more };
}

function toasts(room = 3)
{
	const clock = new FakeClock();
	const t = new Toasts(clock, { room: () => room, draw() {} });
	const texts = () => t.up.map((g) => {
		const w = g.words();
		return `${w.before}${w.sku}${w.after}: ${w.detail}`;
	});

	return { clock, t, texts };
}

test("one change is told as it is", () => {
	const { t, texts } = toasts();

	t.change(change("ana", "A-1"));
	assert.deepEqual(texts(), ["ana updated quantity for A-1: 1 → 2"]);
});

test("changes of one actor become one toast that counts items", () => {
	const { clock, t, texts } = toasts();

	for (let n = 1; n <= 12; n++) {
		t.change(change("ana", `A-${n}`));
		clock.go(400);
	}
	assert.deepEqual(texts(),
	    ["ana changed 12 items: A-12, A-11 and 10 more"]);
	t.change(change("ben", "B-1"));
	assert.equal(t.up.length, 2);
});

test("a change after the window is a toast of its own", () => {
	const { clock, t, texts } = toasts();

	t.change(change("ana", "A-1"));
	clock.go(WINDOW + 1);
	t.change(change("ana", "A-2"));
	assert.deepEqual(texts(), ["ana updated quantity for A-1: 1 → 2",
		"ana updated quantity for A-2: 1 → 2"]);
});

test("several fields of one item are counted, one field is followed", () => {
	const { t, texts } = toasts();

	t.change(change("ana", "A-1", { Quantity: ["1", "2"] }));
	t.change(change("ana", "A-1", { Quantity: ["2", "9"] }));
	assert.deepEqual(texts(), ["ana updated quantity for A-1: 1 → 9"]);
	t.change(change("ana", "A-1", { Location: ["x", "y"] }));
	assert.deepEqual(texts(),
	    ["ana changed 2 fields of A-1: quantity and location"]);
	t.change(change("ana", "A-1", { Notes: ["", "n"], SKU: ["a", "b"] }));
	assert.deepEqual(texts(),
	    ["ana changed 4 fields of A-1: quantity, location and 2 more"]);
});

test("added and deleted items are told as such", () => {
	const { t, texts } = toasts();
	const made = (sku) => change("ana", sku, { Name: ["", "N"] },
	    { kind: "create", words: { before: "ana added ", sku, after: "",
		detail: "N" } });

	t.change(made("A-1"));
	t.change(change("ana", "A-1"));
	assert.deepEqual(texts(), ["ana added A-1: N"]);
	t.mute(true);
	t.mute(false);
	t.change(made("A-1"));
	t.change(made("A-2"));
	assert.deepEqual(texts(), ["ana added 2 items: A-2 and A-1"]);
	t.change(change("ana", "A-3"));
	assert.deepEqual(texts(),
	    ["ana changed 3 items: A-3, A-2 and 1 more"]);
});

test("a toast goes, unless the pointer is on it", () => {
	const { clock, t } = toasts();

	t.change(change("ana", "A-1"));
	clock.go(LIFE - 1);
	assert.equal(t.up.length, 1);
	t.hold(t.up[0].id, true);
	clock.go(LIFE * 3);
	t.change(change("ben", "B-1"));
	assert.deepEqual(t.up.map((g) => g.actor), ["ana", "ben"]);
	clock.go(LIFE);
	assert.equal(t.up.length, 1);
	t.hold(t.up[0].id, false);
	clock.go(LIFE);
	assert.equal(t.up.length, 0);
	assert.equal(clock.timers.size, 0);
});

test("at most three are up; the one without news for longest gives way",
    () => {
	const { clock, t } = toasts();
	const who = () => t.up.map((g) => g.actor).join(" ");

	for (const name of ["ana", "ben", "cy", "di"])
		t.change(change(name, "A-1"));
	assert.equal(who(), "ana ben cy");
	clock.go(LEAST - 100);
	t.change(change("ana", "A-2"));
	assert.equal(who(), "ana ben cy");
	clock.go(100);
	assert.equal(who(), "ana cy di");
	for (let n = 0; n < 100; n++) {
		t.change(change(`actor ${n}`, "A-1"));
		assert.ok(t.up.length <= 3 && t.waiting.length <= 20);
		clock.go(37);
	}
});

test("who waits gathers, and what is old by then is not news", () => {
	const { clock, t, texts } = toasts(1);

	t.change(change("ana", "A-1"));
	t.hold(t.up[0].id, true);
	t.change(change("ben", "B-1"));
	t.change(change("ben", "B-2"));
	clock.go(100);
	assert.equal(t.up[0].actor, "ana");
	t.hold(t.up[0].id, false);
	clock.go(LEAST);
	assert.deepEqual(texts(), ["ben changed 2 items: B-2 and B-1"]);
	t.hold(t.up[0].id, true);
	t.change(change("cy", "C-1"));
	clock.go(STALE);
	assert.equal(t.waiting.length, 0);
});

test("muted, nothing comes up", () => {
	const { t } = toasts();

	t.change(change("ana", "A-1"));
	t.mute(true);
	assert.equal(t.up.length, 0);
	assert.equal(t.change(change("ana", "A-1")), null);
	assert.equal(t.up.length, 0);
	t.mute(false);
	t.change(change("ana", "A-1"));
	assert.equal(t.up.length, 1);
});

test("a flood stays within bounds", () => {
	const { t, texts } = toasts();

	for (let n = 0; n < 5000; n++)
		t.change(change("ana", `A-${n}`));
	assert.deepEqual(texts(),
	    ["ana changed 500+ items: A-499, A-498 and 498+ more"]);
	assert.equal(t.up[0].items.size, 500);
});

test("the list keeps the last 200 and counts those not looked at", () => {
	const h = new Happened();

	for (let n = 0; n < 250; n++)
		h.add(change("ana", `A-${n}`), false);
	assert.equal(h.list.length, KEPT);
	assert.equal(h.list[0].sku, "A-249");
	assert.equal(h.unread, KEPT);
	h.read();
	h.add(change("ana", "A-1"), true);
	h.add(change("me", "A-1", undefined, { own: true }), false);
	assert.equal(h.unread, 0);
	h.add(change("ana", "A-1"), false);
	assert.equal(h.unread, 1);
	assert.equal(h.list.length, KEPT);
});
