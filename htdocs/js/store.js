// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The items as the server told them, with the own edits that still wait laid
 * over.  Pure: no DOM, no network.  An item keeps its `uid` here while its
 * SKU may change, so that a row, an editor or a draft belongs to the item.
 */

import { Order } from "./order.js";

export { STATES, compare, fold, matches, sortKey, stateOf, stockOf }
	from "./order.js";

/**
 * @typedef {Record<string, any> & {sku: string, version: number}} Item
 * @typedef {import("./words.js").ChangeEvent} ChangeEvent
 * @typedef {object} Outcome what an event did
 * @property {"none" | "create" | "edit" | "delete" | "reread"} kind
 * @property {number} uid 0: no such row
 * @property {string[]} fields that changed
 */

/** Items taken in one go. */
const STEP = 500;

/** Members that are derived or kept by the server. */
const DERIVED = ["stock", "on_order"];

/** @typedef {import("./order.js").Filter} Filter */

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
		this.order = new Order();
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
	 * An item is as it is now, for the order.
	 * @param {number} uid
	 */
	touch(uid)
	{
		const view = this.view(uid);

		if (view === null)
			this.order.remove(uid);
		else
			this.order.put(uid, view);
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
			this.touch(fresh);
			return { kind: "create", uid: fresh,
				fields: Object.keys(item) };
		}
		if (item.version < old.version)
			return { kind: "none", uid, fields: [] };
		const fields = Object.keys({ ...old, ...item }).filter((f) =>
		    !DERIVED.includes(f) && old[f] !== item[f]);
		this.items.set(uid, item);
		this.touch(uid);
		return { kind: fields.length === 0 ? "none" : "edit", uid,
			fields };
	}

	/**
	 * The answer to an own write, under the SKU that it had before; one
	 * given again, of a write sent again, may be long past.
	 * @param {number} uid
	 * @param {Item} item
	 * @returns {Outcome}
	 */
	answer(uid, item)
	{
		const old = this.items.get(uid);

		if (old !== undefined && item.version < old.version)
			return { kind: "none", uid, fields: [] };
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
		this.touch(uid);
	}

	/** @param {number} uid */
	remove(uid)
	{
		const item = this.items.get(uid);

		if (item === undefined)
			return;
		this.items.delete(uid);
		this.touch(uid);
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
		const work = this.replacing(items);

		for (;;) {
			const step = work.next();
			if (step.done)
				return step.value;
		}
	}

	/**
	 * The same in steps, so that others have their turn.
	 * @param {Item[]} items
	 * @returns {Generator<undefined, {created: number[],
	 *   edited: number[], removed: number[]}>}
	 */
	*replacing(items)
	{
		let n = 0;
		const created = [], edited = [], removed = [];
		const seen = new Set(items.map((i) => i.sku));

		for (const [uid, item] of [...this.items])
			if (!seen.has(item.sku)) {
				this.remove(uid);
				removed.push(uid);
			}
		for (const item of items) {
			if (++n % STEP === 0)
				yield undefined;
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
			return this.touch(uid);
		}
		if (own === undefined)
			this.pending.set(uid, own = new Map());
		own.set(field, value);
		this.touch(uid);
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
		this.order.sortBy(sort, (uid) => this.view(uid));
		return this.order.select(filter);
	}

	/** Over the whole inventory, whatever the filter. */
	counts()
	{
		return { ...this.order.tally };
	}

	/** Every location there is, in order. */
	locations()
	{
		return this.order.locations();
	}
}
