// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The items in the order of the table, counted, and ready to be searched.
 * Pure.  Kept up to date item by item: what a sort compares and a search
 * looks at is worked out once for each change of an item, so that a change
 * among 20,000 items costs microseconds and a new filter a millisecond.
 */

import { toMilli } from "./words.js";

/** @typedef {Record<string, any>} AnyItem */

/**
 * @typedef {object} Filter
 * @property {string} view all, low, out, on_order
 * @property {string} location "" for every one
 * @property {string} status "" for every one
 * @property {string} text words that must all be there
 *
 * @typedef {{field: string, dir: 1 | -1}} Sort
 *
 * @typedef {object} Entry what is known of an item
 * @property {number} uid
 * @property {string} sku
 * @property {string | number} key what the sort compares
 * @property {string} tie its SKU, to be compared
 * @property {string} text what a search looks at
 * @property {"out" | "low" | "ok"} stock
 * @property {boolean} ordered
 * @property {string} location
 * @property {string} status
 */

/** Letters that have no accent to take away. */
const LETTERS = /** @type {Record<string, string>} */ ({ "ß": "ss",
	"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l",
	"þ": "th", "ı": "i" });

/**
 * Lower case, without accents.
 * @param {unknown} text
 */
export function fold(text)
{
	const t = String(text ?? "").toLowerCase();

	if (/^[\0-\x7f]*$/.test(t))
		return t;
	return t.normalize("NFD").replace(/\p{M}/gu, "")
	    .replace(/[ßæœøđðłþı]/g, (c) => LETTERS[c]);
}

/**
 * A text such that comparing two of them by < is comparing as people do:
 * whatever the case and the accents, and numbers by their value.
 * @param {unknown} text
 * @returns {string}
 */
export function natural(text)
{
	const t = fold(text);

	/* Before a number its length: "0" sorts where digits do. */
	return t.replace(/\d+/g, (digits) => {
		const n = digits.replace(/^0+(?=\d)/, "");
		return `0${String.fromCharCode(48 + n.length)}${n}`;
	});
}

/**
 * out, low or ok, as the server derives it.
 * @param {AnyItem} item
 * @returns {"out" | "low" | "ok"}
 */
export function stockOf(item)
{
	const have = toMilli(item.quantity);
	const level = toMilli(item.reorder_level);

	return have === 0 ? "out" : level > 0 && have <= level ? "low" : "ok";
}

/**
 * The state that a row shows.
 * @param {AnyItem} item
 * @returns {"discontinued" | "out" | "low" | "on_order" | "active"}
 */
export function stateOf(item)
{
	if (item.status === "discontinued")
		return "discontinued";
	const stock = stockOf(item);
	if (stock !== "ok")
		return stock;
	return toMilli(item.qty_ordered) > 0 ? "on_order" : "active";
}

/** The words of the states. */
export const STATES = Object.freeze({ active: "Active", low: "Low",
	out: "Out", on_order: "On order", discontinued: "Discontinued" });

const STATE_ORDER = Object.keys(STATES);

/**
 * What a column is sorted by.
 * @param {AnyItem} item
 * @param {string} field
 * @returns {string | number}
 */
export function sortKey(item, field)
{
	if (field === "status")
		return STATE_ORDER.indexOf(stateOf(item));
	if (field === "changed")
		return Date.parse(item.updated_at) || 0;
	const v = item[field];
	return typeof v === "number" ? v : natural(v);
}

/**
 * @param {number} uid
 * @param {AnyItem} item
 * @param {string} field sorted by
 * @returns {Entry}
 */
function entryOf(uid, item, field)
{
	const tie = natural(item.sku);

	return { uid, sku: item.sku, tie,
		key: field === "sku" ? tie : sortKey(item, field),
		text: fold(`${item.sku} ${item.name} ${item.location}`),
		stock: stockOf(item), ordered: toMilli(item.qty_ordered) > 0,
		location: item.location ?? "", status: item.status };
}

/**
 * @param {Entry} a
 * @param {Entry} b
 * @param {1 | -1} dir
 */
function compareEntries(a, b, dir)
{
	let x = a.key, y = b.key;

	if (typeof x !== typeof y) {
		/* No number is there: before all numbers. */
		x = typeof x === "number" ? 1 : 0;
		y = typeof y === "number" ? 1 : 0;
	}
	if (x !== y)
		return x < y ? -dir : dir;
	if (a.tie !== b.tie)
		return a.tie < b.tie ? -1 : 1;
	return a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : a.uid - b.uid;
}

/**
 * Order of two items under a sort; ties go by SKU.
 * @param {AnyItem} a
 * @param {AnyItem} b
 * @param {Sort} sort
 */
export function compare(a, b, sort)
{
	return compareEntries(entryOf(0, a, sort.field),
	    entryOf(0, b, sort.field), sort.dir);
}

/** @param {string} text @returns {string[]} the words of a search */
function wordsOf(text)
{
	return fold(text).split(/\s+/).filter((w) => w !== "");
}

/**
 * @param {Entry} e
 * @param {Filter} filter
 * @param {string[]} words of the filter's text
 */
function fits(e, filter, words)
{
	if (filter.location !== "" && e.location !== filter.location)
		return false;
	if (filter.status !== "" && e.status !== filter.status)
		return false;
	if (filter.view === "on_order" && !e.ordered)
		return false;
	if ((filter.view === "low" || filter.view === "out") &&
	    e.stock !== filter.view)
		return false;
	for (const word of words)
		if (!e.text.includes(word))
			return false;
	return true;
}

/**
 * Whether an item is shown under a filter.
 * @param {AnyItem} item
 * @param {Filter} filter
 */
export function matches(item, filter)
{
	return fits(entryOf(0, item, "sku"), filter, wordsOf(filter.text));
}

export class Order {
	constructor()
	{
		/** @type {Map<number, Entry>} */
		this.entries = new Map();
		/** @type {Entry[]} all of them, in order */
		this.sorted = [];
		/** @type {Sort} */
		this.sort = { field: "sku", dir: 1 };
		this.tally = { all: 0, low: 0, out: 0, on_order: 0 };
		/** @type {Map<string, number>} location → items there */
		this.places = new Map();
		/** @type {string[] | null} null: to be made anew */
		this.names = null;
	}

	/**
	 * An item came, or is another one now.
	 * @param {number} uid
	 * @param {AnyItem} item
	 */
	put(uid, item)
	{
		const old = this.entries.get(uid);
		const fresh = entryOf(uid, item, this.sort.field);

		if (old !== undefined && compareEntries(old, fresh, 1) === 0) {
			this.sorted[this.find(old)] = fresh;
			this.count(old, -1);
		} else {
			this.remove(uid);
			this.sorted.splice(this.find(fresh), 0, fresh);
		}
		this.entries.set(uid, fresh);
		this.count(fresh, 1);
	}

	/** @param {number} uid */
	remove(uid)
	{
		const old = this.entries.get(uid);

		if (old === undefined)
			return;
		this.sorted.splice(this.find(old), 1);
		this.entries.delete(uid);
		this.count(old, -1);
	}

	/**
	 * Where an entry is, or would be.
	 * @param {Entry} e
	 */
	find(e)
	{
		let low = 0, high = this.sorted.length;

		while (low < high) {
			const mid = (low + high) >> 1;
			if (compareEntries(this.sorted[mid], e,
			    this.sort.dir) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		return low;
	}

	/** @param {Entry} e @param {1 | -1} n it came or went */
	count(e, n)
	{
		const t = this.tally;

		t.all += n;
		if (e.stock !== "ok")
			t[e.stock] += n;
		if (e.ordered)
			t.on_order += n;
		if (e.location === "")
			return;
		const here = (this.places.get(e.location) ?? 0) + n;
		if (here === 0)
			this.places.delete(e.location);
		else
			this.places.set(e.location, here);
		if (here === 0 || (here === 1 && n === 1))
			this.names = null;
	}

	/**
	 * Sort another way.
	 * @param {Sort} sort
	 * @param {(uid: number) => AnyItem | null} item
	 */
	sortBy(sort, item)
	{
		if (sort.field === this.sort.field &&
		    sort.dir === this.sort.dir)
			return;
		if (sort.field !== this.sort.field)
			for (const e of this.sorted)
				e.key = sort.field === "sku" ? e.tie :
				    sortKey(item(e.uid) ?? {}, sort.field);
		this.sort = sort;
		this.sorted.sort((a, b) => compareEntries(a, b, sort.dir));
	}

	/**
	 * The uids to show, in order.
	 * @param {Filter} filter
	 * @returns {number[]}
	 */
	select(filter)
	{
		const words = wordsOf(filter.text), out = [];

		for (const e of this.sorted)
			if (fits(e, filter, words))
				out.push(e.uid);
		return out;
	}

	/** Every location there is, in order. */
	locations()
	{
		this.names ??= [...this.places.keys()]
		    .map((name) => ({ name, key: natural(name) }))
		    .sort((a, b) => a.key < b.key ? -1 :
			a.key > b.key ? 1 : a.name < b.name ? -1 : 1)
		    .map((p) => p.name);
		return this.names;
	}
}
