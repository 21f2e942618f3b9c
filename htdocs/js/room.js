// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The room as this page shows it: who is in it (the bar), where they are
 * (marks on the rows), and the way to a row where somebody is or something
 * happened.
 */

import { collaboration } from "./api.js";
import { polite } from "./announce.js";
import { byId } from "./dom.js";
import { People, safeColor } from "./people.js";
import { mountPresence } from "./presence.js";
import { notice } from "./toast.js";
import { isolate } from "./words.js";

/** How long a row that was looked for is outlined, ms. */
const FOUND = 2500;

/** @typedef {import("./people.js").Person} Person */

export class Room {
	/** @param {import("./page.js").Page} page */
	constructor(page)
	{
		this.page = page;
		this.people = new People();
		/** @type {Map<string, import("./people.js").Mark[]>} */
		this.marks = new Map();
		/** the row that was looked for: uid and whose colour */
		this.sought = { uid: 0, color: "" };
		this.timer = 0;
		this.drawBar = mountPresence({
			go: (p) => this.goTo(p),
			label: (field) => page.field(field).label,
			read: (cursor) => collaboration.presence(
			    page.settings.room, cursor),
			people: this.people,
		});
	}

	/**
	 * @param {string} event
	 * @param {any} data
	 * @returns {boolean} whether it was about people
	 */
	frame(event, data)
	{
		switch (event) {
		case "room_joined":
		case "presence_update":
			if (data.me)
				this.people.self = data.me;
			this.people.replace(data.users, data);
			break;
		case "user_joined":
			this.people.joined(data);
			break;
		case "user_left":
			this.people.left(data);
			break;
		case "cursor_updated":
			this.people.cursor(data);
			break;
		case "cursors":
			for (const c of data)
				this.people.cursor(c);
			break;
		default:
			return false;
		}
		return true;
	}

	/** Draw the marks that differ, and the bar. */
	changed()
	{
		const { page } = this, old = this.marks;
		const here = this.people.marks();
		/* Who holds a lease is marked, too. */
		this.marks = page.stream?.state === "live" ?
		    page.editing.leases.book.join(here, this.people.sid) :
		    new Map();
		for (const sku of new Set([...old.keys(),
			...this.marks.keys()]))
			page.grid.decorate(page.store.uid(sku));
		this.bar();
	}

	bar()
	{
		const { page } = this, stream = page.stream;
		const me = this.people.entries.get(this.people.sid);

		if (me !== undefined)
			/** @type {HTMLElement | null} */ (
			    byId("user-menu-button").querySelector(".avatar"))
			    ?.style.setProperty("--person", me.color);
		this.drawBar({
			state: /** @type {any} */ (stream?.state ||
			    "connecting"),
			since: stream?.since ?? 0,
			waiting: page.saving?.edits.waiting ?? 0,
			persons: this.people.persons(),
			count: this.people.count(),
			editing: this.people.editing().map((e) => ({ ...e,
				field: e.field === "" ? "" :
				    page.field(e.field).label })),
		});
	}

	/**
	 * The colour of who made a change.
	 * @param {{user_id: number}} ev
	 */
	colorOf(ev)
	{
		const here = [...this.people.entries.values()].find((e) =>
		    e.user_id === ev.user_id);
		const palette = this.page.settings.palette ?? [];

		return safeColor(here?.color ??
		    palette[ev.user_id % (palette.length || 1)]);
	}

	// ---- the way to a row ----------------------------------------------

	/** Show where somebody is. @param {Person} p */
	goTo(p)
	{
		const who = p.me ? "You are" : `${isolate(p.name)} is`;

		if (p.row === "")
			return notice(`${who} on no row now.`,
			    { id: "go", stays: false });
		this.showRow(p.row, `${who} on ${p.row}`, p.color);
	}

	/**
	 * Bring a row into sight, and mark it for a while.
	 * @param {string} sku
	 * @param {string} why in words, without a full stop
	 * @param {string} color
	 */
	showRow(sku, why, color)
	{
		const { page } = this, uid = page.store.uid(sku);

		if (uid === 0)
			return notice(`${why}, which is not in the list.`,
			    { id: "go", stays: false });
		if (!page.grid.index.has(uid))
			return notice(`${why}, which the filter hides.`, {
				id: "go", stays: false, action: "Show it",
				run: () => {
					page.rows.filters.clear();
					page.rows.refresh(true);
					this.showRow(sku, why, color);
				} });
		page.grid.reveal(uid, page.grid.fields[0], { middle: true });
		polite(`${why}.`, "go");
		this.mark(uid, color);
	}

	/** @param {number} uid @param {string} color */
	mark(uid, color)
	{
		const old = this.sought.uid, row = this.page.grid;

		clearTimeout(this.timer);
		this.sought = { uid, color };
		/* Begin anew when it is marked still. */
		row.rowElement(uid)?.removeAttribute("data-found");
		row.decorate(old);
		row.decorate(uid);
		/* It may come into the table a little later. */
		requestAnimationFrame(() => requestAnimationFrame(() =>
		    row.decorate(uid)));
		this.timer = setTimeout(() => {
			this.sought = { uid: 0, color: "" };
			row.decorate(uid);
		}, FOUND);
	}

	/** The colour of the mark; "": not looked for. @param {number} uid */
	found(uid)
	{
		return uid !== 0 && this.sought.uid === uid ?
		    this.sought.color : "";
	}
}
