// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Which rows are shown, in which order, and when they may move.  A row never
 * moves, appears or vanishes under the pointer: such changes are counted
 * ("2 changes waiting · show") until the pointer has left the table, or
 * nothing was touched for a while.
 */

import { FLASH, decorateRow } from "./cursors.js";
import { byId } from "./dom.js";
import { mountFilters } from "./filters.js";
import { matches } from "./store.js";

/** No touch for so long: rows may move, ms. */
const IDLE = 3000;

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
		/** rows that would move, appear or vanish */
		this.dirty = new Set();
		this.timer = 0;
		/** what the last refresh took, ms */
		this.cost = 0;
		this.filters = mountFilters((f) => {
			this.filter = f;
			this.refresh(true);
		}, () => this.grid.focus());
		byId("waiting").addEventListener("click", () => {
			this.refresh(true);
			this.grid.focus();
		});
		byId("table-card").addEventListener("pointerleave",
		    () => this.later());
		setInterval(() => {
			if (this.dirty.size > 0)
				this.refresh(false);
		}, 500);
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

	/**
	 * An item has other values: redraw it, and see where it belongs.
	 * @param {number} uid
	 * @param {string[]} fields
	 */
	changed(uid, fields)
	{
		const item = /** @type {Item} */ (this.store.view(uid));

		this.grid.update(uid);
		this.grid.decorate(uid);
		if (this.grid.index.has(uid) !== matches(item, this.filter) ||
		    fields.includes(this.sort.field) ||
		    ["status", "changed"].includes(this.sort.field))
			this.dirty.add(uid);
		this.later();
	}

	/** An item is gone. @param {number} uid @param {Item} was */
	removed(uid, was)
	{
		if (this.grid.index.has(uid)) {
			this.ghosts.set(uid, was);
			this.dirty.add(uid);
			this.grid.decorate(uid);
		}
		this.later();
	}

	/** Whether rows may move now. */
	calm()
	{
		return this.page.editor.draft === null &&
		    (!byId("table-card").matches(":hover") ||
			performance.now() - this.page.pointer.touched > IDLE);
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

	/** @param {boolean} force at once: the reader asked for it */
	refresh(force)
	{
		const grid = byId("grid"), button = byId("waiting");

		if (!this.page.inventory.ready)
			return;
		this.filters.counts(this.store.counts());
		this.filters.locations(this.store.locations());
		if (force || (this.dirty.size > 0 && this.calm())) {
			this.dirty.clear();
			this.ghosts.clear();
			this.grid.setRows(this.store.select(this.filter,
			    this.sort));
		}
		const n = this.dirty.size;
		button.hidden = n === 0;
		button.textContent = n === 1 ? "1 change waiting · show" :
		    `${n} changes waiting · show`;
		grid.dataset.total = String(this.store.items.size);
		grid.dataset.shown = String(this.grid.uids.length);
		this.empty();
	}

	/** Say why nothing is shown. */
	empty()
	{
		const box = byId("empty"), none = this.store.items.size === 0;
		const [head, text, button] = ["h2", "p", "button"].map((s) =>
		    /** @type {HTMLElement} */ (box.querySelector(s)));

		box.hidden = this.grid.uids.length > 0;
		head.textContent = none ? "No items yet" : "Nothing matches";
		text.textContent = none ?
		    "The first one that somebody adds appears here." :
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
		this.refresh(true);
	}

	/** An item was changed: its row flashes. @param {number} uid */
	flash(uid)
	{
		if (uid === 0)
			return;
		clearTimeout(this.flashes.get(uid));
		const row = this.grid.rowElement(uid);
		if (row !== null) {
			/* Begin anew when it is flashing still. */
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
			cell: (field) =>
			    page.saving.conflicts.has(uid, field) ?
			    "conflict" : this.store.isPending(uid, field) ?
			    "pending" : "",
			label: (field) => page.field(field).label,
		});
	}
}
