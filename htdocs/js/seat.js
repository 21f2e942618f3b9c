// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Our place in the room: the sid, and a ticket that proves it.  The ticket
 * outlives a reload, so that the sid does too.
 */

import { Problem, root } from "./api.js";

/** A ticket older than this is renewed for a return, ms: a relay that has
 * begun anew takes those of the last minute only. */
const TICKET_FRESH = 50000;
const KEPT = "stockroom.ticket";

/**
 * @typedef {object} Joined the answer to a join
 * @property {string} sid
 * @property {string} room
 * @property {string} ticket
 * @property {string | null} stream address of the stream, or its path on our
 *   site; null: there are polls only
 * @property {string} poll the same of the poll
 * @property {string} position
 * @property {{user_id: number, username: string, color: string,
 *   role: string}} user
 */

/**
 * Where something of the relay's is: beside the poll, on our site or on a
 * port of the relay's own.
 * @param {Joined} seat
 * @param {string} what such as "beat"
 */
export function pushUrl(seat, what)
{
	return new URL(what, new URL(seat.poll, root));
}

export class Seat {
	/**
	 * @param {(ticket: string | null) => Promise<Joined>} ask
	 * @param {(joined: Joined) => void} got
	 */
	constructor(ask, got)
	{
		this.ask = ask;
		this.got = got;
		/** @type {Joined | null} */
		this.now = null;
		/** @type {string | null} the newest, to keep our sid with */
		this.ticket = null;
		/** when we joined, ms */
		this.at = 0;
		/** @type {Promise<Joined> | null} */
		this.asking = null;
		this.restore();
	}

	/** Whether a relay that does not know us takes the ticket. */
	get fresh()
	{
		return this.now !== null &&
		    Date.now() - this.at < TICKET_FRESH;
	}

	/** Have a seat whose ticket any relay takes, if that can be had. */
	async sit()
	{
		if (this.fresh)
			return;
		try {
			await this.join();
		} catch (e) {
			const gone = e instanceof Problem && e.status === 401;
			if (gone || this.now === null)
				throw e;
		}
	}

	/** @returns {Promise<Joined>} */
	join()
	{
		this.asking ??= this.joinNow().finally(
		    () => this.asking = null);
		return this.asking;
	}

	async joinNow()
	{
		const now = await this.ask(this.ticket).catch((e) => {
			/* The old ticket was somebody else's: do without. */
			if (e instanceof Problem && e.status === 422 &&
			    this.ticket !== null)
				return this.ask(null);
			throw e;
		});

		this.now = now;
		this.ticket = now.ticket;
		this.at = Date.now();
		this.got(now);
		return now;
	}

	/** The ticket is worth nothing any more; the sid is still ours. */
	lose()
	{
		this.now = null;
	}

	/** The next join gets another sid. */
	forget()
	{
		this.now = this.ticket = null;
	}

	/*
	 * The ticket is in the storage only between pagehide and the next
	 * load: a duplicated tab copies the storage, and must not take our
	 * sid.
	 */

	keep()
	{
		try {
			if (this.ticket !== null)
				sessionStorage.setItem(KEPT, this.ticket);
		} catch {
			/* storage is off: the sid is new after a reload */
		}
	}

	restore()
	{
		try {
			this.ticket ??= sessionStorage.getItem(KEPT);
			sessionStorage.removeItem(KEPT);
		} catch {
			/* as above */
		}
	}
}
