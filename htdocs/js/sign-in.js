// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The sign-in page.  Afterwards it leads to `?next=`, when that is a page of
 * this site, else to the inventory.
 */

import { Problem, maybeSignedIn, root, session } from "./api.js";
import { byId, input } from "./dom.js";

/** Where to go; never to another site. */
function next()
{
	const wish = new URLSearchParams(location.search).get("next") ?? "";
	const home = new URL("inventory/management", root);
	let url;

	try {
		url = new URL(wish, root);
	} catch {
		return home;
	}
	return wish.startsWith("/") && url.origin === location.origin &&
	    url.pathname.startsWith(root.pathname) &&
	    url.pathname !== root.pathname ? url : home;
}

/** @param {string} text "" hides it */
function complain(text)
{
	const p = byId("sign-in-error");

	p.textContent = text;
	p.hidden = text === "";
}

/** @param {unknown} e */
function reason(e)
{
	if (!(e instanceof Problem))
		return "Something went wrong; try again.";
	switch (e.status) {
	case 0: return "The server could not be reached; try again.";
	case 401: return "User name or password is wrong.";
	case 429: return "Too many tries at once; wait a moment.";
	default: return e.message;
	}
}

/** @param {Event} ev */
async function submit(ev)
{
	const button = /** @type {HTMLButtonElement} */ (
	    byId("sign-in-submit"));
	const name = input("username"), password = input("password");

	ev.preventDefault();
	if (name.value.trim() === "" || password.value === "") {
		complain("Both are needed: user name and password.");
		(name.value.trim() === "" ? name : password).focus();
		return;
	}
	complain("");
	button.disabled = true;
	button.textContent = "Signing in…";
	try {
		await session.create(name.value.trim(), password.value);
		location.replace(next());
		return;
	} catch (e) {
		complain(reason(e));
		password.select();
		password.focus();
	}
	button.disabled = false;
	button.textContent = "Sign in";
}

byId("sign-in").addEventListener("submit", submit);
addEventListener("pageshow", () => {
	const button = /** @type {HTMLButtonElement} */ (
	    byId("sign-in-submit"));
	button.disabled = false;
	button.textContent = "Sign in";
});
if (maybeSignedIn())
	session.get(true).then(() => location.replace(next()), () => {});
