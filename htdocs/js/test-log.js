// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The test page's log: every event in words, the last few hundred.
 */

import { byId, el } from "./dom.js";
import { shownName } from "./people.js";
import { isolate, usersOnline } from "./words.js";

/** Lines kept in the log. */
const LINES = 200;

/** @param {string} event @param {string} text */
export function log(event, text)
{
	const list = byId("log"), box = byId("log-box");
	const bottom = box.scrollHeight - box.scrollTop -
	    box.clientHeight < 30;

	list.append(el("li", { "data-testid": "log-line",
		"data-event": event },
	el("time", {}, new Date().toTimeString().slice(0, 8)),
	el("b", {}, event), el("span", {}, text)));
	while (list.childElementCount > LINES)
		list.firstElementChild?.remove();
	if (bottom)
		box.scrollTop = box.scrollHeight;
}

export function clearLog()
{
	byId("log").replaceChildren();
}

/** @param {string} event @param {any} data */
export function logFrame(event, data)
{
	if (event === "cursors")
		for (const c of data)
			log("cursor_updated", words("cursor_updated", c));
	else
		log(event, words(event, data));
}

/**
 * What an event says.
 * @param {string} event
 * @param {any} data
 */
function words(event, data)
{
	const name = data.username === undefined ? "" :
	    isolate(shownName(data));
	const of = `${isolate(data.field ?? "the row")} of ${isolate(
	    data.row ?? "")}`;

	switch (event) {
	case "connection_established": return `sid ${data.sid}`;
	case "room_joined": return `Joined room! ${data.room}, ` +
	    usersOnline(data.count) + (data.recovered ? ", all replayed" : "");
	case "presence_update": return `${usersOnline(data.count ??
	    data.users.length)}, version ${data.version}`;
	case "user_joined": return `${name} joined`;
	case "user_left": return `${name || data.sid} left`;
	case "cursor_updated": return `${name} is at ` +
	    `${isolate(data.editing_row ?? "no row")} ` +
	    `(${data.cursor_position?.x}, ${data.cursor_position?.y}) ` +
	    data.mode;
	case "lease_changed": return `${name} ${data.action} ${of}` +
	    (data.from ? ` from ${isolate(shownName(data.from))}` : "");
	case "inventory_changed": return `${name}: ${data.update_type} ` +
	    `${isolate(data.field ?? "")} of ${data.sku}: ` +
	    `${isolate(JSON.stringify(data.old_value))} → ` +
	    isolate(JSON.stringify(data.new_value));
	default: return JSON.stringify(data);
	}
}
