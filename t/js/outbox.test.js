// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import "./globals.js";
import { fakeTime } from "./fake-time.js";
import { FakeDatabase, FakeStorage } from "./fake-storage.js";
import { Edits, restsOn } from "../../htdocs/js/edits.js";
import { Problem } from "../../htdocs/js/api.js";
import { bannerWords } from "../../htdocs/js/banner.js";
import { choices } from "../../htdocs/js/conflict.js";
import { Outbox, amended, judge } from "../../htdocs/js/outbox.js";
import { covered } from "../../htdocs/js/saving.js";

const turn = () => new Promise((r) => setImmediate(r));

/** Let others run until FN holds. */
async function until(fn)
{
	const end = Date.now() + 10000;

	while (!fn()) {
		assert.ok(Date.now() < end, `waited for ${fn}`);
		await turn();
	}
}

const kept = (key, n, more = {}) => ({ key, n, user: "2 ana", kind: "set",
	sku: "A", tab: "", until: 0, ...more });

test("an edit is sent by one tab at a time", () => {
	const one = [kept("k", 1, { tab: "t1", until: 100 })];

	assert.equal(judge(one, "k", "t1", 50), "mine");
	assert.equal(judge(one, "k", "t2", 50), "busy");
	assert.equal(judge(one, "k", "t2", 101), "mine", "a claim runs out");
	assert.equal(judge(one, "gone", "t2", 50), "gone");
	assert.equal(judge([kept("k", 1, { kind: "conflict" })], "k", "t1", 5),
	    "gone", "somebody is asked about it");
});

test("a record is changed only where it still is one's own", () => {
	const to = { key: "k", tab: "t1", until: 0, base: 9 };

	assert.equal(amended([kept("k", 1)], [to])[0].base, 9);
	assert.equal(amended([kept("k", 1, { tab: "t1" })], [to])[0].until, 0);
	assert.deepEqual(amended([kept("k", 1, { tab: "t2" })], [to]), []);
	assert.deepEqual(amended([], [to]), [], "what was sent stays away");
	assert.deepEqual(amended([kept("k", 1, { kind: "conflict" })], [to]),
	    []);
});

test("an item's older edit goes first, whichever tab made it", () => {
	const all = [kept("b", 2), kept("a", 1), kept("c", 3, { sku: "B" })];

	assert.equal(judge(all, "b", "t", 0), "busy");
	assert.equal(judge(all, "a", "t", 0), "mine");
	assert.equal(judge(all, "c", "t", 0), "mine");
	assert.equal(judge([kept("a", 1, { kind: "conflict" }), kept("b", 2)],
	    "b", "t", 0), "mine", "a choice holds nothing up");
	assert.equal(judge([kept("a", 1, { user: "3 ben" }), kept("b", 2)],
	    "b", "t", 0), "mine", "nor does another user");
});

test("a database that fails costs nothing that is known", async () => {
	const fail = async () => {
		throw new Error("closed");
	};
	const o = new Outbox(), kept = [];

	o.channel?.close();
	o.user = "2 ana";
	await o.opened;
	o.shelf = { durable: true, all: fail, claim: fail, settle: fail,
		change: async (r) => kept.push(r.key) };
	await o.put({ key: "a", n: 1, kind: "set", sku: "A" });
	await o.put({ key: "b", n: 2, kind: "set", sku: "B" });
	assert.deepEqual(kept, ["a", "b"]);
	assert.ok(o.durable);
	o.channel = null;
	assert.equal((await o.claim("a")).said, "mine");
	assert.equal(o.durable, false, "and the banner says so");
	assert.deepEqual((await o.mine()).map((r) => r.key), ["a", "b"]);
	await o.saved("a", []);
	assert.equal((await o.claim("a")).said, "gone");
});

/** An outbox of ana's in a browser with these. */
async function outbox(t, database, storage)
{
	const was = [globalThis.indexedDB, globalThis.sessionStorage];

	globalThis.indexedDB = database;
	globalThis.sessionStorage = storage;
	const o = new Outbox();
	t.after(() => {
		[globalThis.indexedDB, globalThis.sessionStorage] = was;
		o.channel.close();
	});
	o.user = "2 ana";
	await o.opened;
	return o;
}

const keys = async (o) => (await o.mine()).map((r) => r.key);

test("a database that is back takes in what the tab kept", async (t) => {
	const db = new FakeDatabase(), tab = new FakeStorage();
	const now = await outbox(t, db, tab);

	await now.put({ key: "a", n: 1, kind: "set", sku: "A" });
	db.works = false;
	const then = await outbox(t, db, tab);
	assert.equal(then.durable, false);
	await then.put({ key: "b", n: 2, kind: "set", sku: "B" });
	await then.put({ key: "c", n: 3, kind: "set", sku: "B" });
	then.channel.close();
	db.works = true;
	const later = await outbox(t, db, tab);
	assert.ok(later.durable);
	assert.deepEqual(await keys(later), ["a", "b", "c"]);
	await later.remove("b");
	assert.deepEqual(await keys(await outbox(t, db, tab)), ["a", "c"],
	    "once");
	assert.deepEqual(await keys(await outbox(t, db, new FakeStorage())),
	    ["a", "c"], "for all tabs");
});

test("what the database cannot take in stays in the tab", async (t) => {
	const db = new FakeDatabase(), tab = new FakeStorage();

	db.works = false;
	const then = await outbox(t, db, tab);
	await then.put({ key: "a", n: 1, kind: "set", sku: "A" });
	db.works = true;
	db.full = true;
	const later = await outbox(t, db, tab);
	assert.equal(later.durable, false);
	assert.deepEqual(await keys(later), ["a"]);
	db.full = false;
	assert.deepEqual(await keys(await outbox(t, db, tab)), ["a"]);
});

test("nor is taken in what another tab dealt with", async (t) => {
	const db = new FakeDatabase(), tab = new FakeStorage();

	db.works = false;
	const then = await outbox(t, db, tab);
	await then.put({ key: "a", n: 1, kind: "set", sku: "A" });
	await then.put({ key: "b", n: 2, kind: "set", sku: "B" });
	then.channel.dispatchEvent(new MessageEvent("message",
	    { data: { gone: "a" } }));
	db.works = true;
	assert.deepEqual(await keys(await outbox(t, db, tab)), ["b"]);
});

/** Edits over a server and an outbox that are functions here. */
function make(said = () => "mine")
{
	const log = [], server = [];
	let n = 0;
	const edits = new Edits({
		sku: () => null,
		changed: () => {},
		saved: (e) => log.push(`saved ${e.key}`),
		conflict: (e) => log.push(`conflict ${e.key}`),
		refused: (e) => log.push(`refused ${e.key}`),
		waits: (e) => log.push(`waits ${e.key}`),
		elsewhere: (e) => log.push(`elsewhere ${e.key}`),
		orphans: () => edits.send(),
	}, {
		next: () => ++n,
		put: async (e) => log.push(`keep ${e.key} ${e.base}`),
		release: async (key) => log.push(`release ${key}`),
		saved: async (key, behind) => log.push(`saved ${key}, ${
		    behind.map((e) => `${e.key} on ${e.base}`)}`),
		claim: async (key) => ({ said: said(key),
			record: edits.list.find((e) => e.key === key) }),
	});

	edits.request = (e) => new Promise((resolve, reject) =>
	    server.push({ key: e.key, base: e.base, resolve, reject }));
	return { edits, log, server };
}

const wish = (uid, more = {}) => ({ kind: "set", uid, sku: `S${uid}`,
	field: "quantity", value: 1, old: 0, base: 5, epoch: "e", ...more });

test("kept before it is sent; one after another for each item", async () => {
	const { edits, log, server } = make();

	edits.add(wish(1), "a");
	edits.add(wish(1, { field: "notes" }), "b");
	edits.add(wish(2), "c");
	assert.deepEqual(log.slice(0, 3), ["keep a 5", "keep b 5", "keep c 5"]);
	assert.deepEqual(server.map((s) => s.key), ["a", "c"]);
	server[0].resolve({ sku: "S1", version: 9 });
	await turn();
	await turn();
	assert.deepEqual(server.map((s) => [s.key, s.base]),
	    [["a", 5], ["c", 5], ["b", 9]], "b rests on a's result");
	assert.ok(log.includes("saved a, b on 9"));
});

test("no answer: it stays, under its key; then it is saved once", async () => {
	const { edits, log, server } = make();

	edits.add(wish(1), "a");
	server[0].reject(new Problem(0, {}));
	await turn();
	assert.equal(edits.waiting, 1);
	assert.ok(log.includes("waits a"));
	assert.ok(!log.some((l) => l.startsWith("saved")));
	edits.retry();
	await turn();
	assert.deepEqual(server.map((s) => s.key), ["a", "a"]);
	server[1].resolve({ sku: "S1", version: 6 });
	await turn();
	assert.deepEqual(edits.list, []);
	clearTimeout(edits.timer);
});

/** A server of one item, which keeps what it answered to a key. */
class Server {
	constructor(t)
	{
		const was = globalThis.fetch;

		this.item = { sku: "OLD", quantity: 20, version: 5 };
		/** the oldest version of the item */
		this.first = 5;
		/** key → what was asked, and the answer */
		this.kept = new Map();
		/** answers get lost */
		this.lossy = false;
		globalThis.fetch = async (url, how) => {
			const [status, doc] = this.answer(url.pathname, how);
			if (this.lossy)
				throw new TypeError("lost");
			return { ok: status < 300, status, headers: new Map(),
				text: async () => JSON.stringify(doc) };
		};
		t.after(() => globalThis.fetch = was);
	}

	answer(path, { method, headers, body })
	{
		const key = headers["Idempotency-Key"];
		const what = `${method} ${path} ${body}`;
		const before = this.kept.get(key);

		if (before !== undefined)
			return before.what === what ? [200, before.doc] :
			    [422, { type: "/problems/key-used" }];
		if (!path.includes(`/items/${this.item.sku}`))
			return [404, {}];
		const { delta = 0, base_version, ...more } = JSON.parse(body);
		if (base_version < this.first)
			return [409, {}];
		this.change({ ...more,
			quantity: this.item.quantity + delta });
		this.kept.set(key, { what, doc: this.item });
		return [200, this.item];
	}

	change(more)
	{
		this.item = { ...this.item, ...more,
			version: this.item.version + 1 };
	}
}

const WRITES = {
	rename: { field: "sku", value: "NEW", old: "OLD" },
	adjust: { kind: "adjust", value: -5, body: { delta: -5 } },
};

test("an adjustment is for one item, not for who bears its SKU", async (t) => {
	const { edits, log } = make();
	const server = new Server(t);

	delete edits.request;
	server.item = { sku: "OLD", quantity: 1, version: 9 };
	server.first = 9;
	edits.add({ ...wish(1, WRITES.adjust), sku: "OLD" }, "a");
	await turn();
	assert.ok(log.includes("refused a"));
	assert.equal(server.item.quantity, 1);
});

for (const [name, more] of Object.entries(WRITES))
	test(`no answer to a write, then a new name: ${name}`, async (t) => {
		const { edits, log } = make();
		const server = new Server(t);

		delete edits.request;
		edits.hooks.sku = () => server.item.sku;
		server.lossy = true;
		edits.add({ ...wish(1, more), sku: "OLD" }, "a");
		await turn();
		assert.ok(log.includes("waits a"));
		if (name === "adjust")
			server.change({ sku: "NEW" });
		edits.retry();
		await turn();
		server.lossy = false;
		edits.retry();
		await turn();
		assert.ok(log.includes("saved a"), "the answer of then");
		assert.ok(!log.includes("refused a"));
		assert.deepEqual([server.item.sku, server.item.quantity,
			server.kept.size],
		["NEW", name === "adjust" ? 15 : 20, 1], "once");
		clearTimeout(edits.timer);
	});

test("a write that did not arrive goes to the new name", async (t) => {
	const { edits, log } = make();
	const server = new Server(t);

	delete edits.request;
	edits.hooks.sku = () => server.item.sku;
	server.change({ sku: "NEW" });
	edits.adopt([{ ...wish(1), key: "a", n: 1, at: 0,
		tried: [{ sku: "OLD", base: 5 }] }]);
	await turn();
	assert.deepEqual(log, ["keep a 5", "saved a, ", "saved a"],
	    "noted before it is sent");
});

test("as what one tab sent it, another one knows", async (t) => {
	const db = new FakeDatabase(), server = new Server(t);
	const [one, two] = [make(), make()];

	for (const { edits } of [one, two]) {
		delete edits.request;
		edits.hooks.sku = () => server.item.sku;
		edits.outbox = await outbox(t, db, new FakeStorage());
	}
	server.lossy = true;
	const { tried: _, ...left } = one.edits.add({ ...wish(1, WRITES.adjust),
		sku: "OLD" }, "a");
	await until(() => db.rows.get("a")?.until === 0);
	clearTimeout(one.edits.timer);
	server.change({ sku: "NEW" });
	server.lossy = false;
	two.edits.adopt([left]);
	await until(() => two.edits.list.length === 0 && db.rows.size === 0);
	assert.deepEqual(two.log, ["saved a"]);
	assert.equal(server.item.quantity, 15, "once");
});

test("another tab sends it: not twice", async () => {
	const { edits, log, server } = make((key) => key === "b" ? "busy" :
	    "gone");

	edits.adopt([{ ...wish(1), key: "a", n: 1, at: 0 },
		{ ...wish(2), key: "b", n: 2, at: 0 }]);
	await turn();
	assert.deepEqual(server, []);
	assert.deepEqual(log, ["elsewhere a"]);
	assert.deepEqual(edits.list.map((e) => e.key), ["b"]);
	edits.gone("b");
	assert.deepEqual(edits.list, []);
	clearTimeout(edits.timer);
});

test("an older edit that a tab left is sent before", async (t) => {
	const time = fakeTime(t, 1000);
	const { edits, server } = make((key) => key === "b" &&
	    edits.list[0].key !== "a" && server.length === 0 ?
	    "busy" : "mine");

	edits.hooks.orphans = () => edits.adopt([{ ...wish(1), key: "a", n: 1,
		at: 0 }]);
	edits.adopt([{ ...wish(1), key: "b", n: 2, at: 0 }]);
	await turn();
	assert.deepEqual(server, []);
	time.tick(1000);
	await turn();
	assert.deepEqual(server.map((s) => s.key), ["a"]);
	server[0].resolve({ sku: "S1", version: 9 });
	await turn();
	await turn();
	assert.deepEqual(server.map((s) => s.key), ["a", "b"]);
});

test("what another changed meanwhile is not rested on", () => {
	assert.ok(restsOn({ field: "a" }, {}));
	assert.ok(restsOn({ field: "a" }, { merged_with: [{ field: "b" }] }));
	assert.ok(!restsOn({ field: "a" }, { merged_with: [{ field: "a" }] }));
});

test("a conflict keeps its record, for the choice", async () => {
	const { edits, log, server } = make();

	edits.add(wish(1), "a");
	server[0].reject(new Problem(409, { conflicts: [{}], current: {} }));
	await turn();
	assert.deepEqual(log, ["keep a 5", "conflict a"]);
});

test("what waits lies over the value, in its order", () => {
	const set = (value) => ({ kind: "set", value });
	const add = (value) => ({ kind: "adjust", value });

	assert.equal(covered(10, []), undefined);
	assert.equal(covered(10, [add(0.1), add(0.2)]), 10.3);
	assert.equal(covered(10, [add(5), set(3), add(-1)]), 2);
});

test("mine, theirs, or what it was", () => {
	const c = { theirs: 1, yours: 2, was: 3 };

	assert.deepEqual(choices(c), ["mine", "theirs", "was"]);
	assert.deepEqual(choices({ ...c, was: undefined }),
	    ["mine", "theirs"]);
	assert.deepEqual(choices({ ...c, was: 1 }), ["mine", "theirs"]);
	assert.deepEqual(choices({ ...c, why: "no" }), ["again", "drop"]);
	assert.deepEqual(choices({ ...c, why: "gone", final: true }), ["drop"]);
});

test("the banner says how many wait, and what closing does", () => {
	const s = { waiting: 2, offline: true, since: 0, durable: true };

	assert.equal(bannerWords({ ...s, waiting: 0 }), null);
	assert.match(bannerWords(s).head, /^Offline since .*: 2 edits wait$/);
	assert.match(bannerWords(s).text, /kept on this device/);
	assert.match(bannerWords({ ...s, waiting: 1, offline: false }).head,
	    /^1 edit waits for the server$/);
	assert.match(bannerWords({ ...s, durable: false }).text,
	    /Do not close this tab/);
});
