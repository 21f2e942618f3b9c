// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What dialogs are made of: the window itself, a labelled control for a
 * field with its complaint, and a form read whole.
 */

import { el, setAttr } from "./dom.js";
import { readField } from "./rules.js";

/** @typedef {import("./columns.js").Field} Field */
/** @typedef {import("./api.js").Problem} Problem */

/**
 * A labelled control for a field.
 * @param {Field} field
 * @param {string} text
 * @param {string} id
 */
export function control(field, text, id)
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
export function complain(form, name, text)
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
export function dialog(spec, title, ...content)
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
 * @param {HTMLFormElement} form
 * @param {Field[]} fields
 * @returns {Record<string, unknown> | null} null: something is wrong
 */
export function readForm(form, fields)
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

/** @param {HTMLElement} form @param {HTMLElement} error @param {Problem} e */
export function refuse(form, error, e)
{
	let shown = false;
	for (const { pointer, detail } of e.doc.errors ?? [])
		shown = complain(form, String(pointer ?? "")
		    .replace(/^[#/]+/, ""), String(detail)) || shown;
	error.textContent = e.message;
	error.hidden = shown;
}
