// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What becomes of an own edit: it shows at once, is sent, and then is saved,
 * or a choice, or handed back to the reader.  Nothing typed is ever dropped
 * without a word.
 */

import { Conflicts } from "./conflict.js";
import { byId } from "./dom.js";
import { Edits } from "./edits.js";
import { notice } from "./toast.js";
import { formatValue } from "./words.js";

/**
 * @typedef {import("./edits.js").Edit} Edit
 * @typedef {import("./editor.js").Draft} Draft
 * @typedef {import("./api.js").Problem} Problem
 */

export class Saving {
	/** @param {import("./page.js").Page} page */
	constructor(page)
	{
		this.page = page;
		this.store = page.inventory.store;
		this.edits = new Edits({
			sku: (uid) => this.store.items.get(uid)?.sku ?? null,
			changed: () => page.bar(),
			saved: (edit, item) => {
				this.uncover(edit);
				page.inventory.got(edit.uid, item);
				page.changed(edit.uid, [edit.field]);
			},
			conflict: (edit, doc) => this.conflict(edit, doc),
			refused: (edit, why) => this.refused(edit, why),
		});
		this.conflicts = new Conflicts(byId("layers"), {
			box: (uid, field) => page.grid.cellBox(uid, field),
			busy: () => page.editor.draft !== null ||
			    page.details.node !== null,
			changed: () => page.grid.decorateAll(),
			choose: (c, mine) => this.choose(c, mine),
		});
	}

	/** The history that the page shows. */
	get epoch()
	{
		return this.page.inventory.sync.epoch;
	}

	/** Edits or choices that would be lost with the page. */
	get open()
	{
		return this.edits.list.length + this.conflicts.list.length;
	}

	/**
	 * @param {import("./conflict.js").Conflict} c
	 * @param {boolean} mine
	 */
	choose(c, mine)
	{
		this.page.grid.focus();
		if (mine)
			this.save({ uid: c.uid, sku: c.sku, field: c.field,
				value: c.yours, base: c.version,
				epoch: this.epoch });
		this.page.changed(c.uid, [c.field]);
	}

	/** @param {Draft} draft @param {unknown} value */
	commit(draft, value)
	{
		this.save({ uid: draft.uid,
			sku: this.page.rows.item(draft.uid)?.sku ?? "",
			field: draft.field.name, value, base: draft.base,
			epoch: draft.epoch });
	}

	/** @param {Omit<Edit, "key">} edit */
	save(edit)
	{
		if (edit.epoch !== this.epoch)
			return this.askAgain({ ...edit, key: "" });
		this.store.overlay(edit.uid, edit.field, edit.value);
		this.page.changed(edit.uid, [edit.field]);
		this.edits.add(edit);
	}

	/**
	 * Its overlay goes, unless a later edit of the cell waits.
	 * @param {Edit} edit
	 */
	uncover(edit)
	{
		const later = this.edits.list.filter((e) =>
		    e.uid === edit.uid && e.field === edit.field).at(-1);

		this.store.overlay(edit.uid, edit.field, later?.value);
	}

	/** @param {Edit} edit @param {Record<string, any>} doc */
	conflict(edit, doc)
	{
		const c = doc.conflicts.find((/** @type {any} */ x) =>
		    x.field === edit.field) ?? doc.conflicts[0];
		const f = this.page.field(edit.field), now = doc.current;

		this.uncover(edit);
		this.page.inventory.put(now);
		this.conflicts.add({ uid: edit.uid, sku: now.sku,
			field: edit.field, label: f.label, type: f.type,
			theirs: c.theirs, yours: edit.value,
			by: c.by ?? now.updated_by, at: c.at ?? now.updated_at,
			version: now.version });
		this.page.changed(edit.uid, [edit.field]);
	}

	/** The server's history is another one: nothing typed goes unasked. */
	otherEpoch()
	{
		for (const e of this.edits.stale(this.epoch))
			this.askAgain(e);
		for (const c of this.conflicts.list)
			c.version = this.store.items.get(c.uid)?.version ??
			    c.version;
	}

	/** An edit rests on what is no more: ask. @param {Edit} edit */
	askAgain(edit)
	{
		const uid = this.store.uid(edit.sku);
		const now = this.store.items.get(uid);

		this.store.overlay(edit.uid, edit.field);
		if (now === undefined)
			return this.lost(edit, "it is not there any more");
		if (now[edit.field] === edit.value)
			return this.page.changed(uid, [edit.field]);
		this.conflict({ ...edit, uid }, { current: now, conflicts: [{
			field: edit.field, theirs: now[edit.field] }] });
	}

	/** @param {Edit} edit @param {Problem} why */
	refused(edit, why)
	{
		const { page } = this, item = this.store.items.get(edit.uid);
		const f = page.field(edit.field);

		this.uncover(edit);
		page.changed(edit.uid, [edit.field]);
		if (item === undefined || why.status === 404)
			return this.lost(edit, "the item was deleted");
		const reopen = () => {
			page.grid.activate(edit.uid, edit.field);
			page.editor.open({ uid: edit.uid, field: f,
				base: item.version, epoch: this.epoch,
				old: item[edit.field] }, item.sku,
			{ text: String(edit.value), error: why.message });
		};
		if (page.editor.draft === null && page.details.node === null &&
		    page.grid.index.has(edit.uid))
			return reopen();
		notice(`${f.label} of ${item.sku} was not saved: ` +
		    formatValue(edit.value, f.type), { detail: why.message,
			action: "Edit again", run: reopen });
	}

	/** @param {Edit} edit @param {string} why */
	lost(edit, why)
	{
		const f = this.page.field(edit.field);

		notice(`${f.label} of ${edit.sku} was not saved: ${why}.`, {
			detail: `You wrote: ${String(edit.value)}`,
			stays: true });
	}

	/** Edits that a page before this one could not send. */
	restore()
	{
		for (const e of this.edits.restore(this.page.me.user_id)) {
			const uid = this.store.uid(e.sku);
			if (uid === 0) {
				this.lost(e, "it is not there any more");
				continue;
			}
			if (e.epoch !== this.epoch) {
				this.askAgain(e);
				continue;
			}
			this.store.overlay(uid, e.field, e.value);
			this.edits.list.push({ ...e, uid, sent: false });
		}
		this.edits.keep();
		this.edits.send();
	}
}
