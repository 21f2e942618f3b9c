// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The list of people behind "+N": everybody by name, where they are, and a
 * click goes there.  In a crowd the stream tells a part only: while the list
 * is open the rest is read page by page.
 */

import { Problem } from "./api.js";
import { badge, byId, el, input, setAttr } from "./dom.js";
import { popover } from "./menu.js";
import { fold } from "./store.js";
import { initials, isolate, personTitle } from "./words.js";

/** From so many people on there is a field to find one. */
const FIND = 12;
/** Least time between two readings of everybody, ms. */
const REREAD = 3000;
/** Drawn at most so often, ms. */
const DRAW = 120;
/** Pages that one reading takes at most: 10,000 people. */
const PAGES = 100;

/**
 * @typedef {import("./people.js").Person} Person
 * @param {import("./presence.js").BarHooks} hooks
 */
export function mountPeopleList(hooks)
{
	return new PeopleList(hooks);
}

class PeopleList {
	/** @param {import("./presence.js").BarHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		this.panel = byId("people-panel");
		this.list = byId("people-list");
		this.find = input("people-find");
		/** @type {Map<string, {node: HTMLElement, person: Person}>} */
		this.lines = new Map();
		this.timer = 0;
		this.reading = false;
		this.failed = false;
		/** when everybody was read last, of performance.now() */
		this.readAt = -Infinity;
		this.menu = popover(byId("people-button"), this.panel, {
			opened: () => this.opened(),
			closed: () => this.closed() });
		this.find.addEventListener("input", () => this.redraw());
	}

	opened()
	{
		this.failed = false;
		this.readAt = -Infinity;
		this.redraw();
		this.readAll();
	}

	closed()
	{
		this.find.value = "";
		this.hooks.people.unread();
		this.lines.clear();
		this.list.replaceChildren();
	}

	/** Something about people has changed. */
	draw()
	{
		if (this.panel.hidden || this.timer !== 0)
			return;
		this.timer = setTimeout(() => {
			this.timer = 0;
			if (this.panel.hidden)
				return;
			this.redraw();
			this.readAll();
		}, DRAW);
	}

	/** Those whom the stream did not tell of. */
	async readAll()
	{
		const { people } = this.hooks;

		if (this.reading || this.complete() ||
		    performance.now() - this.readAt < REREAD)
			return;
		this.reading = true;
		this.readAt = performance.now();
		/** @type {Set<string>} */
		const seen = new Set();
		let cursor = null;
		try {
			for (let n = 0; n < PAGES && !this.panel.hidden; n++) {
				const page = await this.hooks.read(cursor);
				cursor = page.next_cursor ?? null;
				for (const u of page.users)
					seen.add(u.sid);
				if (!this.panel.hidden)
					people.read(page.users);
				if (!cursor)
					break;
				this.redraw();
			}
			this.failed = false;
			people.unread(this.panel.hidden ? undefined : seen);
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			this.failed = true;
		}
		this.reading = false;
		if (!this.panel.hidden)
			this.redraw();
	}

	complete()
	{
		const { people } = this.hooks;

		return !people.cut || people.persons(true).length >=
		    people.count();
	}

	redraw()
	{
		const { people } = this.hooks, all = people.persons(true);
		const words = fold(this.find.value).trim().split(/\s+/);
		const shown = all.filter((p) => {
			const name = fold(p.name);
			return words.every((w) => name.includes(w));
		});

		this.find.hidden = people.count() <= FIND &&
		    this.find.value === "";
		this.drawLines(shown);
		const rest = people.count() - all.length;
		byId("people-note").textContent =
		    shown.length === 0 ? "Nobody of that name" :
		    rest <= 0 ? "" : this.failed ?
		    `${rest} more could not be read` :
		    this.reading ? `${rest} more are being read…` :
		    `and ${rest} more`;
	}

	/**
	 * Lines are kept by person, so that the focus is.
	 * @param {Person[]} all
	 */
	drawLines(all)
	{
		const keys = new Set(all.map((p) => p.key));

		for (const [key, { node }] of this.lines)
			if (!keys.has(key)) {
				this.lines.delete(key);
				node.remove();
			}
		let before = this.list.firstChild;
		for (const p of all) {
			const { node } = this.line(p);
			if (node === before)
				before = node.nextSibling;
			else
				this.list.insertBefore(node, before);
		}
	}

	/** @param {Person} p */
	line(p)
	{
		let line = this.lines.get(p.key);

		if (line === undefined) {
			const made = { node: el("li.person", {
				"data-testid": "person" }), person: p };
			made.node.append(el("button.person-go", {
				type: "button", click: () => {
					this.menu.close();
					this.hooks.go(made.person);
				} },
			badge("span.avatar", initials(p.name), p.color,
			    { "aria-hidden": "true" }),
			el("span.person-name"), el("span.person-at")));
			this.lines.set(p.key, made);
			line = made;
			this.fill(made.node, p);
		} else if (this.differs(line.person, p)) {
			this.fill(line.node, p);
		}
		line.person = p;
		return line;
	}

	/** @param {Person} a @param {Person} b */
	differs(a, b)
	{
		return a.away !== b.away || a.me !== b.me || a.row !== b.row ||
		    a.field !== b.field || a.mode !== b.mode ||
		    a.color !== b.color;
	}

	/** @param {HTMLElement} node @param {Person} p */
	fill(node, p)
	{
		const [avatar, name, at] = ["avatar", "person-name",
			"person-at"].map((c) => /** @type {HTMLElement} */ (
		    node.querySelector(`.${c}`)));

		node.dataset.user = p.name;
		node.dataset.state = p.away ? "away" : "active";
		node.style.setProperty("--person", p.color);
		avatar.style.setProperty("--person", p.color);
		setAttr(avatar, "data-me", p.me);
		avatar.dataset.state = p.away ? "away" : "active";
		name.textContent = personTitle(p);
		at.textContent = p.row === "" ? "" : p.mode === "edit" ?
		    `edits ${p.row}` : `on ${p.row}`;
		at.title = p.mode === "edit" && p.field !== "" ?
		    `${isolate(this.hooks.label(p.field))} of ${p.row}` : "";
	}
}
