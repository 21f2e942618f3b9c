// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Own edits on their way: shown at once, sent one after another for each
 * item, sent again under the same key until the server has answered.  They
 * are kept in the outbox meanwhile: neither a reload, a closed browser nor a
 * lost session loses one.
 */

import { Problem, idempotencyKey, items } from "./api.js";
import { MOST } from "./outbox.js";

/** An edit without an answer for so long counts as waiting, ms. */
export const PATIENCE = 3000;
/** A write was made under this key, but at another address. */
const KEY_USED = "/problems/key-used";
/** Another edit goes first: look again after so long, ms. */
const ELSEWHERE = 1000;

/**
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} Edit
 * @property {string} key the Idempotency-Key
 * @property {number} n order in which they were made
 * @property {"set" | "adjust" | "create"} kind a field's value, an
 *   adjustment of the quantity, a new item
 * @property {number} uid 0: a new item
 * @property {string} sku as the server knows it
 * @property {string} field
 * @property {unknown} value
 * @property {unknown} old what it was
 * @property {Record<string, any>} [body] of an adjustment, of a new item
 * @property {number} base version that it rests on
 * @property {string} epoch
 * @property {{sku: string, base: number}[]} [tried] as what it was sent, the
 *   last one first: any may have been saved, though no answer came
 * @property {number} at when it was made, ms since 1970
 *
 * @typedef {Omit<Edit, "key" | "n" | "at">} Wish
 *
 * @typedef {object} EditHooks
 * @property {(uid: number) => string | null} sku as it is now
 * @property {() => void} changed
 * @property {(edit: Edit, item: Item & {merged_with?: any[]}) => void} saved
 * @property {(edit: Edit, doc: Record<string, any>) => void} conflict
 *   keeps it in the outbox, in its place
 * @property {(edit: Edit, why: Problem) => void} refused likewise
 * @property {(edit: Edit) => void} waits it could not be sent now
 * @property {(edit: Edit) => void} elsewhere another tab dealt with it
 * @property {() => void} orphans take in what no tab sends, and send all
 */

export class Edits {
	/**
	 * @param {EditHooks} hooks
	 * @param {import("./outbox.js").Outbox} outbox
	 */
	constructor(hooks, outbox)
	{
		this.hooks = hooks;
		this.outbox = outbox;
		/** @type {Edit[]} oldest first */
		this.list = [];
		/** edits whose answer is awaited */
		this.sent = new Set();
		/** edits that this tab claimed when they were made */
		this.fresh = new Set();
		this.failures = 0;
		this.timer = 0;
		/** @type {(() => void) | null} */
		this.settled = null;
	}

	/** Edits that a try has failed for, or that wait for long. */
	get waiting()
	{
		const before = Date.now() - PATIENCE;

		return this.failures > 0 ? this.list.length :
		    this.list.filter((e) => e.at <= before).length;
	}

	/** No more can be kept. */
	get full()
	{
		return this.list.length >= MOST;
	}

	/** @param {Wish} wish @param {string} [key] @returns {Edit} */
	add(wish, key)
	{
		/** @type {Edit} */
		const edit = { ...wish, key: key ?? idempotencyKey(),
			n: this.outbox.next(), at: Date.now() };

		const first = !this.list.some((e) => e.uid === edit.uid &&
		    e.uid !== 0);
		this.list.push(edit);
		if (first) {
			this.fresh.add(edit);
			this.note(edit);
		}
		this.outbox.put(edit, { claim: first });
		setTimeout(() => this.hooks.changed(), PATIENCE + 20);
		this.send();
		return edit;
	}

	/**
	 * Edits that an earlier page left, or another tab.
	 * @param {Edit[]} left
	 */
	adopt(left)
	{
		const known = new Set(this.list.map((e) => e.key));

		this.list.push(...left.filter((e) => !known.has(e.key)));
		this.list.sort((a, b) => a.n - b.n);
		this.send();
	}

	/** Send what can be sent: for each item its oldest. */
	send()
	{
		const busy = new Set();

		for (const edit of this.list) {
			const of = edit.uid || edit.key;
			if (!busy.has(of) && !this.sent.has(edit))
				this.put(edit);
			busy.add(of);
		}
		this.settled?.();
		this.hooks.changed();
	}

	/**
	 * Wait until all are answered, one cannot be, or for so long.
	 * @param {number} ms
	 */
	async settle(ms)
	{
		await new Promise((resolve) => {
			const timer = setTimeout(resolve, ms);
			this.settled = () => {
				if (this.list.length > 0 && this.failures === 0)
					return;
				clearTimeout(timer);
				resolve(undefined);
			};
			this.settled();
		});
		this.settled = null;
	}

	/** @param {Edit} edit */
	async put(edit)
	{
		this.sent.add(edit);
		if (!this.fresh.delete(edit) && !await this.claim(edit))
			return;
		try {
			const item = await this.request(edit);
			this.failures = 0;
			this.done(edit);
			this.outbox.saved(edit.key, edit.kind === "create" ?
			    [] : this.rebase(edit, item));
			this.hooks.saved(edit, item);
		} catch (e) {
			this.sent.delete(edit);
			if (!(e instanceof Problem))
				throw e;
			this.failed(edit, e);
			return;
		}
		this.send();
	}

	/**
	 * Note as what it is sent now.
	 * @param {Edit} edit
	 * @returns {boolean} whether that is new
	 */
	note(edit)
	{
		const sku = this.hooks.sku(edit.uid) ?? edit.sku;
		const { base, tried = [] } = edit;
		const same = (/** @type {{sku: string, base: number}} */ t) =>
		    t.sku === sku && t.base === base;

		if (tried.length > 0 && same(tried[0]))
			return false;
		edit.tried = [{ sku, base }, ...tried.filter((t) => !same(t))];
		return true;
	}

	/**
	 * No other tab is to send it.
	 * @param {Edit} edit
	 * @returns {Promise<boolean>}
	 */
	async claim(edit)
	{
		const { said, record } = await this.outbox.claim(edit.key);

		if (said === "mine") {
			/* Another tab may have sent what was before it. */
			edit.base = record.base;
			edit.sku = record.sku;
			edit.tried = record.tried;
			if (this.note(edit))
				await this.outbox.put(edit, { claim: true });
			return true;
		}
		this.sent.delete(edit);
		if (said === "gone")
			this.gone(edit.key);
		else
			/* Another tab is at it, or left one to go before it. */
			this.later(ELSEWHERE, this.hooks.orphans);
		return false;
	}

	/**
	 * As it is now.  Was it saved as it was before, the server says so,
	 * and gives the answer of then to that.
	 * @param {Edit} edit
	 * @returns {Promise<any>}
	 */
	async request(edit)
	{
		const tried = edit.tried ?? [];

		for (const [n, { sku, base }] of tried.entries())
			try {
				return await request(edit, sku, base);
			} catch (e) {
				if (!(e instanceof Problem) ||
				    e.doc.type !== KEY_USED ||
				    n === tried.length - 1)
					throw e;
			}
	}

	/** @param {Edit} edit @param {Problem} why */
	failed(edit, why)
	{
		if (why.passing || why.status === 401) {
			this.failures++;
			this.outbox.release(edit.key);
			this.hooks.waits(edit);
			this.settled?.();
			this.hooks.changed();
			if (why.passing)
				this.later(Math.random() * Math.min(30000,
				    1000 * 2 ** Math.min(this.failures, 5)));
			return;
		}
		this.done(edit);
		if (why.status === 409 && Array.isArray(why.doc.conflicts) &&
		    why.doc.current)
			this.hooks.conflict(edit, why.doc);
		else
			this.hooks.refused(edit, why);
		this.send();
	}

	/**
	 * Try again after MS; sooner with the stream.
	 * @param {number} ms
	 * @param {() => void} [run]
	 */
	later(ms, run = () => this.send())
	{
		clearTimeout(this.timer);
		this.timer = setTimeout(run, ms);
	}

	/** The server is there again, or the reader wants to know. */
	retry()
	{
		clearTimeout(this.timer);
		if (this.list.length > 0)
			this.send();
	}

	/** Another tab has dealt with it. @param {string} key */
	gone(key)
	{
		const edit = this.list.find((e) => e.key === key);

		if (edit === undefined || this.sent.has(edit))
			return;
		this.done(edit);
		this.hooks.elsewhere(edit);
		this.send();
	}

	/** @param {Edit} edit */
	done(edit)
	{
		this.sent.delete(edit);
		this.fresh.delete(edit);
		this.list = this.list.filter((e) => e !== edit);
		if (this.list.length === 0)
			this.failures = 0;
	}

	/**
	 * What waits behind an own edit rests on its result, unless somebody
	 * else changed that very field meanwhile.
	 * @param {Edit} edit
	 * @param {Item & {merged_with?: {field: string}[]}} item
	 * @returns {Edit[]} those behind it
	 */
	rebase(edit, item)
	{
		const behind = this.list.filter((e) => e.uid === edit.uid);

		for (const e of behind) {
			e.sku = item.sku;
			if (restsOn(e, item))
				e.base = Math.max(e.base, item.version);
		}
		return behind;
	}

	/**
	 * Take out the edits that rest on another history: they must be asked
	 * about.
	 * @param {string} epoch the present one
	 * @returns {Edit[]}
	 */
	stale(epoch)
	{
		const old = this.list.filter((e) => e.epoch !== epoch &&
		    e.kind !== "create" && !this.sent.has(e));

		for (const e of old)
			this.done(e);
		return old;
	}
}

/**
 * @param {Edit} edit
 * @param {string} sku
 * @param {number} base
 * @returns {Promise<any>}
 */
function request(edit, sku, base)
{
	switch (edit.kind) {
	case "create":
		return items.create(edit.body ?? {}, edit.key);
	case "adjust":
		return items.adjust(sku, { ...edit.body, base_version: base },
		    edit.key);
	default:
		return items.patch(sku, { [edit.field]: edit.value,
			base_version: base }, edit.key);
	}
}

/**
 * Whether an edit of a field may rest on the answer to another one of the
 * item: nobody else has changed the field.
 * @param {{field: string}} edit
 * @param {{merged_with?: {field: string}[]}} answer
 */
export function restsOn(edit, answer)
{
	return !(answer.merged_with ?? []).some((m) => m.field === edit.field);
}
