// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The table behind one interface: Tabulator lays out columns and virtual
 * rows; order, rows shown, keyboard and the active cell are ours.  A row is
 * an item's uid; what a cell shows comes from the column's render().
 *
 * The focus stays on the grid's own element, the active cell is its
 * aria-activedescendant: a cell that scrolls out of the virtual rows takes
 * no focus with it.
 */

import { FormatModule, FrozenColumnsModule, ResizeColumnsModule,
	ResizeTableModule, Tabulator } from "../vendor/tabulator.js";
import { setAttr } from "./dom.js";
import { mountKeys } from "./keys.js";

Tabulator.registerModule([FormatModule, FrozenColumnsModule,
	ResizeColumnsModule, ResizeTableModule]);

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
		/** @type {number[]} what is shown, in order */
		this.uids = [];
		/** @type {Map<number, number>} */
		this.index = new Map();
		/** @type {Map<number, any>} Tabulator's rows */
		this.rows = new Map();
		/** @type {{uid: number, field: string} | null} */
		this.active = null;
		/** a header cell is the active one; "" none */
		this.header = "";
		host.classList.toggle("cards", layout === "cards");
		this.rowHeight = layout === "cards" ? HEIGHTS.cards :
		    matchMedia("(pointer: coarse)").matches ? HEIGHTS.touch :
		    HEIGHTS.table;
		/* Tabulator takes a height that is there for a fixed one. */
		host.style.setProperty("height", "300px");
		this.table = new Tabulator(host, {
			index: "uid",
			data: [],
			layout: "fitColumns",
			headerVisible: layout === "table",
			rowHeight: this.rowHeight,
			nestedFieldSeparator: false,
			columns: this.definitions(),
			rowFormatter: (/** @type {any} */ row) =>
			    this.format(row),
		});
		/** @type {Promise<void>} */
		this.built = new Promise((resolve) =>
		    this.table.on("tableBuilt", () => {
			this.roles();
			resolve(undefined);
		}));
		this.events = new AbortController();
		mountKeys(this, this.events.signal);
	}

	/** The fields that the cursor keys walk through. */
	get fields()
	{
		return this.layout === "cards" ? ["card"] :
		    this.columns.map((c) => c.field);
	}

	definitions()
	{
		if (this.layout === "cards") {
			const card = /** @type {any} */ (this.columns)[0].card;
			return [{ field: "card", title: "", resizable: false,
				formatter: this.formatter(card) }];
		}
		return this.columns.map((c, n) => ({
			field: c.field,
			title: c.label,
			titleFormatter: () => document.createTextNode(c.label),
			frozen: n === 0,
			hozAlign: c.type === "number" ? "right" : "left",
			headerHozAlign: c.type === "number" ? "right" : "left",
			width: c.width,
			minWidth: c.minWidth ?? 48,
			widthGrow: c.grow ?? 1,
			resizable: "header",
			formatter: this.formatter(c.render),
		}));
	}

	/** @param {(item: Item) => Node} render */
	formatter(render)
	{
		return (/** @type {any} */ cell) => {
			const item = this.hooks.item(cell.getData().uid);
			return item === null ? document.createTextNode("") :
			    render(item);
		};
	}

	/** @param {number} uid what Tabulator compares */
	record(uid)
	{
		const item = this.hooks.item(uid);
		/** @type {Record<string, any>} */
		const rec = { uid };

		if (item === null)
			return rec;
		if (this.layout === "cards")
			rec.card = this.columns.map((c) => c.key(item))
			    .join("\u0000");
		else
			for (const c of this.columns)
				rec[c.field] = c.key(item);
		return rec;
	}

	/** The roles that Tabulator leaves out (WAI-ARIA grid pattern). */
	roles()
	{
		const of = (/** @type {string} */ s) =>
		    this.host.querySelector(s);
		const holder = of(".tabulator-tableholder");

		this.host.tabIndex = 0;
		this.host.removeAttribute("aria-owns");
		of(".tabulator-header")?.setAttribute("role", "rowgroup");
		of(".tabulator-header-contents")
		    ?.setAttribute("role", "presentation");
		const head = of(".tabulator-headers");
		head?.setAttribute("role", "row");
		head?.setAttribute("aria-rowindex", "1");
		setAttr(/** @type {Element} */ (of(".tabulator-header")),
		    "aria-hidden", this.layout === "cards" ? "true" : null);
		holder?.setAttribute("tabindex", "-1");
		holder?.setAttribute("role", "rowgroup");
		of(".tabulator-table")?.setAttribute("role", "presentation");
		holder?.addEventListener("scroll", () => this.moved(),
		    { passive: true });
		this.host.setAttribute("aria-colcount",
		    String(this.fields.length));
		for (const [n, col] of this.heads().entries()) {
			const field = this.columns[n]?.field ?? "";
			col.id = `head-${field}`;
			col.dataset.head = field;
			col.removeAttribute("aria-title");
			col.setAttribute("aria-colindex", String(n + 1));
			if (this.layout === "table")
				col.setAttribute("aria-sort", "none");
		}
		for (const h of this.host.querySelectorAll(
		    ".tabulator-col-resize-handle"))
			h.setAttribute("role", "presentation");
	}

	/** @returns {HTMLElement[]} */
	heads()
	{
		return [...this.host.querySelectorAll(
		    ".tabulator-headers > .tabulator-col")]
		    .map((h) => /** @type {HTMLElement} */ (h));
	}

	/** @param {any} row Tabulator's row, just rendered or updated */
	format(row)
	{
		/** @type {HTMLElement} */
		const node = row.getElement();
		const uid = row.getData().uid, item = this.hooks.item(uid);
		const n = this.index.get(uid) ?? 0;

		if (item === null)
			return;
		node.dataset.testid = "row";
		node.dataset.uid = String(uid);
		node.dataset.sku = item.sku;
		node.dataset.version = String(item.version);
		node.setAttribute("aria-rowindex", String(n + 2));
		setAttr(node, "data-first", n === 0);
		for (const [i, cell] of row.getCells().entries()) {
			/** @type {HTMLElement} */
			const c = cell.getElement();
			c.dataset.field = this.fields[i];
			c.id = `cell-${uid}-${this.fields[i]}`;
			c.setAttribute("aria-colindex", String(i + 1));
			if (this.layout === "table")
				setAttr(c, "aria-readonly",
				    this.columns[i].editable ? null : "true");
		}
		this.hooks.decorate(node, uid);
		if (this.active?.uid === uid)
			this.drawActive();
	}

	/**
	 * Show these rows in this order.
	 * @param {number[]} uids
	 */
	setRows(uids)
	{
		this.host.setAttribute("aria-rowcount",
		    String(uids.length + 1));
		if (uids.length === this.uids.length &&
		    uids.every((u, n) => u === this.uids[n]) &&
		    uids.length > 0)
			return;
		const anchor = this.anchor();
		this.uids = uids;
		this.index = new Map(uids.map((u, n) => [u, n]));
		this.table.replaceData(uids.map((u) => this.record(u)));
		this.rows = new Map(this.table.getRows().map(
		    (/** @type {any} */ r) => [r.getData().uid, r]));
		this.fit();
		this.restore(anchor);
		if (this.active && !this.index.has(this.active.uid))
			this.active = null;
		this.drawActive();
		this.moved();
	}

	/** As high as the rows, but not higher than the room for them. */
	fit()
	{
		const area = this.host.closest(".table-area");
		const h = this.holder, head = this.layout === "table" ? 37 : 0;
		const bar = h.scrollWidth > h.clientWidth ?
		    h.offsetHeight - h.clientHeight : 0;
		const want = head + this.uids.length * this.rowHeight + bar;
		const height = `${Math.min(want,
		    (area?.clientHeight ?? 400) - 2)}px`;

		if (this.host.style.height !== height)
			this.host.style.setProperty("height", height);
	}

	/** The first row in sight, to keep it there. */
	anchor()
	{
		const top = Math.floor(this.holder.scrollTop / this.rowHeight);

		return { uid: this.uids[top] ?? 0,
			offset: this.holder.scrollTop - top * this.rowHeight,
			top: this.holder.scrollTop };
	}

	/** @param {{uid: number, offset: number, top: number}} a */
	restore(a)
	{
		const n = this.index.get(a.uid);

		if (a.top > 0)
			this.holder.scrollTop = n === undefined ? a.top :
			    n * this.rowHeight + a.offset;
	}

	get holder()
	{
		return /** @type {HTMLElement} */ (this.host.querySelector(
		    ".tabulator-tableholder"));
	}

	/**
	 * An item changed: redraw its cells that differ.
	 * @param {number} uid
	 */
	update(uid)
	{
		this.rows.get(uid)?.update(this.record(uid));
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
		for (const node of this.host.querySelectorAll("[data-uid]"))
			this.hooks.decorate(/** @type {HTMLElement} */ (node),
			    Number(/** @type {HTMLElement} */ (node)
				.dataset.uid));
	}

	/** @param {number} uid @returns {HTMLElement | null} */
	rowElement(uid)
	{
		return this.host.querySelector(`[data-uid="${uid}"]`);
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
		const view = this.holder.getBoundingClientRect();
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
		const y = view.top + n * this.rowHeight - this.holder.scrollTop;
		return { box: new DOMRect(h.left, y, h.width, this.rowHeight),
			inside: false };
	}

	/** @param {{field: string, dir: 1 | -1}} sort */
	showSort(sort)
	{
		for (const col of this.heads())
			if (this.layout === "table")
				col.setAttribute("aria-sort",
				    col.dataset.head !== sort.field ? "none" :
				    sort.dir > 0 ? "ascending" : "descending");
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

	/**
	 * Scroll as little as needed.
	 * @param {number} uid
	 * @param {string} field
	 */
	reveal(uid, field)
	{
		const n = this.index.get(uid), h = this.holder;

		if (n === undefined)
			return;
		const top = n * this.rowHeight, end = top + this.rowHeight;
		if (top < h.scrollTop)
			h.scrollTop = top;
		else if (end > h.scrollTop + h.clientHeight)
			h.scrollTop = end - h.clientHeight;
		const cell = this.cellElement(uid, field);
		if (cell === null || this.layout === "cards" ||
		    field === this.fields[0])
			return;
		const frozen = this.heads()[0]?.offsetWidth ?? 0;
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
		    target.closest?.(".tabulator-cell"));

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
		this.table.destroy();
		this.host.removeAttribute("aria-activedescendant");
	}
}
