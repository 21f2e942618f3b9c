// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * When rows may move, and what waits until they may: the rules, without the
 * DOM.  A row never moves, appears or vanishes under the reader's hand.
 */

/** No input for so long: rows may move, but the one under the pointer, ms. */
export const IDLE = 3000;
/** No input for so long: nobody is there, whatever the pointer is on, ms. */
export const AWAY = 30000;

/**
 * @typedef {object} Hand what the reader is doing
 * @property {boolean} editing an editor is open
 * @property {boolean} finger one is down on the table
 * @property {boolean} over the mouse is over the table
 * @property {boolean} row and on a row
 * @property {boolean} keys the keyboard is in the table, on a cell
 * @property {boolean} touch the table was touched by finger last
 * @property {number} quiet ms since the last input
 */

/**
 * Whether rows may move: "no", not at all; "unseen", those that are out of
 * sight; "around", all but the row under the pointer; "yes".
 * @param {Hand} hand
 * @returns {"no" | "unseen" | "around" | "yes"}
 */
export function mayMove(hand)
{
	if (hand.editing || hand.finger)
		return "no";
	if (hand.quiet < IDLE && (hand.over || hand.keys || hand.touch))
		return "unseen";
	return hand.row && hand.quiet < AWAY ? "around" : "yes";
}

/**
 * @typedef {object} Waiting how the rows shown differ from those to show
 * @property {number} added
 * @property {number} unmatched there still, but not to be shown
 * @property {number} deleted
 * @property {number} moved fewest that must, to bring the rest in order
 */

/**
 * @param {number[]} list
 * @returns {Map<number, number>} uid → its place
 */
function places(list)
{
	return new Map(list.map((uid, n) => [uid, n]));
}

/**
 * @param {number[]} shown uids in order
 * @param {number[]} target as they are to be
 * @param {(uid: number) => boolean} gone whether it was deleted
 * @returns {Waiting}
 */
export function difference(shown, target, gone)
{
	let from = 0, end = shown.length, to = target.length;

	while (from < end && from < to && shown[from] === target[from])
		from++;
	while (end > from && to > from && shown[end - 1] === target[to - 1]) {
		end--;
		to--;
	}
	const place = places(target.slice(from, to));
	const w = { added: 0, unmatched: 0, deleted: 0, moved: 0 };
	const kept = [];
	for (const uid of shown.slice(from, end)) {
		const n = place.get(uid);
		if (n !== undefined)
			kept.push(n);
		else if (gone(uid))
			w.deleted++;
		else
			w.unmatched++;
	}
	w.added = to - from - kept.length;
	w.moved = kept.length - longestRise(kept);
	return w;
}

/**
 * How many of the numbers, all different, can stay when the others are
 * taken out so that the rest goes up.
 * @param {number[]} list
 */
function longestRise(list)
{
	/** @type {number[]} the least end of a rise of each length */
	const ends = [];

	for (const n of list) {
		let low = 0, high = ends.length;
		while (low < high) {
			const mid = (low + high) >> 1;
			if (ends[mid] < n)
				low = mid + 1;
			else
				high = mid;
		}
		ends[low] = n;
	}
	return ends.length;
}

/**
 * "3 new, 2 no longer match"; "" when nothing waits.
 * @param {Waiting} w
 */
export function waitingWords(w)
{
	return [
		[w.added, "new"],
		[w.unmatched, w.unmatched === 1 ? "no longer matches" :
		    "no longer match"],
		[w.deleted, "deleted"],
		[w.moved, "moved"],
	].filter(([n]) => n !== 0).map(([n, what]) => `${n} ${what}`)
	    .join(", ");
}

/**
 * How far the rows in sight, shown[first] to shown[last], are moved when the
 * target takes their place, in rows; null when they would not stay together,
 * or the start or the end of the list, in sight as well, would not be there.
 * @param {number[]} shown
 * @param {number[]} target
 * @param {number} first
 * @param {number} last
 * @returns {number | null}
 */
export function shiftOf(shown, target, first, last)
{
	if (shown.length === 0 || last < first)
		return target.length === 0 ? 0 : null;
	const shift = target.indexOf(shown[first]) - first;

	for (let n = first; n <= last; n++)
		if (target[n + shift] !== shown[n])
			return null;
	if (first === 0 && shift !== 0)
		return null;
	if (last === shown.length - 1 && target.length - 1 !== last + shift)
		return null;
	return shift;
}
