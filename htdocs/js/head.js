// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The table's head: a cell a column, by which one sorts, and an edge between
 * two, by which one makes the left one wider or narrower.  The columns' widths
 * are one CSS variable, which every row takes: --columns.
 */

import { el } from "./dom.js";

/** @typedef {import("./grid.js").Column} Column */

/** Narrowest that a column gets, px. */
const LEAST = 48;

export class Head {
	/** @param {HTMLElement} host @param {Column[]} columns */
	constructor(host, columns)
	{
		this.host = host;
		this.columns = columns;
		/** @type {Map<string, number>} px, set by the reader */
		this.widths = new Map();
		this.cells = columns.map((c, n) => this.cell(c, n));
		this.node = el("div.grid-head", { role: "presentation" },
		    el("div.grid-head-row", { role: "row",
			"aria-rowindex": "1" }, ...this.cells));
		this.layout();
	}

	/** @param {Column} c @param {number} n */
	cell(c, n)
	{
		const cell = el("div.grid-col", { role: "columnheader",
			id: `head-${c.field}`, "data-head": c.field,
			"data-type": c.type, "aria-colindex": String(n + 1),
			"aria-sort": "none" },
		el("span.grid-title", {}, c.label),
		el("span.grid-edge", { "aria-hidden": "true",
			pointerdown: (/** @type {PointerEvent} */ ev) =>
			    this.drag(ev, c),
			dblclick: () => this.resize(c, null) }));

		return cell;
	}

	/** @param {PointerEvent} ev @param {Column} c */
	drag(ev, c)
	{
		const edge = /** @type {HTMLElement} */ (ev.target);
		const cell = /** @type {HTMLElement} */ (edge.parentElement);
		const from = ev.clientX, width = cell.offsetWidth;

		ev.preventDefault();
		edge.setPointerCapture(ev.pointerId);
		edge.onpointermove = (to) =>
		    this.resize(c, width + to.clientX - from);
		edge.onpointerup = edge.onpointercancel = () =>
		    edge.onpointermove = null;
	}

	/** @param {Column} c @param {number | null} width null: as it was */
	resize(c, width)
	{
		if (width === null)
			this.widths.delete(c.field);
		else
			this.widths.set(c.field, Math.max(LEAST, width));
		this.layout();
	}

	/** What is left goes to the columns that grow. */
	layout()
	{
		let least = 0;
		const tracks = this.columns.map((c) => {
			const width = this.widths.get(c.field) ?? c.width;
			least += width ?? c.minWidth ?? LEAST;
			const low = c.minWidth ?? LEAST;
			return width !== undefined ? `${width}px` :
			    `minmax(${low}px, ${c.grow ?? 1}fr)`;
		});

		this.host.style.setProperty("--columns", tracks.join(" "));
		this.host.style.setProperty("--least", `${least}px`);
	}

	/** @param {{field: string, dir: 1 | -1}} sort */
	show(sort)
	{
		for (const cell of this.cells)
			cell.setAttribute("aria-sort",
			    cell.dataset.head !== sort.field ? "none" :
			    sort.dir > 0 ? "ascending" : "descending");
	}
}
