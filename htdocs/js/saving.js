// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What becomes of an own edit: it shows at once, is sent, and then is saved,
 * or a choice, or handed back to the reader.  Nothing typed is ever dropped
 * without a word: what is not saved stays in the outbox, there as an edit or
 * as a choice, until the server has it or the reader lets it go.
 */

import { assertive } from "./announce.js";
import { Problem, items } from "./api.js";
import { Conflicts } from "./conflict.js";
import { byId } from "./dom.js";
import { Edits } from "./edits.js";
import { Outbox } from "./outbox.js";
import { fieldText } from "./rules.js";
import { toMilli } from "./words.js";

/** Pages of the change log that are read to find a renamed item. */
const LOOK = 20;

const GONE = "The item was deleted";
const UNFINISHED = "The page was left while this was being typed";
const PUT_BACK = "The inventory was put back to an earlier state meanwhile";

/**
 * @typedef {import("./edits.js").Edit} Edit
 * @typedef {import("./edits.js").Wish} Wish
 * @typedef {import("./conflict.js").Conflict} Conflict
 * @typedef {import("./conflict.js").Choice} Choice
 * @typedef {import("./editor.js").Draft} Draft
 * @typedef {import("./store.js").Item} Item
 *
 * @typedef {{item: Item} | {why: Problem} | {waits: true}} Answer
 * @typedef {(a: Answer) => boolean} Told whether a refusal was shown
 */

/**
 * A field with own edits laid over, in their order.
 * @param {unknown} value as the server has it
 * @param {Pick<Edit, "kind" | "value">[]} edits of that field
 * @returns {unknown} undefined: nothing lies over it
 */
export function covered(value, edits)
{
	let now = value;

	for (const e of edits)
		now = e.kind === "adjust" ?
		    (toMilli(now) + toMilli(e.value)) / 1000 : e.value;
	return edits.length === 0 ? undefined : now;
}

/**
 * A page of the change log; empty where it is not kept any more.
 * @param {string} since
 */
async function log(since)
{
	try {
		return await items.changes(since);
	} catch (e) {
		if (!(e instanceof Problem) || ![400, 410].includes(e.status))
			throw e;
		return { changes: [], position: since, more: false };
	}
}

/** A record cannot be placed: the others may be. @param {unknown} e */
function nextTime(e)
{
	if (!(e instanceof Problem))
		throw e;
}

export class Saving {
	/** @param {import("./page.js").Page} page */
	constructor(page)
	{
		this.page = page;
		this.store = page.inventory.store;
		this.outbox = new Outbox((key) => {
			this.edits.gone(key);
			this.conflicts.drop(key);
		});
		this.outbox.user = `${page.me.user_id} ${page.me.username}`;
		/** dialogs that wait for an answer @type {Map<string, Told>} */
		this.told = new Map();
		this.restoring = false;
		this.edits = new Edits({
			sku: (uid) => this.store.items.get(uid)?.sku ?? null,
			changed: () => page.bar(),
			saved: (edit, item) => this.saved(edit, item),
			conflict: (edit, doc) => this.conflict(edit, doc),
			refused: (edit, why) => this.refused(edit, why),
			waits: (edit) => this.answer(edit.key, { waits: true }),
			elsewhere: (edit) => this.cover(edit.uid, edit.field),
			orphans: () => this.orphans(),
		}, this.outbox);
		this.conflicts = new Conflicts(byId("layers"), {
			box: (uid, field) => page.grid.cellBox(uid, field),
			busy: () => page.editing.busy,
			changed: () => page.grid?.decorateAll(),
			choose: (c, choice) => this.choose(c, choice),
			announce: (text) => assertive(text),
		});
	}

	/** The history that the page shows. */
	get epoch()
	{
		return this.page.inventory.sync.epoch;
	}

	/** Edits or choices that the server does not know of. */
	get open()
	{
		return this.edits.list.length + this.conflicts.list.length;
	}

	/** Whether to close the tab now would surprise. */
	get unsaved()
	{
		return this.edits.waiting > 0 ||
		    (this.conflicts.list.length > 0 && !this.outbox.durable);
	}

	// ---- an edit is made ----------------------------------------------

	/** @param {Draft} draft @param {unknown} value */
	commit(draft, value)
	{
		this.save({ kind: "set", uid: draft.uid,
			sku: this.sku(draft.uid, draft.sku),
			field: draft.field.name, value, old: draft.old,
			base: draft.base, epoch: draft.epoch });
	}

	/** As the server knows it. @param {number} uid @param {string} sku */
	sku(uid, sku)
	{
		return this.store.items.get(uid)?.sku ?? sku;
	}

	/** @param {Wish} wish @param {string} [key] @param {Told} [told] */
	save(wish, key, told)
	{
		if (wish.kind === "set" && wish.epoch !== this.epoch)
			return this.askAgain({ ...wish, ...this.mark() });
		const edit = this.edits.add(wish, key);
		if (told)
			this.told.set(edit.key, told);
		this.cover(wish.uid, wish.field);
	}

	/** What a record of the outbox has besides its content. */
	mark()
	{
		const n = this.outbox.next();

		return { key: `asked-${this.outbox.tab}-${n}`, n,
			at: Date.now() };
	}

	/**
	 * Take out or put in.
	 * @param {number} uid
	 * @param {{delta: number, reason?: string}} body
	 * @param {Told} told
	 */
	adjust(uid, body, told)
	{
		const item = this.store.items.get(uid);

		if (item !== undefined)
			this.save({ kind: "adjust", uid, sku: item.sku,
				field: "quantity", value: body.delta,
				old: item.quantity, body, base: item.version,
				epoch: this.epoch }, undefined, told);
	}

	/**
	 * A new item.
	 * @param {Record<string, any>} body
	 * @param {string} key
	 * @param {Told} told
	 */
	create(body, key, told)
	{
		this.save({ kind: "create", uid: 0, sku: body.sku, field: "sku",
			value: body.sku, old: undefined, body, base: 0,
			epoch: this.epoch }, key, told);
	}

	/**
	 * Lay what waits over a field, or take it away.
	 * @param {number} uid
	 * @param {string} field
	 */
	cover(uid, field)
	{
		const item = this.store.items.get(uid);

		if (item === undefined)
			return;
		this.store.overlay(uid, field, covered(item[field],
		    this.edits.list.filter((e) => e.uid === uid &&
			e.field === field)));
		this.page.changed(uid, [field]);
	}

	/**
	 * An item has other values: what an adjustment comes to, the choices.
	 * @param {number} uid
	 * @param {Item} item as shown
	 */
	refresh(uid, item)
	{
		const real = this.store.items.get(uid);
		const own = this.edits.list.filter((e) => e.uid === uid &&
		    e.field === "quantity");

		if (real !== undefined && own.some((e) => e.kind === "adjust"))
			this.store.overlay(uid, "quantity",
			    covered(real.quantity, own));
		this.conflicts.refresh(uid, item);
	}

	// ---- the server has answered ----------------------------------------

	/** @param {string} key @param {Answer} a */
	answer(key, a)
	{
		const told = this.told.get(key);

		if (!("waits" in a))
			this.told.delete(key);
		return told?.(a) ?? false;
	}

	/** @param {Edit} edit @param {Item & {merged_with?: any[]}} item */
	saved(edit, item)
	{
		const { page } = this;
		const uid = page.inventory.got(edit.kind === "create" ? null :
		    edit.uid, item);

		page.editor.saved(uid, item);
		page.details.saved(uid, item);
		this.cover(uid, edit.field);
		this.answer(edit.key, { item });
	}

	/**
	 * Whether it was sent to a name that its item no longer has.
	 * @param {Edit} edit
	 */
	strayed(edit)
	{
		const item = this.store.items.get(edit.uid);

		return item !== undefined && edit.tried !== undefined &&
		    edit.tried[0].sku !== item.sku;
	}

	/** @param {Edit} edit @param {Record<string, any>} doc */
	conflict(edit, doc)
	{
		const c = doc.conflicts.find((/** @type {any} */ x) =>
		    x.field === edit.field) ?? doc.conflicts[0];
		const now = doc.current, { inventory } = this.page;

		if (this.strayed(edit))
			return this.edits.adopt([edit]);
		this.cover(edit.uid, edit.field);
		/* What we have yet to hear of may have given it the SKU. */
		if (now.version <= inventory.sync.seq)
			inventory.put(now);
		else
			inventory.catchUp();
		this.ask({ ...this.question(edit), sku: now.sku,
			theirs: c.theirs, was: c.base ?? edit.old,
			by: c.by ?? "", at: c.at ?? "", version: now.version },
		edit);
		this.page.changed(edit.uid, [edit.field]);
	}

	/** @param {Edit} edit @returns {Conflict} */
	question(edit)
	{
		const f = this.page.field(edit.field);

		return { key: edit.key, of: edit.kind, uid: edit.uid,
			sku: edit.sku, field: edit.field, label: f.label,
			yours: edit.value, theirs: undefined,
			was: edit.old, by: "", at: "", version: edit.base,
			...(edit.body ? { body: edit.body } : {}) };
	}

	/**
	 * Keep a question in the edit's place, and put it.
	 * @param {Conflict} c
	 * @param {Edit} edit
	 * @returns {Promise<void> | void} it is kept
	 */
	ask(c, edit)
	{
		const kept = this.outbox.put({ ...edit, kind: "conflict",
			question: c });

		this.conflicts.add(c);
		return kept;
	}

	/** @param {Edit} edit @param {Problem} why */
	refused(edit, why)
	{
		const { page } = this, item = this.store.items.get(edit.uid);

		if (this.strayed(edit))
			return this.edits.adopt([edit]);
		this.cover(edit.uid, edit.field);
		if (this.answer(edit.key, { why }))
			return this.outbox.remove(edit.key);
		const c = { ...this.question(edit), why: why.message };
		if (edit.kind !== "create" &&
		    (item === undefined || why.status === 404))
			return this.ask({ ...c, why: GONE, final: true },
			    edit);
		if (edit.kind === "set" && !page.editing.busy &&
		    page.grid.index.has(edit.uid) && this.again(c))
			return this.outbox.remove(edit.key);
		this.ask(c, edit);
	}

	/**
	 * Back into an editor with it.
	 * @param {Conflict} c
	 * @returns {boolean} false: it has to stay a question
	 */
	again(c)
	{
		const { page } = this, f = page.field(c.field);
		const item = this.store.items.get(c.uid);

		if (c.of !== "create" && item === undefined) {
			c.why = GONE;
			c.final = true;
			return false;
		}
		if (!page.editing.free())
			return false;
		if (item === undefined) { /* a new one */
			page.editing.create(c.body ?? {}, c.why);
		} else if (c.of === "adjust") {
			page.editing.showDetails(c.uid, c.body, c.why);
		} else {
			page.grid.activate(c.uid, c.field);
			page.editing.openDraft({ uid: c.uid, field: f,
				base: item.version, epoch: this.epoch,
				old: item[c.field], sku: item.sku },
			{ text: fieldText(f, c.yours), error: c.why });
		}
		return true;
	}

	/** @param {Conflict} c @param {Choice} choice */
	choose(c, choice)
	{
		const { editor, grid } = this.page;

		if (editor.draft === null)
			grid.focus();
		else
			editor.focus();
		if (choice === "again" && !this.again(c))
			return this.conflicts.add(c);
		if (choice === "mine" || choice === "was")
			this.save({ kind: "set", uid: c.uid, sku: c.sku,
				field: c.field, old: c.theirs,
				value: choice === "mine" ? c.yours : c.was,
				base: c.version, epoch: this.epoch });
		this.outbox.remove(c.key);
		this.page.changed(c.uid, [c.field]);
	}

	// ---- another history, another page ----------------------------------

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
		const c = { ...this.question(edit), uid };

		this.cover(edit.uid, edit.field);
		if (now === undefined)
			return this.ask({ ...c, why: GONE, final: true },
			    edit);
		if (edit.kind === "adjust")
			return this.ask({ ...c, why: PUT_BACK }, edit);
		if (now[edit.field] === edit.value)
			return this.outbox.remove(edit.key);
		this.ask({ ...c, theirs: now[edit.field],
			version: now.version }, edit);
		this.page.changed(uid, [edit.field]);
	}

	/**
	 * What was typed in an editor has no cell any more, or the reader is
	 * at another one.
	 * @param {Draft} draft uid 0: its item is gone
	 * @param {string} text
	 * @param {Record<string, string>} [body] of a new item
	 */
	homeless(draft, text, body)
	{
		const edit = { kind: /** @type {"set" | "create"} */ (
		    body ? "create" : "set"), body,
			uid: draft.uid, sku: this.sku(draft.uid, draft.sku),
			field: draft.field.name, value: text, old: draft.old,
			base: draft.base, epoch: draft.epoch, ...this.mark() };

		return this.ask({ ...this.question(edit),
			...(draft.uid === 0 && !body ?
			    { why: GONE, final: true } : { why: UNFINISHED }) },
		edit);
	}

	/** The server is there again. */
	back()
	{
		this.edits.retry();
		this.restore();
	}

	/**
	 * Take in the edits that no tab is sending, then send.  A choice is
	 * left to its tab, which may be there.
	 */
	orphans()
	{
		return this.restore((r) => r.kind !== "conflict" &&
		    r.until <= Date.now());
	}

	/**
	 * Take in what a page before this one left, or a tab that has gone.
	 * What cannot be placed now is taken in the next time.
	 * @param {(r: any) => boolean} [which] records
	 */
	async restore(which = () => true)
	{
		if (this.restoring || !this.page.inventory.ready)
			return;
		this.restoring = true;
		try {
			for (const r of await this.outbox.mine())
				if (which(r))
					await this.take(r).catch(nextTime);
		} finally {
			this.restoring = false;
			this.edits.send();
		}
	}

	/** @param {any} r of the outbox */
	async take(r)
	{
		const known = (/** @type {{key: string}} */ o) =>
		    o.key === r.key;

		if (this.edits.list.some(known) ||
		    this.conflicts.list.some(known))
			return;
		const kind = r.question?.of ?? r.kind;
		const uid = kind === "create" ? 0 : await this.find(r);
		/* Meanwhile it may have been dealt with. */
		if (!this.outbox.known.has(r.key))
			return;
		if (r.kind === "conflict")
			return this.recall(r, uid);
		const edit = { ...r, uid };
		if (r.kind !== "create" && uid === 0)
			return this.ask({ ...this.question(edit), why: GONE,
				final: true }, edit);
		if (r.kind !== "create" && r.epoch !== this.epoch)
			return this.askAgain(edit);
		this.edits.adopt([edit]);
		this.cover(uid, r.field);
	}

	/**
	 * A choice that was not made yet.
	 * @param {any} r
	 * @param {number} uid
	 */
	async recall(r, uid)
	{
		/** @type {Conflict} */
		const c = { ...r.question, uid };
		const now = this.store.items.get(uid);

		if (c.of !== "create" && now === undefined) {
			c.why = GONE;
			c.final = true;
		}
		if (now !== undefined && c.why === undefined) {
			if (now[c.field] === c.yours)
				return this.outbox.remove(c.key);
			c.version = now.version;
			if (now[c.field] !== c.theirs) {
				c.theirs = now[c.field];
				c.by = String(now.updated_by ?? "");
				c.at = String(now.updated_at ?? "");
			}
		}
		this.conflicts.add(c);
	}

	/**
	 * Whether an edit rests on a version of the item that has its SKU now.
	 * @param {{sku: string, base: number}} edit
	 */
	async isOf({ sku, base })
	{
		const item = this.store.items.get(this.store.uid(sku));

		if (item === undefined || item.version <= base)
			return item !== undefined;
		const { changes } = await items.upTo(sku, base);
		return changes[0]?.seq === base;
	}

	/**
	 * The row of an edit, though its item was renamed meanwhile, and
	 * another one has the SKU.
	 * @param {{sku: string, epoch: string, base: number}} edit
	 * @returns {Promise<number>} 0: it is gone
	 */
	async find(edit)
	{
		let sku = edit.sku, since = `${edit.epoch}:${edit.base}`;

		/* In another history there is only the SKU to go by. */
		if (edit.epoch === this.epoch && await this.isOf(edit))
			return this.store.uid(sku);
		for (let n = 0; n < LOOK && edit.epoch === this.epoch; n++) {
			const doc = await log(since);
			for (const ev of doc.changes) {
				if (ev.update_type === "delete" &&
				    ev.sku === sku)
					return 0;
				sku = ev.changes.find((/** @type {any} */ ch) =>
				    ch.field === "sku" && ch.new_value &&
				    ch.old_value === sku)?.new_value ?? sku;
			}
			since = doc.position;
			if (!doc.more)
				break;
		}
		if (this.store.uid(sku) !== 0)
			return this.store.uid(sku);
		try {
			this.page.inventory.put(await items.get(sku));
		} catch (e) {
			if (!(e instanceof Problem) || e.status !== 404)
				throw e;
		}
		return this.store.uid(sku);
	}
}
