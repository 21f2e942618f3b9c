// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store, compare, matches, stateOf, stockOf }
	from "../../htdocs/js/store.js";

const item = (sku, more = {}) => ({ sku, name: `Item ${sku}`, location: "A1",
	quantity: 10, unit: "pcs", qty_ordered: 0, reorder_level: 5,
	status: "active", notes: "", version: 1, created_at: "c",
	updated_at: "2026-01-01T00:00:00.000Z", updated_by: "ana",
	...more });
const event = (seq, sku, changes, more = {}) => ({ seq, version: seq, sku,
	user_id: 2, username: "ben", update_type: "edit", source: "api",
	timestamp: `2026-01-02T00:00:0${seq % 10}.000Z`, room: null,
	changes: Object.entries(changes).map(([field, [old, now]]) =>
	    ({ field, old_value: old, new_value: now })), ...more });
const every = { view: "all", location: "", status: "", text: "" };

function filled(...items)
{
	const s = new Store();

	for (const i of items)
		s.put(i);
	return s;
}

test("stock and state are derived as the server does", () => {
	assert.equal(stockOf(item("a", { quantity: 0 })), "out");
	assert.equal(stockOf(item("a", { quantity: 0, reorder_level: 0 })),
	    "out");
	assert.equal(stockOf(item("a", { quantity: 5 })), "low");
	assert.equal(stockOf(item("a", { quantity: 5.001 })), "ok");
	assert.equal(stateOf(item("a", { quantity: 0, qty_ordered: 3 })),
	    "out");
	assert.equal(stateOf(item("a", { qty_ordered: 3 })), "on_order");
	assert.equal(stateOf(item("a", { quantity: 0,
		status: "discontinued" })), "discontinued");
});

test("an event changes its row: values, version, who and when", () => {
	const s = filled(item("A"));
	const did = s.apply(event(7, "A", { quantity: [10, 8] }));
	const row = s.view(s.uid("A"));

	assert.equal(did.kind, "edit");
	assert.ok(did.fields.includes("quantity"));
	assert.deepEqual([row.quantity, row.version, row.updated_by],
	    [8, 7, "ben"]);
	assert.equal(row.name, "Item A");
});

test("a row is touched only by a newer version", () => {
	const s = filled(item("A", { version: 9, quantity: 3 }));

	assert.equal(s.apply(event(9, "A", { quantity: [1, 2] })).kind, "none");
	assert.equal(s.apply(event(8, "A", { quantity: [1, 2] })).kind, "none");
	assert.equal(s.put(item("A", { version: 8, quantity: 1 })).kind,
	    "none");
	assert.equal(s.view(s.uid("A")).quantity, 3);
});

test("a creation makes a row once, with its custom fields", () => {
	const s = filled();
	const ev = event(3, "N", { sku: [null, "N"], name: [null, "New"],
		quantity: [null, 4], qty_ordered_jason: [null, 2] },
	{ update_type: "create" });

	assert.equal(s.apply(ev).kind, "create");
	assert.equal(s.apply(ev).kind, "none");
	const row = s.view(s.uid("N"));
	assert.deepEqual([row.name, row.quantity, row.qty_ordered_jason,
		row.version], ["New", 4, 2, 3]);
	assert.equal(s.items.size, 1);
});

test("a deletion takes the row, unless it was made again", () => {
	const s = filled(item("A", { version: 4 }), item("B", { version: 9 }));
	const gone = (seq, sku) => event(seq, sku, { sku: [sku, null] },
	    { update_type: "delete" });

	assert.equal(s.apply(gone(5, "A")).kind, "delete");
	assert.equal(s.uid("A"), 0);
	assert.equal(s.apply(gone(5, "A")).kind, "none");
	assert.equal(s.apply(gone(8, "B")).kind, "none");
	assert.notEqual(s.uid("B"), 0);
});

test("a broadcast and a cut event are read again, never trusted", () => {
	const s = filled(item("A"));

	assert.equal(s.apply(event(5, "A", { quantity: [1, 999] },
	    { source: "broadcast" })).kind, "reread");
	assert.equal(s.apply(event(6, "A", { notes: [null, null] },
	    { truncated: true })).kind, "reread");
	assert.equal(s.apply(event(7, "X", { quantity: [1, 2] })).kind,
	    "reread");
	assert.equal(s.view(s.uid("A")).quantity, 10);
});

test("a renamed item keeps its row", () => {
	const s = filled(item("A"));
	const uid = s.uid("A");

	s.apply(event(5, "B", { sku: ["A", "B"] }));
	assert.deepEqual([s.uid("A"), s.uid("B"), s.view(uid).sku],
	    [0, uid, "B"]);
});

test("a rename between two pages leaves one row", () => {
	/* The first page had it as A, a later one as Z already. */
	const s = filled(item("A"), item("Z", { version: 5 }));

	s.apply(event(5, "Z", { sku: ["A", "Z"] }));
	assert.equal(s.items.size, 1);
	assert.equal(s.view(s.uid("Z")).version, 5);
});

test("an own edit is laid over, and survives others' changes", () => {
	const s = filled(item("A"));
	const uid = s.uid("A");

	s.overlay(uid, "quantity", 3);
	s.apply(event(5, "A", { name: ["Item A", "Glue"] }));
	assert.deepEqual([s.view(uid).quantity, s.view(uid).name], [3, "Glue"]);
	assert.ok(s.isPending(uid, "quantity"));
	s.overlay(uid, "quantity");
	assert.deepEqual([s.view(uid).quantity, s.isPending(uid, "quantity")],
	    [10, false]);
});

test("the answer to an own rename keeps the row", () => {
	const s = filled(item("A"));
	const uid = s.uid("A");

	s.answer(uid, item("B", { version: 6 }));
	assert.deepEqual([s.uid("A"), s.uid("B"), s.items.size], [0, uid, 1]);
});

test("an answer that is past undoes nothing", () => {
	const s = filled(item("B", { version: 9 }));
	const uid = s.uid("B");

	assert.equal(s.answer(uid, item("A", { version: 8 })).kind, "none");
	assert.deepEqual([s.uid("A"), s.uid("B"), s.items.get(uid).version],
	    [0, uid, 9]);
});

test("reading everything again keeps rows and says what differs", () => {
	const s = filled(item("A"), item("B"), item("C"));
	const [a, b] = [s.uid("A"), s.uid("B")];
	/* Another history: its versions are lower, and count all the same. */
	const r = s.replace([item("A"), item("C", { quantity: 1, version: 0 }),
		item("D")]);

	assert.deepEqual([s.uid("A"), s.uid("B"), s.items.size], [a, 0, 3]);
	assert.deepEqual(r.removed, [b]);
	assert.deepEqual(r.created, [s.uid("D")]);
	assert.deepEqual(r.edited, [s.uid("C")]);
	assert.equal(s.view(s.uid("C")).quantity, 1);
});

test("filters", () => {
	const glue = item("ADH-7", { name: "Wood glue D3", location: "B2-01",
		quantity: 2, qty_ordered: 6 });

	for (const [filter, yes] of [[{}, true], [{ view: "low" }, true],
		[{ view: "out" }, false], [{ view: "on_order" }, true],
		[{ location: "B2-01" }, true], [{ location: "B2" }, false],
		[{ status: "discontinued" }, false], [{ text: "GLUE wood" },
			true], [{ text: "b2 adh" }, true], [{ text: "gluex" },
			false], [{ text: "  " }, true]])
		assert.equal(matches(glue, { ...every, ...filter }), yes,
		    JSON.stringify(filter));
	assert.ok(matches(item("x", { name: "Schlüssel" }),
	    { ...every, text: "schlussel" }));
});

test("sorting: numbers as numbers, ties by SKU, both ways", () => {
	const s = filled(item("A-10", { quantity: 9 }),
	    item("A-2", { quantity: 10 }), item("A-1", { quantity: 10 }),
	    item("B-1", { quantity: 0.5 }));
	const skus = (field, dir) => s.select(every, { field, dir })
	    .map((u) => s.view(u).sku);

	assert.deepEqual(skus("sku", 1), ["A-1", "A-2", "A-10", "B-1"]);
	assert.deepEqual(skus("quantity", 1), ["B-1", "A-10", "A-1", "A-2"]);
	assert.deepEqual(skus("quantity", -1), ["A-1", "A-2", "A-10", "B-1"]);
	assert.ok(compare(item("a", { updated_at: "2026-01-01T00:00:00Z" }),
	    item("b", { updated_at: "2026-01-02T00:00:00Z" }),
	    { field: "changed", dir: -1 }) > 0);
});

test("counts are over everything, own edits included", () => {
	const s = filled(item("A", { quantity: 0 }), item("B", { quantity: 4 }),
	    item("C", { qty_ordered: 1 }));

	assert.deepEqual(s.counts(), { all: 3, low: 1, out: 1, on_order: 1 });
	s.overlay(s.uid("A"), "quantity", 3);
	assert.deepEqual(s.counts(), { all: 3, low: 2, out: 0, on_order: 1 });
	assert.deepEqual(s.locations(), ["A1"]);
});
