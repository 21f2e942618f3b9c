// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The dialog in which somebody changes the own password.
 */

import { Problem, session } from "./api.js";
import { el } from "./dom.js";
import { complain, dialog } from "./forms.js";
import { wrongPassword } from "./rules.js";
import { notice } from "./toast.js";

/**
 * A labelled field for a password, with its complaint.
 * @param {string} name
 * @param {string} label
 * @param {string} kind for the browser's store of passwords
 * @param {string} [hint]
 */
function field(name, label, kind, hint)
{
	const id = `password-${name}`;

	return el("div.field", { "data-for": name },
	    el("label", { for: id }, label),
	    el("input", { id, name, type: "password", autocomplete: kind,
		required: true, maxlength: 1024, "aria-describedby":
		    `${hint ? `${id}-hint ` : ""}${id}-error` }),
	    hint ? el("p.field-hint", { id: `${id}-hint` }, hint) : null,
	    el("p.field-error", { id: `${id}-error`, hidden: true }));
}

/**
 * Say beside the fields what the server refuses, else in a line above.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} error
 * @param {unknown} e
 */
function refuse(form, error, e)
{
	let shown = false;

	if (e instanceof Problem) {
		for (const { pointer, detail } of e.doc.errors ?? []) {
			const name = String(pointer).slice(1);
			const text = `The password ${detail}.`;
			shown = complain(form, name, name === "current" ?
			    "That is not your password." : text) || shown;
		}
	}
	error.textContent = !(e instanceof Problem) ?
	    "Something went wrong; try again." : e.status === 0 ?
	    "The server could not be reached; try again." :
	    `${e.message}.`;
	error.hidden = shown;
	/** @type {HTMLElement | null} */ (
	    form.querySelector("[aria-invalid]"))?.focus();
}

/**
 * What is wrong without asking the server, said at its field.
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} typed
 * @param {{username: string, least: number}} who
 */
function isRight(form, typed, who)
{
	const wrong = wrongPassword(typed, who);
	let first = null;

	for (const name of ["current", "new", "again"]) {
		complain(form, name, wrong[name] ?? "");
		if (wrong[name] !== undefined)
			first ??= form.elements.namedItem(name);
	}
	/** @type {HTMLElement | null} */ (first)?.focus();
	return first === null;
}

/**
 * @param {string} username
 * @param {number} least characters of a password
 */
export function openPassword(username, least)
{
	const error = el("p.form-error", { role: "alert",
		"data-testid": "password-error", hidden: true });
	const button = /** @type {HTMLButtonElement} */ (
	    el("button#password-submit.primary", { type: "submit" }, "Change"));
	const form = /** @type {HTMLFormElement} */ (el("form.dialog-form", {
		novalidate: true },
	el("h2", {}, "Change password"), error,
	el("input", { type: "text", autocomplete: "username", hidden: true,
		value: username, readonly: true, "aria-hidden": "true" }),
	field("current", "Current password", "current-password"),
	field("new", "New password", "new-password",
	    `At least ${least} characters; longer is better.`),
	field("again", "New password again", "new-password"),
	el("p.muted", {}, "Your sign-ins on other devices end."),
	el("div.dialog-actions", {},
	    el("button#password-cancel.secondary", { type: "button",
		click: () => node.close() }, "Cancel"), button)));
	const node = dialog("dialog#password-dialog.sheet.narrow",
	    "Change password", form);

	form.addEventListener("submit", async (ev) => {
		const typed = /** @type {any} */ (
		    Object.fromEntries(new FormData(form)));

		ev.preventDefault();
		error.hidden = true;
		if (!isRight(form, typed, { username, least }))
			return;
		button.disabled = true;
		try {
			await session.password(typed.current, typed.new);
			node.close();
			notice("Your password is changed.", { stays: false,
				detail: "Your other sign-ins have ended." });
		} catch (e) {
			refuse(form, error, e);
		}
		button.disabled = false;
	});
}
