// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What a tab that reads the events knows of the room, so that it can tell a
 * tab that comes later: who is there, which leases are held, how far the log
 * has come.  Pure: no DOM, no network.
 */

import { parsePosition } from "./sync.js";

/** @param {{row: string, field?: string | null, sid: string}} l */
const leaseKey = (l) => JSON.stringify([l.row, l.field ?? null, l.sid]);

/**
 * A row excludes its fields, and the other way round.
 * @param {{row: string, field?: string | null}} a
 * @param {{row: string, field?: string | null}} b
 */
function conflict(a, b)
{
	return a.row === b.row && ((a.field ?? null) === null ||
	    (b.field ?? null) === null || a.field === b.field);
}

export class Roster {
	constructor()
	{
		/** @type {any} the last room_joined; null: not in a room */
		this.joined = null;
		/** @type {Map<string, any>} entry by sid */
		this.users = new Map();
		/** @type {Map<string, any>} */
		this.leases = new Map();
		/** people, not entries */
		this.count = 0;
		this.version = 0;
		/** @type {string | null} how far the log has come */
		this.position = null;
	}

	/**
	 * @param {string} event
	 * @param {any} data
	 * @param {string} id
	 */
	take(event, data, id)
	{
		this.version = data.version ?? data.presence_version ??
		    this.version;
		switch (event) {
		case "room_joined":
			this.joined = data;
			this.position = null;
			this.reach(data.to);
			this.users.clear();
			this.whole(data);
			break;
		case "presence_update":
			this.joined = { ...this.joined, settling: false };
			this.whole(data);
			break;
		case "user_joined":
			this.users.set(data.sid, data);
			this.count += data.first ? 1 : 0;
			break;
		case "user_left":
			this.users.delete(data.sid);
			this.count -= data.last ? 1 : 0;
			break;
		case "cursor_updated":
			this.cursor(data);
			break;
		case "cursors":
			for (const c of data)
				this.cursor(c);
			break;
		case "lease_changed":
			this.lease(data);
			break;
		case "inventory_changed":
			this.reach(id);
			break;
		case "ping":
			this.reach(data.position);
			break;
		}
	}

	/** @param {any} data with users, and perhaps leases */
	whole(data)
	{
		if (!data.more)
			this.users.clear();
		for (const u of data.users ?? [])
			this.users.set(u.sid, u);
		this.count = data.count ?? this.users.size;
		if (Array.isArray(data.leases))
			this.leases = new Map(data.leases.map(
			    (/** @type {any} */ l) => [leaseKey(l), l]));
	}

	/** @param {any} c */
	cursor(c)
	{
		const u = this.users.get(c.sid);

		if (u !== undefined)
			this.users.set(c.sid, { ...u,
				cursor_position: c.cursor_position,
				editing_row: c.editing_row,
				editing_field: c.editing_field,
				mode: c.mode });
	}

	/** @param {any} data */
	lease(data)
	{
		const { action, from: _from, version: _version, ...lease } =
		    data;

		if (action === "stolen")
			for (const [key, l] of this.leases)
				if (l.sid !== lease.sid && conflict(l, lease))
					this.leases.delete(key);
		if (action === "taken" || action === "stolen")
			this.leases.set(leaseKey(lease), lease);
		else
			this.leases.delete(leaseKey(lease));
	}

	/** @param {unknown} text a position; only forwards in one history */
	reach(text)
	{
		const p = parsePosition(text);
		const was = parsePosition(this.position);

		if (p !== null && (was === null || p.epoch !== was.epoch ||
		    p.seq > was.seq))
			this.position = String(text);
	}

	/**
	 * A room_joined as it would be now; null: not in a room.
	 * @returns {any}
	 */
	snapshot()
	{
		return this.joined === null ? null : { ...this.joined,
			count: this.count, recovered: false, from: null,
			to: this.position, position: this.position,
			presence_version: this.version,
			users: [...this.users.values()],
			leases: [...this.leases.values()] };
	}
}
