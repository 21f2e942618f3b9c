// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What a page says to the relay: where its reader is, that it is still
 * there, edit leases, and that it leaves.
 */

import { pushUrl } from "./seat.js";
import { retryAfter } from "./transport.js";

/** Least time between two cursor messages, ms. */
const CURSOR_GAP = 30;
/** Answers after which a cursor is still to be sent. */
const AGAIN = new Set([0, 401, 429]);
/** Longest wait for an answer, ms. */
const TIMEOUT = 10000;

/**
 * @typedef {object} Said
 * @property {number} status 0: no answer
 * @property {any} doc the answer's JSON; null: none
 * @property {number} retry ms that the server asked for
 */

export class Relay {
	/**
	 * @param {() => import("./seat.js").Joined | null} seat null: say
	 *   nothing now
	 * @param {() => boolean} live whether the room hears us
	 */
	constructor(seat, live)
	{
		this.seat = seat;
		this.live = live;
		/** @type {object | null} the newest cursor not yet sent */
		this.next = null;
		/** @type {object | null} the newest one, sent or not */
		this.last = null;
		this.busy = false;
		/** when the last beat was sent, ms */
		this.beaten = 0;
		/** the beat on its way: only who is present may say more
		 * @type {Promise<any>} */
		this.beating = Promise.resolve();
	}

	/**
	 * @param {string} path
	 * @param {object | null} body null: none, for what is said often
	 * @returns {Promise<Said>}
	 */
	async post(path, body)
	{
		const seat = this.seat(), stop = new AbortController();
		const none = { status: 0, doc: null, retry: 0 };

		if (seat === null)
			return none;
		const timer = setTimeout(() => stop.abort(), TIMEOUT);
		const headers = new Headers({
			Authorization: `Bearer ${seat.ticket}` });
		if (body !== null)
			headers.set("Content-Type", "application/json");
		try {
			const answer = await fetch(pushUrl(seat, path), {
				method: "POST", signal: stop.signal, headers,
				referrerPolicy: "no-referrer",
				body: body && JSON.stringify(body),
			});
			return { status: answer.status,
				doc: readJson(await answer.text()),
				retry: retryAfter(
				    answer.headers.get("Retry-After")) };
		} catch {
			return none;
		} finally {
			clearTimeout(timer);
		}
	}

	/** Say that we are still here. @returns {Promise<Said>} */
	beat()
	{
		/* "active" is what a beat says without a word. */
		const said = this.post("beat",
		    document.hidden ? { state: "away" } : null);

		this.beaten = Date.now();
		this.beating = said;
		return said;
	}

	/**
	 * Say where we are; the newest wins.
	 * @param {object} cursor
	 */
	cursor(cursor)
	{
		this.next = this.last = cursor;
		this.send();
	}

	/** Say it again, to a relay that may have begun anew. */
	again()
	{
		this.next ??= this.last;
		this.send();
	}

	async send()
	{
		if (this.busy || this.next === null || !this.live())
			return;
		this.busy = true;
		await this.beating;
		const now = this.next;
		const { status, retry } = await this.post("cursor", now);
		/* What could not be sent goes with the next room_joined. */
		if (!AGAIN.has(status) && status < 500 && this.next === now)
			this.next = null;
		await new Promise((r) =>
		    setTimeout(r, Math.max(retry, CURSOR_GAP)));
		this.busy = false;
		if (this.next !== now || status === 429)
			this.send();
	}

	/**
	 * Take, renew, release or steal an edit lease.
	 * @param {string} action
	 * @param {string} row
	 * @param {string | null} field null: the whole row
	 * @returns {Promise<Said>}
	 */
	async lease(action, row, field)
	{
		await this.beating;
		return this.post("lease", { action, row, field });
	}

	/** Said even while the page is being closed. */
	leave()
	{
		const seat = this.seat();

		if (seat !== null)
			navigator.sendBeacon(pushUrl(seat, "leave"),
			    seat.ticket);
	}
}

/** @param {string} text @returns {any} null when it is not JSON */
function readJson(text)
{
	try {
		return text === "" ? null : JSON.parse(text);
	} catch {
		return null;
	}
}
