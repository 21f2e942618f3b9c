// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Whether every durable event came, once, and in order: seqs have no gaps,
 * so that each hole, repeat and late one can be counted.  Pure.
 */

import { parsePosition } from "./sync.js";

/** Holes that are told apart; more are only counted. */
const HOLES = 10000;

export class Tally {
	constructor()
	{
		this.epoch = "";
		/** the newest that came */
		this.seq = 0;
		/** from the stream */
		this.received = 0;
		/** from the change log: the stream could not bring them */
		this.caught = 0;
		this.repeated = 0;
		/** came after a later one */
		this.late = 0;
		/** histories that ended */
		this.epochs = 0;
		/** @type {Set<number>} seqs that have not come */
		this.holes = new Set();
		/** those of them that are beyond telling apart */
		this.lost = 0;
	}

	/** Count from zero, from where we are. */
	reset()
	{
		this.received = this.caught = this.repeated = this.late = 0;
		this.epochs = this.lost = 0;
		this.holes.clear();
	}

	/** Events that did not come. */
	get missed()
	{
		return this.holes.size + this.lost;
	}

	get position()
	{
		return this.epoch === "" ? "" : `${this.epoch}:${this.seq}`;
	}

	/** Where we begin, and forget what was before. @param {unknown} text */
	start(text)
	{
		const p = parsePosition(text);

		this.epoch = p?.epoch ?? "";
		this.seq = p?.seq ?? 0;
		this.holes.clear();
	}

	/**
	 * An event came.
	 * @param {unknown} text its position
	 * @param {boolean} [log] from the change log
	 */
	got(text, log = false)
	{
		const p = parsePosition(text);

		if (p === null)
			return;
		if (p.epoch !== this.epoch) {
			this.epochs += this.epoch === "" ? 0 : 1;
			this.start(`${p.epoch}:${p.seq - 1}`);
		}
		if (p.seq > this.seq) {
			this.skip(p.seq - 1);
			this.seq = p.seq;
		} else if (this.holes.delete(p.seq)) {
			this.late += log ? 0 : 1;
		} else {
			this.repeated += log ? 0 : 1;
			return;
		}
		if (log)
			this.caught++;
		else
			this.received++;
	}

	/** Those up to LAST have not come. @param {number} last */
	skip(last)
	{
		for (let n = this.seq + 1; n <= last; n++)
			if (this.holes.size < HOLES) {
				this.holes.add(n);
			} else {
				this.lost += last - n + 1;
				break;
			}
	}

	/**
	 * The log has come so far.
	 * @param {unknown} text
	 * @returns {boolean} whether we lack something
	 */
	behind(text)
	{
		const p = parsePosition(text);

		return p !== null && p.epoch === this.epoch &&
		    (p.seq > this.seq || this.holes.size > 0);
	}

	/** The result, in words. */
	words()
	{
		return `${this.missed} missed, ${this.repeated} repeated, ` +
		    `${this.late} out of order`;
	}
}
