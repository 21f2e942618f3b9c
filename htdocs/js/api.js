// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Every request to the REST interface.  A failure is a Problem, whatever
 * its cause; a lost session leads to the sign-in page, but not one that a
 * new password has only given another cookie.
 */

import { leave } from "./leaving.js";
import { during, over } from "./renewal.js";
import { retryAfter } from "./transport.js";

/**
 * The site's root, under whatever prefix it lies.  Installed, this file is
 * below v/HASH/ there; see htdocs/install.sh.
 * @param {string} here where this file is, js/api.js
 */
export function rootOf(here)
{
	const top = new URL("../", here);

	top.pathname = top.pathname.replace(/\/v\/[0-9a-f]{12}\/$/, "/");
	return top;
}

export const root = rootOf(import.meta.url);

/** Longest wait for an answer, ms. */
const TIMEOUT = 15000;

/**
 * A request that failed: the server's problem document (RFC 9457), or
 * status 0 when there was no answer.
 */
export class Problem extends Error {
	/**
	 * @param {number} status
	 * @param {Record<string, any>} doc
	 * @param {number} [retry] ms that the server asked for
	 */
	constructor(status, doc, retry = 0)
	{
		super(Problem.text(doc));
		this.name = "Problem";
		this.status = status;
		this.doc = doc;
		this.retry = retry;
	}

	/**
	 * The one line that a reader is shown.
	 * @param {Record<string, any>} doc
	 * @returns {string}
	 */
	static text(doc)
	{
		const first = Array.isArray(doc.errors) ? doc.errors[0] : null;
		const text = String(first?.detail || doc.detail || doc.title ||
		    "The server could not be reached");

		return text.charAt(0).toUpperCase() + text.slice(1);
	}

	/** No answer, or one that says "later": worth another try. */
	get passing()
	{
		return [0, 429, 502, 503, 504].includes(this.status);
	}
}

/** A key that makes a repeated write count once; works on plain http. */
export function idempotencyKey()
{
	const bytes = crypto.getRandomValues(new Uint8Array(16));

	return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** To the sign-in page, and back here afterwards. */
export function toSignIn()
{
	const here = location.pathname + location.search;

	leave(`${root.pathname}?next=${encodeURIComponent(here)}`,
	    "sign-in");
}

/**
 * @typedef {object} How
 * @property {string} [key] the Idempotency-Key
 * @property {boolean} [stay] a 401 does not lead to the sign-in page
 * @property {boolean} [renews] the answer brings another cookie
 * @property {boolean} [again] it was refused before, with the old one
 */

/**
 * @param {string} method
 * @param {string} path below /api/v1/
 * @param {object} [body]
 * @param {How} [how]
 * @returns {Promise<{answer: Response, text: string}>}
 */
async function ask(method, path, body, how = {})
{
	/** @type {Record<string, string>} */
	const headers = { Accept: "application/json" };
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), TIMEOUT);

	if (body !== undefined)
		headers["Content-Type"] = "application/json";
	if (how.key !== undefined)
		headers["Idempotency-Key"] = how.key;
	try {
		const answer = await fetch(new URL(`api/v1/${path}`, root), {
			method, headers, signal: stop.signal,
			credentials: "same-origin", cache: "no-store",
			body: body === undefined ? null : JSON.stringify(body),
		});
		return { answer, text: await answer.text() };
	} catch {
		throw new Problem(0, {});
	} finally {
		clearTimeout(timer);
	}
}

/** Whose session this page was loaded with; 0: nobody's. */
let me = 0;

/**
 * Whether a 401 was for a cookie that has been replaced meanwhile, and the
 * session is still ours: nobody else is to send what we wanted.
 */
async function isRenewed()
{
	await over();
	return session.get(true).then((now) => now.user.user_id === me,
	    () => false);
}

/**
 * @param {string} method
 * @param {string} path below /api/v1/
 * @param {object} [body]
 * @param {How} [how]
 * @returns {Promise<any>} the JSON of a success; null when it has none
 */
export async function request(method, path, body, how = {})
{
	const asked = ask(method, path, body, how);

	if (how.renews)
		during(asked);
	const { answer, text } = await asked;
	const doc = readJson(text);
	if (answer.ok)
		return doc;
	if (answer.status === 401 && !how.stay) {
		if (me !== 0 && !how.again && await isRenewed())
			return request(method, path, body,
			    { ...how, again: true });
		toSignIn();
	}
	throw new Problem(answer.status, doc ??
	    { title: `The server answered ${answer.status}` },
	retryAfter(answer.headers.get("Retry-After")));
}

/** @param {string} text @returns {any} null when it is not JSON */
function readJson(text)
{
	try {
		return text === "" ? null : JSON.parse(text);
	} catch {
		return null;
	}
}

/** @param {string} sku */
const item = (sku) => `inventory/items/${encodeURIComponent(sku)}`;

export const session = {
	/** @param {boolean} [stay] */
	get: async (stay) => {
		const doc = await request("GET", "session", undefined,
		    { stay });
		me ||= doc.user.user_id;
		return doc;
	},
	/** @param {string} username @param {string} password */
	create: (username, password) => request("POST", "session",
	    { username, password }, { stay: true }),
	remove: () => request("DELETE", "session", undefined, { stay: true }),
	/** How one signs in here; for everybody. */
	how: () => request("GET", "sign-in", undefined, { stay: true }),
	/** @param {string} current @param {string} wish */
	password: (current, wish) => request("POST", "session/password",
	    { current, new: wish }, { renews: true }),
};

export const items = {
	fields: () => request("GET", "inventory/fields"),
	/** @param {string | null} cursor @param {number} [limit] */
	page: (cursor, limit = 500) => request("GET",
	    `inventory/items?limit=${limit}&sort=sku` +
	    (cursor ? `&cursor=${encodeURIComponent(cursor)}` : "")),
	/** @param {string} sku */
	get: (sku) => request("GET", item(sku)),
	/** @param {object} body @param {string} key */
	create: (body, key) => request("POST", "inventory/items", body,
	    { key }),
	/** @param {string} sku @param {object} body @param {string} key */
	patch: (sku, body, key) => request("PATCH", item(sku), body, { key }),
	/** @param {string} sku */
	remove: (sku) => request("DELETE", item(sku)),
	/** @param {string} sku @param {object} body @param {string} key */
	adjust: (sku, body, key) => request("POST",
	    `${item(sku)}/adjustments`, body, { key }),
	/** @param {string} sku */
	history: (sku) => request("GET", `${item(sku)}/history`),
	/**
	 * The newest change up to a version, of the item that has the SKU.
	 * @param {string} sku @param {number} version
	 */
	upTo: (sku, version) => request("GET",
	    `${item(sku)}/history?before=${version + 1}&limit=1`),
	/** @param {string} since a position; 410: of another history */
	changes: (since) => request("GET",
	    `inventory/changes?since=${encodeURIComponent(since)}&limit=500`),
};

export const collaboration = {
	/** @param {object} body */
	join: (body) => request("POST", "inventory/collaboration/join", body),
	/** @param {string} room @param {string | null} cursor of a page */
	presence: (room, cursor) => request("GET",
	    `inventory/collaboration/presence?room=${
		encodeURIComponent(room)}` +
	    (cursor ? `&cursor=${encodeURIComponent(cursor)}` : "")),
	/** @param {object} body */
	broadcast: (body) => request("POST",
	    "inventory/collaboration/broadcast-change", body,
	    { key: idempotencyKey() }),
};
