// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * One item whole in a dialog: every field (each saved by itself), steppers
 * that adjust the stock, its history, deleting it.
 */

import { Problem, items } from "./api.js";
import { statePill } from "./columns.js";
import { el } from "./dom.js";
import { complain, control, dialog } from "./forms.js";
import { restsOn } from "./edits.js";
import { fieldText, readField } from "./rules.js";
import { ago, changeWords, formatNumber, formatValue, isolate, parseMilli,
	plainNumber } from "./words.js";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} DialogHooks
 * @property {(uid: number) => Item | null} item
 * @property {(uid: number, field: Field, old: unknown, base: number,
 *   value: unknown) => void} commit
 * @property {(uid: number, body: {delta: number, reason?: string},
 *   told: Told) => void} adjust
 * @property {(body: Record<string, any>, key: string, told: Told) => void}
 *   create
 * @property {(item: Item) => void} made a new item
 * @property {(uid: number) => void} deleted
 * @property {(uid: number | null, field: string) => void} at where the
 *   reader is; "" leaves
 * @property {(uid: number, field: string, text: string | null,
 *   seen?: {old: unknown, base: number}) => void} typing null: no more
 * @property {(values: Record<string, string> | null) => void} filling the
 *   form of a new item; null: no more
 * @property {() => boolean} leaving the page is being left
 * @property {(name: string) => Field} field
 * @typedef {import("./saving.js").Told} Told
 */

/** One item whole; at most one is open. */
export class Details {
	/** @param {Field[]} fields @param {boolean} editor
	 *  @param {DialogHooks} hooks */
	constructor(fields, editor, hooks)
	{
		this.fields = fields;
		this.editor = editor;
		this.hooks = hooks;
		this.uid = 0;
		/** @type {HTMLDialogElement | null} */
		this.node = null;
		/** @type {Map<string, {old: unknown, base: number}>} */
		this.seen = new Map();
	}

	/**
	 * @param {number} uid
	 * @param {Record<string, any>} [tried] an adjustment
	 * @param {string} [why] it was refused
	 */
	open(uid, tried = { delta: 1 }, why = "")
	{
		const item = this.hooks.item(uid);

		if (item === null)
			return;
		this.node?.close();
		this.uid = uid;
		this.seen.clear();
		const node = this.node = dialog("dialog#details-dialog.drawer",
		    `Details of ${item.sku}`,
		    this.head(), this.stock(tried), this.form(item),
		    el("section", {}, el("h3", {}, "History"),
			el("ol.history", { "data-testid": "history" },
			    el("li.muted", {}, "Reading…"))),
		    this.editor ? this.foot() : el("div"));
		node.dataset.light = "";
		node.addEventListener("close", () => {
			if (this.node !== node)
				return;
			this.node = null;
			this.hooks.at(null, "");
		});
		this.update(uid);
		this.stockError(why);
		/* No keyboard pops up on a phone before it is asked for. */
		node.querySelector("h2")?.focus();
		this.hooks.at(uid, "");
		this.readHistory();
	}

	head()
	{
		return el("header.drawer-head", {},
		    el("div", {}, el("h2", { tabindex: -1 }),
			el("p.drawer-name")),
		    el("button#details-close.icon-button", { type: "button",
			"aria-label": "Close",
			click: () => this.node?.close() }, "✕"));
	}

	/** @param {Record<string, any>} tried */
	stock(tried)
	{
		const step = (/** @type {string} */ id,
		    /** @type {number} */ sign) => el(`button#${id}.stepper`, {
			type: "button", "aria-label": sign < 0 ? "Take out" :
			    "Put in", click: () => this.adjust(sign) },
		sign < 0 ? "−" : "+");

		return el("section.stock", { "aria-label": "Stock" },
		    el("p.stock-figure", {}, el("span.figure"),
			el("span.muted.unit"), el("span.state")),
		    this.editor ? el("div.steppers", {},
			step("adjust-minus", -1),
			el("input#adjust-amount", { inputmode: "decimal",
			    value: plainNumber(Math.abs(tried.delta)),
			    "aria-label": "Amount",
			    autocomplete: "off" }),
			step("adjust-plus", 1),
			el("input#adjust-reason", { placeholder:
			    "Reason (optional)", "aria-label": "Reason",
			    value: tried.reason, maxlength: 200,
			    autocomplete: "off" })) : null,
		    el("p.field-error.stock-error", { role: "alert",
			hidden: true }));
	}

	/** @param {Item} item */
	form(item)
	{
		const form = el("form.form-grid", { novalidate: true,
			submit: (/** @type {Event} */ ev) =>
			    ev.preventDefault() },
		...this.fields.map((f) => control(f,
		    fieldText(f, item[f.name]), `details-${f.name}`)));

		for (const f of this.fields) {
			const at = /** @type {any} */ (form.querySelector(
			    `[name="${CSS.escape(f.name)}"]`));
			at.disabled = !this.editor;
			at.addEventListener("focus", () => {
				this.look(f, this.hooks.item(this.uid));
				this.hooks.at(this.uid, f.name);
			});
			at.addEventListener("keydown",
			    (/** @type {KeyboardEvent} */ ev) => {
				if (ev.key === "Escape")
					this.revert(f, at, ev);
				else if (ev.key === "Enter" && !ev.shiftKey)
					this.save(f, at);
			});
			at.addEventListener("input", () => this.hooks.typing(
			    this.uid, f.name, at.value,
			    this.seen.get(f.name)));
			at.addEventListener("change", () => this.save(f, at));
			at.addEventListener("blur", () => {
				if (this.hooks.leaving())
					return;
				this.save(f, at);
				this.lease(null);
				this.hooks.typing(this.uid, f.name, null);
				this.hooks.at(this.uid, "");
			});
		}
		return form;
	}

	/**
	 * Remember what is being changed.
	 * @param {Field} f
	 * @param {Item | null} item
	 */
	look(f, item)
	{
		if (item !== null)
			this.seen.set(f.name, { old: item[f.name],
				base: item.version });
	}

	/**
	 * An own edit was saved: what is typed next rests on it, unless
	 * somebody else changed the field meanwhile.
	 * @param {number} uid
	 * @param {Item & {merged_with?: {field: string}[]}} item
	 */
	saved(uid, item)
	{
		for (const [field, seen] of this.seen)
			if (uid === this.uid && restsOn({ field }, item))
				seen.base = Math.max(seen.base, item.version);
	}

	/**
	 * Close; false when what is typed may not be saved: then it stays and
	 * says why.
	 */
	leave()
	{
		const wrong = /** @type {HTMLElement | null | undefined} */ (
		    this.node?.querySelector("[aria-invalid]"));

		if (wrong)
			wrong.focus();
		else
			this.node?.close();
		return !wrong;
	}

	/** @param {Field} f @param {any} at @param {KeyboardEvent} ev */
	revert(f, at, ev)
	{
		const was = fieldText(f, this.seen.get(f.name)?.old);

		if (at.value === was)
			return;
		at.value = was;
		this.hooks.typing(this.uid, f.name, null);
		complain(/** @type {Element} */ (this.node), f.name, "");
		ev.preventDefault();
		ev.stopPropagation();
	}

	/** @param {Field} f @param {any} at */
	save(f, at)
	{
		const seen = this.seen.get(f.name);
		const node = /** @type {Element} */ (this.node);

		if (seen === undefined || this.node === null ||
		    this.hooks.leaving() || at.value === fieldText(f, seen.old))
			return;
		const read = readField(f, at.value);
		complain(node, f.name, "error" in read ? read.error : "");
		if ("error" in read || read.value === (seen.old ?? ""))
			return;
		this.seen.set(f.name, { old: read.value, base: seen.base });
		this.hooks.commit(this.uid, f, seen.old, seen.base, read.value);
	}

	foot()
	{
		const sure = el("div.confirm", { hidden: true },
		    el("p", {}, "Delete this item for everybody?"),
		    el("button#delete-cancel.secondary", { type: "button",
			click: () => ask(false) }, "Cancel"),
		    el("button#delete-confirm.danger", { type: "button",
			click: () => this.remove() }, "Delete"));
		const button = el("button#details-delete.link-button.warn", {
			type: "button", click: () => ask(true) },
		"Delete item …");
		const ask = (/** @type {boolean} */ on) => {
			sure.hidden = !on;
			button.hidden = on;
			(on ? sure.querySelector("button") : button)?.focus();
		};

		return el("footer.drawer-foot", {}, button, sure);
	}

	/**
	 * The item changed: show it, but in a field that is being typed in.
	 * @param {number} uid
	 */
	update(uid)
	{
		const item = this.hooks.item(uid), node = this.node;

		if (node === null || uid !== this.uid)
			return;
		if (item === null)
			return this.gone(node);
		const put = (/** @type {string} */ s,
		    /** @type {string} */ t) => {
			const n = node.querySelector(s);
			if (n !== null && n.textContent !== t)
				n.textContent = t;
		};
		node.dataset.sku = item.sku;
		put("h2", item.sku);
		put(".drawer-name", item.name);
		put(".stock-figure .figure", formatNumber(item.quantity));
		put(".stock-figure .unit", item.unit);
		node.querySelector(".state")?.replaceChildren(statePill(item));
		for (const f of this.fields) {
			const at = /** @type {any} */ (node.querySelector(
			    `[name="${CSS.escape(f.name)}"]`));
			const text = fieldText(f, item[f.name]);
			if (document.activeElement !== at && at.value !== text)
				at.value = text;
		}
	}

	/**
	 * The item is no more: what is being typed is not lost with it.
	 * @param {HTMLDialogElement} node
	 */
	gone(node)
	{
		const at = /** @type {any} */ (document.activeElement);
		const f = this.fields.find((x) => x.name === at?.name);

		if (f !== undefined && node.contains(at))
			this.save(f, at);
		node.close();
	}

	/**
	 * Who else edits the field that is being typed in; null: nobody.
	 * @param {string | null} text
	 */
	lease(text)
	{
		const at = document.activeElement?.closest(".field");
		const p = /** @type {HTMLElement | null} */ (
		    at?.querySelector(".field-note") ?? null);

		if (p === null || !this.node?.contains(p))
			return;
		p.textContent = text ?? "";
		p.hidden = text === null;
	}

	/** @param {number} sign */
	adjust(sign)
	{
		const node = /** @type {HTMLElement} */ (this.node);
		const amount = /** @type {HTMLInputElement} */ (
		    node.querySelector("#adjust-amount"));
		const reason = /** @type {HTMLInputElement} */ (
		    node.querySelector("#adjust-reason"));
		const milli = parseMilli(amount.value), uid = this.uid;
		const item = this.hooks.item(uid);

		if (milli === null || milli === 0 || item === null)
			return this.stockError("An amount above zero");
		this.stockError("");
		const body = { delta: sign * milli / 1000,
			...(reason.value.trim() === "" ? {} :
			    { reason: reason.value.trim() }) };
		this.hooks.adjust(uid, body, (a) => {
			if (this.node === null || this.uid !== uid)
				return false;
			if ("why" in a)
				this.stockError(a.why.message);
			else
				this.stockError("waits" in a ?
				    "It waits for the server" : "");
			if ("item" in a)
				this.readHistory();
			return true;
		});
	}

	/** @param {string} text */
	stockError(text)
	{
		const p = /** @type {HTMLElement | null} */ (
		    this.node?.querySelector(".stock-error") ?? null);

		if (p === null)
			return;
		p.textContent = text;
		p.hidden = text === "";
	}

	async remove()
	{
		const uid = this.uid, item = this.hooks.item(uid);

		if (item === null)
			return;
		try {
			await items.remove(item.sku);
			this.node?.close();
			this.hooks.deleted(uid);
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			if (e.status === 404)
				return this.node?.close();
			this.stockError(e.message);
		}
	}

	async readHistory()
	{
		const uid = this.uid, item = this.hooks.item(uid);
		const list = this.node?.querySelector(".history");
		let rows;

		if (!list || item === null)
			return;
		try {
			const doc = await items.history(item.sku);
			rows = (doc.changes ?? []).map(
			    (/** @type {any} */ ev) => this.entry(ev));
		} catch {
			rows = [el("li.muted", {},
			    "The history could not be read.")];
		}
		if (this.uid === uid)
			list.replaceChildren(...(rows.length > 0 ? rows :
			    [el("li.muted", {}, "No changes yet.")]));
	}

	/** @param {import("./words.js").ChangeEvent} ev */
	entry(ev)
	{
		const words = changeWords(ev, this.hooks.field);
		const who = words.before.replace(/ for $/, "");

		return el("li", { "data-testid": "history-entry",
			"data-type": ev.update_type },
		el("p", {}, who), el("p.muted", {},
		    ev.update_type === "create" ? "" :
		    ev.changes.length > 1 && ev.update_type !== "delete" ?
			ev.changes.map((c) =>
			    `${isolate(this.hooks.field(c.field).label)}: ` +
			    `${formatValue(c.old_value)} → ` +
			    formatValue(c.new_value)).join(" · ") +
			    (ev.reason ? ` · ${isolate(ev.reason)}` : "") :
			words.detail,
		    ev.update_type === "create" ? "" : " · ",
		    el("time", { datetime: ev.timestamp,
			title: new Date(ev.timestamp).toLocaleString() },
		    ago(ev.timestamp, Date.now()))));
	}
}
