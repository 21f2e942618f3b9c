// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The collaboration test page: connect, join under a name, and watch the
 * events.  Connect gets a seat (sid and ticket); Join takes the same seat
 * under the typed name and opens the stream.
 */

import { Problem, collaboration, items, root, session } from "./api.js";
import { badge, byId, el, input, setAttr } from "./dom.js";
import { People, shownName } from "./people.js";
import { Stream } from "./stream.js";
import { parsePosition } from "./sync.js";
import { initials, usersOnline } from "./words.js";

/** Lines kept in the log. */
const LINES = 200;

const people = new People();
/** @type {any} the answer of GET session */
let who = null;
/** @type {Stream | null} */
let stream = null;
/** @type {string} where the stream goes on */
let position = "";
let turn = 0;

/** @param {string} event @param {string} text */
function log(event, text)
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

/** @param {"disconnected" | "connecting" | "connected"} state */
function status(state)
{
	const node = byId("status"), live = state === "connected";

	node.dataset.state = state;
	node.textContent = state[0].toUpperCase() + state.slice(1);
	setAttr(byId("connect"), "disabled", state !== "disconnected");
	setAttr(byId("disconnect"), "disabled", state === "disconnected");
	setAttr(byId("join"), "disabled", !live);
	if (state === "disconnected")
		byId("sid").textContent = "–";
}

/** Only somebody who is in the room may act in it. @param {boolean} on */
function joined(on)
{
	setAttr(byId("cursor"), "disabled", !on);
	setAttr(byId("broadcast"), "disabled",
	    !on || who.user.role === "viewer");
}

function drawUsers()
{
	const persons = people.persons();

	byId("users").replaceChildren(...persons.map((p) => el("li", {
		"data-testid": "active-user", "data-user": p.name,
		"data-me": p.me, "data-state": p.away ? "away" : "active",
	}, badge("span.avatar", initials(p.name), p.color,
	    { "data-testid": "avatar", "aria-hidden": "true" }),
	p.name + (p.me ? " (you)" : ""))));
	byId("user-count").textContent = persons.length === 0 ? "" :
	    usersOnline(people.count());
	byId("no-users").hidden = persons.length > 0;
}

/**
 * What an event says, for the log.
 * @param {string} event
 * @param {any} data
 */
function words(event, data)
{
	const name = data.username === undefined ? "" : shownName(data);

	switch (event) {
	case "connection_established": return `sid ${data.sid}`;
	case "room_joined": return `Joined room! ${data.room}, ` +
	    usersOnline(data.count);
	case "user_joined": return `${name} joined`;
	case "user_left": return `${name || data.sid} left`;
	case "cursor_updated": return `${name} is at ` +
	    `${data.editing_row ?? "no row"} (${data.cursor_position?.x}, ` +
	    `${data.cursor_position?.y}) ${data.mode}`;
	case "inventory_changed": return `${name}: ${data.update_type} ` +
	    `${data.field ?? ""} of ${data.sku}: ` +
	    `${JSON.stringify(data.old_value)} → ` +
	    JSON.stringify(data.new_value);
	default: return JSON.stringify(data);
	}
}

/** @param {string} event @param {any} data @param {string} id */
function frame(event, data, id)
{
	if (parsePosition(id) !== null)
		position = id;
	switch (event) {
	case "room_joined":
		people.replace(data.users);
		position = data.to ?? position;
		joined(true);
		break;
	case "presence_update": people.replace(data.users); break;
	case "user_joined": people.joined(data); break;
	case "user_left": people.left(data); break;
	case "cursors":
		for (const c of data)
			frame("cursor_updated", c, "");
		return;
	}
	log(event, words(event, data));
	drawUsers();
}

/** @returns {Stream} */
function makeStream()
{
	return new Stream({
		join: (ticket) => {
			const name = input("name").value.trim();
			return collaboration.join({ room: who.settings.room,
				...(name === "" ? {} : { name }),
				...(ticket === null ? {} : { ticket }) });
		},
		position: () => position || null,
		joined: (seat) => {
			people.sid = seat.sid;
			byId("sid").textContent = seat.sid;
		},
		frame,
		state: (state) => {
			if (state === "offline") {
				log("offline", "trying again");
				joined(false);
			}
			status(state === "live" ? "connected" : "connecting");
		},
	});
}

async function connect()
{
	status("connecting");
	byId("sign-in-note").hidden = true;
	try {
		who = await session.get(true);
		stream ??= makeStream();
		await stream.join();
		status("connected");
		log("connected", `as ${who.user.username}, sid ${stream.sid}`);
		if (input("test-sku").value === "")
			input("test-sku").value =
			    (await items.page(null)).items[0]?.sku ?? "";
	} catch (e) {
		status("disconnected");
		if (!(e instanceof Problem))
			throw e;
		byId("sign-in-note").hidden = e.status !== 401;
		if (e.status !== 401)
			log("error", e.message);
	}
}

function disconnect()
{
	stream?.stop();
	stream?.forget();
	people.replace([]);
	position = "";
	drawUsers();
	joined(false);
	status("disconnected");
	log("disconnected", "");
}

/** The next place of our pointer: it walks, so that each is another one. */
async function moveCursor()
{
	turn++;
	await stream?.tell("cursor", {
		cursor_position: { x: 100 + turn * 10 % 400, y: 200 },
		editing_row: input("test-sku").value.trim() || null,
		editing_field: null, mode: "hover" });
	log("cursor sent", `(${100 + turn * 10 % 400}, 200)`);
}

async function broadcast()
{
	turn++;
	try {
		const { seq } = await collaboration.broadcast({
			update_type: "test",
			sku: input("test-sku").value.trim(),
			field: "quantity", old_value: turn,
			new_value: turn + 1 });
		log("broadcast sent", `seq ${seq}`);
	} catch (e) {
		if (!(e instanceof Problem))
			throw e;
		log("error", e.message);
	}
}

byId("connect").addEventListener("click", connect);
byId("disconnect").addEventListener("click", disconnect);
byId("room-form").addEventListener("submit", (ev) => {
	ev.preventDefault();
	if (stream?.seat !== null)
		stream?.again();
});
byId("cursor").addEventListener("click", moveCursor);
byId("broadcast").addEventListener("click", broadcast);
byId("clear-log").addEventListener("click",
    () => byId("log").replaceChildren());
/** @type {HTMLAnchorElement} */ (byId("sign-in-link")).href =
    `${root.pathname}?next=${encodeURIComponent(location.pathname)}`;
status("disconnected");
