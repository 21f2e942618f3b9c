// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * This tab's own connection: one at a time, a stream or a series of polls,
 * read to its end.  Which of the two is next is decided here, and kept for
 * this tab; when to try again is not.
 */

import { Poller } from "./poll.js";
import { readStream } from "./sse.js";
import { Choice, DOUBT, FIRST_FRAME, GRACE, SILENCE,
	grace } from "./transport.js";

const KEPT = "stockroom.transport";

/**
 * @typedef {import("./seat.js").Joined} Joined
 * @typedef {import("./transport.js").End} End
 *
 * @typedef {object} LinkHooks
 * @property {(kind: "sse" | "poll", event: string, data: any, id: string)
 *   => void} frame
 * @property {(kind: "sse" | "poll") => void} live it stands
 */

export class Link {
	/**
	 * @param {import("./transport.js").Option} option
	 * @param {LinkHooks} hooks
	 */
	constructor(option, hooks)
	{
		this.hooks = hooks;
		this.choice = new Choice(option);
		this.choice.remember(recall());
		this.poller = new Poller();
		/** @type {AbortController | null} */
		this.open = null;
		/** when something came last, ms */
		this.heard = 0;
		/** it was we who gave the connection up */
		this.silent = false;
		/** we were told our room, by this series of connections */
		this.joined = false;
	}

	/** Another sid, or another tab's turn: the next answer tells all. */
	reset()
	{
		this.poller.reset();
		this.joined = false;
	}

	/**
	 * Read a connection to its end; never throws.
	 * @param {Joined} seat
	 * @param {string | null} position where to go on
	 * @returns {Promise<{end: End, swap: boolean, grace: number}>} `swap`:
	 *   the other transport is next, and at once; `grace`: for how long
	 *   the reader need not know, ms
	 */
	async read(seat, position)
	{
		const open = this.open = new AbortController();
		this.choice.streams = seat.stream !== null;
		const kind = this.choice.pick(Date.now());
		const on = {
			frame: (/** @type {string} */ event,
			    /** @type {any} */ data,
			    /** @type {string} */ id) =>
			    open === this.open &&
				this.frame(kind, event, data, id),
			heard: () => this.heard = Date.now(),
			more: () => {
				if (this.joined && open === this.open)
					this.hooks.live(kind);
				return this.choice.pick(Date.now()) === kind;
			},
		};

		this.silent = false;
		this.heard = Date.now();
		if (kind === "sse")
			this.reset();
		const end = kind === "sse" ?
		    await readStream(seat, position, open, on) :
		    await this.poller.read(seat, position, open, on);
		if (this.open === open)
			this.open = null;
		end.silent = this.silent;
		return { end, ...this.learn(kind, end) };
	}

	/**
	 * @param {"sse" | "poll"} kind
	 * @param {string} event
	 * @param {any} data
	 * @param {string} id
	 */
	frame(kind, event, data, id)
	{
		if (event === "ping" && kind === "sse") {
			this.choice.proved();
			keep(this.choice.memory);
		}
		if (event === "room_joined") {
			this.joined = true;
			this.hooks.live(kind);
		}
		this.hooks.frame(kind, event, data, id);
	}

	/**
	 * What an end teaches about transports.
	 * @param {"sse" | "poll"} kind
	 * @param {End} end
	 */
	learn(kind, end)
	{
		const swap = this.choice.ended(kind, end, Date.now());

		keep(this.choice.memory);
		/* The polls were well: a stream is given a try. */
		if (kind === "poll" && end.first && end.status === 200 &&
		    end.code === "" && this.choice.pick(Date.now()) === "sse")
			return { swap: true, grace: FIRST_FRAME + GRACE };
		return { swap, grace: swap ? GRACE : grace(end) };
	}

	/** Lose the connection, as if the network had. */
	cut()
	{
		this.open?.abort();
	}

	/** The page has not run for a while: is the connection still one? */
	doubt()
	{
		if (this.open !== null && Date.now() - this.heard > DOUBT)
			this.cut();
	}

	/** Give up a connection that says nothing any more. */
	watch()
	{
		if (this.open === null || Date.now() - this.heard <= SILENCE)
			return;
		this.silent = true;
		this.cut();
	}
}

/** @returns {unknown} which transport worked in this tab */
function recall()
{
	try {
		return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
	} catch {
		return null;
	}
}

/** @param {{until: number, tries: number}} memory */
function keep(memory)
{
	try {
		if (memory.tries > 0)
			sessionStorage.setItem(KEPT, JSON.stringify(memory));
		else
			sessionStorage.removeItem(KEPT);
	} catch {
		/* storage is off: five seconds more after a reload */
	}
}
