// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The notices at the lower right: others' changes as happened.js has them,
 * and words of the page's own.  A notice with a choice stays until it is
 * made.  They are no live region: announce.js says what is to be heard.
 */

import { polite } from "./announce.js";
import { pageClock } from "./clock.js";
import { badge, byId, el } from "./dom.js";
import { Toasts } from "./happened.js";
import { initials } from "./words.js";

/** All that is up, on a wide page and on a phone. */
const MOST = 3, MOST_PHONE = 1;
/** How long a notice without a choice is up, and one with, ms. */
const SHOWN = 6000, SHOWN_CHOICE = 12000;

/** Notices that stay take room from the changes. */
function room()
{
	const most = matchMedia("(max-width: 640px)").matches ? MOST_PHONE :
	    MOST;

	return most - byId("toasts").querySelectorAll(
	    "[data-testid=notice]").length;
}

/**
 * @typedef {object} ToastActions
 * @property {(g: import("./happened.js").Group) => void} open it was clicked
 */

/**
 * The toasts of changes.
 * @param {ToastActions} actions
 */
export function mountToasts(actions)
{
	/** @type {Map<number, HTMLElement>} */
	const nodes = new Map();
	/** @type {import("./happened.js").Group[]} */
	let up = [];
	let due = false;
	const toasts = new Toasts(pageClock, { room, draw: (now) => {
		up = now;
		if (due)
			return;
		due = true;
		/* Not in every case a frame: the page may be hidden. */
		setTimeout(draw, document.hidden ? 200 : 30);
	} });
	const draw = () => {
		due = false;
		for (const [id, node] of nodes)
			if (!up.some((g) => g.id === id)) {
				nodes.delete(id);
				node.remove();
			}
		for (const g of up) {
			const node = nodes.get(g.id) ?? make(toasts, g,
			    actions);
			if (!nodes.has(g.id))
				byId("toasts").append(node);
			nodes.set(g.id, node);
			fill(node, g);
		}
	};

	return toasts;
}

/**
 * @param {Toasts} toasts
 * @param {import("./happened.js").Group} g
 * @param {ToastActions} actions
 */
function make(toasts, g, actions)
{
	const node = el("div.toast.change-toast", {
		"data-testid": "toast", vars: { "--person": g.last.color } },
	el("button.toast-go", { type: "button", click: () => actions.open(g) },
	    badge("span.avatar", initials(g.last.name), g.last.color,
		{ "aria-hidden": "true" }),
	    el("span.toast-words", {},
		el("span.toast-text", { "data-testid": "toast-text" }),
		el("span.toast-detail", { "data-testid": "toast-detail" }))),
	el("button.icon-button.toast-close", { type: "button",
		"aria-label": "Dismiss", click: () => toasts.dismiss(g.id) },
	"×"));

	for (const type of ["pointerenter", "focusin"])
		node.addEventListener(type, () => toasts.hold(g.id, true));
	for (const type of ["pointerleave", "focusout"])
		node.addEventListener(type, () => toasts.hold(g.id, false));
	return node;
}

/** @param {HTMLElement} node @param {import("./happened.js").Group} g */
function fill(node, g)
{
	const words = g.words(), [text, detail] = ["text", "detail"].map((s) =>
	    /** @type {HTMLElement} */ (node.querySelector(`.toast-${s}`)));
	const key = Object.values(words).join("\u0000");

	node.dataset.sku = g.last.sku;
	node.dataset.count = String(g.count);
	if (node.dataset.key === key)
		return;
	node.dataset.key = key;
	text.replaceChildren(words.before, words.sku === "" ? "" :
	    el("strong", {}, words.sku), words.after);
	detail.textContent = [words.detail, g.count > 1 ? "" : "just now"]
	    .filter((t) => t !== "").join(" · ");
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
	const host = byId("toasts");
	/** @type {HTMLElement} */
	const node = el("div.toast.notice", { "data-testid": "notice",
		"data-stays": stays, "data-notice": how.id },
	el("div", {}, el("p", {}, text),
	    how.detail ? el("p.muted", {}, how.detail) : null,
	    el("p.toast-actions", {},
		how.run ? el("button.link-button", { type: "button",
		    click: () => { node.remove(); how.run?.(); } },
		String(how.action)) : null,
		stays || how.run ? el("button.link-button.quiet",
		    { type: "button", click: () => node.remove() },
		    "Dismiss") : null)));

	if (how.id)
		for (const n of host.querySelectorAll(
		    `[data-notice="${how.id}"]`))
			n.remove();
	for (const n of [...host.querySelectorAll(".notice:not([data-stays])")]
	    .slice(0, -(MOST - 1)))
		n.remove();
	host.prepend(node);
	polite([text, how.detail ?? ""].filter((t) => t !== "").join(" "));
	if (!stays)
		passing(node, how.run ? SHOWN_CHOICE : SHOWN);
}

/** It goes by itself. @param {HTMLElement} node @param {number} ms */
function passing(node, ms)
{
	let timer = setTimeout(() => node.remove(), ms);

	for (const type of ["pointerenter", "focusin"])
		node.addEventListener(type, () => clearTimeout(timer));
	for (const type of ["pointerleave", "focusout"])
		node.addEventListener(type, () => {
			clearTimeout(timer);
			timer = setTimeout(() => node.remove(), ms);
		});
}
