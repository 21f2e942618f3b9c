// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The rules by which one tab of a browser leads: it alone reads the events
 * and passes them to the others.  Two leaders for a moment do no harm, for
 * events have numbers; none for long would.  Pure: no DOM, no clock.
 */

/** Silence after which a tab that is looked at asks its leader, ms. */
export const ASK = 700;
/** Silence after which a hidden one does: pings come each 15 s. */
export const ASK_HIDDEN = 20000;
/** How long a leader may take to answer, ms. */
export const ANSWER = 700;
/** A hidden leader without a connection is left after that, ms: its timers
 * run late, and so do its tries. */
export const LAME = 1500;
/** A message that was read so late finds a tab that has slept, ms. */
export const SLEPT = 1500;

/**
 * @typedef {object} Rank
 * @property {string} id of the tab
 * @property {boolean} live its connection stands
 * @property {boolean} hidden
 * @property {number} term when it began to lead, ms since 1970
 */

/**
 * Which of two leaders stays: the one with a connection, then the one that
 * is looked at (if neither has), then the elder.
 * @param {Rank} a
 * @param {Rank} b
 */
export function outranks(a, b)
{
	if (a.live !== b.live)
		return a.live;
	if (!a.live && a.hidden !== b.hidden)
		return b.hidden;
	if (a.term !== b.term)
		return a.term < b.term;
	return a.id < b.id;
}

/**
 * @typedef {object} Watched how a follower stands to its leader
 * @property {number} heard when it said something last, ms
 * @property {number} asked when it was asked last
 * @property {number} lame since when it is hidden and not live; 0: it is not
 * @property {boolean} hidden whether we are
 */

/**
 * What a follower has to do about its leader.
 * @param {Watched} w
 * @param {number} now
 * @param {number} random from 0 to 1: not all claim at once
 * @returns {"" | "ask" | "claim"}
 */
export function judge(w, now, random)
{
	if (w.lame !== 0 && !w.hidden && now - w.lame >= LAME)
		return "claim";
	if (w.asked > w.heard)
		return now - w.asked >= ANSWER + random * ANSWER / 4 ?
		    "claim" : "";
	return now - w.heard >= (w.hidden ? ASK_HIDDEN : ASK) ? "ask" : "";
}

/**
 * Who leads after us: one that is looked at, else the newest.
 * @param {Map<string, boolean>} members tab → hidden
 * @returns {string} "": nobody is there
 */
export function successor(members)
{
	let next = "";

	for (const [id, hidden] of members)
		if (next === "" || !hidden || members.get(next))
			next = id;
	return next;
}
