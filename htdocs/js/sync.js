// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The client's rule for durable events, once for all: open the stream and
 * buffer; read the pages; start from the first page's position; apply
 * seq = last + 1, drop lower ones, and close a gap from the change log.
 */

/** @typedef {import("./words.js").ChangeEvent} ChangeEvent */

/** Events kept while something is being read; more are read again. */
const BUFFER_MAX = 5000;

/**
 * "epoch:seq" in its parts.
 * @param {unknown} text
 * @returns {{epoch: string, seq: number} | null}
 */
export function parsePosition(text)
{
	const m = /^([0-9a-f]{16}):(\d{1,15})$/.exec(String(text ?? ""));

	return m === null ? null : { epoch: m[1], seq: Number(m[2]) };
}

export class Sync {
	constructor()
	{
		/** of the history that the page shows; "" before the start */
		this.epoch = "";
		/** the last event that was applied */
		this.seq = 0;
		/** false: only buffer */
		this.ready = false;
		/** @type {Map<number, ChangeEvent>} */
		this.buffer = new Map();
		/** epoch of what is in the buffer */
		this.bufferEpoch = "";
		/** how far the log has come, as told while we only buffered */
		this.told = parsePosition(null);
	}

	/** Where the stream is to go on; null before the start. */
	get position()
	{
		return this.epoch === "" ? null : `${this.epoch}:${this.seq}`;
	}

	/** From now on only buffer: the pages are being read. */
	hold()
	{
		this.ready = false;
	}

	/**
	 * The pages are there, and stand for everything up to POSITION.
	 * @param {string} position of the first page
	 * @returns {{apply: ChangeEvent[], gap: boolean}}
	 */
	start(position)
	{
		const p = parsePosition(position);

		if (p === null)
			throw new Error(`bad position ${position}`);
		if (this.bufferEpoch !== p.epoch)
			this.buffer.clear();
		this.epoch = this.bufferEpoch = p.epoch;
		this.seq = p.seq;
		this.ready = true;
		const r = this.drain(), told = this.told;
		this.told = null;
		if (told !== null && told.epoch === this.epoch &&
		    told.seq > this.seq)
			r.gap = true;
		return r;
	}

	/**
	 * An event came.  `epoch`: it is of another history: read everything
	 * again.  `gap`: some are missing before it: read the change log.
	 * @param {string} epoch
	 * @param {ChangeEvent} ev
	 * @returns {{apply: ChangeEvent[], gap: boolean, epoch: boolean}}
	 */
	offer(epoch, ev)
	{
		const none = { apply: [], gap: false, epoch: false };

		if (this.ready && epoch !== this.epoch) {
			this.hold();
			none.epoch = true;
		}
		if (this.bufferEpoch !== epoch) {
			this.buffer.clear();
			this.bufferEpoch = epoch;
		}
		if (this.ready && ev.seq <= this.seq)
			return none;
		if (this.buffer.size < BUFFER_MAX)
			this.buffer.set(ev.seq, ev);
		if (!this.ready)
			return none;
		return { ...this.drain(), epoch: false };
	}

	/**
	 * What may be applied now, in order.
	 * @returns {{apply: ChangeEvent[], gap: boolean}}
	 */
	drain()
	{
		const apply = [];

		for (const seq of this.buffer.keys())
			if (seq <= this.seq)
				this.buffer.delete(seq);
		for (;;) {
			const ev = this.buffer.get(this.seq + 1);
			if (ev === undefined)
				break;
			this.buffer.delete(++this.seq);
			apply.push(ev);
		}
		return { apply, gap: this.buffer.size > 0 };
	}

	/**
	 * The server says how far the log has come (ping, room_joined).
	 * @param {unknown} position
	 * @returns {"same" | "behind" | "epoch" | "unknown"}
	 */
	compare(position)
	{
		const p = parsePosition(position);

		if (p === null)
			return "unknown";
		if (!this.ready) {
			if (this.told?.epoch !== p.epoch ||
			    this.told.seq < p.seq)
				this.told = p;
			return "unknown";
		}
		if (p.epoch !== this.epoch)
			return "epoch";
		return p.seq > this.seq ? "behind" : "same";
	}
}
