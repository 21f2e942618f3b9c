// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The cell editor: an overlay that belongs to (item, field), not to a cell
 * in the DOM, so that a remote change, a sort, a scroll or another layout
 * neither commits nor loses what is typed.  A remote value, and who else
 * edits the cell, show beside it, never inside.
 */

import { el, setAttr } from "./dom.js";
import { keepDraft } from "./drafts.js";
import { restsOn } from "./edits.js";
import { fieldText, readField } from "./rules.js";
import { formatValue, isolate } from "./words.js";

/** Longest that a text input gets in the table, px. */
const NOTES_WIDTH = 320;

/** What is used while a cell is edited: a press there commits nothing. */
const TOOLS = ".top, .bar, .banner, .filters, .toasts, .conflict, " +
    "[data-head], [role=columnheader]";
/** Of these, what needs the focus itself. */
const FIELDS = "input, select, textarea";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} Draft
 * @property {number} uid
 * @property {Field} field
 * @property {number} base version that the reader saw when it was opened
 * @property {string} epoch history that the version is of
 * @property {unknown} old value that the reader saw
 * @property {string} sku that the item had then
 *
 * @typedef {object} EditorHooks
 * @property {string} user whose drafts are kept
 * @property {(uid: number, field: string) =>
 *   {box: DOMRect, inside: boolean} | null} box
 * @property {(draft: Draft, value: unknown) => void} commit
 * @property {(draft: Draft) => void} opened
 * @property {() => void} closed
 * @property {(down: number, right: number) => void} move
 * @property {() => void} steal the reader takes the cell over
 */

/** @param {Field} field @param {string} text @returns {any} */
function control(field, text)
{
	if (field.type === "choice") {
		const s = /** @type {HTMLSelectElement} */ (el("select", {},
		    ...(field.choices ?? []).map((c) =>
			el("option", { value: c },
			    c[0].toUpperCase() + c.slice(1)))));
		if (field.choices?.includes(text))
			s.value = text;
		return s;
	}
	const long = field.name === "notes";
	const node = /** @type {HTMLInputElement} */ (el(
	    long ? "textarea" : "input", {
		rows: long ? 4 : null, autocomplete: "off",
		spellcheck: long ? "true" : "false",
		maxlength: field.max_length ?? null,
		inputmode: field.type === "number" ? "decimal" : null,
	}));
	node.value = text;
	return node;
}

export class Editor {
	/** @param {HTMLElement} layer @param {EditorHooks} hooks */
	constructor(layer, hooks)
	{
		this.layer = layer;
		this.hooks = hooks;
		/** @type {Draft | null} */
		this.draft = null;
		/** @type {HTMLElement | null} */
		this.node = null;
		/** @type {any} the input, select or textarea */
		this.input = null;
		this.closing = false;
		/** the page is being left: a lost focus means nothing */
		this.leaving = false;
		/** what the pointer was pressed on @type {Element | null} */
		this.pressed = null;
		/** where the cell was seen last @type {DOMRect | null} */
		this.last = null;
		this.watch();
	}

	/** @param {number} uid @param {string} field */
	isAt(uid, field)
	{
		return this.draft?.uid === uid &&
		    this.draft.field.name === field;
	}

	/**
	 * Open on a cell; what was open there before is committed.
	 * @param {Draft} draft
	 * @param {{text?: string, error?: string}} [how] text: in place of
	 *   the value; error: why the server refused it
	 */
	open(draft, how = {})
	{
		if (this.isAt(draft.uid, draft.field.name) && !how.error)
			return this.focus();
		if (this.draft !== null && !this.commit(0, 0))
			return;
		this.draft = draft;
		this.last = null;
		const { field, sku } = draft;
		const text = how.text ?? fieldText(field, draft.old);
		this.input = control(field, text);
		this.input.setAttribute("data-testid", "editor-input");
		this.input.setAttribute("aria-label",
		    `${isolate(field.label)} of ${sku}`);
		this.input.setAttribute("aria-describedby", "editor-notes");
		this.node = this.build(draft);
		this.listen(this.input);
		this.layer.append(this.node);
		this.place();
		this.focus();
		if (how.text === undefined)
			this.input.select?.();
		else
			this.input.setSelectionRange?.(text.length,
			    text.length);
		this.complain(how.error ?? "");
		if (how.text !== undefined)
			this.keep();
		this.hooks.opened(draft);
	}

	/** @param {Draft} draft */
	build({ field, sku })
	{
		const note = (/** @type {string} */ name) =>
		    el(`p.editor-${name}`, { "data-testid": `editor-${name}`,
			hidden: true });

		return el("div.editor", { "data-testid": "editor",
			"data-sku": sku, "data-field": field.name,
			"data-type": field.type,
			"data-multiline": field.name === "notes" },
		el("span.editor-where", { "aria-hidden": "true" },
		    `${isolate(field.label)} of ${sku}`),
		this.input,
		el("div#editor-notes.editor-notes", { role: "status" },
		    note("lease"), note("remote"), note("error")));
	}

	/** @param {string} name @returns {HTMLElement | null} */
	note(name)
	{
		return this.node?.querySelector(`.editor-${name}`) ?? null;
	}

	/** Back to the text. */
	focus()
	{
		this.input?.focus({ preventScroll: true });
	}

	// ---- what the reader does -------------------------------------------

	watch()
	{
		for (const type of ["beforeunload", "pagehide"])
			addEventListener(type, () => {
				this.leaving = true;
				setTimeout(() => this.leaving = false, 1000);
			});
		document.addEventListener("pointerdown", (ev) => {
			this.pressed = /** @type {Element} */ (ev.target);
		}, true);
		for (const type of ["pointerup", "pointercancel"])
			document.addEventListener(type, () =>
			    setTimeout(() => this.pressed = null), true);
		/* A press on a tool leaves the focus where it is. */
		document.addEventListener("mousedown", (ev) => {
			const at = /** @type {Element} */ (ev.target);
			if (this.draft !== null && at.closest(TOOLS) &&
			    !at.closest(FIELDS))
				ev.preventDefault();
			else if (this.draft !== null &&
			    document.activeElement !== this.input &&
			    at.closest("[data-uid]"))
				this.commit(0, 0);
		}, true);
	}

	/** @param {HTMLElement} input */
	listen(input)
	{
		input.addEventListener("keydown", (ev) => this.key(ev));
		input.addEventListener("input", () => {
			this.complain("");
			this.keep();
		});
		input.addEventListener("focusout", (ev) => this.left(
		    /** @type {Element | null} */ (ev.relatedTarget)));
	}

	/**
	 * The focus is going: a press elsewhere commits, a tool only borrows
	 * the focus, and what moves it by itself gives it back.
	 * @param {Element | null} to
	 */
	left(to)
	{
		/* The window lost the focus: the draft stays open. */
		if (this.closing || this.leaving || !document.hasFocus() ||
		    this.node?.contains(to ?? this.pressed))
			return;
		if (to?.closest(TOOLS) || this.pressed?.closest(TOOLS)) {
			if (!to?.closest(FIELDS))
				requestAnimationFrame(() => this.focus());
			return;
		}
		if (!this.commit(0, 0))
			requestAnimationFrame(() => this.focus());
	}

	/** @param {KeyboardEvent} ev */
	key(ev)
	{
		const take = this.note("lease")?.querySelector("button");

		if (ev.isComposing)
			return;
		if (ev.key === "Escape")
			this.close();
		else if (ev.key === "Enter" &&
		    !(ev.shiftKey && this.draft?.field.name === "notes"))
			this.commit(ev.shiftKey ? -1 : 1, 0);
		else if (ev.key === "Tab" && take && !ev.shiftKey)
			take.focus();
		else if (ev.key === "Tab")
			this.commit(0, ev.shiftKey ? -1 : 1);
		else
			return;
		ev.preventDefault();
		ev.stopPropagation();
	}

	/** @param {KeyboardEvent} ev on the button beside the text */
	takeKey(ev)
	{
		if (ev.key === "Escape")
			this.close();
		else if (ev.key === "Tab" && ev.shiftKey)
			this.focus();
		else if (ev.key === "Tab")
			this.commit(0, 1);
		else
			return;
		ev.preventDefault();
		ev.stopPropagation();
	}

	/**
	 * Hand the value over and close; false when it may not be: then the
	 * editor stays and says why.
	 * @param {number} down where the active cell goes next
	 * @param {number} right
	 */
	commit(down, right)
	{
		const draft = this.draft;

		if (draft === null || this.closing)
			return true;
		const raw = this.input.value;
		const read = readField(draft.field, raw);
		if ("error" in read) {
			this.complain(read.error);
			return false;
		}
		this.close();
		if (read.value !== (draft.old ?? (draft.field.type ===
		    "number" ? 0 : "")))
			this.hooks.commit(draft, read.value);
		if (down !== 0 || right !== 0)
			this.hooks.move(down, right);
		return true;
	}

	/** Close; what was typed is dropped. */
	close()
	{
		if (this.draft === null || this.closing)
			return;
		this.closing = true;
		this.draft = null;
		this.node?.remove();
		this.node = this.input = null;
		this.closing = false;
		keepDraft(null);
		this.hooks.closed();
	}

	/** What is typed outlives the page. */
	keep()
	{
		const d = this.draft;

		if (d !== null)
			keepDraft({ user: this.hooks.user, sku: d.sku,
				field: d.field.name, base: d.base,
				epoch: d.epoch, old: d.old,
				text: this.input.value });
	}

	// ---- what is shown beside it ----------------------------------------

	/** @param {string} text "" hides it */
	complain(text)
	{
		const p = this.note("error");

		if (p === null)
			return;
		p.textContent = text;
		p.hidden = text === "";
		setAttr(this.input, "aria-invalid",
		    text !== "" ? "true" : null);
	}

	/**
	 * The item as the server has it now.
	 * @param {number} uid
	 * @param {Item | undefined} item undefined: it is gone
	 * @param {string} by who did it; "" unknown
	 * @param {string} epoch of its version
	 */
	seen(uid, item, by, epoch)
	{
		const d = this.draft, p = this.note("remote");

		if (d === null || p === null || d.uid !== uid)
			return;
		if (item === undefined)
			return this.remote(by, undefined);
		d.sku = item.sku;
		if (epoch === d.epoch && item.version <= d.base)
			return;
		const value = item[d.field.name];
		if (value === d.old)
			p.hidden = true;
		else if (p.hidden || p.dataset.value !== String(value))
			this.remote(by, value);
	}

	/**
	 * Somebody changed the field that is being edited, or the item.
	 * @param {string} by
	 * @param {unknown} value undefined: the item was deleted
	 */
	remote(by, value)
	{
		const p = this.note("remote"), d = this.draft;

		if (p === null || d === null)
			return;
		const who = by === "" ? "Somebody" : isolate(by);
		p.hidden = false;
		p.dataset.value = String(value);
		p.replaceChildren(el("strong", {}, who), ...(
		    value === undefined ? [" deleted this item"] :
		    [" set it to ", el("strong", {},
			formatValue(value))]));
	}

	/**
	 * Who else edits the cell; null: nobody.
	 * @param {string | null} text
	 */
	lease(text)
	{
		const p = this.note("lease");

		if (p === null)
			return;
		if (text === null && p.contains(document.activeElement))
			this.focus();
		p.hidden = text === null;
		p.replaceChildren(...(text === null ? [] : [
		    el("span", {}, text),
		    el("button", { type: "button",
			"data-testid": "lease-take",
			keydown: (/** @type {KeyboardEvent} */ ev) =>
			    this.takeKey(ev),
			click: () => {
				this.focus();
				this.hooks.steal();
			} }, "Take over")]));
	}

	/**
	 * An own edit of the item was saved: the draft rests on it, unless
	 * somebody else changed the field meanwhile.
	 * @param {number} uid
	 * @param {Item & {merged_with?: {field: string}[]}} item
	 */
	saved(uid, item)
	{
		const d = this.draft;

		if (d?.uid === uid && restsOn({ field: d.field.name }, item))
			d.base = Math.max(d.base, item.version);
	}

	/** Lie over the cell, wherever it has moved. */
	place()
	{
		if (this.draft === null || this.node === null)
			return;
		const { uid, field } = this.draft;
		const at = this.hooks.box(uid, field.name);
		const style = this.node.style;
		const wide = document.documentElement.clientWidth;
		const box = at?.box ?? this.last ??
		    new DOMRect(wide / 2 - 100, 200, 200, 42);
		const width = field.name === "notes" ?
		    Math.max(box.width, Math.min(NOTES_WIDTH, wide - 24)) :
		    Math.max(box.width, 96);
		this.last = box;
		setAttr(this.node, "data-away", at === null || !at.inside);
		const left = Math.max(8, Math.min(
		    box.right - width > box.left ? box.left :
			field.type === "number" ?
			    box.right - width : box.left,
		    wide - width - 8));
		const top = Math.max(48, Math.min(box.top,
		    innerHeight - box.height - 8));
		style.setProperty("left", `${left}px`);
		style.setProperty("top", `${top}px`);
		style.setProperty("width", `${width}px`);
		style.setProperty("--cell-height", `${box.height}px`);
		setAttr(this.node, "data-low", top > innerHeight - 140);
	}
}
