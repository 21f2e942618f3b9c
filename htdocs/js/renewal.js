// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * A new password gives the session another cookie, and ends its streams
 * before the answer that brings the cookie is here.  What a page is refused
 * meanwhile may only have been too early: the tab that asks for the new
 * password tells all others, and they wait for its answer.
 */

import { openChannel } from "./tabs.js";

/** Longest wait for the answer, ms: longer than the request may take. */
const LONGEST = 16000;
/** Nobody may have told us: wait so long in any case, ms. */
const UNTOLD = 500;

/** @type {BroadcastChannel | null} */
let channel = null;
/** Until the answer is here. @type {Promise<unknown>} */
let pending = Promise.resolve();
let ended = () => {};

/**
 * Hear what other tabs say.
 * @param {string} site names all pages that share the cookie
 * @param {() => void} [renewed] another tab has got its answer
 */
export function listen(site, renewed = () => {})
{
	channel = openChannel(`stockroom.session${site}`);
	channel?.addEventListener("message", ({ data }) => {
		ended();
		if (!data.begins)
			return renewed();
		wait(new Promise((done) => {
			const timer = setTimeout(done, LONGEST);
			ended = () => {
				clearTimeout(timer);
				done(0);
			};
		}));
	});
}

/** @param {Promise<unknown>} one more */
function wait(one)
{
	pending = Promise.all([pending, one]);
}

/**
 * The request for a new password is on its way.
 * @param {Promise<unknown>} asked
 */
export async function during(asked)
{
	const answered = asked.catch(() => {});

	wait(answered);
	channel?.postMessage({ begins: true });
	await answered;
	channel?.postMessage({ begins: false });
}

/** Wait until a cookie that was on its way is here. */
export async function over()
{
	await pending;
	await new Promise((done) => setTimeout(done, UNTOLD));
}
