// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The sign-in page.  Afterwards it leads to `?next=`, when that is a page of
 * this site, else to the inventory; who is signed in already, by the web server
 * too, goes there at once.
 */

import { Problem, root, session } from "./api.js";
import { byId, input } from "./dom.js";
import { listen } from "./renewal.js";

/** The form is shown when it takes longer to learn how one signs in, ms. */
const PATIENCE = 2000;

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

function showForm()
{
	const form = byId("sign-in");

	if (!form.hidden || !byId("remote").hidden)
		return;
	form.hidden = false;
	input("username").focus();
}

/** @param {string | null} why the web server's word does not do */
function showRemote(why)
{
	byId("sign-in").hidden = true;
	byId("remote").hidden = false;
	byId("remote-why").textContent = why === null ?
	    "This site's web server signs people in, and has signed nobody " +
	    "in here." : `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
	byId("remote-retry").focus();
}

async function look()
{
	const timer = setTimeout(showForm, PATIENCE);

	try {
		const how = await session.how();
		if (how.signed_in)
			return location.replace(next());
		byId("first-run").hidden = how.has_users;
		if (how.auth === "remote_user")
			showRemote(how.refused);
	} catch {
		/* The form says what is wrong when it is sent. */
	} finally {
		clearTimeout(timer);
	}
	showForm();
}

byId("sign-in").addEventListener("submit", submit);
byId("remote-retry").addEventListener("click", () => location.reload());
addEventListener("pageshow", (ev) => {
	const button = /** @type {HTMLButtonElement} */ (
	    byId("sign-in-submit"));
	button.disabled = false;
	button.textContent = "Sign in";
	if (ev.persisted)
		look();
});
/* Another tab may have signed in meanwhile, or have got another cookie. */
addEventListener("focus", look);
listen(root.pathname, look);
look();
