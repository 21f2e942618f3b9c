// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/* What earlier pages and other tabs left, and a page takes in. */

import assert from "node:assert/strict";
import { test } from "node:test";

import "./globals.js";
import { Saving } from "../../htdocs/js/saving.js";
import { Store } from "../../htdocs/js/store.js";

const EPOCH = "0123456789abcdef";
const item = (sku, version = 9) => ({ sku, version, quantity: 1 });
const record = (key, sku, more = {}) => ({ key, sku, kind: "set", n: 1,
	field: "quantity", value: 2, old: 1, base: 9, epoch: EPOCH, tab: "",
	until: 0, ...more });

/**
 * Saving over an outbox with these records and a server that gives these
 * answers by address: a number is a status, a function is called.
 */
function saving(t, records, answers)
{
	const was = globalThis.fetch, store = new Store(), caught = [];
	const none = () => {};

	t.after(() => globalThis.fetch = was);
	globalThis.fetch = async (url) => {
		const at = `${url.pathname}${url.search}`;
		const key = Object.keys(answers).find((k) => at.includes(k));
		const doc = typeof answers[key] === "function" ?
		    answers[key]() : answers[key] ?? 404;
		const status = typeof doc === "number" ? doc : 200;
		return { ok: status < 300, status, headers: new Map(),
			text: async () => JSON.stringify(doc) };
	};
	store.put(item("HERE"));
	return Object.assign(Object.create(Saving.prototype), {
		store, caught, restoring: false, asked: [],
		page: { inventory: { ready: true,
			sync: { epoch: EPOCH, seq: 9 },
			put: (i) => store.put(i),
			catchUp: () => caught.push(1) },
		changed: none, field: () => ({}) },
		outbox: { mine: async () => records,
			known: new Map(records.map((r) => [r.key, r])) },
		edits: { list: [], send: none, adopt(left) {
			this.list.push(...left);
		} },
		conflicts: { list: [], add(c) {
			this.list.push(c);
		} },
		ask(c) {
			this.asked.push([c.key, c.why]);
		},
	});
}

const taken = (s) => s.edits.list.map((e) => e.key);

test("the log is not kept that far back: as it is called", async (t) => {
	for (const status of [410, 400]) {
		const s = saving(t, [record("a", "P-1"), record("b", "P-2"),
			record("c", "HERE")],
		{ "changes?since": status, "items/P-1": item("P-1") });
		await s.restore();
		assert.deepEqual(taken(s), ["a", "c"], `${status}`);
		assert.deepEqual(s.asked, [["b", "The item was deleted"]]);
	}
});

test("what cannot be placed holds up no other", async (t) => {
	const s = saving(t, [record("a", "P-1"), record("b", "HERE")],
	    { "changes?since": 500 });

	await s.restore();
	assert.deepEqual(taken(s), ["b"]);
	assert.deepEqual(s.asked, [], "and it is tried again");
});

test("edits that no tab sends are taken in, choices are not", async (t) => {
	const later = Date.now() + 60000;
	const s = saving(t, [record("a", "HERE"),
		record("b", "HERE", { tab: "t1", until: later }),
		record("c", "HERE", { tab: "t2", until: 5 }),
		record("d", "HERE", { kind: "conflict", question:
		    { key: "d", of: "set", field: "quantity", yours: 2 } })],
	{});
	let sent = 0;

	s.edits.send = () => sent++;
	await s.orphans();
	assert.deepEqual(taken(s), ["a", "c"]);
	assert.deepEqual([s.conflicts.list, sent], [[], 1]);
	await s.restore();
	assert.deepEqual(taken(s), ["a", "c", "b"]);
	assert.deepEqual(s.conflicts.list.map((c) => c.key), ["d"]);
});

test("what was dealt with meanwhile is not taken in", async (t) => {
	const asked = (key) => record(key, "P-1", { kind: "conflict",
		question: { key, of: "set", field: "quantity", yours: 2 } });
	const s = saving(t, [record("a", "P-1"), asked("b")], {
		"changes?since": () => {
			s.outbox.known.clear();
			return 410;
		}, "items/P-1": 404 });

	await s.restore();
	assert.deepEqual([taken(s), s.conflicts.list, s.asked], [[], [], []]);
});

/** What a record of an older version comes to; HERE is of version 9. */
async function placed(t, more, answers)
{
	const s = saving(t, [record("a", "HERE", { base: 3, ...more })],
	    answers);

	s.store.put(item("THERE"));
	await s.restore();
	return { s, at: s.edits.list.map((e) => e.uid), asked: s.asked };
}

test("a record goes to its item, not to who has its SKU now", async (t) => {
	const own = { changes: [{ seq: 3 }] };
	const same = await placed(t, {}, { history: own });
	assert.deepEqual(same.at, [same.s.store.uid("HERE")]);
	const other = { changes: [{ seq: 2 }] }, renamed = [
		{ update_type: "edit", sku: "THERE", changes: [{ field: "sku",
			old_value: "HERE", new_value: "THERE" }] },
		{ update_type: "edit", sku: "HERE", changes: [{ field: "sku",
			old_value: "X", new_value: "HERE" }] }];
	const log = (changes) => ({ history: other,
		"changes?since": { changes, position: "p", more: false } });
	const gone = await placed(t, {}, log([{ update_type: "delete",
		sku: "HERE", changes: [] }, renamed[1]]));
	assert.deepEqual([gone.at, gone.asked],
	    [[], [["a", "The item was deleted"]]]);
	const there = await placed(t, {}, log(renamed));
	assert.deepEqual(there.at, [there.s.store.uid("THERE")]);
});

test("a choice is not made by who has its item's SKU now", async (t) => {
	const question = { key: "a", of: "set", field: "quantity", yours: 5,
		theirs: 3 };
	const s = saving(t, [record("a", "HERE", { base: 3, question,
		kind: "conflict" })], { history: { changes: [] },
		"changes?since": { position: "p", changes: [{
			update_type: "edit", sku: "THERE", changes: [{
				field: "sku", old_value: "HERE",
				new_value: "THERE" }] }] } });
	let removed = 0;

	s.outbox.remove = () => removed++;
	s.store.put({ ...item("HERE", 10), quantity: 5 });
	s.store.put(item("THERE"));
	await s.restore();
	assert.deepEqual([removed, s.conflicts.list.map((c) => c.uid)],
	    [0, [s.store.uid("THERE")]]);
});

test("what went to a name that another item has now is sent again", (t) => {
	const s = saving(t, [], {});
	const uid = s.store.uid("HERE");
	const edit = record("a", "HERE", { uid,
		tried: [{ sku: "HERE", base: 9 }] });
	const doc = (sku) => ({ current: item(sku, 12), conflicts: [
		{ field: "quantity", base: null, theirs: 1, yours: 2 }] });

	s.cover = () => {};
	s.page.changed = () => {};
	s.conflict(edit, doc("HERE"));
	assert.deepEqual([taken(s), s.asked], [[], [["a", undefined]]]);
	assert.deepEqual([s.store.items.get(uid).version, s.caught], [9, [1]],
	    "an item that is ahead of the log may be another one");
	s.store.rename(uid, s.store.items.get(uid), "THERE");
	s.conflict(edit, doc("HERE"));
	assert.deepEqual(taken(s), ["a"]);
	s.edits.list = [];
	s.refused(edit, { status: 409, message: "other" });
	assert.deepEqual(taken(s), ["a"]);
	assert.equal(s.asked.length, 1);
});
