// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The collaboration test page: connect, join under a name, and watch the
 * events.  Connect gets a seat (sid and ticket); Join takes the same seat
 * under the typed name and opens the stream.  The scenes that can be played
 * by hand besides are in test-scenes.js.
 */

import { Problem, collaboration, items, root, session } from "./api.js";
import { badge, byId, el, input, setAttr } from "./dom.js";
import { People } from "./people.js";
import { listen } from "./renewal.js";
import { Stream } from "./stream.js";
import { Tally } from "./tally.js";
import { clearLog, log, logFrame } from "./test-log.js";
import { mountScenes } from "./test-scenes.js";
import { initials, isolate, usersOnline } from "./words.js";

const tally = new Tally();
const people = new People();
/** @type {any} the answer of GET session */
let who = null;
/** @type {Stream | null} */
let stream = null;
/** the change log is being read */
let catching = false;
/** streams that were joined */
let joins = 0;
let turn = 0;

const scenes = mountScenes({
	stream: () => /** @type {Stream} */ (stream),
	room: () => who.settings.room,
	sku: () => input("test-sku").value.trim(),
	status,
	left: () => {
		leaveRoom();
		status("disconnected");
	},
});

/** @param {"disconnected" | "connecting" | "connected" | "cut"} state */
function status(state)
{
	const node = byId("status"), live = state === "connected";
	const shown = state === "cut" ? "disconnected" : state;

	node.dataset.state = shown;
	node.textContent = shown[0].toUpperCase() + shown.slice(1);
	setAttr(byId("connect"), "disabled", state !== "disconnected");
	setAttr(byId("disconnect"), "disabled", state === "disconnected");
	setAttr(byId("join"), "disabled", !live);
	if (state === "disconnected")
		byId("sid").textContent = "–";
	scenes.state(state, joins > 0, who?.user.role !== "viewer");
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
	isolate(p.name) + (p.me ? " (you)" : ""))));
	byId("user-count").textContent = persons.length === 0 ? "" :
	    usersOnline(people.count());
	byId("no-users").hidden = persons.length > 0;
}

function drawTally()
{
	const node = byId("tally"), words = tally.words();

	/* It is read aloud when it changes: only then. */
	if (node.textContent !== words)
		node.textContent = words;
	node.dataset.good = String(tally.missed + tally.repeated +
	    tally.late === 0);
	byId("tally-received").textContent = String(tally.received);
	byId("tally-caught").textContent = String(tally.caught);
	byId("tally-joins").textContent = String(joins);
	byId("position").textContent = tally.position || "–";
}

/** Read from the change log what the stream did not bring. */
async function catchUp()
{
	if (catching || tally.epoch === "")
		return;
	catching = true;
	const { epoch } = tally;
	try {
		let from = Math.min(tally.seq, ...tally.holes) - 1, more = true;
		if (tally.holes.size === 0)
			from = tally.seq;
		while (more && tally.epoch === epoch) {
			const doc = await items.changes(`${epoch}:${from}`);
			for (const ev of doc.changes) {
				tally.got(`${epoch}:${ev.seq}`, true);
				from = ev.seq;
			}
			more = Boolean(doc.more);
			log("caught up", `${doc.changes.length} changes`);
		}
	} catch (e) {
		if (!(e instanceof Problem))
			throw e;
		log("error", e.message);
	}
	catching = false;
	drawTally();
}

/** @param {any} data of room_joined */
function roomJoined(data)
{
	people.self = data.me ?? people.self;
	people.replace(data.users, data);
	joins++;
	if (tally.epoch === "")
		tally.start(data.to);
	else if (!data.recovered && tally.behind(data.to))
		catchUp();
	joined(true);
	status("connected");
}

/** @param {string} event @param {any} data @param {string} id */
function frame(event, data, id)
{
	switch (event) {
	case "room_joined": roomJoined(data); break;
	case "presence_update": people.replace(data.users, data); break;
	case "user_joined": people.joined(data); break;
	case "user_left": people.left(data); break;
	case "inventory_changed": tally.got(id); break;
	case "ping":
		if (tally.behind(data.position))
			catchUp();
		break;
	case "cursors":
		for (const c of data)
			people.cursor(c);
		break;
	}
	scenes.frame(event, data);
	logFrame(event, data);
	if (event !== "cursors" && event !== "cursor_updated")
		drawUsers();
	drawTally();
}

/** @returns {Stream} */
function makeStream()
{
	const made = new Stream({
		join: (ticket) => {
			const name = input("name").value.trim();
			return collaboration.join({ room: who.settings.room,
				...(name === "" ? {} : { name }),
				...(ticket === null ? {} : { ticket }) });
		},
		position: () => tally.position || null,
		joined: (seat) => {
			people.seated(seat);
			byId("sid").textContent = seat.sid;
		},
		frame,
		transport: (name) => scenes.transport(name),
		state: (state) => {
			if (state === "offline") {
				log("offline", "trying again");
				joined(false);
			}
			status(state === "live" ? "connected" : "connecting");
		},
	}, { transport: scenes.option() });

	/* Away, when it was chosen, holds over the beats that pings bring. */
	made.relay.beat = () => made.relay.post("beat", { state:
	    scenes.away() || document.hidden ? "away" : "active" });
	return made;
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
		log("connected", `as ${isolate(who.user.username)}, ` +
		    `sid ${stream.sid}`);
		if (input("test-sku").value === "")
			input("test-sku").value =
			    (await items.page(null)).items[0]?.sku ?? "";
		await scenes.connected();
	} catch (e) {
		status("disconnected");
		if (!(e instanceof Problem))
			throw e;
		byId("sign-in-note").hidden = e.status !== 401;
		if (e.status !== 401)
			log("error", e.message);
	}
}

/** Nothing of the room is known any more. */
function leaveRoom()
{
	stream?.forget();
	people.replace([]);
	people.self = null;
	tally.start(null);
	joins = 0;
	drawUsers();
	drawTally();
	joined(false);
}

function disconnect()
{
	stream?.stop();
	leaveRoom();
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
byId("clear-log").addEventListener("click", clearLog);
byId("tally-reset").addEventListener("click", () => {
	tally.reset();
	drawTally();
});
/** @type {HTMLAnchorElement} */ (byId("sign-in-link")).href =
    `${root.pathname}?next=${encodeURIComponent(location.pathname)}`;
listen(root.pathname);
status("disconnected");
