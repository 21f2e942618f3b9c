// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Which rows are shown, in which order.  A row never moves, appears or
 * vanishes under the reader's hand (calm.js has the rules): such changes wait,
 * told in words ("3 new, 2 no longer match · show"), until the reader asks
 * for them or rests.  What is out of sight does not wait.
 */

import { difference, mayMove, shiftOf, waitingWords } from "./calm.js";
import { FLASH, decorateRow } from "./cursors.js";
import { byId } from "./dom.js";
import { mountFilters } from "./filters.js";
import { matches } from "./store.js";

/** A scroll so recent is still under way, ms. */
const SCROLLING = 200;
/** How often what waits is looked at again, ms. */
const LOOK = 500;

/** @typedef {import("./store.js").Item} Item */

export class Rows {
	/** @param {import("./page.js").Page} page */
	constructor(page)
	{
		this.page = page;
		this.store = page.inventory.store;
		this.filter = { view: "all", location: "", status: "",
			text: "" };
		/** @type {{field: string, dir: 1 | -1}} */
		this.sort = { field: "sku", dir: 1 };
		/** @type {Map<number, Item>} deleted, still shown */
		this.ghosts = new Map();
		/** @type {Map<number, number>} uid → timer of its flash */
		this.flashes = new Map();
		/** the rows shown may not be those to show */
		this.stale = false;
		this.timer = 0;
		/** what the last refresh took, ms */
		this.cost = 0;
		this.filters = mountFilters((f) => {
			this.filter = f;
			this.show(0);
		}, () => this.grid.focus());
		byId("waiting").addEventListener("click", () => {
			this.refresh(true);
			this.grid.focus();
		});
		byId("table-card").addEventListener("pointerleave",
		    () => this.later());
		setInterval(() => {
			if (this.stale)
				this.refresh(false);
		}, LOOK);
	}

	get grid()
	{
		return this.page.grid;
	}

	/** @param {number} uid @returns {Item | null} deleted ones, too */
	item(uid)
	{
		return this.store.view(uid) ?? this.ghosts.get(uid) ?? null;
	}

	// ---- what happened -------------------------------------------------

	/**
	 * An item has other values: redraw it, and see where it belongs.
	 * @param {number} uid
	 * @param {string[]} fields
	 */
	changed(uid, fields)
	{
		const item = /** @type {Item} */ (this.store.view(uid));

		this.grid.update(uid);
		if (this.grid.index.has(uid) !== matches(item, this.filter) ||
		    fields.includes(this.sort.field) ||
		    fields.includes("sku") ||
		    ["status", "changed"].includes(this.sort.field))
			this.stale = true;
		this.later();
	}

	/** An item is gone. @param {number} uid @param {Item} was */
	removed(uid, was)
	{
		if (this.grid.index.has(uid)) {
			this.ghosts.set(uid, was);
			this.stale = true;
			this.grid.decorate(uid);
		}
		this.later();
	}

	/** More items were read, or all of them again. */
	grown()
	{
		this.stale = true;
		this.later();
	}

	/** Soon, many changes together; at most a fifth of the time. */
	later()
	{
		if (this.timer === 0)
			this.timer = setTimeout(() => {
				const from = performance.now();
				this.timer = 0;
				this.refresh(false);
				this.cost = performance.now() - from;
			}, Math.min(Math.max(16, this.cost * 4), 1500));
	}

	// ---- what is shown -------------------------------------------------

	/** @param {boolean} force at once: the reader asked for it */
	refresh(force)
	{
		const { inventory } = this.page;

		if (!inventory.ready)
			return;
		this.filters.counts(inventory.counts);
		this.filters.locations(this.store.locations());
		if (force)
			this.show(this.anchor());
		else if (this.stale)
			this.settle(this.store.select(this.filter, this.sort));
		this.tell();
	}

	/**
	 * Show the rows as they are to be now.
	 * @param {number} anchor the row that keeps its place on the screen;
	 *   0: start at the top
	 * @param {number[]} [target]
	 */
	show(anchor, target)
	{
		if (!this.page.inventory.ready)
			return;
		this.stale = false;
		this.ghosts.clear();
		this.grid.setRows(target ?? this.store.select(this.filter,
		    this.sort), anchor);
		this.wait("");
		this.tell();
	}

	/** @param {number[]} target shown if it may be, else told to wait */
	settle(target)
	{
		const { lines } = this.grid, may = mayMove(this.hand());
		const anchor = may === "yes" ? this.anchor() : this.pointed();

		if (may === "yes" || (may === "around" &&
		    this.canHold(anchor, target)))
			return this.show(anchor, target);
		const [first, last] = lines.seen();
		const shift = may === "no" ? null :
		    shiftOf(lines.uids, target, first, last);
		const still = performance.now() - this.page.pointer.scrolled >
		    SCROLLING;
		if (shift === 0 || (shift !== null && still))
			return this.show(lines.uids[first] ?? 0, target);
		const words = waitingWords(difference(lines.uids, target,
		    (uid) => this.ghosts.has(uid)));
		this.stale = words !== "";
		this.wait(words);
	}

	/** What the reader is doing. */
	hand()
	{
		const { page, grid } = this, { pointer } = page;
		const over = !pointer.touch &&
		    byId("table-card").matches(":hover");

		return { editing: page.editor.draft !== null,
			finger: pointer.finger, over,
			row: over && this.pointed() !== 0,
			keys: pointer.keys && grid.active !== null &&
			    document.activeElement === grid.host,
			touch: pointer.touch,
			quiet: performance.now() - pointer.touched };
	}

	/** The row under the pointer; 0: none. */
	pointed()
	{
		const row = /** @type {HTMLElement | null} */ (
		    this.grid.holder.querySelector(".grid-row:hover"));

		return Number(row?.dataset.uid ?? 0);
	}

	/**
	 * Whether a row can stay on the screen where it is.
	 * @param {number} uid
	 * @param {number[]} target
	 */
	canHold(uid, target)
	{
		const { lines } = this.grid, was = lines.index.get(uid);
		const now = target.indexOf(uid);

		if (was === undefined || now < 0)
			return false;
		const top = lines.top + (now - was) * lines.height;
		return top >= 0 && (top === 0 ||
		    top + lines.view <= target.length * lines.height);
	}

	/** The row to keep in its place when rows move; 0: the list's top. */
	anchor()
	{
		const { grid } = this, { lines } = grid;
		const [first, last] = lines.seen();
		const seen = lines.uids.slice(first, last + 1);
		const stays = (/** @type {number} */ uid) => {
			const item = this.store.view(uid);
			return item !== null && matches(item, this.filter);
		};
		const own = [this.pointed(), this.page.pointer.keys ?
		    grid.active?.uid ?? 0 : 0].find((uid) =>
		    seen.includes(uid) && stays(uid));

		return own ?? (lines.top === 0 ? 0 : seen.find(stays) ?? 0);
	}

	/** @param {string} words what waits; "" nothing */
	wait(words)
	{
		const button = byId("waiting"), text = `${words} · show`;

		button.hidden = words === "";
		if (button.textContent !== text)
			button.textContent = text;
		button.title = words;
	}

	/**
	 * The table has another size (a keyboard came up): what is edited in
	 * sight stays there.
	 */
	fit()
	{
		const { draft } = this.page.editor, { lines } = this.grid;
		const n = lines.index.get(draft?.uid ?? 0) ?? -1;
		const [first, last] = lines.seen();

		this.grid.fit();
		if (draft !== null && n >= first && n <= last)
			this.grid.reveal(draft.uid, draft.field.name);
	}

	/** Say how many there are, or why there is none. */
	tell()
	{
		const grid = byId("grid"), box = byId("empty");
		const none = this.store.items.size === 0;
		const [head, text, button] = ["h2", "p", "button"].map((s) =>
		    /** @type {HTMLElement} */ (box.querySelector(s)));

		grid.dataset.total = String(this.store.items.size);
		grid.dataset.shown = String(this.grid.uids.length);
		box.hidden = this.grid.uids.length > 0;
		if (box.hidden)
			return;
		const partial = this.page.inventory.partial;
		head.textContent = none ? "No items yet" : partial ?
		    "Nothing yet" : "Nothing matches";
		text.textContent = none ?
		    "The first one that somebody adds appears here." :
		    partial ? "The inventory is still being read." :
		    "No item fits this search and these filters.";
		button.textContent = none ? "+ Item" : "Show all items";
		button.hidden = none && !this.page.editorRole;
	}

	/** @param {string} field */
	sortBy(field)
	{
		const dir = this.sort.field === field && this.sort.dir > 0 ?
		    -1 : 1;

		this.sort = { field, dir };
		this.grid.showSort(this.sort);
		this.show(0);
	}

	// ---- what lies on a row --------------------------------------------

	/** An item was changed: its row flashes. @param {number} uid */
	flash(uid)
	{
		if (uid === 0)
			return;
		clearTimeout(this.flashes.get(uid));
		const row = this.grid.rowElement(uid);
		if (row?.hasAttribute("data-flash")) {
			/* Begin anew. */
			row.removeAttribute("data-flash");
			void row.offsetWidth;
		}
		this.flashes.set(uid, setTimeout(() => {
			this.flashes.delete(uid);
			this.grid.decorate(uid);
		}, FLASH));
		this.grid.decorate(uid);
	}

	/** @param {HTMLElement} row @param {number} uid */
	decorate(row, uid)
	{
		const { page } = this, sku = this.item(uid)?.sku ?? "";

		decorateRow(row, {
			marks: page.marks.get(sku) ?? [],
			flash: this.flashes.has(uid),
			deleted: this.ghosts.has(uid),
			found: page.room.found(uid),
			cell: (field) =>
			    page.saving.conflicts.has(uid, field) ?
			    "conflict" : this.store.isPending(uid, field) ?
			    "pending" : "",
			label: (field) => page.field(field).label,
		});
	}
}
