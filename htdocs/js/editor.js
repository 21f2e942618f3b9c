// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The cell editor: an overlay that belongs to (item, field), not to a cell
 * in the DOM, so that a remote change, a sort or a scroll neither commits
 * nor loses what is typed.  A remote value shows beside it, never inside.
 */

import { el, setAttr } from "./dom.js";
import { fieldText, readField } from "./rules.js";
import { formatValue } from "./words.js";

/** Longest that a text input gets in the table, px. */
const NOTES_WIDTH = 320;

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./store.js").Item} Item
 * @typedef {object} Draft
 * @property {number} uid
 * @property {Field} field
 * @property {number} base version that the reader saw when it was opened
 * @property {string} epoch history that the version is of
 * @property {unknown} old value that the reader saw
 *
 * @typedef {object} EditorHooks
 * @property {(uid: number, field: string) =>
 *   {box: DOMRect, inside: boolean} | null} box
 * @property {(draft: Draft, value: unknown) => void} commit
 * @property {() => void} closed
 * @property {(down: number, right: number) => void} move
 */

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
	 * @param {string} sku
	 * @param {{text?: string, error?: string}} [how] text: in place of
	 *   the value; error: why the server refused it
	 */
	open(draft, sku, how = {})
	{
		if (this.isAt(draft.uid, draft.field.name) && !how.error)
			return this.input.focus();
		if (this.draft !== null && !this.commit(0, 0))
			return;
		this.draft = draft;
		const { field } = draft;
		const text = how.text ?? fieldText(field, draft.old);
		this.input = this.control(field, text);
		this.input.setAttribute("data-testid", "editor-input");
		this.input.setAttribute("aria-label",
		    `${field.label} of ${sku}`);
		this.input.setAttribute("aria-describedby", "editor-notes");
		this.node = el("div.editor", { "data-testid": "editor",
			"data-sku": sku, "data-field": field.name,
			"data-type": field.type,
			"data-multiline": field.name === "notes" },
		el("span.editor-where", { "aria-hidden": "true" },
		    `${field.label} of ${sku}`),
		this.input,
		el("div#editor-notes.editor-notes", { role: "status" },
		    el("p.editor-remote", { "data-testid": "editor-remote",
			hidden: true }),
		    el("p.editor-error", { "data-testid": "editor-error",
			hidden: true })));
		this.listen(this.input);
		this.layer.append(this.node);
		this.place();
		this.input.focus({ preventScroll: true });
		if (how.text === undefined)
			this.input.select?.();
		else
			this.input.setSelectionRange?.(text.length,
			    text.length);
		if (how.error)
			this.complain(how.error);
	}

	/** @param {Field} field @param {string} text @returns {any} */
	control(field, text)
	{
		if (field.type === "choice") {
			const select = el("select", {},
			    ...(field.choices ?? []).map((c) =>
				el("option", { value: c },
				    c[0].toUpperCase() + c.slice(1))));
			const s = /** @type {HTMLSelectElement} */ (select);
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

	/** @param {HTMLElement} input */
	listen(input)
	{
		input.addEventListener("keydown", (ev) => this.key(ev));
		input.addEventListener("input", () => this.complain(""));
		input.addEventListener("focusout", () => {
			/* The window lost the focus: the draft stays open. */
			if (this.closing || !document.hasFocus())
				return;
			if (!this.commit(0, 0))
				requestAnimationFrame(() =>
				    this.input?.focus());
		});
	}

	/** @param {KeyboardEvent} ev */
	key(ev)
	{
		if (ev.isComposing)
			return;
		if (ev.key === "Escape")
			this.close();
		else if (ev.key === "Enter" &&
		    !(ev.shiftKey && this.draft?.field.name === "notes"))
			this.commit(ev.shiftKey ? -1 : 1, 0);
		else if (ev.key === "Tab")
			this.commit(0, ev.shiftKey ? -1 : 1);
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
		this.hooks.closed();
	}

	/** @param {string} text "" hides it */
	complain(text)
	{
		const p = /** @type {HTMLElement | null} */ (
		    this.node?.querySelector(".editor-error") ?? null);

		if (p === null)
			return;
		p.textContent = text;
		p.hidden = text === "";
		setAttr(this.input, "aria-invalid",
		    text !== "" ? "true" : null);
	}

	/**
	 * Somebody changed the field that is being edited, or the item.
	 * @param {string} by
	 * @param {unknown} value undefined: the item was deleted
	 */
	remote(by, value)
	{
		const p = /** @type {HTMLElement | null} */ (
		    this.node?.querySelector(".editor-remote") ?? null);

		if (p === null || this.draft === null)
			return;
		p.hidden = false;
		p.replaceChildren(...(value === undefined ?
		    [el("strong", {}, by), " deleted this item"] :
		    [el("strong", {}, by), " set it to ", el("strong", {},
			formatValue(value, this.draft.field.type))]));
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
		const box = at?.box ??
		    new DOMRect(wide / 2 - 100, 200, 200, 42);
		const width = field.name === "notes" ?
		    Math.max(box.width, Math.min(NOTES_WIDTH, wide - 24)) :
		    Math.max(box.width, 96);
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
	}
}
