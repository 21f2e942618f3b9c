// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The dialog of a new item.
 */

import { idempotencyKey } from "./api.js";
import { el } from "./dom.js";
import { control, dialog, readForm, refuse } from "./forms.js";
import { fieldText } from "./rules.js";
import { notice } from "./toast.js";

/**
 * @typedef {import("./columns.js").Field} Field
 * @typedef {import("./details.js").DialogHooks} DialogHooks
 */

/**
 * "+ Item".
 * @param {Field[]} fields
 * @param {DialogHooks} hooks
 * @param {Record<string, any>} [values] what was typed before
 * @param {string} [why] it was refused
 */
export function openCreate(fields, hooks, values, why = "")
{
	const key = idempotencyKey();
	const error = el("p.form-error", { role: "alert",
		"data-testid": "create-error", hidden: true });
	const form = /** @type {HTMLFormElement} */ (el("form.dialog-form", {
		novalidate: true },
	el("h2", {}, "New item"), error,
	el("div.form-grid", {}, ...fields.map((f) => control(f,
	    fieldText(f, values?.[f.name] ??
		(f.type === "choice" ? f.choices?.[0] :
		    f.type === "number" ? 0 : "")),
	    `create-${f.name}`))),
	el("div.dialog-actions", {},
	    el("button#create-cancel.secondary", { type: "button",
		click: () => node.close() }, "Cancel"),
	    el("button#create-submit.primary", { type: "submit" },
		"Add item"))));
	const node = dialog("dialog#create-dialog.sheet", "New item", form);

	const keep = () => hooks.filling(Object.fromEntries(fields.map((f) =>
	    [f.name, /** @type {any} */ (
		form.elements.namedItem(f.name)).value])));

	error.textContent = why;
	error.hidden = why === "";
	if (values)
		keep();
	form.addEventListener("input", keep);
	node.addEventListener("close", () => hooks.filling(null));
	form.addEventListener("submit", (ev) => {
		ev.preventDefault();
		const body = readForm(form, fields);
		if (body === null)
			return;
		const button = /** @type {HTMLButtonElement} */ (
		    form.querySelector("#create-submit"));
		button.disabled = true;
		error.hidden = true;
		hooks.create(body, `${key}-${hash(JSON.stringify(body))}`,
		    (a) => {
			if (!node.isConnected)
				return false;
			if ("why" in a) {
				refuse(form, error, a.why);
				keep();
			} else {
				node.close();
			}
			button.disabled = false;
			if ("item" in a)
				hooks.made(a.item);
			else if ("waits" in a)
				notice(`${body.sku} is added when the server ` +
				    "is back.", { stays: false });
			return true;
		});
		/* It is in the outbox now. */
		hooks.filling(null);
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
