// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Own edits on their way: shown at once, sent one after another for each
 * item, sent again under the same key until the server has answered.  They
 * outlive a reload and a lost session (in the tab's storage), never a loss.
 */

import { Problem, idempotencyKey, items } from "./api.js";

const KEPT = "stockroom.edits";

/**
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} Edit
 * @property {string} key the Idempotency-Key
 * @property {number} uid
 * @property {string} sku
 * @property {string} field
 * @property {unknown} value
 * @property {number} base version that it rests on
 * @property {string} epoch
 * @property {boolean} [sent] an answer is awaited
 *
 * @typedef {object} EditHooks
 * @property {(uid: number) => string | null} sku as it is now
 * @property {() => void} changed
 * @property {(edit: Edit, item: Item & {merged_with?: any[]}) => void} saved
 * @property {(edit: Edit, doc: Record<string, any>) => void} conflict
 * @property {(edit: Edit, why: Problem) => void} refused
 */

export class Edits {
	/** @param {EditHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		/** @type {Edit[]} oldest first */
		this.list = [];
		this.user = 0;
		this.failures = 0;
		this.timer = 0;
	}

	/** Edits that a try has failed for, or that wait behind one. */
	get waiting()
	{
		return this.failures === 0 ? 0 : this.list.length;
	}

	/** @param {Omit<Edit, "key">} edit */
	add(edit)
	{
		this.list.push({ ...edit, key: idempotencyKey() });
		this.keep();
		this.send();
	}

	/** Send what can be sent: for each item its oldest. */
	send()
	{
		const busy = new Set();

		for (const edit of this.list) {
			if (!busy.has(edit.uid) && !edit.sent)
				this.put(edit);
			busy.add(edit.uid);
		}
		this.hooks.changed();
	}

	/** @param {Edit} edit */
	async put(edit)
	{
		const sku = this.hooks.sku(edit.uid) ?? edit.sku;

		edit.sent = true;
		try {
			const item = await items.patch(sku, {
				[edit.field]: edit.value,
				base_version: edit.base }, edit.key);
			this.failures = 0;
			this.done(edit);
			this.rebase(edit, item);
			this.hooks.saved(edit, item);
		} catch (e) {
			edit.sent = false;
			if (!(e instanceof Problem))
				throw e;
			this.failed(edit, e);
			return;
		}
		this.send();
	}

	/** @param {Edit} edit @param {Problem} why */
	failed(edit, why)
	{
		if (why.passing || why.status === 401) {
			this.failures++;
			this.hooks.changed();
			if (why.passing)
				this.later();
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

	/** Try again in a while; sooner when the stream is back. */
	later()
	{
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.send(), Math.random() *
		    Math.min(30000, 1000 * 2 ** Math.min(this.failures, 5)));
	}

	/** The server is there again. */
	retry()
	{
		clearTimeout(this.timer);
		if (this.failures > 0)
			this.send();
	}

	/** @param {Edit} edit */
	done(edit)
	{
		this.list = this.list.filter((e) => e !== edit);
		if (this.list.length === 0)
			this.failures = 0;
		this.keep();
	}

	/**
	 * What waits behind an own edit rests on its result, unless somebody
	 * else changed that very field meanwhile.
	 * @param {Edit} edit
	 * @param {Item & {merged_with?: {field: string}[]}} item
	 */
	rebase(edit, item)
	{
		const merged = new Set((item.merged_with ?? [])
		    .map((m) => m.field));

		for (const e of this.list)
			if (e.uid === edit.uid && !merged.has(e.field))
				e.base = Math.max(e.base, item.version);
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
		    !e.sent);

		for (const e of old)
			this.done(e);
		return old;
	}

	keep()
	{
		try {
			if (this.list.length === 0)
				sessionStorage.removeItem(KEPT);
			else
				sessionStorage.setItem(KEPT, JSON.stringify(
				    { user: this.user, list: this.list }));
		} catch {
			/* storage is off: beforeunload still warns */
		}
	}

	/**
	 * The edits of this user that an earlier page left behind.
	 * @param {number} user
	 * @returns {Edit[]}
	 */
	restore(user)
	{
		this.user = user;
		try {
			const kept = JSON.parse(
			    sessionStorage.getItem(KEPT) ?? "null");
			sessionStorage.removeItem(KEPT);
			return kept?.user === user ? kept.list : [];
		} catch {
			return [];
		}
	}
}
