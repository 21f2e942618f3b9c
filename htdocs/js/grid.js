// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The table behind one interface: columns, virtual rows (lines.js), the
 * active cell.  Which rows, and when they may move, is not known here.  A
 * row is an item's uid; what a cell shows comes from the column's render().
 *
 * The focus stays on the grid's own element, the active cell is its
 * aria-activedescendant: a cell that scrolls out of the virtual rows takes
 * no focus with it.
 */

import { el, setAttr } from "./dom.js";
import { Head } from "./head.js";
import { mountKeys } from "./keys.js";
import { Lines } from "./lines.js";

/** Heights of a row, px: a table's, a touched table's, a card's. */
const HEIGHTS = { table: 42, touch: 48, cards: 108 };

/**
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} Column
 * @property {string} field
 * @property {string} label
 * @property {string} type text, number, choice, time
 * @property {boolean} editable
 * @property {(item: Item) => Node} render
 * @property {(item: Item) => string} key changes when the cell does
 * @property {number} [width] px
 * @property {number} [minWidth] px
 * @property {number} [grow]
 *
 * @typedef {object} GridHooks
 * @property {(uid: number) => Item | null} item
 * @property {(row: HTMLElement, uid: number) => void} decorate
 * @property {(uid: number, field: string) => void} activate
 * @property {(uid: number, field: string, text?: string) => void} open
 * @property {(uid: number) => void} details
 * @property {(field: string) => void} sort
 * @property {() => void} layout rows moved on the screen
 * @property {() => void} scrolled by the reader
 */

export class Grid {
	/**
	 * @param {HTMLElement} host
	 * @param {Column[]} columns
	 * @param {"table" | "cards"} layout
	 * @param {GridHooks} hooks
	 */
	constructor(host, columns, layout, hooks)
	{
		this.host = host;
		this.columns = columns;
		this.layout = layout;
		this.hooks = hooks;
		/** @type {{uid: number, field: string} | null} */
		this.active = null;
		/** a header cell is the active one; "" none */
		this.header = "";
		/** what the cells of a row show, to see what differs
		 *  @type {WeakMap<HTMLElement, string[]>} */
		this.keys = new WeakMap();
		this.cells = layout === "cards" ? [this.card()] : columns;
		this.rowHeight = layout === "cards" ? HEIGHTS.cards :
		    matchMedia("(pointer: coarse)").matches ? HEIGHTS.touch :
		    HEIGHTS.table;
		this.head = layout === "table" ? new Head(host, columns) :
		    null;
		this.box = el("div.grid-rows", { role: "presentation" });
		this.holder = el("div.grid-scroll", { role: "rowgroup",
			tabindex: -1 }, this.head?.node, this.box);
		this.events = new AbortController();
		this.lines = this.build();
		/** @type {Promise<void>} */
		this.built = Promise.resolve();
		mountKeys(this, this.events.signal);
	}

	build()
	{
		const { host, box } = this;

		host.classList.toggle("cards", this.layout === "cards");
		host.setAttribute("role", "grid");
		host.setAttribute("aria-colcount",
		    String(this.cells.length));
		host.style.setProperty("--row-height",
		    `${this.rowHeight}px`);
		host.tabIndex = 0;
		host.replaceChildren(this.holder);
		this.holder.addEventListener("scroll", () => {
			this.lines.draw();
			this.moved();
			if (!this.lines.ours())
				this.hooks.scrolled();
		}, { passive: true });
		return new Lines(this.holder, box, this.rowHeight, {
			make: (uid) => this.make(uid),
			placed: (node, uid, n) => {
				node.setAttribute("aria-rowindex",
				    String(n + 2));
				setAttr(node, "data-first", n === 0);
			},
		});
	}

	/** The one column of a phone. @returns {Column} */
	card()
	{
		const { columns } = this;

		return { field: "card", label: "", type: "text",
			editable: false,
			render: /** @type {any} */ (columns[0]).card,
			key: (item) => columns.map((c) => c.key(item))
			    .join("\u0000") };
	}

	/** What is shown, in order. */
	get uids()
	{
		return this.lines.uids;
	}

	/** uid → its number in uids. */
	get index()
	{
		return this.lines.index;
	}

	/** The fields that the cursor keys walk through. */
	get fields()
	{
		return this.cells.map((c) => c.field);
	}

	/** @param {number} uid a row's element */
	make(uid)
	{
		const row = el("div.grid-row", { role: "row",
			"data-testid": "row", "data-uid": String(uid) });

		for (const [n, c] of this.cells.entries())
			row.append(el("div.grid-cell", { role: "gridcell",
				id: `cell-${uid}-${c.field}`,
				"data-field": c.field, "data-type": c.type,
				"aria-colindex": String(n + 1),
				"aria-readonly": this.layout === "table" &&
				    !c.editable ? "true" : null }));
		this.fill(row, uid);
		return row;
	}

	/** Bring the cells that differ up to date.
	 * @param {HTMLElement} row @param {number} uid */
	fill(row, uid)
	{
		const item = this.hooks.item(uid);
		const keys = this.keys.get(row) ?? [];

		if (item === null)
			return;
		row.dataset.sku = item.sku;
		row.dataset.version = String(item.version);
		for (const [n, c] of this.cells.entries()) {
			const key = c.key(item);
			if (keys[n] === key)
				continue;
			keys[n] = key;
			row.children[n].replaceChildren(c.render(item));
		}
		this.keys.set(row, keys);
		this.hooks.decorate(row, uid);
		if (this.active?.uid === uid)
			this.drawActive();
	}

	/**
	 * Show these rows in this order.
	 * @param {number[]} uids
	 * @param {number} anchor the row that stays where it is on the
	 *   screen, if it can; 0: the list starts at its top
	 */
	setRows(uids, anchor)
	{
		const { lines } = this, was = lines.index.get(anchor);

		this.host.setAttribute("aria-rowcount",
		    String(uids.length + 1));
		lines.set(uids);
		lines.measure();
		const now = lines.index.get(anchor);
		if (was !== undefined && now !== undefined)
			lines.scroll(lines.top +
			    (now - was) * this.rowHeight);
		else if (anchor === 0)
			lines.scroll(0);
		lines.draw();
		if (this.active && !lines.index.has(this.active.uid))
			this.active = null;
		this.drawActive();
		this.moved();
	}

	/** The room for the rows is another one. */
	fit()
	{
		this.lines.measure();
		this.lines.draw();
	}

	/**
	 * An item changed: redraw its cells that differ.
	 * @param {number} uid
	 */
	update(uid)
	{
		const node = this.rowElement(uid);

		if (node !== null)
			this.fill(node, uid);
	}

	/**
	 * Run decorate() on a row again, if it is in the DOM.
	 * @param {number} uid
	 */
	decorate(uid)
	{
		const node = this.rowElement(uid);

		if (node !== null)
			this.hooks.decorate(node, uid);
	}

	/** Run decorate() on every row that is in the DOM. */
	decorateAll()
	{
		for (const [uid, node] of this.lines.nodes)
			this.hooks.decorate(node, uid);
	}

	/** @param {number} uid @returns {HTMLElement | null} */
	rowElement(uid)
	{
		return this.lines.nodes.get(uid) ?? null;
	}

	/** @param {number} uid @param {string} field */
	cellElement(uid, field)
	{
		return /** @type {HTMLElement | null} */ (
		    this.rowElement(uid)?.querySelector(
			`[data-field="${CSS.escape(field)}"]`) ?? null);
	}

	/**
	 * Where a cell is on the screen, at the edge when out of sight.
	 * @param {number} uid
	 * @param {string} field
	 * @returns {{box: DOMRect, inside: boolean} | null}
	 */
	cellBox(uid, field)
	{
		const cell = this.cellElement(uid, field);
		const view = this.viewBox();
		const n = this.index.get(uid);

		if (cell !== null) {
			const b = cell.getBoundingClientRect();
			const inside = b.top >= view.top - 2 &&
			    b.bottom <= view.bottom + 2 &&
			    b.left >= view.left - 2 &&
			    b.right <= view.right + 2;
			return { box: b, inside };
		}
		if (n === undefined)
			return null;
		const head = this.host.querySelector(
		    `[data-head="${CSS.escape(field)}"]`);
		const h = (head ?? this.host).getBoundingClientRect();
		const y = view.top + n * this.rowHeight - this.lines.top;
		return { box: new DOMRect(h.left, y, h.width, this.rowHeight),
			inside: false };
	}

	/** @param {{field: string, dir: 1 | -1}} sort */
	showSort(sort)
	{
		this.head?.show(sort);
	}

	/**
	 * Make a cell the active one.
	 * @param {number} uid
	 * @param {string} field
	 * @param {{quiet?: boolean}} [how] quiet: the hooks are not told
	 */
	activate(uid, field, how = {})
	{
		this.header = "";
		this.active = { uid, field };
		this.reveal(uid, field);
		this.drawActive();
		if (!how.quiet)
			this.hooks.activate(uid, field);
	}

	/** Where rows are seen, on the screen. */
	viewBox()
	{
		const box = this.holder.getBoundingClientRect();

		return new DOMRect(box.left, box.top + this.lines.head,
		    this.holder.clientWidth, this.lines.view);
	}

	/**
	 * Scroll as little as needed.
	 * @param {number} uid
	 * @param {string} field
	 * @param {{middle?: boolean}} [how] middle: to the middle when it
	 *   is out of sight
	 */
	reveal(uid, field, how = {})
	{
		const n = this.index.get(uid), h = this.holder;

		if (n === undefined)
			return;
		this.lines.reveal(n, how.middle ?? false);
		const cell = this.cellElement(uid, field);
		if (cell === null || this.layout === "cards" ||
		    field === this.fields[0])
			return;
		const frozen = this.head?.cells[0].offsetWidth ?? 0;
		const left = cell.offsetLeft, right = left + cell.offsetWidth;
		if (left - frozen < h.scrollLeft)
			h.scrollLeft = left - frozen;
		else if (right > h.scrollLeft + h.clientWidth)
			h.scrollLeft = right - h.clientWidth;
	}

	/** No cell is the active one. */
	deactivate()
	{
		this.active = null;
		this.header = "";
		this.drawActive();
	}

	drawActive()
	{
		for (const old of this.host.querySelectorAll("[data-active]"))
			old.removeAttribute("data-active");
		const node = this.header !== "" ?
		    this.host.querySelector(
			`[data-head="${CSS.escape(this.header)}"]`) :
		    this.active === null ? null :
		    this.cellElement(this.active.uid, this.active.field);
		node?.setAttribute("data-active", "");
		setAttr(this.host, "aria-activedescendant", node?.id ?? null);
	}

	/**
	 * Move the active cell.
	 * @param {number} down rows
	 * @param {number} right columns
	 */
	move(down, right)
	{
		const fields = this.fields;

		if (this.uids.length === 0)
			return;
		if (this.header !== "")
			return this.moveHead(down, right);
		if (this.active === null)
			return this.activate(this.uids[0], fields[0]);
		const n = this.index.get(this.active.uid) ?? 0;
		const f = fields.indexOf(this.active.field);
		if (n + down < 0 && down === -1 && this.layout === "table") {
			this.header = this.active.field;
			return this.drawActive();
		}
		const clamp = (/** @type {number} */ v,
		    /** @type {number} */ end) => Math.max(0, Math.min(end, v));
		this.activate(
		    this.uids[clamp(n + down, this.uids.length - 1)],
		    fields[clamp(f + right, fields.length - 1)]);
	}

	/** @param {number} down @param {number} right */
	moveHead(down, right)
	{
		const f = this.fields.indexOf(this.header) + right;

		if (down > 0)
			return this.activate(this.uids[0], this.header);
		this.header = this.fields[
		    Math.max(0, Math.min(this.fields.length - 1, f))];
		this.drawActive();
	}

	/**
	 * The cell that holds an element.
	 * @param {Element} target
	 */
	at(target)
	{
		const row = /** @type {HTMLElement | null} */ (
		    target.closest?.("[data-uid]"));
		const cell = /** @type {HTMLElement | null} */ (
		    target.closest?.(".grid-cell"));

		return row === null || cell === null ? null :
		    { uid: Number(row.dataset.uid),
			field: cell.dataset.field ?? "" };
	}

	focus()
	{
		this.host.focus({ preventScroll: true });
	}

	moved()
	{
		this.drawActive();
		this.hooks.layout();
	}

	/** Take the table out of its element. */
	destroy()
	{
		this.events.abort();
		this.host.replaceChildren();
		this.host.removeAttribute("aria-activedescendant");
	}
}
