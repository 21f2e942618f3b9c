// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * How the connection stands, and what the reader is told of it: an end that
 * is no trouble yet is not shown for a moment, and not at all when the
 * events come again within it.
 */

/**
 * @typedef {"connecting" | "live" | "offline"} State
 *
 * @typedef {object} StandingHooks
 * @property {(state: State) => void} state the reader is to see another one
 * @property {(name: string) => void} transport what brings the events now
 * @property {() => void} changed anything is another
 */

export class Standing {
	/** @param {StandingHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		/** @type {State | ""} as shown; "" before the start */
		this.state = "";
		/** when the present outage began, ms; 0: none */
		this.since = 0;
		/** "sse", "poll", "tab" (another one reads them) or "" */
		this.transport = "";
		/** when our own connection was there, ms; 0: it is not */
		this.liveAt = 0;
		/** until an end is shown after all */
		this.timer = 0;
	}

	/**
	 * @param {State} state
	 * @param {number} [since] when an outage began
	 */
	become(state, since = Date.now())
	{
		clearTimeout(this.timer);
		this.timer = 0;
		if (this.state === state)
			return;
		this.state = state;
		this.since = state === "offline" ? since : 0;
		if (state !== "live")
			this.by("");
		this.hooks.state(state);
		this.hooks.changed();
	}

	/** @param {string} name what brings the events now */
	by(name)
	{
		if (this.transport === name)
			return;
		this.transport = name;
		this.hooks.transport(name);
	}

	/** @param {string} kind our own connection stands */
	live(kind)
	{
		this.liveAt ||= Date.now();
		this.by(kind);
		this.become("live");
	}

	/** Another tab's connection brings the events. */
	follow()
	{
		this.by("tab");
		this.become("live");
	}

	/**
	 * The events come no longer.
	 * @param {number} ms for which the reader need not know
	 */
	lose(ms)
	{
		this.liveAt = 0;
		if (ms === 0)
			this.become("offline");
		else if (this.state === "live")
			this.timer ||= setTimeout(
			    () => this.become("offline"), ms);
		this.hooks.changed();
	}

	/** How long there has been no connection, ms. */
	get outage()
	{
		return this.since === 0 ? 0 : Date.now() - this.since;
	}

	/** Nothing is shown any more. */
	stop()
	{
		clearTimeout(this.timer);
		this.timer = this.liveAt = 0;
	}

	/** As before the start. */
	reset()
	{
		this.stop();
		this.state = "";
		this.by("");
	}
}
