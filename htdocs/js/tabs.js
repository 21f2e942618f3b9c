// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The tabs of this browser share its six connections to one host (HTTP/1.1),
 * and each stream takes one.  So of the tabs of one person in one room one
 * leads: it alone has a stream, and passes each frame on to the others by a
 * BroadcastChannel.  Web Locks would elect it, but are not there on plain
 * HTTP; here whoever finds no leader leads, and of two one gives way (the
 * rules are in election.js).
 *
 * Messages, all with {kind, from, group, at}:
 *	who      who leads?  Every leader answers with
 *	lead     I do: rank, more
 *	hello    a follower's beginning: to, hidden.  Answered with
 *	welcome  what is known by now: to, n, known
 *	here     whether that tab is looked at: hidden
 *	frame    the n-th frame: n, event, data, id
 *	bye      I am gone; next: who should lead
 */

import { ASK, SLEPT, judge, outranks, successor } from "./election.js";

/** How long a page that begins waits for a leader to say so, ms. */
const FIRST = 40;
/** How often a follower looks after its leader, ms. */
const TICK = 300;

/**
 * @typedef {import("./election.js").Rank} Rank
 *
 * @typedef {object} TabHooks
 * @property {() => boolean} live whether our own connection stands
 * @property {() => boolean} hidden whether nobody looks at us
 * @property {() => any} more of a leader, to all: state, ...
 * @property {() => any} known of a leader, to one that comes: the room
 * @property {() => void} role we lead now, or no longer do
 * @property {(more: any) => void} told by the leader
 * @property {(known: any) => void} welcome
 * @property {(event: string, data: any, id: string) => void} frame
 */

export class Tabs {
	/**
	 * @param {TabHooks} hooks
	 * @param {() => BroadcastChannel | null} open
	 */
	constructor(hooks, open)
	{
		this.hooks = hooks;
		this.open = open;
		this.id = [...crypto.getRandomValues(new Uint32Array(3))]
		    .map((n) => n.toString(36)).join("");
		/** @type {BroadcastChannel | null} */
		this.channel = null;
		/** whose tabs we are one of; "": of none yet */
		this.group = "";
		this.leads = false;
		/** when we began to lead */
		this.term = 0;
		/** frames given, or got */
		this.n = 0;
		/** @type {Map<string, boolean>} our followers: hidden? */
		this.members = new Map();
		/** @type {Map<string, any>} the last word of each leader */
		this.leaders = new Map();
		/** @type {Rank | null} ours */
		this.leader = null;
		this.welcomed = false;
		this.heard = this.asked = this.lame = 0;
		this.timer = 0;
		/** when we asked who is there */
		this.looked = 0;
	}

	/** Ask who is there: the answers come while we get our seat. */
	look()
	{
		if (this.channel !== null)
			return;
		this.channel = this.open();
		if (this.channel === null)
			return;
		this.channel.onmessage = ({ data }) => this.receive(data);
		this.looked = Date.now();
		this.say("who");
		this.timer = setInterval(() => this.tick(), TICK);
	}

	/** Those who lead have had the time to answer. */
	async answered()
	{
		const left = this.looked + FIRST - Date.now();

		if (this.channel !== null && this.leaders.size === 0 &&
		    left > 0)
			await new Promise((r) => setTimeout(r, left));
	}

	/**
	 * We are one of these; follow their leader, or be it.
	 * @param {string} group
	 */
	enter(group)
	{
		if (this.group === group)
			return;
		this.quit();
		this.look();
		this.group = group;
		const lead = this.leaders.get(group);
		if (lead !== undefined)
			this.follow(lead);
		else
			this.claim();
	}

	/** We are no longer one of them. */
	quit()
	{
		if (this.group === "")
			return;
		this.say("bye", this.leads ?
		    { next: successor(this.members) } : {});
		this.group = "";
		this.leads = false;
		this.leader = null;
		this.members.clear();
	}

	/** And hear no more of anybody. */
	exit()
	{
		this.quit();
		clearInterval(this.timer);
		this.leaders.clear();
		this.channel?.close();
		this.channel = null;
	}

	// ---- what a leader says ------------------------------------------

	/** @param {string} event @param {any} data @param {string} id */
	frame(event, data, id)
	{
		if (this.leads && this.channel !== null)
			this.say("frame", { n: ++this.n, event, data, id });
	}

	/** Our state is another one; also the answer to "who". */
	lead()
	{
		if (this.leads)
			this.say("lead", { rank: this.rank(),
				more: this.hooks.more() });
	}

	/** @returns {Rank} */
	rank()
	{
		return { id: this.id, live: this.hooks.live(),
			hidden: this.hooks.hidden(), term: this.term };
	}

	/** @param {string} kind @param {object} [what] */
	say(kind, what)
	{
		this.channel?.postMessage({ kind, from: this.id,
			group: this.group, at: Date.now(), ...what });
	}

	// ---- what we hear ------------------------------------------------

	/** @param {any} msg */
	receive(msg)
	{
		if (msg.kind === "lead")
			this.leaders.set(msg.group, msg);
		else if (msg.kind === "bye" &&
		    this.leaders.get(msg.group)?.from === msg.from)
			this.leaders.delete(msg.group);
		else if (msg.kind === "who" && !late(msg))
			this.lead();
		if (msg.group !== this.group || this.group === "")
			return;
		switch (msg.kind) {
		case "lead":
			return this.met(msg);
		case "hello":
			return this.greet(msg);
		case "here":
			if (this.members.has(msg.from))
				this.members.set(msg.from, msg.hidden);
			return;
		case "welcome":
		case "frame":
			return this.given(msg);
		case "bye":
			return this.left(msg);
		}
	}

	/** Somebody leads, or goes on leading. @param {any} msg */
	met(msg)
	{
		if (this.leads && !late(msg) && outranks(this.rank(), msg.rank))
			this.lead();
		else if (this.leads || !this.keeps(msg))
			this.follow(msg);
	}

	/**
	 * Whether the leader we have stays: the other one will hear so.
	 * @param {any} msg
	 */
	keeps(msg)
	{
		return this.leader !== null && this.leader.id !== msg.from &&
		    Date.now() - this.heard < ASK &&
		    outranks(this.leader, msg.rank);
	}

	/** @param {any} msg a leader's word */
	follow(msg)
	{
		const led = this.leads, other = this.leader?.id !== msg.from;
		const lame = !msg.rank.live && msg.rank.hidden;

		this.heard = Date.now();
		this.lame = lame ? this.lame || this.heard : 0;
		this.leads = false;
		this.leader = msg.rank;
		if (other)
			this.hello();
		if (led)
			this.hooks.role();
		this.hooks.told(msg.more);
	}

	/** Tell our leader that we are there, and how we are looked at. */
	hello()
	{
		this.welcomed = false;
		this.say("hello", { to: this.leader?.id,
			hidden: this.hooks.hidden() });
	}

	/** We are looked at, or no longer. */
	seen()
	{
		if (this.leads)
			this.lead();
		else if (this.group !== "")
			this.say("here", { hidden: this.hooks.hidden() });
		this.tick();
	}

	/** @param {any} msg a follower's beginning */
	greet(msg)
	{
		if (!this.leads || msg.to !== this.id)
			return;
		this.members.delete(msg.from);
		this.members.set(msg.from, msg.hidden);
		this.say("welcome", { to: msg.from, n: this.n,
			known: this.hooks.known() });
	}

	/** @param {any} msg our leader gives us something */
	given(msg)
	{
		if (this.leads || msg.from !== this.leader?.id)
			return;
		this.heard = Date.now();
		if (msg.kind === "welcome") {
			if (msg.to !== this.id)
				return;
			this.n = msg.n;
			this.welcomed = true;
			this.hooks.welcome(msg.known);
		} else if (this.welcomed && msg.n === this.n + 1) {
			this.n++;
			this.hooks.frame(msg.event, msg.data, msg.id);
		} else if (this.welcomed) {
			this.hello();
		}
	}

	/** @param {any} msg somebody is gone */
	left(msg)
	{
		this.members.delete(msg.from);
		if (this.leads || msg.from !== this.leader?.id)
			return;
		if (msg.next === this.id)
			return this.claim();
		/* Another one has been named; it need not be there still. */
		this.asked = Date.now();
		this.heard = 0;
	}

	// ---- time --------------------------------------------------------

	/** Look after our leader. */
	tick()
	{
		if (this.leads || this.group === "")
			return;
		const what = judge({ heard: this.heard, asked: this.asked,
			lame: this.lame, hidden: this.hooks.hidden() },
		Date.now(), Math.random());
		if (what === "claim")
			return this.claim();
		if (what === "ask") {
			this.asked = Date.now();
			this.say("who");
		}
	}

	/** Lead, whoever did. */
	claim()
	{
		this.leads = true;
		this.leader = null;
		this.lame = this.n = 0;
		this.members.clear();
		this.term = Date.now();
		this.lead();
		this.hooks.role();
	}
}

/**
 * Whether we have slept, or been very busy: whoever said this has another
 * leader by now.
 * @param {{at: number}} msg
 */
function late(msg)
{
	return Date.now() - msg.at > SLEPT;
}

/** @param {string} name @returns {BroadcastChannel | null} */
export function openChannel(name)
{
	try {
		return new BroadcastChannel(name);
	} catch {
		/* Not there, or forbidden: each tab is for itself. */
		return null;
	}
}
