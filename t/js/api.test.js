// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { Problem, items, rootOf, session } from "../../htdocs/js/api.js";

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
 * A server that knows one COOKIE, and a browser that has another or the same.
 * @param {any} t
 */
function site(t)
{
	const real = globalThis.fetch;
	const left = /** @type {string[]} */ ([]);
	const it = { knows: "old", has: "old", asked: 0, looked: 0, left,
		/** @type {(() => void) | null} */ answer: null };
	/** @param {number} status @param {any} [doc] */
	const answer = (status, doc) => new Response(
	    doc === undefined ? null : JSON.stringify(doc), { status });
	/** @type {any} */
	const location = { pathname: "/inventory/management", search: "",
		assign: (/** @type {string} */ to) => left.push(to) };

	globalThis.location = location;
	globalThis.fetch = async (url, how) => {
		const path = String(url).replace(/.*api\/v1\//, "");
		const known = it.has === it.knows;

		if (path === "sign-in" && ++it.looked)
			return answer(200, { signed_in: known });
		it.asked++;
		if (!known)
			return answer(401, { title: "Unauthorized" });
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

test("who is not signed in goes to the sign-in page at once", async (t) => {
	const it = site(t);

	it.knows = "none";
	await assert.rejects(items.fields(), Problem);
	assert.deepEqual([it.asked, it.left.length, it.looked], [1, 1, 0]);
});

test("who is not signed in any more goes to the sign-in page", async (t) => {
	const it = site(t);

	await items.fields();
	it.knows = "none";
	await assert.rejects(items.fields(), (e) => e instanceof Problem &&
	    e.status === 401);
	assert.equal(it.asked, 2);
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

	while (it.asked < 2)
		await new Promise((done) => setImmediate(done));
	/* However late the answer is. */
	setTimeout(() => it.answer?.(), 1000);
	assert.deepEqual(await early, { method: "GET" });
	assert.equal(await change, null);
	assert.deepEqual(it.left, []);
});

test("and so is another tab's, a short while later", async (t) => {
	const it = site(t);

	it.knows = "new";
	const early = items.fields();

	while (it.asked < 1)
		await new Promise((done) => setImmediate(done));
	it.has = "new";
	assert.deepEqual(await early, { method: "GET" });
	assert.deepEqual([it.asked, it.left], [2, []]);
});
