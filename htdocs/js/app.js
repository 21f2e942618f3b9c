// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The inventory page: who is signed in, then the table, the stream and the
 * bar.  The page itself is in page.js.
 */

import { Problem, collaboration, items, root, session } from "./api.js";
import { byId } from "./dom.js";
import { Page } from "./page.js";
import { listen } from "./renewal.js";
import { Stream } from "./stream.js";

/** @param {Problem} why @param {() => void} again */
function loadFailed(why, again)
{
	const box = byId("load-error");

	byId("skeleton").hidden = true;
	byId("table-card").setAttribute("aria-busy", "false");
	box.hidden = false;
	/** @type {HTMLElement} */ (box.querySelector("p")).textContent =
	    `${why.message}.`.replace(/\.\.$/, ".");
	byId("retry").onclick = () => {
		box.hidden = true;
		byId("skeleton").hidden = false;
		again();
	};
}

async function start()
{
	let who, fields;

	try {
		[who, fields] = await Promise.all([session.get(),
			items.fields()]);
	} catch (e) {
		if (!(e instanceof Problem))
			throw e;
		if (e.status !== 401)
			loadFailed(e, start);
		return;
	}
	const page = new Page(who, fields.fields, loadFailed);
	if (!who.settings.collaboration) {
		byId("presence").hidden = true;
		page.load();
		return;
	}
	let seated = false;
	const stream = new Stream({
		join: (ticket) => collaboration.join({
			room: who.settings.room,
			...(ticket === null ? {} : { ticket }) }).catch((e) => {
			/* No more for us: the page anew says why. */
			if (seated && e.status === 403)
				location.reload();
			throw e;
		}),
		position: () => page.inventory.sync.position,
		joined: (seat) => {
			seated = true;
			/* Somebody else in another tab, or another role. */
			if (seat.user.user_id !== who.user.user_id ||
			    (seat.user.role ?? who.user.role) !==
				who.user.role)
				location.reload();
			else
				page.room.people.seated(seat);
		},
		frame: (event, data, id) => page.frame(event, data, id),
		state: () => page.stateChanged(),
	});
	page.stream = stream;
	stream.start();
	page.load();
}

listen(root.pathname);
start();
