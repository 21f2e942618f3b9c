// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The rules of the connection: by which transport, how long to wait before
 * the next try, and what the reader is told of an end.  Pure: no DOM, no
 * network, no clock.
 */

import { parsePosition } from "./sync.js";

/** Longest wait for a stream's first frame, ms: then something between us
 * and the server keeps frames back. */
export const FIRST_FRAME = 5000;
/** Silence after which a connection counts as dead, ms; pings are 15 s and
 * polls are held 25 s. */
export const SILENCE = 45000;
/** Silence that makes a page that comes back distrust its stream, ms. */
export const DOUBT = 20000;
/** A connection that was live for so long was a good one, ms. */
export const STABLE = 10000;
/** How long an end that was announced is nobody's trouble, ms. */
export const GRACE = 2000;
/** The same for one that was cut off, ms: a page that is being left loses
 * its stream first, and is not to tell the other tabs of an outage. */
const BLIP = 200;
/** Least wait after a cut, ms: what was an outage is shown as one, however
 * short it was. */
const CUT = 250;
/** Streams without a single frame, one after the other, before polling. */
const STRIKES = 3;
/** First return from polling to a stream, ms; each next one later. */
const RETURN = 120000;
/** The same when the network may have been to blame. */
const RETURN_SOON = 10000;
const RETURN_MOST = 1800000;
/** Ends that say themselves that all is well and we may come back. */
const PLANNED = new Set(["life", "replaced", "shutdown", "slow", "ticket",
	"epoch", "position"]);

/**
 * @typedef {"auto" | "sse" | "poll"} Option
 *
 * @typedef {object} End how a connection ended
 * @property {boolean} first a frame had come
 * @property {boolean} late none came within FIRST_FRAME
 * @property {boolean} silent it was given up, for nothing came any more
 * @property {number} status HTTP status; 0: no answer
 * @property {string} code of its disconnect; "": none
 * @property {number} wait ms that the server asked for
 */

/**
 * An end of which nothing is known but what is said here.
 * @param {Partial<End>} [known]
 * @returns {End}
 */
export function ended(known = {})
{
	return { first: false, late: false, silent: false, status: 0,
		code: "", wait: 0, ...known };
}

/**
 * How long to wait before the next try, ms: full jitter, at most 2 s in the
 * first half minute (a restarted relay is back within seconds), later 30 s.
 * @param {number} failures one after the other, this one too
 * @param {number} outage ms since the reader was last live
 * @param {number} least ms that the server asked for
 * @param {number} random from 0 to 1
 */
export function backoff(failures, outage, least, random)
{
	const top = Math.min(250 * 2 ** Math.min(failures, 10),
	    outage < 30000 ? 2000 : 30000);

	return Math.max(least, 20) +
	    random * (least > 0 ? Math.min(top, least) : top);
}

/**
 * Whether it worked, and ended without a word.
 * @param {End} end
 */
function wasCut(end)
{
	return end.code === "" && end.first && !end.silent;
}

/**
 * For how long an end is no "Offline" for the reader, ms.
 * @param {End} end
 */
export function grace(end)
{
	if (PLANNED.has(end.code))
		return GRACE + Math.min(end.wait, GRACE);
	return wasCut(end) ? BLIP : 0;
}

/**
 * How long the next try waits at least, before any jitter, ms.
 * @param {End} end
 */
export function rest(end)
{
	return wasCut(end) ? CUT : 0;
}

/**
 * A Retry-After header in ms; dates are not sent by our server.
 * @param {string | null} text
 */
export function retryAfter(text)
{
	const n = /^\d{1,5}$/.test(text ?? "") ? Number(text) : 0;

	return Math.min(n * 1000, 60000);
}

/**
 * Whether a room_joined made for another tab replays all that we lack.
 * @param {string | null} mine our position
 * @param {{recovered?: boolean, from?: string | null, to?: string | null}}
 *   joined
 */
export function recoveredFor(mine, joined)
{
	const me = parsePosition(mine);
	const from = parsePosition(joined.recovered ? joined.from : joined.to);

	return me !== null && from !== null && me.epoch === from.epoch &&
	    me.seq >= from.seq;
}

/** Which transport to use: streams first, polling where they do not work. */
export class Choice {
	/**
	 * @param {Option} option
	 * @param {number} [random] from 0 to 1, to spread the returns
	 */
	constructor(option, random = Math.random())
	{
		this.option = option;
		this.spread = 0.75 + random / 2;
		/** the site has streams at all */
		this.streams = true;
		/** poll until then, ms since 1970; 0: stream */
		this.until = 0;
		/** streams that did not work */
		this.tries = 0;
		/** ends without a frame, one after the other */
		this.strikes = 0;
	}

	/** @param {number} now @returns {"sse" | "poll"} */
	pick(now)
	{
		if (!this.streams)
			return "poll";
		if (this.option !== "auto")
			return this.option;
		return now < this.until ? "poll" : "sse";
	}

	/** A stream has lasted to its first ping: they work here. */
	proved()
	{
		this.until = this.tries = this.strikes = 0;
	}

	/**
	 * @param {"sse" | "poll"} kind what was in use
	 * @param {End} end
	 * @param {number} now
	 * @returns {boolean} the other transport is next, and at once
	 */
	ended(kind, end, now)
	{
		const before = this.pick(now);

		if (this.option !== "auto")
			return false;
		if (kind === "poll") {
			/* No answer either: streams are not to blame. */
			if (end.status === 0 && !end.first &&
			    this.strikes >= STRIKES)
				this.until = this.tries = this.strikes = 0;
			return false;
		}
		if (!end.first && (end.status === 0 || end.status === 200) ||
		    end.silent)
			this.strikes++;
		else
			this.strikes = 0;
		/* The web server does not know of any. */
		const none = end.status === 404;
		if (!end.late && !none && this.strikes < STRIKES)
			return false;
		const first = end.late || end.silent || none ? RETURN :
		    RETURN_SOON;
		const wait = Math.min(first * 2 ** this.tries, RETURN_MOST);
		this.tries = Math.min(this.tries + 1, 10);
		this.until = now + wait * this.spread;
		return this.pick(now) !== before;
	}

	/** What a reload, or another tab, should know. */
	get memory()
	{
		return { until: this.until, tries: this.tries };
	}

	/** @param {any} memory what was kept, or anything else */
	remember(memory)
	{
		const { until, tries } = memory ?? {};

		if (Number.isFinite(until) && Number.isInteger(tries) &&
		    tries >= 0) {
			this.until = until;
			this.tries = Math.min(tries, 10);
		}
	}
}
