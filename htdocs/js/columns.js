// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The columns: the server names the fields, this file says how wide they
 * are and how a cell looks.  Cells are text nodes and elements, never HTML.
 */

import { el } from "./dom.js";
import { STATES, stateOf } from "./store.js";
import { ago, formatNumber, isolate } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./grid.js").Column} Column */

/**
 * @typedef {object} Field as GET /inventory/fields tells it
 * @property {string} name
 * @property {string} label
 * @property {"text" | "number" | "choice"} type
 * @property {number} [max_length]
 * @property {string[]} [choices]
 * @property {boolean} required
 * @property {boolean} read_only
 * @property {boolean} custom
 */

/** Layout by field: [width, least width, share of what is left]. */
const SIZES = /** @type {Record<string, [number?, number?, number?]>} */ ({
	sku: [152],
	name: [undefined, 180, 5],
	location: [78],
	quantity: [82],
	unit: [54],
	qty_ordered: [78],
	reorder_level: [84],
	status: [120],
	notes: [undefined, 100, 1],
	changed: [116],
});

/** @param {Item} item the state as a pill */
export function statePill(item)
{
	const state = stateOf(item);

	return el("span.pill", { "data-state": state }, STATES[state]);
}

/** @param {Item} item who changed it, and when */
function changedNode(item)
{
	return el("span.changed", {}, `${isolate(item.updated_by)} · `,
	    el("time", { datetime: item.updated_at,
		title: new Date(item.updated_at).toLocaleString() },
	    ago(item.updated_at, Date.now())));
}

/** @param {Item} item */
function skuNode(item)
{
	return el("span.sku-cell", {},
	    el("span.sku", {}, item.sku),
	    el("span.marks"),
	    el("button.open-details", { type: "button", tabindex: -1,
		"data-details": true, "data-testid": "open-details",
		title: "Details (Ctrl+Enter)",
		"aria-label": `Details of ${item.sku}` }));
}

/** @param {string} field @param {string} type @returns {(i: Item) => Node} */
function renderOf(field, type)
{
	if (field === "sku")
		return skuNode;
	if (field === "status")
		return statePill;
	if (type === "number")
		return (item) => document.createTextNode(
		    item[field] === null || item[field] === undefined ? "" :
		    formatNumber(item[field]));
	return (item) => document.createTextNode(String(item[field] ?? ""));
}

/** @param {Item} item the item on a phone */
function card(item)
{
	return el("div.item-card", {},
	    el("div.item-main", {},
		el("div.item-sku", { "data-field": "sku" },
		    el("span.sku", {}, item.sku), el("span.marks")),
		el("div.item-name", { "data-field": "name" }, item.name),
		el("div.item-foot", {}, statePill(item),
		    el("span.muted", { "data-field": "location" },
			item.location))),
	    el("button.item-quantity", { type: "button", tabindex: -1,
		"data-field": "quantity" },
	    el("span.visually-hidden", {}, "Quantity "),
	    el("span.figure", {}, formatNumber(item.quantity)), " ",
	    el("span.muted", {}, item.unit)));
}

/**
 * @param {Field[]} fields
 * @param {boolean} editor whether the reader may write
 * @returns {Column[]}
 */
export function makeColumns(fields, editor)
{
	/** @type {Column[]} */
	const columns = fields.filter((f) => !f.read_only).map((f) => {
		const [width, minWidth, grow] = SIZES[f.name] ??
		    (f.type === "number" ? [92] : [undefined, 120, 1]);
		return { field: f.name, label: f.label, type: f.type,
			editable: editor, width, minWidth, grow,
			render: renderOf(f.name, f.type),
			key: f.name === "status" ? stateOf :
			    (/** @type {Item} */ i) =>
				String(i[f.name] ?? "") };
	});

	columns.push({ field: "changed", label: "Changed", type: "time",
		editable: false, width: SIZES.changed[0],
		minWidth: SIZES.changed[1], grow: SIZES.changed[2],
		render: changedNode,
		key: (i) => `${i.updated_at} ${i.updated_by}` });
	return [Object.assign(columns[0], { card }), ...columns.slice(1)];
}

/**
 * Bring the "3 min" in a part of the page up to date.
 * @param {ParentNode} part
 */
export function tick(part)
{
	for (const t of part.querySelectorAll("time[datetime]"))
		t.textContent = ago(String(t.getAttribute("datetime")),
		    Date.now());
}
