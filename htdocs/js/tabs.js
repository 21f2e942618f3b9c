// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The tabs of this browser share its six connections to one host (HTTP/1.1),
 * and each stream takes one.  So only the tabs used last keep theirs open;
 * the others rest, and are back at once when they are looked at.  Tabs know
 * each other by a BroadcastChannel.
 */

/** Tabs that may have a stream open. */
export const OPEN_TABS = 4;

/**
 * Whether a tab has to rest.
 * @param {string} me
 * @param {Map<string, number>} used tab → when it was used last
 */
export function mustRest(me, used)
{
	const mine = used.get(me) ?? 0;
	let before = 0;

	for (const [id, at] of used)
		if (id !== me && (at > mine || (at === mine && id > me)))
			before++;
	return before >= OPEN_TABS;
}

export class Tabs {
	/** @param {(rest: boolean) => void} changed */
	constructor(changed)
	{
		this.changed = changed;
		this.id = [...crypto.getRandomValues(new Uint32Array(3))]
		    .map((n) => n.toString(36)).join("");
		/** @type {Map<string, number>} */
		this.used = new Map();
		this.rests = false;
		/** @type {BroadcastChannel | null} */
		this.channel = null;
		if (typeof BroadcastChannel === "function")
			this.listen(new BroadcastChannel("stockroom.tabs"));
	}

	/** @param {BroadcastChannel} channel */
	listen(channel)
	{
		this.channel = channel;
		channel.addEventListener("message", ({ data }) => {
			if (data.left)
				this.used.delete(data.id);
			else
				this.used.set(data.id, data.at);
			if (data.ask)
				this.tell({});
			this.judge();
		});
		this.use(true);
		addEventListener("focus", () => this.use(false));
		addEventListener("pageshow", (ev) => {
			if (ev.persisted)
				this.use(true);
		});
		document.addEventListener("visibilitychange", () => {
			if (!document.hidden)
				this.use(false);
		});
		addEventListener("pagehide", () => this.tell({ left: true }));
	}

	/**
	 * This tab is the one in use.
	 * @param {boolean} ask who else is there
	 */
	use(ask)
	{
		this.used.set(this.id, Date.now());
		this.tell({ ask });
		this.judge();
	}

	/** @param {object} more */
	tell(more)
	{
		this.channel?.postMessage({ id: this.id,
			at: this.used.get(this.id), ...more });
	}

	judge()
	{
		const rests = mustRest(this.id, this.used);

		if (rests === this.rests)
			return;
		this.rests = rests;
		this.changed(rests);
	}
}
