// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Who is here: an entry per sid as the relay tells them, people counted by
 * (user_id, name).  In a crowd the relay tells the first hundred entries and
 * how many people there are; the rest is known by what they do, or read on
 * demand.  Somebody keeps the place in the list for as long as they are
 * here, in whatever order a later list comes.  Pure: no DOM, no network.
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
 * @typedef {Entry & {turn: number}} Kept `turn`: larger: moved later
 *
 * @typedef {object} Person
 * @property {string} key
 * @property {string} name as shown
 * @property {string} color
 * @property {boolean} away every one of the entries is
 * @property {boolean} me
 * @property {string} row SKU of where they went last; "" none
 * @property {string} field "" unless a cell
 * @property {string} mode hover, select, edit
 * @property {number} turn of that place; 0 without one
 *
 * @typedef {object} Mark somebody on a row
 * @property {string} sid
 * @property {string} name
 * @property {string} color
 * @property {string} mode
 * @property {string} field "" unless a cell
 * @property {number} turn larger: moved there later
 *
 * @typedef {object} Whole what comes with a whole list
 * @property {number} [count] of people
 * @property {boolean} [more] the list is cut short
 * @property {boolean} [settling] the relay has just begun
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

/** Whose entry it is. @param {{user_id: number, name?: string}} e */
function keyOf(e)
{
	return `${e.user_id} ${e.name ?? ""}`;
}

export class People {
	constructor()
	{
		/** @type {Map<string, Kept>} */
		this.entries = new Map();
		/** @type {Map<string, Kept>} read on demand, not told */
		this.rest = new Map();
		/** our own sid */
		this.sid = "";
		/** @type {Entry | null} ourselves, as the join had it */
		this.self = null;
		/** people, as the relay counted them */
		this.counted = 0;
		/** the relay's list was cut short */
		this.cut = false;
		/** the relay has just started: absent ones may come back */
		this.settling = false;
		this.turn = 0;
		/** @type {Map<string, number>} key → place in the list */
		this.places = new Map();
		this.place = 0;
	}

	/**
	 * We have a seat.
	 * @param {{sid: string, user: any}} seat the answer to the join
	 */
	seated(seat)
	{
		this.sid = seat.sid;
		this.self = { ...seat.user, sid: seat.sid };
	}

	/**
	 * The whole list came.
	 * @param {Entry[]} users
	 * @param {Whole} [whole]
	 */
	replace(users, whole = {})
	{
		const old = this.entries;

		this.settling = whole.settling ?? false;
		this.entries = this.settling ? new Map(old) : new Map();
		for (const u of users)
			this.put(u, old.get(u.sid)?.turn);
		this.counted = whole.count ?? 0;
		this.cut = whole.more === true ||
		    new Set(users.map(keyOf)).size < this.counted;
		if (!this.cut)
			this.rest.clear();
		this.self = this.entries.get(this.sid) ?? this.self;
		/* Out of 100: we are here nevertheless. */
		if (this.cut && this.self?.sid === this.sid &&
		    !this.entries.has(this.sid))
			this.put(this.self, old.get(this.sid)?.turn);
		this.forget();
	}

	/** @param {Entry} e @param {number} [turn] */
	put(e, turn)
	{
		const key = keyOf(e);

		if (!this.places.has(key))
			this.places.set(key, ++this.place);
		this.entries.set(e.sid, { ...e, color: safeColor(e.color),
			turn: turn ?? ++this.turn });
		this.rest.delete(e.sid);
	}

	/** The places of those who are gone are free. */
	forget()
	{
		const here = new Set([...this.entries.values(),
			...this.rest.values()].map(keyOf));

		for (const key of this.places.keys())
			if (!here.has(key))
				this.places.delete(key);
	}

	/** @param {Entry & {first?: boolean}} e */
	joined(e)
	{
		const known = this.places.has(keyOf(e));

		if (!this.entries.has(e.sid) && (e.first ?? !known))
			this.counted++;
		this.put(e);
	}

	/** @param {{sid: string, last?: boolean}} e */
	left(e)
	{
		const was = this.entries.get(e.sid) ?? this.rest.get(e.sid);

		this.entries.delete(e.sid);
		this.rest.delete(e.sid);
		const others = was !== undefined && [...this.entries.values(),
			...this.rest.values()].some((o) =>
		    keyOf(o) === keyOf(was));
		if (was !== undefined && !others)
			this.places.delete(keyOf(was));
		if ((was !== undefined || this.cut) && (e.last ?? !others))
			this.counted = Math.max(0, this.counted - 1);
	}

	/**
	 * A part of the list that was read on demand.
	 * @param {Entry[]} users
	 */
	read(users)
	{
		for (const e of users) {
			if (this.entries.has(e.sid))
				continue;
			if (!this.places.has(keyOf(e)))
				this.places.set(keyOf(e), ++this.place);
			this.rest.set(e.sid, { ...e,
				color: safeColor(e.color), turn: 0 });
		}
	}

	/** What was read is no longer looked at. @param {Set<string>} [but] */
	unread(but = new Set())
	{
		for (const sid of this.rest.keys())
			if (!but.has(sid))
				this.rest.delete(sid);
		this.forget();
	}

	/** @param {Partial<Entry> & {sid: string}} c a cursor_updated */
	cursor(c)
	{
		const e = this.entries.get(c.sid);

		/* In a crowd: one of those whom we were not told of. */
		if (e === undefined && this.cut &&
		    c.user_id !== undefined && c.username !== undefined)
			return this.put(/** @type {Entry} */ ({ ...c,
				state: "active" }));
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
	 * @param {boolean} [all] those read on demand, too
	 * @returns {Person[]}
	 */
	persons(all)
	{
		/** @type {Map<string, Person>} */
		const found = new Map();

		for (const e of this.entries.values())
			this.add(found, e);
		if (all)
			for (const e of this.rest.values())
				this.add(found, e);
		const place = (/** @type {Person} */ p) =>
		    this.places.get(p.key) ?? 0;
		return [...found.values()].sort((a, b) =>
		    Number(b.me) - Number(a.me) || place(a) - place(b));
	}

	/** @param {Map<string, Person>} found @param {Kept} e */
	add(found, e)
	{
		const key = keyOf(e), me = e.sid === this.sid;
		const p = found.get(key) ?? { key, name: shownName(e),
			color: e.color, away: true, me: false,
			row: "", field: "", mode: "", turn: 0 };

		found.set(key, p);
		p.away &&= e.state === "away";
		if (me) {
			p.me = true;
			p.color = e.color;
		}
		if (e.editing_row && e.turn >= p.turn) {
			p.row = e.editing_row;
			p.mode = e.mode ?? "hover";
			p.field = p.mode === "hover" ? "" :
			    e.editing_field ?? "";
			p.turn = e.turn;
		}
	}

	/** How many people are here. */
	count()
	{
		const known = new Set([...this.entries.values()].map(keyOf));

		return this.cut ? Math.max(known.size, this.counted) :
		    known.size;
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

/**
 * How many avatars have room, the first one (mine) in any case.
 * @param {number} n people
 * @param {number} width px
 * @param {{first: number, next: number, more: number}} need px: of the
 *   first one, of each further one, of "+N" when not all are shown
 */
export function fitting(n, width, need)
{
	if (n <= 1 || need.first + (n - 1) * need.next <= width)
		return n;
	const room = width - need.more - need.first;
	return Math.max(1, Math.min(n - 1,
	    Math.floor(room / need.next) + 1));
}
