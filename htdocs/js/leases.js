// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Edit leases: who edits which cell, as the relay tells it, and the one that
 * this page's editor wants.  A lease is a courtesy: typing never waits for
 * one, and what is typed is safe without it, since versions protect the data.
 * Pure but for its hooks.
 */

import { safeColor, shownName } from "./people.js";

/** A lease is renewed after so long, ms: it lasts 20 s. */
export const RENEW = 8000;
/** What got no answer is asked for again after so long, ms, then after twice
 * that, up to RENEW. */
export const RETRY = 1000;

/**
 * @typedef {import("./people.js").Mark} Mark
 *
 * @typedef {object} Lease
 * @property {string} row SKU
 * @property {string | null} field null: the whole row
 * @property {string} sid
 * @property {number} user_id
 * @property {string} username
 * @property {string} [name]
 * @property {string} color
 *
 * @typedef {object} Cell
 * @property {string} row
 * @property {string | null} field
 *
 * @typedef {object} LeaseHooks
 * @property {() => string} sid our own
 * @property {(action: string, row: string, field: string | null) =>
 *   Promise<{status: number, doc: any}>} call
 * @property {() => void} told holder or lost is another one
 * @property {(by: Lease) => void} stolen from us, just now
 * @property {import("./clock.js").Clock} clock
 */

/** @param {Cell} a @param {Cell} b whether one excludes the other */
export function excludes(a, b)
{
	return a.row === b.row &&
	    (a.field === null || b.field === null || a.field === b.field);
}

/** All leases of the room. */
export class LeaseBook {
	constructor()
	{
		/** @type {Map<string, Lease>} */
		this.all = new Map();
	}

	/** @param {Cell} c */
	key(c)
	{
		return `${c.row}\u0000${c.field ?? ""}`;
	}

	/** The whole list came. @param {Lease[]} list newest first */
	replace(list)
	{
		this.all = new Map([...list].reverse().map((l) =>
		    [this.key(l), l]));
	}

	/** @param {Lease & {action: string}} ev a lease_changed */
	apply(ev)
	{
		const old = this.all.get(this.key(ev));

		if (ev.action === "taken" || ev.action === "stolen") {
			for (const [key, l] of this.all)
				if (excludes(l, ev) && l.sid !== ev.sid)
					this.all.delete(key);
			this.all.set(this.key(ev), ev);
		} else if (old?.sid === ev.sid) {
			this.all.delete(this.key(ev));
		}
	}

	/**
	 * Who else holds a cell.
	 * @param {Cell} cell
	 * @param {string} sid our own
	 * @returns {Lease | null}
	 */
	holder(cell, sid)
	{
		for (const l of this.all.values())
			if (l.sid !== sid && excludes(l, cell))
				return l;
		return null;
	}

	/**
	 * Others on the rows, where a lease is the truth: its holder edits,
	 * whatever a cursor says; another one in that cell is only there.
	 * @param {Map<string, Mark[]>} marks by SKU, from the cursors
	 * @param {string} sid our own
	 * @returns {Map<string, Mark[]>}
	 */
	join(marks, sid)
	{
		const rows = new Map(marks);

		for (const l of this.all.values()) {
			if (l.sid === sid)
				continue;
			const list = (rows.get(l.row) ?? []).map((m) =>
			    m.sid !== l.sid && m.mode === "edit" &&
			    (l.field === null || m.field === l.field) ?
				{ ...m, mode: "select" } : m);
			const own = list.find((m) => m.sid === l.sid);
			rows.set(l.row, [{ sid: l.sid, name: shownName(l),
				color: safeColor(own?.color ?? l.color),
				mode: "edit",
				field: l.field ?? own?.field ?? "",
				turn: own?.turn ?? 0 },
			...list.filter((m) => m !== own)]);
		}
		return rows;
	}
}

/** The lease that the open editor wants; one at a time. */
export class Leases {
	/** @param {LeaseHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		this.book = new LeaseBook();
		/** @type {Cell | null} */
		this.want = null;
		this.held = false;
		/** who edits the cell instead of us @type {Lease | null} */
		this.holder = null;
		/** it was taken away from us */
		this.lost = false;
		this.timer = 0;
		/** requests without an answer, one after the other */
		this.failures = 0;
	}

	/**
	 * @param {string} event
	 * @param {any} data
	 * @returns {boolean} whether the marks may be others
	 */
	frame(event, data)
	{
		if (event === "lease_changed") {
			this.book.apply(data);
			this.changed(data);
			return true;
		}
		if (!Array.isArray(data.leases) ||
		    (event !== "room_joined" && event !== "presence_update"))
			return false;
		this.book.replace(data.leases);
		/* A relay that has begun anew knows nothing of ours. */
		if (event === "room_joined")
			this.ask("take");
		else
			this.compare();
		return true;
	}

	/** The list may stand for events that were left out. */
	compare()
	{
		const by = this.want === null ? null :
		    this.book.holder(this.want, this.hooks.sid());

		if (by !== null && this.held) {
			this.become(false, by, true);
			this.hooks.stolen(by);
		} else if (by !== null) {
			this.become(false, by, this.lost);
		} else if (this.want !== null && !this.held &&
		    this.holder !== null) {
			this.ask("take");
		}
	}

	/** @param {any} ev a lease_changed */
	changed(ev)
	{
		const { want } = this, sid = this.hooks.sid();

		if (want === null || !excludes(want, ev))
			return;
		if (ev.sid === sid)
			return;
		if (ev.action === "stolen" && this.held &&
		    ev.from?.sid === sid) {
			this.become(false, ev, true);
			this.hooks.stolen(ev);
		} else if (ev.action === "taken" || ev.action === "stolen") {
			this.become(false, ev, this.lost);
		} else if (!this.held) {
			this.ask("take");
		}
	}

	/** @param {boolean} held @param {Lease | null} holder
	 *  @param {boolean} lost */
	become(held, holder, lost)
	{
		this.held = held;
		this.holder = holder;
		this.lost = lost;
		this.hooks.told();
	}

	/** An editor opens. @param {string} row @param {string | null} field */
	open(row, field)
	{
		if (this.want?.row === row && this.want.field === field)
			return;
		this.close();
		this.want = { row, field };
		this.become(false, this.book.holder(this.want,
		    this.hooks.sid()), false);
		this.ask("take");
	}

	/** The editor is closed. */
	close()
	{
		const { want } = this;

		this.hooks.clock.clear(this.timer);
		this.want = null;
		if (want !== null && this.held)
			this.hooks.call("release", want.row, want.field);
		this.held = this.lost = false;
		this.holder = null;
	}

	/** The reader takes the cell over. */
	steal()
	{
		if (this.want !== null)
			this.ask("steal");
	}

	/** Ask once more. @param {number} wait ms */
	again(wait)
	{
		const { clock } = this.hooks;

		clock.clear(this.timer);
		this.timer = clock.set(() => this.ask(this.held ? "renew" :
		    "take"), wait);
	}

	/** @param {"take" | "renew" | "steal"} action */
	async ask(action)
	{
		const { want } = this, { call } = this.hooks;

		if (want === null)
			return;
		const by = this.book.holder(want, this.hooks.sid());
		this.again(RENEW);
		/* Known to be another's: there is nothing to ask for. */
		if (action === "take" && by !== null)
			return this.become(false, by, this.lost);
		const { status, doc } = await call(action, want.row,
		    want.field);
		if (this.want !== want) {
			/* Closed meanwhile: it is nobody's again. */
			if (status === 200 && (this.want === null ||
			    !excludes(this.want, want)))
				call("release", want.row, want.field);
			return;
		}
		/* 401: the ticket is void, and another one on its way. */
		const failed = [0, 401].includes(status) || status >= 500;
		this.again(failed ? Math.min(RETRY * 2 ** this.failures,
		    RENEW) : RENEW);
		this.failures = failed ? this.failures + 1 : 0;
		if (status === 200)
			this.become(true, null, false);
		else if (status === 423)
			this.become(false, doc?.holder ?? null, this.lost);
		else if (status !== 0)
			this.held = false;
	}
}
