// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/* The seam between pages that are read one after another and events. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { fakeTime } from "./fake-time.js";

const EPOCH = "0123456789abcdef", OTHER = "fedcba9876543210";

globalThis.location ??= { pathname: "/", search: "", assign() {} };
const { Inventory } = await import("../../htdocs/js/inventory.js");

const item = (n, version = 1, more = {}) => ({ sku: `P-${n}`,
	name: `Item ${n}`, location: "A1", quantity: 5, unit: "pcs",
	qty_ordered: 0, reorder_level: 0, status: "active", notes: "",
	version, created_at: "c", updated_at: "2026-01-01T00:00:00.000Z",
	updated_by: "ana", ...more });
const change = (seq, sku, changes, type = "edit") => ({ seq, version: seq,
	sku, user_id: 2, username: "ben", update_type: type, source: "api",
	timestamp: "2026-01-02T00:00:00.000Z", room: null,
	changes: Object.entries(changes).map(([field, [old, now]]) =>
	    ({ field, old_value: old, new_value: now })) });
const page = (items, seq, next = null, epoch = EPOCH) => ({ items,
	next_cursor: next, position: `${epoch}:${seq}`,
	counts: { all: 9, low: 0, out: 0, on_order: 0 } });

/** @type {any[]} those made so far */
const made = [];

/* Nobody is to ask the server of another test. */
afterEach(() => made.forEach((inv) => clearTimeout(inv.timer)));

/**
 * An inventory whose server gives these answers by address; `asked` has what
 * was asked, and an answer may be a function that is called first.
 */
function inventory(answers)
{
	const asked = [], log = [];
	const note = (what) => (...args) => log.push([what, ...args]);

	globalThis.fetch = async (url) => {
		const at = `${url.pathname.replace(/^.*\/api\/v1\//, "")}` +
		    `${url.search}`;
		asked.push(at);
		const key = Object.keys(answers).find((k) => at.includes(k));
		let doc = answers[key];
		if (typeof doc === "function")
			doc = await doc();
		return { ok: doc !== undefined, status: doc ? 200 : 404,
			headers: new Map(), text: async () =>
			    JSON.stringify(doc ?? { title: "gone" }) };
	};
	const inv = new Inventory(Object.fromEntries(["loaded", "grown",
		"failed", "applied", "changed", "removed", "epoch"].map((w) =>
	    [w, note(w)])));
	made.push(inv);
	return { inv, asked, log, value: (sku, field) =>
	    inv.store.view(inv.store.uid(sku))?.[field] };
}

const settled = () => new Promise((done) => setTimeout(done, 5));

test("the first page is there before the others are", async () => {
	let seen = null;
	const t = inventory({ "cursor=b": () => {
		seen = [t.inv.ready, t.inv.partial, t.inv.store.items.size,
			t.inv.counts.all, t.log.map(([w]) => w)];
		return page([item(2)], 4);
	}, "limit=100": page([item(1)], 3, "b") });

	await t.inv.load();
	assert.deepEqual(seen, [true, true, 1, 9, ["loaded"]]);
	assert.deepEqual([t.inv.partial, t.inv.store.items.size,
		t.inv.counts.all], [false, 2, 2]);
	assert.equal(t.inv.sync.seq, 3, "from the first page's position");
});

test("an event while pages come in is neither lost nor undone", async () => {
	const t = inventory({ "cursor=b": () => {
		/* The page is older than these. */
		t.inv.event(`${EPOCH}:4`, change(4, "P-1",
		    { quantity: [5, 6] }));
		t.inv.event(`${EPOCH}:5`, change(5, "P-2",
		    { quantity: [5, 7] }));
		t.inv.event(`${EPOCH}:6`, change(6, "P-3", {}, "delete"));
		t.inv.event(`${EPOCH}:7`, change(7, "P-4",
		    { sku: ["P-9", "P-4"] }));
		return page([item(2), item(3), item(9)], 3);
	}, "limit=100": page([item(1)], 3, "b") });

	await t.inv.load();
	await settled();
	assert.equal(t.value("P-1", "quantity"), 6);
	assert.equal(t.value("P-2", "quantity"), 7);
	assert.equal(t.inv.store.uid("P-3"), 0, "the deletion counts");
	assert.equal(t.inv.store.uid("P-9"), 0, "so does the renaming");
	assert.equal(t.value("P-4", "name"), "Item 9");
	assert.equal(t.log.filter(([w]) => w === "applied").length, 4,
	    "told once each");
	assert.ok(!t.asked.some((a) => /items\/P-/.test(a)),
	    "and nothing was asked for in vain");
});

test("an item that no page had is asked for", async () => {
	const t = inventory({ "items/P-7": item(7, 9), "cursor=b": () => {
		t.inv.event(`${EPOCH}:4`, change(4, "P-7",
		    { quantity: [1, 2] }));
		return page([item(2)], 3);
	}, "limit=100": page([item(1)], 3, "b") });

	await t.inv.load();
	await settled();
	assert.equal(t.value("P-7", "version"), 9);
});

test("a page of another history: all is read again", async () => {
	let epoch = EPOCH;
	const t = inventory({ "cursor=b": () => {
		epoch = OTHER;
		return page([item(2)], 8, null, OTHER);
	}, "limit=": () => page([item(1, 1)], 3,
		epoch === EPOCH ? "b" : null, epoch) });

	await t.inv.load();
	assert.equal(t.inv.sync.epoch, OTHER);
	assert.equal(t.inv.store.items.size, 1, "what it lacks is gone");
	assert.equal(t.log.filter(([w]) => w === "epoch").length, 1);
	assert.equal(t.inv.partial, false);
});

test("a page that fails is tried again", async () => {
	let n = 0;
	const t = inventory({ "cursor=b": () => {
		if (n++ === 0)
			throw new Error("no network");
		return page([item(2)], 4);
	}, "limit=": page([item(1)], 3, "b") });

	await t.inv.load();
	assert.equal(t.inv.store.items.size, 2);
	assert.equal(n, 2);
});

test("a gap before the pages is closed from the change log", async () => {
	const t = inventory({ "changes?since": { more: false,
		position: `${EPOCH}:5`, changes: [change(4, "P-1",
		    { quantity: [5, 8] }), change(5, "P-1", { unit: ["pcs",
		    "box"] })] }, "limit=100": page([item(1)], 3) });

	t.inv.event(`${EPOCH}:5`, change(5, "P-1", { unit: ["pcs", "box"] }));
	await t.inv.load();
	await settled();
	assert.deepEqual([t.value("P-1", "quantity"), t.value("P-1", "unit"),
		t.inv.sync.seq], [8, "box", 5]);
});

test("a past answer brings no item back", async () => {
	const t = inventory({ "items/P-8": item(8, 3),
		"limit=100": page([item(1)], 3) });

	await t.inv.load();
	assert.equal(t.inv.got(null, item(7, 2)), 0, "deleted since");
	t.inv.got(null, item(8, 2));
	t.inv.got(null, item(9, 4));
	assert.equal(t.value("P-9", "version"), 4, "the log is not there yet");
	await settled();
	assert.equal(t.inv.store.uid("P-7"), 0);
	assert.equal(t.value("P-8", "version"), 3, "as it is now");
	assert.deepEqual(t.asked.filter((a) => /items\/P/.test(a)),
	    ["inventory/items/P-7", "inventory/items/P-8"]);
});

/** One more turn for all that has been asked and answered. */
async function turns()
{
	for (let n = 0; n < 20; n++)
		await new Promise((done) => setImmediate(done));
}

test("a gap that stays open holds up no reading", async (t) => {
	const time = fakeTime(t, 0);
	let down = false;
	const fail = (doc) => () => {
		if (down)
			throw new Error("no network");
		return doc;
	};
	const s = inventory({ "cursor=b": fail(page([item(2)], 4)),
		"limit=100": page([item(1)], 3, "b"),
		"limit=500&sort": fail(page([item(1), item(2)], 4)),
		"changes?since": fail({ more: false, changes: [],
			position: `${EPOCH}:4` }) });

	down = true;
	s.inv.load();
	await turns();
	for (let n = 0; n < 8 && s.inv.loading; n++) {
		time.tick(2000);
		await turns();
	}
	assert.ok(s.inv.partial && !s.inv.loading, "a part is missing");
	s.inv.reached(`${EPOCH}:4`);
	await turns();
	down = false;
	time.tick(3000);
	await turns();
	assert.equal(s.inv.store.items.size, 2, "it is read all the same");
	assert.ok(!s.inv.partial && s.inv.sync.ready);
});

test("a gap is tried again while pages come in", async (t) => {
	const time = fakeTime(t, 0);
	let down = true, go = () => {};
	const s = inventory({
		"cursor=b": () => new Promise((done) =>
		    go = () => done(page([item(2)], 4))),
		"limit=100": page([item(1)], 3, "b"),
		"changes?since": () => {
			if (down)
				throw new Error("no network");
			return { more: false, position: `${EPOCH}:4`,
				changes: [change(4, "P-1",
				    { quantity: [5, 8] })] };
		} });

	s.inv.load();
	await turns();
	s.inv.reached(`${EPOCH}:4`);
	await turns();
	down = false;
	time.tick(3000);
	await turns();
	assert.equal(s.value("P-1", "quantity"), 8);
	go();
	await turns();
	assert.deepEqual([s.inv.store.items.size, s.asked.length], [2, 4],
	    "and they are not read again for that");
});

/** Inventories whose change log answers late, by go(). */
async function late(epoch)
{
	let go = () => {};
	const answers = { "limit=100": page([item(1)], 3),
		"changes?since=0123": () => new Promise((done) => go = () =>
		    done({ more: false, position: `${EPOCH}:4`,
			changes: [change(4, "P-1", { quantity: [5, 6] })] })),
		"changes?since=fedc": { more: false, position: `${OTHER}:9`,
			changes: [change(9, "P-1", { quantity: [5, 9] })] } };
	const s = inventory(answers);

	await s.inv.load();
	s.inv.reached(`${EPOCH}:4`);
	await turns();
	answers["limit=500&sort"] = epoch;
	return { ...s, go: () => go() };
}

test("a past answer of the change log changes nothing", async () => {
	const s = await late(page([item(1)], 8, null, OTHER));

	s.inv.reached(`${OTHER}:8`);
	await turns();
	s.inv.reached(`${OTHER}:9`);
	s.go();
	await turns();
	assert.deepEqual([s.inv.sync.ready, s.inv.sync.position,
		s.value("P-1", "quantity")], [true, `${OTHER}:9`, 9],
	"and the gap that is there now is closed");
});

test("nor does one that comes while all is read again", async () => {
	let read = () => {};
	const s = await late(() => new Promise((done) => read = () =>
	    done(page([item(1)], 8, null, OTHER))));

	s.inv.reached(`${OTHER}:8`);
	await turns();
	s.inv.event(`${OTHER}:9`, change(9, "P-1", { quantity: [5, 9] }));
	s.go();
	await turns();
	read();
	await turns();
	assert.deepEqual([s.inv.sync.ready, s.inv.sync.position,
		s.value("P-1", "quantity")], [true, `${OTHER}:9`, 9]);
});
