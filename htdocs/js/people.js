// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Who is here: an entry per sid as the relay tells them, people counted by
 * (user_id, name).  Pure: no DOM, no network.
 */

/**
 * @typedef {object} Entry
 * @property {string} sid
 * @property {number} user_id
 * @property {string} username
 * @property {string} [name] the join's name, "" if none
 * @property {string} color
 * @property {{x: number, y: number} | null} [cursor_position]
 * @property {string | null} [editing_row]
 * @property {string | null} [editing_field]
 * @property {string | null} [mode] hover, select, edit
 * @property {string} [state] active, away
 *
 * @typedef {object} Person
 * @property {string} key
 * @property {string} name as shown
 * @property {string} color
 * @property {boolean} away every one of the entries is
 * @property {boolean} me
 *
 * @typedef {object} Mark somebody on a row
 * @property {string} sid
 * @property {string} name
 * @property {string} color
 * @property {string} mode
 * @property {string} field "" unless a cell
 * @property {number} turn larger: moved there later
 */

/**
 * The colour when it is one, else a grey: it goes into CSS.
 * @param {unknown} color
 */
export function safeColor(color)
{
	return /^#[0-9a-f]{6}$/i.test(String(color)) ? String(color) :
	    "#98a2b3";
}

/** @param {{name?: string, username: string}} e */
export function shownName(e)
{
	return e.name || e.username;
}

export class People {
	constructor()
	{
		/** @type {Map<string, Entry & {turn: number}>} */
		this.entries = new Map();
		/** our own sid */
		this.sid = "";
		/** people, as the relay counted them */
		this.counted = 0;
		/** the relay has just started: absent ones may come back */
		this.settling = false;
		this.turn = 0;
	}

	/**
	 * The whole list came.
	 * @param {Entry[]} users
	 * @param {number} [count] of people, when the list is cut short
	 * @param {boolean} [settling]
	 */
	replace(users, count, settling)
	{
		const old = this.entries;

		this.settling = settling ?? false;
		this.counted = count ?? 0;
		this.entries = this.settling ? new Map(old) : new Map();
		for (const u of users)
			this.put(u, old.get(u.sid)?.turn);
	}

	/** @param {Entry} e @param {number} [turn] */
	put(e, turn)
	{
		this.entries.set(e.sid, { ...e, color: safeColor(e.color),
			turn: turn ?? ++this.turn });
	}

	/** @param {Entry} e */
	joined(e)
	{
		const before = this.persons().length;

		this.put(e);
		if (this.counted > 0)
			this.counted += this.persons().length - before;
	}

	/** @param {{sid: string, last?: boolean}} e */
	left(e)
	{
		const before = this.persons().length;

		this.entries.delete(e.sid);
		if (this.counted > 0)
			this.counted += this.persons().length - before;
	}

	/** @param {Partial<Entry> & {sid: string}} c a cursor_updated */
	cursor(c)
	{
		const e = this.entries.get(c.sid);

		if (e === undefined)
			return;
		Object.assign(e, {
			cursor_position: c.cursor_position,
			editing_row: c.editing_row,
			editing_field: c.editing_field,
			mode: c.mode,
			turn: ++this.turn,
		});
	}

	/**
	 * People, me first, then as they came.
	 * @returns {Person[]}
	 */
	persons()
	{
		/** @type {Map<string, Person>} */
		const all = new Map();

		for (const e of this.entries.values()) {
			const key = `${e.user_id} ${e.name ?? ""}`;
			const p = all.get(key);
			if (p === undefined) {
				all.set(key, { key, name: shownName(e),
					color: e.color,
					away: e.state === "away",
					me: e.sid === this.sid });
				continue;
			}
			p.away &&= e.state === "away";
			if (e.sid === this.sid) {
				p.me = true;
				p.color = e.color;
			}
		}
		return [...all.values()].sort((a, b) =>
		    Number(b.me) - Number(a.me));
	}

	/** How many people are here. */
	count()
	{
		return Math.max(this.persons().length, this.counted);
	}

	/**
	 * Others by the SKU that they are on.
	 * @returns {Map<string, Mark[]>}
	 */
	marks()
	{
		/** @type {Map<string, Mark[]>} */
		const rows = new Map();

		for (const e of this.entries.values()) {
			if (e.sid === this.sid || !e.editing_row)
				continue;
			const list = rows.get(e.editing_row) ?? [];
			list.push({ sid: e.sid, name: shownName(e),
				color: e.color, mode: e.mode ?? "hover",
				field: e.mode === "hover" ? "" :
				    e.editing_field ?? "",
				turn: e.turn });
			rows.set(e.editing_row, list);
		}
		for (const list of rows.values())
			list.sort((a, b) =>
			    Number(b.mode === "edit") -
			    Number(a.mode === "edit") || b.turn - a.turn);
		return rows;
	}

	/** Others who edit, the latest first. */
	editing()
	{
		return [...this.entries.values()]
		    .filter((e) => e.sid !== this.sid && e.editing_row &&
			e.mode === "edit")
		    .sort((a, b) => b.turn - a.turn)
		    .map((e) => ({ name: shownName(e),
			field: e.editing_field ?? "",
			sku: String(e.editing_row) }));
	}
}
