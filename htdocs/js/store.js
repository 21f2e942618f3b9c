// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The items as the server told them, with the own edits that still wait laid
 * over.  Pure: no DOM, no network.  An item keeps its `uid` here while its
 * SKU may change, so that a row, an editor or a draft belongs to the item.
 */

import { toMilli } from "./words.js";

/**
 * @typedef {Record<string, any> & {sku: string, version: number}} Item
 * @typedef {import("./words.js").ChangeEvent} ChangeEvent
 * @typedef {object} Outcome what an event did
 * @property {"none" | "create" | "edit" | "delete" | "reread"} kind
 * @property {number} uid 0: no such row
 * @property {string[]} fields that changed
 */

/** Members that are derived or kept by the server. */
const DERIVED = ["stock", "on_order"];

/**
 * out, low or ok, as the server derives it.
 * @param {Record<string, any>} item
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
 * @param {Record<string, any>} item
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

/**
 * Lower case, without accents.
 * @param {unknown} text
 */
export function fold(text)
{
	return String(text ?? "").normalize("NFD")
	    .replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * @typedef {object} Filter
 * @property {string} view all, low, out, on_order
 * @property {string} location "" for every one
 * @property {string} status "" for every one
 * @property {string} text words that must all be there
 */

/**
 * Whether an item is shown under a filter.
 * @param {Record<string, any>} item
 * @param {Filter} filter
 */
export function matches(item, filter)
{
	if (filter.location !== "" && item.location !== filter.location)
		return false;
	if (filter.status !== "" && item.status !== filter.status)
		return false;
	if (filter.view === "on_order" && !(toMilli(item.qty_ordered) > 0))
		return false;
	if ((filter.view === "low" || filter.view === "out") &&
	    stockOf(item) !== filter.view)
		return false;
	if (filter.text.trim() === "")
		return true;
	const text = fold(`${item.sku} ${item.name} ${item.location}`);
	return fold(filter.text).trim().split(/\s+/)
	    .every((word) => text.includes(word));
}

const collator = new Intl.Collator("en", { numeric: true,
	sensitivity: "base" });

/**
 * Order of two items under a sort; ties go by SKU.
 * @param {Record<string, any>} a
 * @param {Record<string, any>} b
 * @param {{field: string, dir: 1 | -1}} sort
 */
export function compare(a, b, sort)
{
	const x = sortKey(a, sort.field), y = sortKey(b, sort.field);
	let r = 0;

	if (typeof x === "number" && typeof y === "number")
		r = x - y;
	else
		r = collator.compare(String(x), String(y));
	if (r === 0)
		return collator.compare(a.sku, b.sku) ||
		    (a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : 0);
	return r * sort.dir;
}

const STATE_ORDER = Object.keys(STATES);

/**
 * What a column is sorted by.
 * @param {Record<string, any>} item
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
	return typeof v === "number" ? v : String(v ?? "");
}

export class Store {
	constructor()
	{
		/** @type {Map<number, Item>} as the server has them */
		this.items = new Map();
		/** @type {Map<string, number>} */
		this.bySku = new Map();
		/** own, not confirmed yet: uid → field → value
		 *  @type {Map<number, Map<string, unknown>>} */
		this.pending = new Map();
		this.nextUid = 1;
	}

	/** @param {string} sku @returns {number} 0: none */
	uid(sku)
	{
		return this.bySku.get(sku) ?? 0;
	}

	/**
	 * An item with the own edits laid over.
	 * @param {number} uid
	 * @returns {Item | null}
	 */
	view(uid)
	{
		const item = this.items.get(uid), own = this.pending.get(uid);

		if (item === undefined)
			return null;
		return own === undefined ? item :
		    { ...item, ...Object.fromEntries(own) };
	}

	/**
	 * Take an item as the server has it, unless ours is newer.
	 * @param {Item} item
	 * @returns {Outcome}
	 */
	put(item)
	{
		const uid = this.uid(item.sku), old = this.items.get(uid);

		if (old === undefined) {
			const fresh = this.nextUid++;
			this.items.set(fresh, item);
			this.bySku.set(item.sku, fresh);
			return { kind: "create", uid: fresh,
				fields: Object.keys(item) };
		}
		if (item.version < old.version)
			return { kind: "none", uid, fields: [] };
		const fields = Object.keys({ ...old, ...item }).filter((f) =>
		    !DERIVED.includes(f) && old[f] !== item[f]);
		this.items.set(uid, item);
		return { kind: fields.length === 0 ? "none" : "edit", uid,
			fields };
	}

	/**
	 * The answer to an own write, under the SKU that it had before.
	 * @param {number} uid
	 * @param {Item} item
	 */
	answer(uid, item)
	{
		const old = this.items.get(uid);

		if (old !== undefined && old.sku !== item.sku &&
		    this.uid(item.sku) === 0)
			this.rename(uid, old, item.sku);
		return this.put(item);
	}

	/** @param {number} uid @param {Item} item @param {string} sku */
	rename(uid, item, sku)
	{
		this.bySku.delete(item.sku);
		this.bySku.set(sku, uid);
		this.items.set(uid, { ...item, sku });
	}

	/** @param {number} uid */
	remove(uid)
	{
		const item = this.items.get(uid);

		if (item === undefined)
			return;
		this.items.delete(uid);
		if (this.bySku.get(item.sku) === uid)
			this.bySku.delete(item.sku);
	}

	/**
	 * Everything was read anew: keep the uids of what is still there.
	 * @param {Item[]} items
	 * @returns {{created: number[], edited: number[], removed: number[]}}
	 */
	replace(items)
	{
		const created = [], edited = [], removed = [];
		const seen = new Set(items.map((i) => i.sku));

		for (const [uid, item] of [...this.items])
			if (!seen.has(item.sku)) {
				this.remove(uid);
				removed.push(uid);
			}
		for (const item of items) {
			const old = this.items.get(this.uid(item.sku));
			if (old !== undefined)
				this.items.set(this.uid(item.sku),
				    { ...old, version: 0 });
			const r = this.put(item);
			if (r.kind === "create")
				created.push(r.uid);
			else if (r.fields.some((f) => f !== "version") ||
			    old?.version !== item.version)
				edited.push(r.uid);
		}
		return { created, edited, removed };
	}

	/**
	 * Apply one durable event, in its turn.  `reread`: the row must be
	 * read from the server (values cut, or a broadcast, whose values are
	 * never trusted).
	 * @param {ChangeEvent} ev
	 * @returns {Outcome}
	 */
	apply(ev)
	{
		const move = ev.changes.find((c) => c.field === "sku" &&
		    typeof c.old_value === "string" &&
		    typeof c.new_value === "string");
		let uid = this.uid(ev.sku);

		if (ev.source === "broadcast")
			return { kind: "reread", uid, fields: [] };
		if (move)
			uid = this.renamed(String(move.old_value),
			    String(move.new_value), ev);
		const item = this.items.get(uid);
		if (ev.update_type === "delete") {
			if (item === undefined || item.version >= ev.seq)
				return { kind: "none", uid: 0, fields: [] };
			this.remove(uid);
			return { kind: "delete", uid, fields: [] };
		}
		if (item !== undefined && item.version >= ev.version)
			return { kind: "none", uid, fields: [] };
		if (ev.truncated ||
		    (item === undefined && ev.update_type !== "create"))
			return { kind: "reread", uid, fields: [] };
		/** @type {Record<string, any>} */
		const fresh = { ...item, sku: ev.sku };
		for (const c of ev.changes)
			fresh[c.field] = c.new_value;
		fresh.version = ev.version;
		fresh.updated_at = ev.timestamp;
		fresh.updated_by = ev.username;
		fresh.created_at ??= ev.timestamp;
		return this.put(/** @type {Item} */ (fresh));
	}

	/**
	 * An item got another SKU.  Read pages may hold it under either.
	 * @param {string} from
	 * @param {string} to
	 * @param {ChangeEvent} ev
	 * @returns {number} its uid
	 */
	renamed(from, to, ev)
	{
		const old = this.uid(from), now = this.uid(to);
		const item = this.items.get(old);

		if (item === undefined || item.version >= ev.version)
			return now || old;
		if (now !== 0) {
			this.remove(old);
			return now;
		}
		this.rename(old, item, to);
		return old;
	}

	/**
	 * Lay an own edit over an item, or take it away.
	 * @param {number} uid
	 * @param {string} field
	 * @param {unknown} [value] undefined: take it away
	 */
	overlay(uid, field, value)
	{
		let own = this.pending.get(uid);

		if (value === undefined) {
			own?.delete(field);
			if (own?.size === 0)
				this.pending.delete(uid);
			return;
		}
		if (own === undefined)
			this.pending.set(uid, own = new Map());
		own.set(field, value);
	}

	/** @param {number} uid @param {string} field */
	isPending(uid, field)
	{
		return this.pending.get(uid)?.has(field) ?? false;
	}

	/**
	 * The uids to show, in order.
	 * @param {Filter} filter
	 * @param {{field: string, dir: 1 | -1}} sort
	 * @returns {number[]}
	 */
	select(filter, sort)
	{
		/** @type {[number, Item][]} */
		const rows = [];

		for (const uid of this.items.keys()) {
			const v = /** @type {Item} */ (this.view(uid));
			if (matches(v, filter))
				rows.push([uid, v]);
		}
		rows.sort((a, b) => compare(a[1], b[1], sort));
		return rows.map((r) => r[0]);
	}

	/** Over the whole inventory, whatever the filter. */
	counts()
	{
		const n = { all: 0, low: 0, out: 0, on_order: 0 };

		for (const uid of this.items.keys()) {
			const v = /** @type {Item} */ (this.view(uid));
			const stock = stockOf(v);
			n.all++;
			if (stock !== "ok")
				n[stock]++;
			if (toMilli(v.qty_ordered) > 0)
				n.on_order++;
		}
		return n;
	}

	/** Every location there is, in order. */
	locations()
	{
		const all = new Set();

		for (const item of this.items.values())
			if (item.location)
				all.add(item.location);
		return [...all].sort(collator.compare);
	}
}
