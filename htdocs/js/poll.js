// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Long-polling: for networks where a stream's frames do not come through.
 * Each question says where we are (position, presence_version) and which
 * answer came last, so that an answer that was lost is given again, and
 * nothing twice.
 */

import { root } from "./api.js";
import { noteEnd } from "./sse.js";
import { ended, retryAfter } from "./transport.js";

/**
 * @typedef {import("./seat.js").Joined} Joined
 * @typedef {import("./sse.js").Reader} Reader
 * @typedef {import("./transport.js").End} End
 *
 * @typedef {object} Answer
 * @property {{event: string, id?: string, data: any}[]} events
 * @property {string | null} position where to go on
 * @property {number} presence_version
 * @property {number} answer
 * @property {number} pause ms, at most, before the next question
 */

export class Poller {
	constructor()
	{
		this.reset();
	}

	/** Begin anew: the next answer tells who is in the room. */
	reset()
	{
		/** @type {string} whose polls these are */
		this.sid = "";
		/** @type {string | null} */
		this.position = null;
		/** @type {number | null} */
		this.version = null;
		/** @type {number | null} the last answer that came */
		this.answer = null;
	}

	/**
	 * Ask again and again, to the end; never throws.
	 * @param {Joined} seat
	 * @param {string | null} position where to begin, if anew
	 * @param {AbortController} open ends it
	 * @param {Reader & {more: () => boolean}} on `more`, asked after each
	 *   answer: whether to go on
	 * @returns {Promise<End>}
	 */
	async read(seat, position, open, on)
	{
		const end = ended();

		if (this.sid !== seat.sid || this.answer === null) {
			this.reset();
			this.sid = seat.sid;
			this.position = position;
		}
		try {
			do {
				const got = await this.ask(seat, open, end);
				if (got === null)
					break;
				end.first = true;
				on.heard();
				this.take(got, end, on);
				if (end.code !== "" || !on.more())
					break;
				await pause(got.pause, open.signal);
			} while (!open.signal.aborted);
		} catch {
			/* No answer, or none of ours. */
			end.status = 0;
		} finally {
			open.abort();
		}
		if (end.code !== "")
			this.reset();
		return end;
	}

	/**
	 * @param {Joined} seat
	 * @param {AbortController} open
	 * @param {End} end
	 * @returns {Promise<Answer | null>} null: refused
	 */
	async ask(seat, open, end)
	{
		const url = new URL(seat.poll, root);

		for (const [key, value] of [["position", this.position],
			["presence_version", this.version],
			["answer", this.answer]])
			if (value !== null)
				url.searchParams.set(String(key),
				    String(value));
		const answer = await fetch(url, {
			headers: { Accept: "application/json",
				Authorization: `Bearer ${seat.ticket}` },
			cache: "no-store", signal: open.signal,
			credentials: "same-origin",
		});
		end.status = answer.status;
		end.wait = retryAfter(answer.headers.get("Retry-After"));
		if (answer.status !== 200) {
			await answer.body?.cancel();
			return null;
		}
		const doc = await answer.json();
		if (!Array.isArray(doc?.events))
			throw new TypeError("not an answer to a poll");
		return doc;
	}

	/**
	 * @param {Answer} got
	 * @param {End} end
	 * @param {Reader} on
	 */
	take(got, end, on)
	{
		const quiet = got.events.length === 0 && this.answer !== null;

		/* Another page polls under our sid. */
		if (quiet && got.answer === this.answer) {
			end.code = "replaced";
			return;
		}

		this.position = got.position ?? this.position;
		this.version = got.presence_version;
		this.answer = got.answer;
		for (const { event, data, id } of got.events) {
			noteEnd(end, event, data);
			on.frame(event, data, id ?? "");
		}
		/* What a stream says when nothing happens. */
		if (quiet)
			on.frame("ping", { position: got.position,
				presence_version: got.presence_version }, "");
	}
}

/**
 * A moment at random, so that a crowd does not ask all at once.
 * @param {number} most ms
 * @param {AbortSignal} signal ends it early
 */
function pause(most, signal)
{
	const ms = Math.random() * Math.min(Number(most) || 0, 1000);

	return new Promise((resolve) => {
		if (ms < 1 || signal.aborted)
			return resolve(undefined);
		const timer = setTimeout(resolve, ms);
		signal.addEventListener("abort", () => {
			clearTimeout(timer);
			resolve(undefined);
		}, { once: true });
	});
}
