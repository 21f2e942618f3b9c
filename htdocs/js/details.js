// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The two dialogs: a new item, and one item whole: every field (each saved
 * by itself), steppers that adjust the stock, its history, deleting it.
 */

import { Problem, idempotencyKey, items } from "./api.js";
import { statePill } from "./columns.js";
import { el, setAttr } from "./dom.js";
import { fieldText, readField } from "./rules.js";
import { ago, changeWords, formatNumber, formatValue, parseMilli }
	from "./words.js";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} DialogHooks
 * @property {(uid: number) => Item | null} item
 * @property {(uid: number, field: Field, old: unknown, base: number,
 *   value: unknown) => void} commit
 * @property {(uid: number | null, item: Item) => void} got an answer
 * @property {(uid: number) => void} deleted
 * @property {(uid: number | null, field: string) => void} at where the
 *   reader is; "" leaves
 * @property {(name: string) => Field} field
 */

/**
 * A labelled control for a field.
 * @param {Field} field
 * @param {string} text
 * @param {string} id
 */
function control(field, text, id)
{
	const long = field.name === "notes";
	/** @type {any} */
	const node = field.type === "choice" ?
	    el("select", {}, ...(field.choices ?? []).map((c) =>
		el("option", { value: c }, c[0].toUpperCase() + c.slice(1)))) :
	    el(long ? "textarea" : "input", { rows: long ? 3 : null,
		autocomplete: "off", inputmode: field.type === "number" ?
		    "decimal" : null, maxlength: field.max_length ?? null });

	node.id = id;
	node.name = field.name;
	node.value = text;
	setAttr(node, "required", field.required);
	setAttr(node, "aria-describedby", `${id}-error`);
	return el("div.field", { "data-for": field.name },
	    el("label", { for: id }, field.label),
	    node,
	    el("p.field-error", { id: `${id}-error`, hidden: true }));
}

/** @param {Element} form @param {string} name @param {string} text */
function complain(form, name, text)
{
	const box = form.querySelector(`[data-for="${CSS.escape(name)}"]`);
	const p = /** @type {HTMLElement | null} */ (
	    box?.querySelector(".field-error") ?? null);

	if (p === null)
		return false;
	p.textContent = text;
	p.hidden = text === "";
	setAttr(/** @type {Element} */ (box?.querySelector("[name]")),
	    "aria-invalid", text === "" ? null : "true");
	return true;
}

/** @param {string} spec @param {string} title @param {Node[]} content */
function dialog(spec, title, ...content)
{
	const node = /** @type {HTMLDialogElement} */ (el(spec, {
		"aria-label": title }, ...content));

	node.addEventListener("close", () => node.remove());
	node.addEventListener("pointerdown", (ev) => {
		if (ev.target === node && node.dataset.light !== undefined)
			node.close();
	});
	document.body.append(node);
	node.showModal();
	return node;
}

/**
 * "+ Item".
 * @param {Field[]} fields
 * @param {DialogHooks} hooks
 */
export function openCreate(fields, hooks)
{
	const key = idempotencyKey();
	const error = el("p.form-error", { role: "alert",
		"data-testid": "create-error", hidden: true });
	const form = /** @type {HTMLFormElement} */ (el("form.dialog-form", {
		novalidate: true },
	el("h2", {}, "New item"), error,
	el("div.form-grid", {}, ...fields.map((f) => control(f,
	    f.type === "choice" ? f.choices?.[0] ?? "" : "",
	    `create-${f.name}`))),
	el("div.dialog-actions", {},
	    el("button#create-cancel.secondary", { type: "button",
		click: () => node.close() }, "Cancel"),
	    el("button#create-submit.primary", { type: "submit" },
		"Add item"))));
	const node = dialog("dialog#create-dialog.sheet", "New item", form);

	form.addEventListener("submit", async (ev) => {
		ev.preventDefault();
		const body = readForm(form, fields);
		if (body === null)
			return;
		const button = /** @type {HTMLButtonElement} */ (
		    form.querySelector("#create-submit"));
		button.disabled = true;
		error.hidden = true;
		try {
			const item = await items.create(body,
			    `${key}-${hash(JSON.stringify(body))}`);
			node.close();
			hooks.got(null, item);
		} catch (e) {
			refuse(form, error, e);
			button.disabled = false;
		}
	});
}

/** @param {string} text a short mark of it: another body, another key */
function hash(text)
{
	let h = 5381;

	for (const c of text)
		h = (h * 33 + (c.codePointAt(0) ?? 0)) % 4294967296;
	return h.toString(16);
}

/**
 * @param {HTMLFormElement} form
 * @param {Field[]} fields
 * @returns {Record<string, unknown> | null} null: something is wrong
 */
function readForm(form, fields)
{
	/** @type {Record<string, unknown>} */
	const body = {};
	let first = null;

	for (const f of fields) {
		const at = /** @type {any} */ (form.elements.namedItem(f.name));
		const read = readField(f, at.value);
		complain(form, f.name, "error" in read ? read.error : "");
		if ("error" in read)
			first ??= at;
		else
			body[f.name] = read.value;
	}
	first?.focus();
	return first === null ? body : null;
}

/** @param {HTMLElement} form @param {HTMLElement} error @param {unknown} e */
function refuse(form, error, e)
{
	if (!(e instanceof Problem))
		throw e;
	let shown = false;
	for (const { pointer, detail } of e.doc.errors ?? [])
		shown = complain(form, String(pointer ?? "")
		    .replace(/^[#/]+/, ""), String(detail)) || shown;
	error.textContent = e.message;
	error.hidden = shown;
}

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

	/** @param {number} uid */
	open(uid)
	{
		const item = this.hooks.item(uid);

		if (item === null)
			return;
		this.node?.close();
		this.uid = uid;
		this.seen.clear();
		const node = this.node = dialog("dialog#details-dialog.drawer",
		    `Details of ${item.sku}`,
		    this.head(), this.stock(), this.form(item),
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

	stock()
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
			    value: "1", "aria-label": "Amount",
			    autocomplete: "off" }),
			step("adjust-plus", 1),
			el("input#adjust-reason", { placeholder:
			    "Reason (optional)", "aria-label": "Reason",
			    maxlength: 200, autocomplete: "off" })) : null,
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
			at.addEventListener("change", () => this.save(f, at));
			at.addEventListener("blur", () => {
				this.save(f, at);
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

	/** @param {Field} f @param {any} at @param {KeyboardEvent} ev */
	revert(f, at, ev)
	{
		const was = fieldText(f, this.seen.get(f.name)?.old);

		if (at.value === was)
			return;
		at.value = was;
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
		    at.value === fieldText(f, seen.old))
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
			return node.close();
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

	/** @param {number} sign */
	async adjust(sign)
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
		try {
			this.hooks.got(uid, await items.adjust(item.sku, body,
			    idempotencyKey()));
			this.readHistory();
		} catch (e) {
			this.stockError(e instanceof Problem ? e.message :
			    "Something went wrong");
		}
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
			    `${this.hooks.field(c.field).label}: ` +
			    `${formatValue(c.old_value)} → ` +
			    formatValue(c.new_value)).join(" · ") +
			    (ev.reason ? ` · ${ev.reason}` : "") :
			words.detail,
		    ev.update_type === "create" ? "" : " · ",
		    el("time", { datetime: ev.timestamp,
			title: new Date(ev.timestamp).toLocaleString() },
		    ago(ev.timestamp, Date.now()))));
	}
}
