// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Short notices at the lower right, at most three.  A change's goes after
 * six seconds, unless the pointer or the focus is on it; a notice with a
 * choice stays until it is made.  A flood of changes (an import, a script)
 * becomes one notice that counts.
 */

import { badge, byId, el } from "./dom.js";
import { initials } from "./words.js";

const MOST = 3, MOST_PHONE = 1, SHOWN = 6000;

/** So many changes within FLOOD_MS are a flood. */
const FLOOD = 8, FLOOD_MS = 2000;

/** When the last changes came, of performance.now(). @type {number[]} */
let recent = [];
/** The flood that is running: its notice, changes, and who made them.
 *  @type {{node: HTMLElement, count: number, names: Set<string>} | null} */
let flood = null;

/**
 * Count a change of a flood.
 * @param {string} name
 * @returns {boolean} whether there is one
 */
function flooded(name)
{
	const now = performance.now();

	recent = [...recent.filter((t) => now - t < FLOOD_MS), now];
	if (recent.length < FLOOD)
		return false;
	if (flood === null || !flood.node.isConnected) {
		flood = { count: 0, names: new Set(), node: el(
		    "div.toast.notice", { "data-testid": "toast-flood" },
		    el("p")) };
		put(flood.node, false);
	}
	flood.count++;
	flood.names.add(name);
	const [first, ...others] = flood.names;
	const who = others.length === 0 ? first :
	    `${first} and ${others.length} other` +
	    (others.length === 1 ? "" : "s");
	/** @type {HTMLElement} */ (flood.node.querySelector("p")).textContent =
	    `${flood.count} more changes by ${who}`;
	flood.node.dispatchEvent(new Event("again"));
	return true;
}

/** @param {HTMLElement} node @param {boolean} stays */
function put(node, stays)
{
	const host = byId("toasts");
	let timer = 0;
	const arm = () => {
		clearTimeout(timer);
		if (!stays)
			timer = setTimeout(() => node.remove(), SHOWN);
	};

	for (const type of ["pointerenter", "focusin"])
		node.addEventListener(type, () => clearTimeout(timer));
	for (const type of ["pointerleave", "focusout", "again"])
		node.addEventListener(type, arm);
	host.append(node);
	const passing = [...host.children].filter((n) =>
	    !n.hasAttribute("data-stays"));
	const most = matchMedia("(max-width: 640px)").matches ? MOST_PHONE :
	    MOST;
	for (const n of passing.slice(0, Math.max(0,
	    host.childElementCount - most)))
		if (n !== node)
			n.remove();
	arm();
}

/**
 * Somebody changed something.  The next change of the same kind to the same
 * item takes the place of the one before.
 * @param {{before: string, sku: string, after: string, detail: string}} words
 * @param {{name: string, color: string}} by
 */
export function changeToast(words, by)
{
	const key = `${words.before}\u0000${words.sku}`;
	const host = byId("toasts");

	if (flooded(by.name))
		return;

	for (const n of [...host.children])
		if (/** @type {HTMLElement} */ (n).dataset.key === key)
			n.remove();
	const text = el("p", { "data-testid": "toast-text" }, words.before,
	    el("strong", {}, words.sku), words.after);
	const detail = [words.detail, "just now"].filter((t) => t !== "");
	put(el("div.toast", { "data-testid": "toast", "data-sku": words.sku,
		"data-key": key, vars: { "--person": by.color } },
	badge("span.avatar", initials(by.name), by.color,
	    { "aria-hidden": "true" }),
	el("div", {}, text, el("p.muted", { "data-testid": "toast-detail" },
	    detail.join(" · ")))), false);
}

/**
 * Something for the reader to know or to do.
 * @param {string} text
 * @param {{action?: string, run?: () => void, detail?: string,
 *   stays?: boolean, id?: string}} [how]
 */
export function notice(text, how = {})
{
	const stays = how.stays ?? how.run !== undefined;
	/** @type {HTMLElement} */
	const node = el("div.toast.notice", { "data-testid": "notice",
		"data-stays": stays, "data-notice": how.id },
	el("div", {}, el("p", {}, text),
	    how.detail ? el("p.muted", {}, how.detail) : null,
	    el("p.toast-actions", {},
		how.run ? el("button.link-button", { type: "button",
		    click: () => { node.remove(); how.run?.(); } },
		String(how.action)) : null,
		stays ? el("button.link-button.quiet", { type: "button",
		    click: () => node.remove() }, "Dismiss") : null)));

	if (how.id)
		for (const n of byId("toasts").querySelectorAll(
		    `[data-notice="${how.id}"]`))
			n.remove();
	put(node, stays);
}
