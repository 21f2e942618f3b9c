// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The banner across the page while own edits wait for the server: how many,
 * since when, and whether closing the page would lose them.
 */

import { polite } from "./announce.js";
import { byId } from "./dom.js";
import { clock } from "./words.js";

/**
 * @typedef {object} Waiting
 * @property {number} waiting own edits without an answer
 * @property {boolean} offline
 * @property {number} since ms since 1970: when that began
 * @property {boolean} durable they outlive the tab
 */

/**
 * @param {Waiting} s
 * @returns {{head: string, text: string} | null} null: nothing to say
 */
export function bannerWords(s)
{
	if (s.waiting === 0)
		return null;
	const one = s.waiting === 1;
	const edits = one ? "1 edit waits" : `${s.waiting} edits wait`;
	const kept = s.durable ?
	    `${one ? "It is" : "They are"} kept on this device and sent ` +
	    "when the server is back." :
	    `Do not close this tab: ${one ? "it is" : "they are"} kept ` +
	    "here only, and sent when the server is back.";

	return { head: s.offline ? `Offline since ${clock(s.since)}: ${edits}` :
	    `${edits} for the server`, text: kept };
}

/**
 * @param {() => void} retry
 * @returns {(s: Waiting) => void} draws it anew
 */
export function mountBanner(retry)
{
	const node = byId("banner"), words = byId("banner-words");

	byId("banner-retry").addEventListener("click", retry);
	return (s) => {
		const said = bannerWords(s);
		const parts = words.querySelectorAll("strong, span");
		for (const [n, text] of [said?.head ?? "",
			said?.text ?? ""].entries())
			if (parts[n].textContent !== text)
				parts[n].textContent = text;
		/* A region that was hidden is not read by itself. */
		if (node.hidden && said !== null)
			polite(`${said.head}. ${said.text}`, "banner");
		node.hidden = said === null;
	};
}
