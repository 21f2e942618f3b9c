// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The presence bar: Live or Offline, who is here, what happens now.  As many
 * avatars as there is room for, by the real width; who is behind "+N" is in
 * the list (people-list.js).
 */

import { byId, el, setAttr } from "./dom.js";
import { fitting } from "./people.js";
import { mountPeopleList } from "./people-list.js";
import { activity, clock, initials, isolate, personTitle, usersOnline }
	from "./words.js";

/**
 * @typedef {import("./people.js").Person} Person
 * @typedef {object} BarState
 * @property {"connecting" | "live" | "offline"} state
 * @property {number} since ms since 1970
 * @property {number} waiting own edits not yet sent
 * @property {Person[]} persons
 * @property {number} count
 * @property {{name: string, field: string, sku: string}[]} editing
 *
 * @typedef {object} BarHooks
 * @property {(p: Person) => void} go show where somebody is
 * @property {(field: string) => string} label
 * @property {(cursor: string | null) => Promise<any>} read a page of
 *   everybody in the room
 * @property {import("./people.js").People} people
 */

const LABELS = { connecting: "Connecting", live: "Live", offline: "Offline" };

/**
 * @param {BarHooks} hooks
 * @returns {(s: BarState) => void} draws the bar anew
 */
export function mountPresence(hooks)
{
	const bar = byId("presence"), avatars = new Avatars(hooks.go);
	const list = mountPeopleList(hooks);
	/** @type {BarState | null} */
	let last = null;
	const draw = (/** @type {BarState} */ s) => {
		const live = s.state === "live";
		last = s;
		document.body.dataset.state = bar.dataset.state = s.state;
		text(byId("connection"), LABELS[s.state]);
		text(byId("offline-since"), s.state === "offline" ?
		    `since ${clock(s.since)}` : "");
		text(byId("offline-waits"), waits(s));
		const [n, ...words] = usersOnline(s.count).split(" ");
		text(byId("count-number"), live ? n : "");
		text(byId("count-words"), live ? ` ${words.join(" ")}` : "");
		byId("people-button").hidden = !live;
		avatars.draw(s.persons, s.count, live);
		list.draw();
		what(byId("activity"), s);
	};

	new ResizeObserver(() => {
		if (last !== null)
			draw(last);
	}).observe(byId("who"));
	return draw;
}

/** @param {HTMLElement} node @param {string} value */
function text(node, value)
{
	if (node.textContent !== value)
		node.textContent = value;
}

/** Own edits that wait, in words. @param {BarState} s */
function waits(s)
{
	const edits = s.waiting === 0 ? "" :
	    s.waiting === 1 ? "1 edit waits" : `${s.waiting} edits wait`;

	return (edits !== "" && s.state === "offline" ? " · " : "") + edits;
}

/**
 * The row of avatars.  They are kept by person: nobody's is drawn anew, or
 * moves, for anything but the coming and going of somebody before them.
 */
class Avatars {
	/** @param {(p: Person) => void} go */
	constructor(go)
	{
		this.go = go;
		this.list = byId("avatars");
		/** @type {Map<string, HTMLElement>} */
		this.nodes = new Map();
		/** @type {Map<string, Person>} the newest of each */
		this.persons = new Map();
		/** what was fitted last, and the number that did */
		this.fitted = { key: "", n: 0 };
	}

	/**
	 * @param {Person[]} persons
	 * @param {number} count of people, more when the list is cut short
	 * @param {boolean} live
	 */
	draw(persons, count, live)
	{
		const known = this.persons;
		/* At first, or after an outage, all are simply there. */
		const still = known.size === 0 || !live;

		this.persons = new Map(persons.map((p) => [p.key, p]));
		const n = this.fit(persons, count, live);
		const shown = persons.slice(0, n);
		const keys = new Set(shown.map((p) => p.key));
		for (const [key, node] of this.nodes)
			if (!keys.has(key)) {
				this.nodes.delete(key);
				node.remove();
			}
		for (const [i, p] of shown.entries()) {
			const node = this.nodes.get(p.key) ??
			    this.make(p, !still && !known.has(p.key));
			this.nodes.set(p.key, node);
			fill(node, p);
			if (this.list.children[i] !== node)
				this.list.insertBefore(node,
				    this.list.children[i] ?? null);
		}
		const more = byId("people-more"), hidden = count - n;
		more.hidden = hidden <= 0 || !live;
		text(more, `+${Math.max(0, hidden)}`);
	}

	/**
	 * How many fit; while not live never more than before.
	 * @param {Person[]} persons
	 * @param {number} count
	 * @param {boolean} live
	 */
	fit(persons, count, live)
	{
		const width = byId("who").clientWidth;
		const key = `${persons.length} ${count} ${width} ${live}`;

		if (this.fitted.key === key || persons.length === 0)
			return Math.min(persons.length, this.fitted.n || 1);
		const n = this.measure(persons, count, width);
		this.fitted = { key, n: live ? n :
		    Math.min(n, this.fitted.n || n) };
		return this.fitted.n;
	}

	/**
	 * @param {Person[]} persons
	 * @param {number} count
	 * @param {number} width px
	 */
	measure(persons, count, width)
	{
		const probes = persons.slice(0, 2).map((p) => {
			const slot = this.make(p, false);
			fill(slot, p);
			return slot;
		});
		const more = byId("people-more");
		const had = { hidden: more.hidden, text: more.textContent };

		/* Two of them in a row of their own, seen by nobody. */
		const list = el("ul.avatars.probe", {}, ...probes);
		byId("who").append(list);
		const at = probes.map((p) => p.getBoundingClientRect());
		const first = at[0].right - list.getBoundingClientRect().left;
		const next = at.length > 1 ? at[1].right - at[0].right : 0;
		list.remove();
		more.hidden = true;
		const button = byId("people-button").offsetWidth;
		more.hidden = false;
		more.textContent = `+${count}`;
		const wide = byId("people-button").offsetWidth;
		more.hidden = had.hidden;
		more.textContent = had.text;
		const n = fitting(count, width - button,
		    { first, next, more: wide - button });
		return Math.min(n, persons.length);
	}

	/** @param {Person} p @param {boolean} arrives before our eyes */
	make(p, arrives)
	{
		const key = p.key;

		return el("li.avatar-slot", {}, el("button.avatar-go", {
			type: "button", "data-testid": "avatar",
			"data-arrives": arrives,
			animationend: (/** @type {Event} */ ev) =>
			    /** @type {Element} */ (ev.currentTarget)
				.removeAttribute("data-arrives"),
			click: () => {
				const now = this.persons.get(key);
				if (now !== undefined)
					this.go(now);
			} },
		el("span.avatar", { "aria-hidden": "true" }, initials(p.name)),
		el("span.visually-hidden")));
	}
}

/** @param {HTMLElement} slot @param {Person} p */
function fill(slot, p)
{
	const node = /** @type {HTMLElement} */ (slot.firstElementChild);
	const label = personTitle(p);
	const state = p.away ? "away" : "active";

	if (node.dataset.state !== state)
		node.dataset.state = state;
	if (node.style.getPropertyValue("--person") !== p.color)
		node.style.setProperty("--person", p.color);
	if (node.dataset.label === label)
		return;
	node.dataset.user = p.name;
	node.dataset.label = node.title = label;
	setAttr(node, "data-me", p.me);
	text(/** @type {HTMLElement} */ (node.lastElementChild), label);
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
	node.replaceChildren(el("strong", {}, isolate(a.name)), a.what,
	    el("strong", {}, a.sku), a.more > 0 ? ` · +${a.more}` : "");
}
