// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Keeps the store in step with the server: reads the pages, applies the
 * stream's events in their order, closes gaps from the change log, and reads
 * everything again, in place, when the server's history is another one.
 */

import { Problem, items } from "./api.js";
import { Store } from "./store.js";
import { Sync, parsePosition } from "./sync.js";

/**
 * @typedef {import("./store.js").Item} Item
 * @typedef {import("./store.js").Outcome} Outcome
 * @typedef {import("./words.js").ChangeEvent} ChangeEvent
 * @typedef {object} InventoryHooks
 * @property {() => void} loaded everything was read (again)
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
		/** versions that are this page's own doing */
		this.own = new Set();
		this.loading = false;
		this.again = false;
		this.catching = false;
		this.timer = 0;
	}

	/** Read all pages; also to start again, in place. */
	async load()
	{
		if (this.loading) {
			this.again = true;
			return;
		}
		this.loading = true;
		this.sync.hold();
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
				this.later(() => this.load());
			return;
		}
		this.loading = false;
	}

	async read()
	{
		/** @type {Item[]} */
		const all = [];
		let position = "", cursor = null;

		do {
			const page = await items.page(cursor);
			position ||= page.position;
			all.push(...page.items);
			cursor = page.next_cursor;
		} while (cursor);
		const other = this.sync.epoch !== "" &&
		    parsePosition(position)?.epoch !== this.sync.epoch;
		this.store.replace(all);
		const { apply, gap } = this.sync.start(position);
		this.ready = true;
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
		if (this.catching || this.loading)
			return;
		this.catching = true;
		let more = true;
		try {
			while (more && this.sync.ready) {
				const doc = await items.changes(
				    String(this.sync.position));
				const p = parsePosition(doc.position);
				more = Boolean(doc.more);
				for (const ev of doc.changes)
					this.applyAll(this.sync.offer(
					    p?.epoch ?? "", ev).apply);
			}
			this.catching = false;
		} catch (e) {
			this.catching = false;
			if (!(e instanceof Problem))
				throw e;
			if (e.status === 410 || e.status === 400)
				this.load();
			else if (e.status !== 401)
				this.later(() => this.catchUp());
		}
	}

	/** @param {() => void} run in a while */
	later(run)
	{
		clearTimeout(this.timer);
		this.timer = setTimeout(run, 1000 + Math.random() * 2000);
	}

	/** @param {ChangeEvent[]} events */
	applyAll(events)
	{
		for (const ev of events) {
			const uid = this.store.uid(ev.sku);
			const was = this.store.items.get(uid) ?? null;
			const did = this.store.apply(ev);
			this.hooks.applied(ev, did, was);
			if (did.kind === "reread")
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
	 * @returns {number} its uid
	 */
	got(uid, answer)
	{
		const { merged_with: _, ...item } = answer;

		this.own.add(item.version);
		const did = uid === null ? this.store.put(item) :
		    this.store.answer(uid, item);
		this.hooks.changed(did.uid, did);
		return did.uid;
	}
}
