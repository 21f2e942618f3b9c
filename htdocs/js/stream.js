// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The transport: joins a room, keeps one stream of events open, and comes
 * back by itself.  What the events mean is not known here, but for
 * connection matters (ping, room_joined, disconnect).
 *
 * States: "connecting" until the first room_joined or failure, then "live"
 * or "offline".  A return is tried with full jitter, at most 2 s apart in
 * the first half minute (a restarted relay is back within seconds), later
 * at most 30 s; at once when the network, the page or the tab comes back.
 */

import { createParser } from "../vendor/eventsource-parser.js";
import { Problem, root } from "./api.js";
import { Tabs } from "./tabs.js";

/** Silence after which a connection counts as dead, ms; pings are 15 s. */
const SILENCE = 45000;
/** Silence that makes a page that comes back distrust its stream, ms. */
const DOUBT = 20000;
/** Longest wait for the first frame, ms. */
const FIRST_FRAME = 10000;
/** A ticket older than this is renewed for a return, ms: a relay that has
 * begun anew takes those of the last minute only. */
const TICKET_FRESH = 50000;
/** Beats of a tab that rests, ms; a hidden page's timers may run late. */
const RESTING_BEAT = 15000;
/** Its first one, ms: after the relay has seen the stream end. */
const FIRST_RESTING_BEAT = 1000;
/** Least time between two cursor messages, ms. */
const CURSOR_GAP = 30;

/**
 * @typedef {object} Joined the answer to a join
 * @property {string} sid
 * @property {string} ticket
 * @property {string} stream path of the stream
 * @property {string} position
 * @property {{user_id: number, username: string, color: string}} user
 *
 * @typedef {object} Hooks
 * @property {(ticket: string | null) => Promise<Joined>} join
 * @property {() => string | null} position where to go on
 * @property {(event: string, data: any, id: string) => void} frame
 * @property {(state: "connecting" | "live" | "offline") => void} state
 * @property {(joined: Joined) => void} [joined]
 */

export class Stream {
	/** @param {Hooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		/** @type {Joined | null} */
		this.seat = null;
		/** "connecting", "live" or "offline" */
		this.state = "";
		/** an old ticket, to keep our sid with */
		this.ticket = takeTicket();
		/** when we joined, ms */
		this.joinedAt = 0;
		this.running = false;
		/** which run() is the present one */
		this.turn = 0;
		/** the next try needs no pause */
		this.hurry = false;
		this.failures = 0;
		/** when the present outage began, ms; 0: none */
		this.since = 0;
		this.heard = 0;
		/** @type {AbortController | null} */
		this.open = null;
		/** @type {(() => void) | null} ends a wait between two tries */
		this.wake = null;
		/** @type {object | null} the newest cursor not yet sent */
		this.cursorNext = null;
		/** @type {object | null} the newest one, sent or not */
		this.cursorLast = null;
		this.cursorBusy = false;
		/** other tabs of this browser need the connections */
		this.resting = false;
		this.tabs = new Tabs((rest) => this.rest(rest));
		this.listen();
	}

	start()
	{
		if (this.running)
			return;
		this.running = true;
		this.run(++this.turn);
	}

	/** Our sid in the room; "" before the first join. */
	get sid()
	{
		return this.seat?.sid ?? "";
	}

	/** End the stream without a word: a sign-out says it for us. */
	close()
	{
		this.running = false;
		this.turn++;
		this.open?.abort();
		this.wake?.();
	}

	/** End the stream, and say so to the others. */
	stop()
	{
		this.leave();
		this.close();
	}

	/** Forget our seat: the next join gets another sid. */
	forget()
	{
		this.seat = this.ticket = null;
		this.state = "";
	}

	/** Let go of what is open, and join anew (another name). */
	again()
	{
		this.ticket = this.seat?.ticket ?? this.ticket;
		this.seat = null;
		this.hurry = this.running;
		this.open?.abort();
		this.wake?.();
		this.start();
	}

	/** @param {"connecting" | "live" | "offline"} state */
	become(state)
	{
		if (this.state === state)
			return;
		this.state = state;
		this.since = state === "offline" ? Date.now() : 0;
		this.hooks.state(state);
	}

	/** @param {number} turn */
	async run(turn)
	{
		if (this.state === "")
			this.become("connecting");
		while (turn === this.turn) {
			const seat = this.seat;
			let pause = 0;
			if (this.resting) {
				await this.sleep();
				continue;
			}
			try {
				await this.sit();
				if (turn !== this.turn)
					break;
				pause = await this.read();
			} catch (e) {
				if (e instanceof Problem && e.status === 401)
					this.running = false;
			}
			if (turn !== this.turn || !this.running)
				break;
			if (this.resting)
				continue;
			/* A ticket that ran out is renewed without a word. */
			if (seat !== null && this.seat === null &&
			    this.failures === 0)
				this.hurry = true;
			else
				this.become("offline");
			this.failures++;
			if (!this.hurry)
				await this.pause(pause);
			this.hurry = false;
		}
	}

	/** Have a seat whose ticket any relay takes, if that can be had. */
	async sit()
	{
		if (Date.now() - this.joinedAt < TICKET_FRESH &&
		    this.seat !== null)
			return;
		try {
			await this.join();
		} catch (e) {
			const gone = e instanceof Problem && e.status === 401;
			if (gone || this.seat === null)
				throw e;
		}
	}

	async join()
	{
		this.seat = await this.hooks.join(this.ticket).catch((e) => {
			/* The old ticket was somebody else's: do without. */
			if (e instanceof Problem && e.status === 422 &&
			    this.ticket !== null)
				return this.hooks.join(null);
			throw e;
		});
		this.ticket = this.seat.ticket;
		this.joinedAt = Date.now();
		this.hooks.joined?.(this.seat);
	}

	/**
	 * Read the stream to its end.
	 * @returns {Promise<number>} ms that the server wants us to wait
	 */
	async read()
	{
		const seat = /** @type {Joined} */ (this.seat);
		const url = new URL(seat.stream, root);
		const open = this.open = new AbortController();
		const position = this.hooks.position() ?? seat.position;
		let pause = 0;
		const timer = setTimeout(() => open.abort(), FIRST_FRAME);
		const parser = createParser({
			onRetry: (/** @type {number} */ ms) => pause = ms,
			onEvent: (/** @type {any} */ ev) => {
				clearTimeout(timer);
				const wait = this.frame(ev.event ?? "message",
				    ev.data, ev.id ?? "");
				pause = Math.max(pause, wait);
			},
		});

		if (position)
			url.searchParams.set("position", position);
		try {
			const answer = await fetch(url, {
				headers: {
					Accept: "text/event-stream",
					Authorization:
					    `Bearer ${seat.ticket}`,
				},
				cache: "no-store", signal: open.signal,
				credentials: "same-origin",
			});
			if (!answer.ok || answer.body === null) {
				await answer.body?.cancel();
				if ([401, 403].includes(answer.status))
					this.seat = null;
				return 0;
			}
			this.heard = Date.now();
			const reader = answer.body.getReader();
			const decoder = new TextDecoder();
			for (;;) {
				const { done, value } = await reader.read();
				if (done)
					break;
				this.heard = Date.now();
				parser.feed(decoder.decode(value,
				    { stream: true }));
			}
		} finally {
			clearTimeout(timer);
			open.abort();
			if (this.open === open)
				this.open = null;
		}
		return pause;
	}

	/**
	 * @param {string} event
	 * @param {string} text
	 * @param {string} id
	 * @returns {number} ms to wait before the next try
	 */
	frame(event, text, id)
	{
		let data, wait = 0;

		try {
			data = JSON.parse(text);
		} catch {
			return 0;
		}
		if (event === "disconnect") {
			wait = Math.min(Number(data.retry) || 0, 60000);
			if (data.code === "ticket")
				this.seat = null;
		} else if (event === "room_joined") {
			this.failures = 0;
			this.become("live");
			/* The sid may be known as away, from before. */
			this.beat();
			/* A restarted relay does not know where we are. */
			this.cursorNext ??= this.cursorLast;
			this.sendCursor();
		} else if (event === "ping") {
			this.beat();
		}
		this.hooks.frame(event, data, id);
		return wait;
	}

	/** @param {number} least ms that the server asked for */
	async pause(least)
	{
		const outage = this.since === 0 ? 0 : Date.now() - this.since;
		const top = Math.min(250 * 2 ** Math.min(this.failures, 10),
		    outage < 30000 ? 2000 : 30000);
		const ms = Math.max(least, 50) +
		    Math.random() * (least > 0 ? Math.min(top, least) : top);

		await this.sleep(ms);
	}

	/** @param {number} [ms] without it: until somebody wakes us */
	async sleep(ms)
	{
		await new Promise((resolve) => {
			const timer = ms === undefined ? 0 :
			    setTimeout(resolve, ms);
			this.wake = () => {
				clearTimeout(timer);
				resolve(undefined);
			};
		});
		this.wake = null;
	}

	/**
	 * Close the stream, but stay in the room by beats (other tabs need
	 * the connection); false: open it again.
	 * @param {boolean} on
	 */
	rest(on)
	{
		this.resting = on;
		if (!this.running)
			return;
		if (on && this.seat !== null)
			this.become("connecting");
		this.open?.abort();
		this.wake?.();
		if (on)
			setTimeout(() => this.resting && this.beat(),
			    FIRST_RESTING_BEAT);
	}

	/**
	 * A message to the relay.
	 * @param {string} path
	 * @param {object} body
	 * @returns {Promise<number>} status; 0: no answer
	 */
	async tell(path, body)
	{
		if (this.seat === null || !this.running)
			return 0;
		try {
			const answer = await fetch(
			    new URL(path, new URL(this.seat.stream, root)), {
				method: "POST",
				headers: { "Content-Type": "application/json",
					Authorization:
					    `Bearer ${this.seat.ticket}` },
				body: JSON.stringify(body),
			});
			await answer.text();
			return answer.status;
		} catch {
			return 0;
		}
	}

	/** Say that we are still here. */
	beat()
	{
		return this.tell("beat",
		    { state: document.hidden ? "away" : "active" });
	}

	/**
	 * Say where we are; the newest wins.
	 * @param {{cursor_position: {x: number, y: number} | null,
	 *   editing_row: string | null, editing_field: string | null,
	 *   mode: string}} cursor
	 */
	cursor(cursor)
	{
		this.cursorNext = this.cursorLast = cursor;
		this.sendCursor();
	}

	async sendCursor()
	{
		if (this.cursorBusy || this.cursorNext === null ||
		    this.state !== "live")
			return;
		this.cursorBusy = true;
		const now = this.cursorNext;
		const status = await this.tell("cursor", now);
		/* What could not be sent goes with the next room_joined. */
		if (status !== 0 && status < 500 && this.cursorNext === now)
			this.cursorNext = null;
		await new Promise((r) => setTimeout(r, CURSOR_GAP));
		this.cursorBusy = false;
		if (this.cursorNext !== now)
			this.sendCursor();
	}

	leave()
	{
		if (this.seat === null)
			return;
		navigator.sendBeacon(
		    new URL("leave", new URL(this.seat.stream, root)),
		    this.seat.ticket);
	}

	/** The page, the tab or the network came back: trust nothing old. */
	check()
	{
		if (!this.running)
			return;
		this.wake?.();
		if (this.open !== null && this.heard !== 0 &&
		    Date.now() - this.heard > DOUBT)
			this.open.abort();
	}

	listen()
	{
		addEventListener("pagehide", () => {
			if (!this.running)
				return;
			this.stop();
			keepTicket(this.ticket);
		});
		addEventListener("pageshow", (ev) => {
			if (!ev.persisted)
				return;
			takeTicket();
			this.start();
		});
		addEventListener("online", () => this.check());
		addEventListener("offline", () => this.open?.abort());
		document.addEventListener("visibilitychange", () => {
			/* Later: a page that is being left is hidden, too. */
			setTimeout(() => {
				if (this.running && this.state === "live")
					this.beat();
			}, document.hidden ? 300 : 0);
			if (!document.hidden)
				this.check();
		});
		setInterval(() => {
			if (this.resting)
				this.beat();
		}, RESTING_BEAT);
		setInterval(() => {
			if (this.open !== null && this.heard !== 0 &&
			    Date.now() - this.heard > SILENCE)
				this.open.abort();
		}, 5000);
	}
}

const KEPT = "stockroom.ticket";

/*
 * The ticket outlives a reload, so that the sid does too.  It is in the
 * storage only between pagehide and the next load: a duplicated tab copies
 * the storage, and must not take our sid.
 */

/** @returns {string | null} */
function takeTicket()
{
	try {
		const ticket = sessionStorage.getItem(KEPT);
		sessionStorage.removeItem(KEPT);
		return ticket;
	} catch {
		return null;
	}
}

/** @param {string | null} ticket */
function keepTicket(ticket)
{
	try {
		if (ticket !== null)
			sessionStorage.setItem(KEPT, ticket);
	} catch {
		/* storage is off: the sid is new after a reload */
	}
}
