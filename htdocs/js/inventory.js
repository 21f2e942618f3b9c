// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Keeps the store in step with the server: reads the pages (the first one is
 * shown at once, the others come in behind it), applies the stream's events
 * in their order, closes gaps from the change log, and reads everything
 * again, in place, when the server's history is another one.
 */

import { Problem, items } from "./api.js";
import { Store } from "./store.js";
import { Sync, parsePosition } from "./sync.js";

/** Items of the first page, which is to be there at once, and of others. */
const FIRST = 100, PAGE = 500;
/** Tries for one page before all is begun anew. */
const TRIES = 5;
/** Events kept while pages are read; are there more, all is read again. */
const KEPT_MAX = 5000;

/**
 * @typedef {import("./store.js").Item} Item
 * @typedef {import("./store.js").Outcome} Outcome
 * @typedef {import("./words.js").ChangeEvent} ChangeEvent
 * @typedef {object} InventoryHooks
 * @property {() => void} loaded everything was read (again)
 * @property {() => void} grown more items are there
 * @property {(why: Problem) => void} failed the first reading did
 * @property {(ev: ChangeEvent, did: Outcome, was: Item | null) => void}
 *   applied
 * @property {(uid: number, did: Outcome) => void} changed without an event
 * @property {(uid: number, was: Item) => void} removed without an event
 * @property {() => void} epoch the history is another one
 */

export class Inventory {
	/** @param {InventoryHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		this.store = new Store();
		this.sync = new Sync();
		this.ready = false;
		/** only the first pages were read so far */
		this.partial = false;
		/** what the server counted, with its newest page */
		this.told = { all: 0, low: 0, out: 0, on_order: 0 };
		/** @type {ChangeEvent[]} what came while partial */
		this.kept = [];
		/** versions that are this page's own doing */
		this.own = new Set();
		this.loading = false;
		this.again = false;
		this.catching = false;
		this.timer = 0;
	}

	/** How many items there are, in all and of each view. */
	get counts()
	{
		return this.partial ? this.told : this.store.counts();
	}

	/** Read all pages; also to start again, in place. */
	async load()
	{
		if (this.loading) {
			this.again = true;
			return;
		}
		this.loading = true;
		try {
			do {
				this.again = false;
				await this.read();
			} while (this.again);
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			this.loading = false;
			if (!this.ready)
				this.hooks.failed(e);
			else if (e.status !== 401)
				this.later();
			return;
		}
		this.loading = false;
	}

	async read()
	{
		if (this.ready)
			return this.readAgain();
		const page = await items.page(null, FIRST);
		for (const item of page.items)
			this.store.put(item);
		this.told = page.counts;
		this.partial = page.next_cursor !== null;
		const { apply, gap } = this.sync.start(page.position);
		this.ready = true;
		this.hooks.loaded();
		this.applyAll(apply);
		if (gap)
			this.catchUp();
		if (this.partial)
			await this.readRest(page.next_cursor);
	}

	/**
	 * The other pages, while the first one is being looked at.  What
	 * happens meanwhile is applied at once, and once more when all items
	 * are there: a page may be older than an event.
	 * @param {string} cursor
	 */
	async readRest(cursor)
	{
		while (cursor && !this.again) {
			const page = await this.page(cursor);
			if (parsePosition(page.position)?.epoch !==
			    this.sync.epoch) {
				this.again = true;
				break;
			}
			for (const item of page.items)
				this.store.put(item);
			this.told = page.counts;
			cursor = page.next_cursor;
			this.hooks.grown();
		}
		const kept = this.whole();
		if (!this.again)
			this.applyKept(kept);
		this.hooks.grown();
	}

	/** All items are there now. @returns {ChangeEvent[]} what was kept */
	whole()
	{
		const kept = this.kept;

		this.kept = [];
		this.partial = false;
		return kept;
	}

	/**
	 * One page, tried several times.
	 * @param {string} cursor
	 */
	async page(cursor)
	{
		for (let n = 1;; n++) {
			try {
				return await items.page(cursor, PAGE);
			} catch (e) {
				if (!(e instanceof Problem) || !e.passing ||
				    n === TRIES)
					throw e;
			}
			await new Promise((done) => setTimeout(done,
			    n * 300 + Math.random() * 300));
		}
	}

	/**
	 * Everything again, in place: events wait until all pages are there,
	 * since versions of two histories cannot be compared.
	 */
	async readAgain()
	{
		/** @type {Item[]} */
		const all = [];
		this.sync.hold();
		const first = await items.page(null, PAGE);
		let cursor = first.next_cursor;
		all.push(...first.items);
		while (cursor) {
			const page = await this.page(cursor);
			all.push(...page.items);
			cursor = page.next_cursor;
		}
		const other = parsePosition(first.position)?.epoch !==
		    this.sync.epoch;
		for (const _ of this.store.replacing(all))
			await new Promise((done) => setTimeout(done));
		const { apply, gap } = this.sync.start(first.position);
		this.whole();
		if (other)
			this.hooks.epoch();
		this.hooks.loaded();
		this.applyAll(apply);
		if (gap)
			this.catchUp();
	}

	/**
	 * An inventory_changed came.
	 * @param {string} id its position
	 * @param {ChangeEvent} ev
	 */
	event(id, ev)
	{
		const p = parsePosition(id);

		if (p === null)
			return;
		const { apply, gap, epoch } = this.sync.offer(p.epoch,
		    { ...ev, seq: p.seq });
		this.applyAll(apply);
		if (epoch)
			this.load();
		else if (gap)
			this.catchUp();
	}

	/**
	 * The log has come so far (ping, room_joined).
	 * @param {unknown} position
	 */
	reached(position)
	{
		const r = this.sync.compare(position);

		if (r === "epoch")
			this.load();
		else if (r === "behind")
			this.catchUp();
	}

	/** Read from the change log what the stream did not bring. */
	async catchUp()
	{
		if (this.catching || !this.sync.ready)
			return;
		this.catching = true;
		let more = true;
		try {
			while (more && this.sync.ready) {
				const { epoch, position } = this.sync;
				const doc = await items.changes(
				    String(position));
				/* All is read again: it may be of the past. */
				if (!this.sync.ready ||
				    this.sync.epoch !== epoch)
					continue;
				more = Boolean(doc.more);
				for (const ev of doc.changes)
					this.applyAll(this.sync.offer(
					    epoch, ev).apply);
			}
			this.catching = false;
		} catch (e) {
			this.catching = false;
			if (!(e instanceof Problem))
				throw e;
			if (e.status === 410 || e.status === 400)
				this.load();
			else if (e.status !== 401)
				this.later();
		}
	}

	/** Try again in a while what is not done by then. */
	later()
	{
		this.timer ||= setTimeout(() => {
			this.timer = 0;
			if (!this.loading && (this.partial || !this.sync.ready))
				this.load();
			else
				this.catchUp();
		}, 1000 + Math.random() * 2000);
	}

	/** @param {ChangeEvent[]} events */
	applyAll(events)
	{
		for (const ev of events) {
			const uid = this.store.uid(ev.sku);
			const was = this.store.items.get(uid) ?? null;
			const did = this.store.apply(ev);
			this.hooks.applied(ev, did, was);
			if (this.partial)
				this.keep(ev);
			/* An item of a page to come needs no asking. */
			if (did.kind === "reread" && (!this.partial ||
			    was !== null || ev.source === "broadcast"))
				this.reread(ev.sku);
		}
	}

	/** @param {ChangeEvent} ev to be applied once more */
	keep(ev)
	{
		if (this.kept.length < KEPT_MAX)
			this.kept.push(ev);
		else
			this.again = true;
	}

	/**
	 * Pages that were read after these events may be from before them.
	 * @param {ChangeEvent[]} events
	 */
	applyKept(events)
	{
		for (const ev of events) {
			const uid = this.store.uid(ev.sku);
			const was = this.store.items.get(uid);
			const did = this.store.apply(ev);
			if (did.kind === "delete" && was !== undefined)
				this.hooks.removed(did.uid, was);
			else if (did.kind === "create" || did.kind === "edit")
				this.hooks.changed(did.uid, did);
			else if (did.kind === "reread" &&
			    ev.source !== "broadcast")
				this.reread(ev.sku);
		}
	}

	/** @param {string} sku read one item again */
	async reread(sku)
	{
		try {
			this.put(await items.get(sku));
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			const uid = this.store.uid(sku);
			const was = this.store.items.get(uid);
			if (e.status === 404 && was !== undefined) {
				this.store.remove(uid);
				this.hooks.removed(uid, was);
			} else if (e.passing) {
				setTimeout(() => this.reread(sku), 2000);
			}
		}
	}

	/** @param {Item} item as the server has it now */
	put(item)
	{
		const did = this.store.put(item);

		if (did.kind !== "none")
			this.hooks.changed(did.uid, did);
	}

	/**
	 * The answer to an own write.
	 * @param {number | null} uid null: a new item
	 * @param {Item & {merged_with?: unknown}} answer
	 * @returns {number} its uid; 0: it has no row
	 */
	got(uid, answer)
	{
		const { merged_with: _, ...item } = answer;

		this.own.add(item.version);
		/* Past, and not here: renamed or deleted since. */
		if (!this.store.items.has(uid ?? 0) &&
		    this.store.uid(item.sku) === 0 &&
		    item.version <= this.sync.seq) {
			this.reread(item.sku);
			return uid ?? 0;
		}
		const did = uid === null ? this.store.put(item) :
		    this.store.answer(uid, item);
		this.hooks.changed(did.uid, did);
		return did.uid;
	}
}
