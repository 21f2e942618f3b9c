// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What the reader edits with: the cell editor, the two dialogs, and the
 * lease on what is being edited, wired to the page.
 */

import { assertive } from "./announce.js";
import { Problem } from "./api.js";
import { pageClock } from "./clock.js";
import { openCreate } from "./create.js";
import { Details } from "./details.js";
import { byId } from "./dom.js";
import { keepDraft, leftDrafts, placedDraft } from "./drafts.js";
import { Editor } from "./editor.js";
import { Leases } from "./leases.js";
import { shownName } from "./people.js";
import { notice } from "./toast.js";
import { inSentence, isolate } from "./words.js";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {import("./editor.js").Draft} Draft
 * @typedef {import("./drafts.js").KeptDraft} KeptDraft
 */

export class Editing {
	/** @param {import("./page.js").Page} page */
	constructor(page)
	{
		this.page = page;
		this.editor = this.makeEditor();
		this.details = new Details(page.writable, page.editorRole,
		    this.dialogHooks());
		this.leases = new Leases({
			sid: () => page.stream?.sid ?? "",
			/* Away there is nobody; room_joined asks again. */
			call: async (action, row, field) =>
			    page.stream?.state === "live" ?
				page.stream.lease(action, row, field) :
				{ status: 0, doc: null },
			told: () => this.tell(),
			stolen: (by) => this.stolen(shownName(by)),
			clock: pageClock,
		});
		this.recalled = false;
	}

	get user()
	{
		return this.page.saving.outbox.user;
	}

	/** @returns {Editor} */
	makeEditor()
	{
		const { page } = this;

		return new Editor(byId("layers"), {
			user: this.user,
			box: (uid, field) => page.grid.cellBox(uid, field),
			commit: (draft, value) =>
			    page.saving.commit(draft, value),
			opened: (draft) => this.leases.open(draft.sku,
			    draft.field.name),
			closed: () => {
				this.leases.close();
				page.grid.focus();
				page.pointer.select();
				page.rows.later();
			},
			move: (down, right) => page.grid.move(down, right),
			steal: () => this.leases.steal(),
		});
	}

	dialogHooks()
	{
		const { page } = this, { saving, store } = page;

		return {
			item: (/** @type {number} */ uid) => store.view(uid),
			field: (/** @type {string} */ name) => page.field(name),
			commit: (/** @type {number} */ uid,
			    /** @type {Field} */ field,
			    /** @type {unknown} */ old,
			    /** @type {number} */ base,
			    /** @type {unknown} */ value) => saving.commit({
				uid, field, old, base, epoch: saving.epoch,
				sku: store.items.get(uid)?.sku ?? "" }, value),
			adjust: saving.adjust.bind(saving),
			create: saving.create.bind(saving),
			made: (/** @type {Item} */ item) =>
			    page.showNew(store.uid(item.sku)),
			deleted: (/** @type {number} */ uid) => {
				const was = store.items.get(uid);
				store.remove(uid);
				if (was)
					page.removed(uid, was);
				page.rows.refresh(true);
			},
			at: (/** @type {number | null} */ uid,
			    /** @type {string} */ field) => {
				if (this.editor.draft === null && field === "")
					this.leases.close();
				page.pointer.select();
				saving.conflicts.move();
			},
			filling: (/** @type {any} */ values) =>
			    keepDraft(values && { user: this.user,
				sku: values.sku, field: "sku", old: undefined,
				text: values.sku, base: 0,
				epoch: saving.epoch, values }),
			leaving: () => this.editor.leaving,
			typing: this.typing.bind(this),
		};
	}

	/**
	 * A field of the dialog is being typed in: a lease, and it outlives
	 * the page as what is in a cell does.
	 * @param {number} uid
	 * @param {string} field
	 * @param {string | null} text null: no more
	 * @param {{old: unknown, base: number}} [seen]
	 */
	typing(uid, field, text, seen)
	{
		const sku = this.page.store.items.get(uid)?.sku;

		if (text === null || sku === undefined || !seen)
			return keepDraft(null);
		this.leases.open(sku, field);
		keepDraft({ user: this.user, sku, field, text, ...seen,
			epoch: this.page.saving.epoch });
	}

	// ---- opening --------------------------------------------------

	/**
	 * Open the editor on a cell.
	 * @param {number} uid
	 * @param {string} field
	 * @param {string} [text] what was typed
	 */
	open(uid, field, text)
	{
		const { page } = this, f = page.fields.get(field);
		const item = page.store.view(uid);
		const { conflicts } = page.saving;

		if (!page.editorRole || item === null)
			return;
		if (f === undefined || f.read_only)
			return this.showDetails(uid);
		if (conflicts.has(uid, field))
			return conflicts.show(uid, field);
		if (page.saving.edits.full)
			return notice("Too many edits wait. Nothing more can " +
			    "be changed before the server is back.",
			{ id: "full", stays: false });
		this.openDraft({ uid, field: f, base: item.version,
			epoch: page.saving.epoch, old: item[field],
			sku: page.store.items.get(uid)?.sku ?? item.sku },
		f.type === "choice" ? {} : { text });
	}

	/** @param {Draft} draft @param {{text?: string, error?: string}} how */
	openDraft(draft, how)
	{
		this.editor.open(draft, how);
		this.page.pointer.select();
	}

	/** Whether the reader is at something else than the table. */
	get busy()
	{
		return this.editor.draft !== null ||
		    document.querySelector("dialog:modal") !== null;
	}

	/**
	 * End what is being typed.
	 * @returns {boolean} false: it may not be saved, and stays open
	 */
	free()
	{
		return this.editor.commit(0, 0) && this.details.leave() &&
		    !this.busy;
	}

	/**
	 * @param {number} uid
	 * @param {Record<string, any>} [tried] an adjustment
	 * @param {string} [why] it was refused
	 */
	showDetails(uid, tried, why)
	{
		if (this.editor.commit(0, 0))
			this.details.open(uid, tried, why);
	}

	/**
	 * The form of a new item.
	 * @param {Record<string, any>} [values]
	 * @param {string} [error]
	 */
	create(values, error)
	{
		if (this.editor.commit(0, 0))
			openCreate(this.page.writable, this.dialogHooks(),
			    values, error);
	}

	/** What pages before this one left in their editors. */
	async recall()
	{
		if (this.recalled || !this.page.editorRole)
			return;
		this.recalled = true;
		for (const d of leftDrafts(this.user)) {
			try {
				await this.reopen(d);
				placedDraft(d);
			} catch (e) {
				if (!(e instanceof Problem))
					throw e;
				/* The next page may find its item. */
			}
		}
	}

	/**
	 * The reader may be typing elsewhere by now: then it is a question.
	 * @param {KeptDraft} d
	 */
	async reopen(d)
	{
		const { page } = this, { saving } = page;
		const uid = d.values ? 0 : await saving.find(d);
		const field = page.field(d.field);

		if (d.values && !this.busy)
			return this.create(d.values);
		if (uid === 0 || this.busy)
			return saving.homeless({ ...d, uid, field }, d.text,
			    d.values);
		if (page.grid.index.has(uid))
			page.grid.activate(uid, d.field);
		this.openDraft({ ...d, uid, field }, { text: d.text });
		this.changed(uid);
	}

	// ---- what others do -------------------------------------------

	/**
	 * An item has other values, or is gone: show it beside the editor.
	 * @param {number} uid
	 * @param {string} [by] who did it
	 */
	changed(uid, by)
	{
		const { page, editor } = this, d = editor.draft;
		const item = page.store.items.get(uid);

		if (d === null || d.uid !== uid ||
		    page.store.isPending(uid, d.field.name))
			return;
		editor.seen(uid, item, by ?? item?.updated_by ?? "",
		    page.saving.epoch);
		if (item !== undefined)
			this.leases.open(item.sku, d.field.name);
	}

	/** Say beside the editor who else is there. */
	tell()
	{
		const { holder, lost } = this.leases;
		const who = holder === null ? "" :
		    holder.user_id === this.page.me.user_id &&
		    !holder.name ? "You, in another window," :
			isolate(shownName(holder));
		const is = who.startsWith("You,") ? "are" : "is";
		const text = holder === null ? null : lost ?
		    `${who} took over · your text is kept` :
		    `${who} ${is} editing this`;

		this.editor.lease(text);
		this.details.lease(text);
	}

	/** @param {string} name of who took the cell over */
	stolen(name)
	{
		const { want } = this.leases;

		if (want !== null)
			assertive(`${isolate(name)} took over ` +
			    `${isolate(inSentence(this.page.field(
				want.field ?? "").label))} of ` +
			    `${want.row}. Your text is kept.`);
	}
}
