// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The presence bar: Live or Offline, who is here, what happens now.
 */

import { badge, byId, el, setAttr } from "./dom.js";
import { popover } from "./menu.js";
import { activity, clock, initials, usersOnline } from "./words.js";

/** Avatars before "+N": wide, narrow. */
const WIDE = 8, NARROW = 4;

/**
 * @typedef {object} BarState
 * @property {"connecting" | "live" | "offline"} state
 * @property {number} since ms since 1970
 * @property {number} waiting own edits not yet sent
 * @property {import("./people.js").Person[]} persons
 * @property {number} count
 * @property {{name: string, field: string, sku: string}[]} editing
 */

const LABELS = { connecting: "Connecting", live: "Live", offline: "Offline" };

/** @returns {(s: BarState) => void} draws the bar anew */
export function mountPresence()
{
	const bar = byId("presence"), list = byId("avatars");
	const people = byId("people-list");

	popover(byId("people-button"), people);
	return (s) => {
		document.body.dataset.state = bar.dataset.state = s.state;
		text(byId("connection"), LABELS[s.state]);
		text(byId("offline-note"), offlineNote(s));
		const shown = s.persons;
		const room = matchMedia("(max-width: 640px)").matches ?
		    NARROW : WIDE;
		const fit = shown.length > room ? room - 1 : shown.length;
		avatars(list, shown.slice(0, fit));
		const more = byId("people-more");
		more.hidden = shown.length <= fit;
		text(more, `+${shown.length - fit}`);
		text(byId("user-count"), s.state === "live" ?
		    usersOnline(s.count) : "");
		byId("people-button").hidden = s.state !== "live";
		people.replaceChildren(...shown.map(person));
		what(byId("activity"), s);
	};
}

/** @param {HTMLElement} node @param {string} value */
function text(node, value)
{
	if (node.textContent !== value)
		node.textContent = value;
}

/** @param {BarState} s */
function offlineNote(s)
{
	const edits = s.waiting === 0 ? "" :
	    s.waiting === 1 ? "1 edit waits" : `${s.waiting} edits wait`;
	const since = s.state === "offline" ? `since ${clock(s.since)}` : "";

	return [since, edits].filter((t) => t !== "").join(" · ");
}

/** @param {import("./people.js").Person} p */
function personTitle(p)
{
	return p.name + (p.me ? " (you)" : p.away ? " (away)" : "");
}

/**
 * Avatars are kept by person, so that only who comes and goes moves.
 * @param {HTMLElement} list
 * @param {import("./people.js").Person[]} persons
 */
function avatars(list, persons)
{
	const old = new Map([...list.children].map((n) =>
	    [/** @type {HTMLElement} */ (n).dataset.key ?? "",
		/** @type {HTMLElement} */ (n)]));

	for (const [n, p] of persons.entries()) {
		const node = old.get(p.key) ?? el("li.avatar", {
			"data-testid": "avatar", "data-key": p.key });
		old.delete(p.key);
		node.dataset.user = p.name;
		node.dataset.state = p.away ? "away" : "active";
		node.title = personTitle(p);
		node.style.setProperty("--person", p.color);
		setAttr(node, "data-me", p.me);
		const label = personTitle(p);
		if (node.getAttribute("data-label") !== label) {
			node.dataset.label = label;
			node.replaceChildren(
			    el("span", { "aria-hidden": "true" },
				initials(p.name)),
			    el("span.visually-hidden", {}, label));
		}
		if (list.children[n] !== node)
			list.insertBefore(node, list.children[n] ?? null);
	}
	for (const node of old.values())
		node.remove();
}

/** @param {import("./people.js").Person} p */
function person(p)
{
	return el("li", { "data-testid": "person", "data-user": p.name },
	    badge("span.avatar", initials(p.name), p.color,
		{ "data-state": p.away ? "away" : "active",
		    "data-me": p.me, "aria-hidden": "true" }),
	    personTitle(p));
}

/** @param {HTMLElement} node @param {BarState} s */
function what(node, s)
{
	const a = s.state === "live" ? activity(s.editing) : null;
	const key = a === null ? "" : `${a.name}${a.what}${a.sku}${a.more}`;

	if (node.dataset.key === key)
		return;
	node.dataset.key = key;
	if (a === null)
		return node.replaceChildren();
	node.replaceChildren(el("strong", {}, a.name), a.what,
	    el("strong", {}, a.sku), a.more > 0 ? ` · +${a.more}` : "");
}
