// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Order, compare, fold, matches, natural }
	from "../../htdocs/js/order.js";

const every = { view: "all", location: "", status: "", text: "" };
const item = (sku, more = {}) => ({ sku, name: `Item ${sku}`, location: "A1",
	quantity: 10, unit: "pcs", qty_ordered: 0, reorder_level: 5,
	status: "active", updated_at: "2026-01-01T00:00:00.000Z", ...more });

/** Numbers that look random, the same in every run. */
function random(seed)
{
	let s = seed;

	return (n) => {
		s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
		return s % n;
	};
}

test("texts are compared as people do", () => {
	const sorted = ["", "1", "2", "007b", "10", "a", "A-2", "a-10", "é1",
		"e2", "Ölfarbe", "Öse", "z"];
	const keys = sorted.map(natural);

	assert.deepEqual([...keys].sort(), keys);
	assert.equal(natural("A-007"), natural("a-7"));
	assert.equal(fold("Größe Æ Łódź"), "grosse ae lodz");
});

test("a number that is missing comes before all numbers", () => {
	const sort = { field: "extra", dir: 1 };

	assert.ok(compare(item("B"), item("A", { extra: 0 }), sort) < 0);
	assert.ok(compare(item("A", { extra: -1 }), item("B"), sort) > 0);
});

test("after thousands of changes it is as if made anew", () => {
	const rnd = random(7), order = new Order(), items = new Map();
	const fields = ["sku", "name", "quantity", "status", "location",
		"changed"];
	const words = ["bolt", "Nut", "öse", "glue"];
	const fresh = () => item(`S-${rnd(900)}-${rnd(9)}`, {
		name: `${words[rnd(4)]} ${rnd(50)}`, quantity: rnd(12),
		qty_ordered: rnd(3), location: rnd(5) ? `L${rnd(20)}` : "",
		status: rnd(9) ? "active" : "discontinued",
		updated_at: new Date(rnd(1e9)).toISOString() });

	for (let n = 0; n < 6000; n++) {
		const uid = rnd(400) + 1;
		if (rnd(4) === 0) {
			order.remove(uid);
			items.delete(uid);
		} else {
			items.set(uid, fresh());
			order.put(uid, items.get(uid));
		}
		if (rnd(100) === 0)
			order.sortBy({ field: fields[rnd(6)],
				dir: rnd(2) ? 1 : -1 }, (u) => items.get(u));
		if (n % 500 !== 0)
			continue;
		const filter = { ...every, text: rnd(2) ? words[rnd(4)] : "",
			view: ["all", "low", "out", "on_order"][rnd(4)] };
		const want = [...items].filter(([, i]) => matches(i, filter))
		    .sort((a, b) => compare(a[1], b[1], order.sort) ||
			a[0] - b[0]).map(([uid]) => uid);
		assert.deepEqual(order.select(filter), want);
		const again = new Order();
		for (const [uid, i] of items)
			again.put(uid, i);
		assert.deepEqual(order.tally, again.tally);
		assert.deepEqual(order.locations(), again.locations());
	}
});

test("locations are the same list until one comes or goes", () => {
	const order = new Order();

	order.put(1, item("A"));
	order.put(2, item("B", { location: "A10" }));
	order.put(3, item("C", { location: "A2" }));
	const names = order.locations();
	assert.deepEqual(names, ["A1", "A2", "A10"]);
	order.put(4, item("D"));
	order.remove(1);
	assert.equal(order.locations(), names);
	order.remove(4);
	assert.deepEqual(order.locations(), ["A2", "A10"]);
});
