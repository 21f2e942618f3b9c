// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, items, root, rootOf, session }
    from "../../htdocs/js/api.js";
import { listen } from "../../htdocs/js/renewal.js";

test("the site's root, installed or not, below a prefix or not", () => {
	for (const [here, root] of [
		["http://stock.lan/js/api.js", "http://stock.lan/"],
		["http://stock.lan/v/0123456789ab/js/api.js",
			"http://stock.lan/"],
		["https://intranet:8443/stock/js/api.js",
			"https://intranet:8443/stock/"],
		["https://intranet/a/stock/v/0123456789ab/js/api.js",
			"https://intranet/a/stock/"],
		/* A prefix of the same look is one. */
		["https://intranet/v/stock/js/api.js",
			"https://intranet/v/stock/"],
	])
		assert.equal(rootOf(here).href, root, here);
});

/**
 * A server that knows one COOKIE, whose it is, and a browser that has that
 * one or another.
 * @param {any} t
 */
function site(t)
{
	const real = globalThis.fetch;
	const left = /** @type {string[]} */ ([]);
	const it = { knows: "old", has: "old", user: 7, asked: 0, looked: 0,
		left, /** @type {(() => void) | null} */ answer: null };
	/** @param {number} status @param {any} [doc] */
	const answer = (status, doc) => new Response(
	    doc === undefined ? null : JSON.stringify(doc), { status });
	/** @type {any} */
	const location = { pathname: "/inventory/management", search: "",
		assign: (/** @type {string} */ to) => left.push(to) };

	globalThis.location = location;
	globalThis.fetch = async (url, how) => {
		const path = String(url).replace(/.*api\/v1\//, "");

		if (path === "session")
			it.looked++;
		else
			it.asked++;
		if (it.has !== it.knows)
			return answer(401, { title: "Unauthorized" });
		if (path === "session")
			return answer(200, { user: { user_id: it.user } });
		if (path !== "session/password")
			return answer(200, { method: how?.method });
		it.knows = "new";
		await new Promise((done) => it.answer = () => done(0));
		it.has = "new";
		return answer(204);
	};
	t.after(() => {
		globalThis.fetch = real;
	});
	return it;
}

/** Until so many requests were made. */
async function asked(it, n)
{
	while (it.asked < n)
		await new Promise((done) => setImmediate(done));
}

test("who is not signed in goes to the sign-in page at once", async (t) => {
	const it = site(t);

	it.knows = "none";
	await assert.rejects(items.fields(), Problem);
	assert.deepEqual([it.asked, it.left.length, it.looked], [1, 1, 0]);
});

test("who is not signed in any more goes to the sign-in page", async (t) => {
	const it = site(t);

	await session.get();
	it.knows = "none";
	await assert.rejects(items.fields(), (e) => e instanceof Problem &&
	    e.status === 401);
	assert.equal(it.asked, 1);
	assert.match(it.left.join(), /^[^,]*\?next=%2Finventory%2Fmanagement$/);
});

test("a new password by who is not does not wait for itself", async (t) => {
	const it = site(t);

	it.knows = "none";
	await assert.rejects(session.password("a", "b"), Problem);
	assert.equal(it.left.length, 1);
});

test("a request that overtakes the new cookie is made again", async (t) => {
	const it = site(t);
	const change = session.password("old one", "new one");
	const early = items.fields();

	await asked(it, 2);
	/* However late the answer is. */
	setTimeout(() => it.answer?.(), 1000);
	assert.deepEqual(await early, { method: "GET" });
	assert.equal(await change, null);
	assert.deepEqual(it.left, []);
});

/** A BroadcastChannel to one other tab, without delay. */
class Wire {
	static said = /** @type {any[]} */ ([]);
	static hear = (/** @type {any} */ data) => data;

	/** @param {string} _ @param {(ev: {data: any}) => void} hear */
	addEventListener(_, hear)
	{
		Wire.hear = (data) => hear({ data });
	}

	/** @param {any} data */
	postMessage(data)
	{
		Wire.said.push(data);
	}
}

test("so is one of a tab that was told of it", async (t) => {
	const it = site(t), real = globalThis.BroadcastChannel;

	t.after(() => globalThis.BroadcastChannel = real);
	globalThis.BroadcastChannel = /** @type {any} */ (Wire);
	listen(root.pathname);
	it.knows = "new";
	Wire.hear({ begins: true });
	const early = items.fields();
	await asked(it, 1);
	setTimeout(() => {
		it.has = "new";
		Wire.hear({ begins: false });
	}, 1000);
	assert.deepEqual(await early, { method: "GET" });
	assert.deepEqual(Wire.said, []);
	/* And it tells others itself. */
	const change = session.password("old one", "new one");
	await asked(it, 3);
	assert.deepEqual(Wire.said, [{ begins: true }]);
	it.answer?.();
	await change;
	assert.deepEqual(Wire.said, [{ begins: true }, { begins: false }]);
});

test("and of one that was not, a short while later", async (t) => {
	const it = site(t);

	it.knows = "new";
	const early = items.fields();

	await asked(it, 1);
	it.has = "new";
	assert.deepEqual(await early, { method: "GET" });
	assert.deepEqual([it.asked, it.left], [2, []]);
});

test("nobody else sends what was refused", async (t) => {
	const it = site(t);

	it.knows = "new";
	const early = items.fields();

	await asked(it, 1);
	it.has = "new";
	it.user = 8;
	await assert.rejects(early, Problem);
	assert.deepEqual([it.asked, it.left.length], [1, 1]);
});
