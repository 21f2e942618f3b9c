// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The scenes of the test page that try the connection and the room: choose a
 * transport, cut and reconnect, go away, vanish, leases, floods, and the
 * whole list of who is here.
 */

import { Problem, collaboration, items } from "./api.js";
import { byId, el, input, setAttr } from "./dom.js";
import { safeColor, shownName } from "./people.js";
import { log } from "./test-log.js";

/** Broadcasts on their way at a time. */
const LANES = 4;
/** Pages of the list of people, at most. */
const PAGES = 100;

/**
 * @typedef {object} SceneHooks
 * @property {() => import("./stream.js").Stream} stream
 * @property {() => string} room
 * @property {() => string} sku that the scenes are about
 * @property {(state: "connecting" | "cut") => void} status
 * @property {() => void} left we are out, without a word
 */

/** @param {string} id @param {string} text */
function say(id, text)
{
	byId(id).textContent = text;
}

/** @param {string} id */
const select = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/** @param {SceneHooks} hooks */
export function mountScenes(hooks)
{
	return new Scenes(hooks);
}

class Scenes {
	/** @param {SceneHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		this.isAway = false;
		/** @type {Map<string, any>} of the room, by row and field */
		this.leases = new Map();
		const on = (/** @type {string} */ id,
		    /** @type {() => void} */ fn) =>
		    byId(id).addEventListener("click", fn);

		select("transport").addEventListener("change", () =>
		    hooks.stream()?.use(this.option()));
		on("cut", () => this.cut());
		on("reconnect", () => this.reconnect());
		on("glitch", () => {
			log("dropped", "the connection, without a word");
			hooks.stream().cut();
		});
		on("away", () => this.goAway(!this.isAway));
		on("vanish", () => this.vanish());
		for (const action of ["take", "renew", "steal", "release"])
			on(`lease-${action}`, () => this.lease(action));
		on("flood", () => this.flood());
		on("cursor-flood", () => this.cursorFlood());
		on("read-all", () => this.readAll());
	}

	// ---- what the page tells -------------------------------------------

	/**
	 * @param {"disconnected" | "connecting" | "connected" | "cut"} state
	 * @param {boolean} joined
	 * @param {boolean} editor
	 */
	state(state, joined, editor)
	{
		const here = state === "connected" && joined;
		const enable = (/** @type {boolean} */ on,
		    /** @type {string[]} */ ...ids) => {
			for (const id of ids)
				setAttr(byId(id), "disabled", !on);
		};

		enable(here || state === "connecting", "cut");
		enable(here, "glitch", "away", "vanish", "cursor-flood",
		    "read-all");
		enable(here && editor, "flood", "lease-take", "lease-renew",
		    "lease-steal", "lease-release");
		enable(state === "cut", "reconnect");
		if (state === "disconnected" || state === "cut")
			this.transport("");
		if (state === "disconnected") {
			this.leases.clear();
			this.drawLeases();
			this.setAway(false);
		}
	}

	/** @param {string} event @param {any} data */
	frame(event, data)
	{
		if (Array.isArray(data.leases)) {
			this.leases.clear();
			for (const l of data.leases)
				this.leases.set(this.key(l), l);
		} else if (event === "lease_changed") {
			if (["taken", "stolen"].includes(data.action))
				this.steal(data);
			else
				this.leases.delete(this.key(data));
		} else {
			return;
		}
		this.drawLeases();
	}

	/** @param {string} name what brings the events */
	transport(name)
	{
		say("transport-used", { sse: "SSE", poll: "Long-poll",
			tab: "another tab" }[name] ?? "–");
	}

	/** There is a session: what it may lease. */
	async connected()
	{
		const list = select("lease-field");

		if (list.options.length > 1)
			return;
		for (const f of (await items.fields()).fields)
			if (!f.read_only)
				list.append(el("option", { value: f.name },
				    f.label));
	}

	/** @returns {"auto" | "sse" | "poll"} */
	option()
	{
		return /** @type {any} */ (select("transport").value);
	}

	away()
	{
		return this.isAway;
	}

	// ---- cuts --------------------------------------------------------

	/** No connection, until somebody says so. */
	cut()
	{
		this.hooks.stream().close();
		log("cut", "no connection until Reconnect");
		this.hooks.status("cut");
	}

	reconnect()
	{
		this.hooks.status("connecting");
		this.hooks.stream().start();
	}

	/** @param {boolean} on */
	goAway(on)
	{
		this.setAway(on);
		this.hooks.stream().relay.beat();
	}

	/** @param {boolean} on */
	setAway(on)
	{
		this.isAway = on;
		byId("away").setAttribute("aria-pressed", String(on));
		say("away", on ? "Be active" : "Go away");
	}

	/** As a machine does whose plug is pulled. */
	vanish()
	{
		this.hooks.stream().close();
		log("vanished", "the others see it within 30 s");
		this.hooks.left();
	}

	// ---- leases ------------------------------------------------------

	/** @param {{row: string, field: string | null}} l */
	key(l)
	{
		return `${l.row} ${l.field ?? ""}`;
	}

	/** Whatever stood against a new one is gone. @param {any} lease */
	steal(lease)
	{
		for (const [key, l] of this.leases)
			if (l.row === lease.row && l.sid !== lease.sid &&
			    (l.field === null || lease.field === null ||
				l.field === lease.field))
				this.leases.delete(key);
		this.leases.set(this.key(lease), lease);
	}

	drawLeases()
	{
		const me = this.hooks.stream()?.sid;

		byId("leases").replaceChildren(...[...this.leases.values()]
		    .map((l) => el("li", { "data-testid": "lease",
			vars: { "--person": safeColor(l.color) } },
		    `${shownName(l)}${l.sid === me ? " (you)" : ""} has ` +
			`${l.field ?? "the row"} of ${l.row}`)));
	}

	/** @param {string} action */
	async lease(action)
	{
		const field = select("lease-field").value || null;
		const { status, doc } = await this.hooks.stream().lease(action,
		    this.hooks.sku(), field);
		const secs = (/** @type {any} */ l) =>
		    `${Math.ceil((l?.expires_in ?? 0) / 1000)} s`;

		say("lease-said", status === 0 ? "No answer" :
		    status === 423 ? `423: ${shownName(doc.holder)} has it, ` +
			`for ${secs(doc.holder)} more` :
		    status === 200 ? `${status}: yours for ${secs(doc.lease)}` :
		    status === 204 ? "204: released" :
		    `${status}: ${Problem.text(doc ?? {})}`);
	}

	// ---- floods ------------------------------------------------------

	count()
	{
		return Math.max(1, Math.min(2000,
		    Math.floor(Number(input("flood-count").value)) || 1));
	}

	/** Many changes, some at a time. */
	async flood()
	{
		const all = this.count(), from = performance.now();
		const sku = this.hooks.sku();
		let next = 0, sent = 0;
		const lane = async () => {
			while (next < all) {
				const n = next++;
				await collaboration.broadcast({
					update_type: "flood", sku,
					field: "quantity", old_value: n,
					new_value: n + 1 });
				sent++;
				say("flood-said", `${sent} of ${all} sent`);
			}
		};

		setAttr(byId("flood"), "disabled", true);
		try {
			await Promise.all(Array.from({ length: LANES }, lane));
			const s = (performance.now() - from) / 1000;
			say("flood-said", `${sent} of ${all} sent, ` +
			    `${Math.round(sent / s)} a second`);
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			next = all;
			say("flood-said", `${sent} of ${all} sent, then: ` +
			    e.message);
		}
		setAttr(byId("flood"), "disabled", false);
	}

	/** Many cursors, as fast as they go. */
	async cursorFlood()
	{
		const all = this.count(), row = this.hooks.sku() || null;
		const stream = this.hooks.stream();
		let next = 0, taken = 0, refused = 0;
		const lane = async () => {
			while (next < all) {
				const n = next++;
				const status = await stream.tell("cursor", {
					cursor_position: { x: n % 1000,
						y: Math.floor(n / 1000) },
					editing_row: row, editing_field: null,
					mode: "hover" });
				if (status === 204)
					taken++;
				else
					refused++;
			}
		};

		await Promise.all(Array.from({ length: LANES }, lane));
		say("flood-said", `${taken} of ${all} cursors taken, ` +
		    `${refused} refused`);
	}

	// ---- people ------------------------------------------------------

	/** Everybody in the room, page by page. */
	async readAll()
	{
		/** @type {Set<string>} */
		const sids = new Set();
		let cursor = null, pages = 0, count = 0;

		try {
			do {
				const page = await collaboration.presence(
				    this.hooks.room(), cursor);
				for (const u of page.users)
					sids.add(u.sid);
				count = page.count;
				cursor = page.next_cursor ?? null;
				pages++;
			} while (cursor && pages < PAGES);
			const n = (/** @type {number} */ k,
			    /** @type {string} */ one,
			    /** @type {string} */ many) =>
			    `${k} ${k === 1 ? one : many}`;
			say("read-said", `${n(count, "person", "people")} in ` +
			    `${n(sids.size, "tab", "tabs")}, read in ` +
			    n(pages, "page", "pages"));
		} catch (e) {
			if (!(e instanceof Problem))
				throw e;
			say("read-said", e.message);
		}
	}
}
