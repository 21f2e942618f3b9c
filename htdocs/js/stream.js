// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The transport: joins a room, gets its events, and comes back by itself.
 * They come by a connection of our own (link.js), or from another tab of
 * this browser that has one (tabs.js); the page sees the same frames
 * whichever way.  What they mean is not known here, but for connection
 * matters (ping, room_joined, disconnect).
 */

import { Problem, root } from "./api.js";
import { watchPage } from "./life.js";
import { Link } from "./link.js";
import { Relay } from "./relay.js";
import { Roster } from "./roster.js";
import { Seat } from "./seat.js";
import { Standing } from "./standing.js";
import { Tabs, openChannel } from "./tabs.js";
import { GRACE, STABLE, backoff, ended, recoveredFor,
	rest } from "./transport.js";

/** Beats of a tab that follows, ms, should no ping make it beat. */
const BEAT = 12000;
/** Least time between beats because of pings, ms: an empty poll is one, too,
 * and may come every second. */
const BEAT_LEAST = 8000;
/** A leader that begins to follow beats after that, ms: when the relay has
 * seen its stream end. */
const FIRST_BEAT = 1000;
/** Least time between two new tickets because of a refusal, ms. */
const RENEW_GAP = 2000;

/**
 * @typedef {import("./seat.js").Joined} Joined
 * @typedef {import("./transport.js").End} End
 * @typedef {import("./transport.js").Option} Option
 *
 * @typedef {object} Hooks
 * @property {(ticket: string | null) => Promise<Joined>} join
 * @property {() => string | null} position where to go on
 * @property {(event: string, data: any, id: string) => void} frame
 * @property {(state: "connecting" | "live" | "offline") => void} state
 * @property {(joined: Joined) => void} [joined]
 * @property {(name: string) => void} [transport] what brings the events now
 */

export class Stream {
	/**
	 * @param {Hooks} hooks
	 * @param {{transport?: Option}} [settings]
	 */
	constructor(hooks, { transport = "auto" } = {})
	{
		this.hooks = hooks;
		this.place = new Seat((ticket) => hooks.join(ticket),
		    (joined) => hooks.joined?.(joined));
		this.relay = new Relay(() => this.running ? this.seat : null,
		    () => this.state === "live");
		this.link = new Link(transport, {
			frame: (_, event, data, id) =>
			    this.came(event, data, id),
			live: (kind) => this.standing.live(kind),
		});
		this.standing = new Standing({
			state: (state) => hooks.state(state),
			transport: (name) => hooks.transport?.(name),
			changed: () => this.tabs.lead(),
		});
		this.roster = new Roster();
		this.tabs = this.makeTabs();
		this.running = false;
		/** out of use, to run again when the page is back */
		this.suspended = false;
		/** which run() is the present one */
		this.turn = 0;
		/** the next try needs no pause */
		this.hurry = false;
		this.failures = 0;
		/** when a refusal last made us join again, ms */
		this.renewed = 0;
		/** @type {(() => void) | null} ends a wait between two tries */
		this.wake = null;
		watchPage(this.makeLife());
	}

	makeTabs()
	{
		return new Tabs({
			live: () => this.standing.liveAt !== 0,
			hidden: () => document.hidden,
			more: () => ({ state: this.state, since: this.since,
				choice: this.link.choice.memory }),
			known: () => this.standing.liveAt === 0 ? null :
			    this.roster.snapshot(),
			role: () => this.role(),
			told: (more) => this.told(more),
			welcome: (known) => known !== null &&
			    this.passed("room_joined", known, ""),
			frame: (event, data, id) =>
			    this.passed(event, data, id),
		}, () => openChannel(`stockroom.room ${root.pathname}`));
	}

	makeLife()
	{
		return {
			left: () => {
				if (!this.running)
					return;
				this.relay.leave();
				this.close();
				this.place.keep();
			},
			frozen: () => this.close(),
			back: () => {
				this.place.restore();
				if (this.suspended)
					this.start();
			},
			check: () => this.check(),
			offline: () => this.offline(),
			seen: () => this.seen(),
			watch: () => this.watch(),
		};
	}

	/** @returns {Joined | null} */
	get seat()
	{
		return this.place.now;
	}

	/** Our sid in the room; "" before the first join. */
	get sid()
	{
		return this.seat?.sid ?? "";
	}

	/** What the reader is shown: "connecting", "live" or "offline". */
	get state()
	{
		return this.standing.state;
	}

	/** When the present outage began, ms since 1970; 0: there is none. */
	get since()
	{
		return this.standing.since;
	}

	/** "sse", "poll", "tab" (another one reads the events) or "". */
	get transport()
	{
		return this.standing.transport;
	}

	/** Whether no other tab reads the events for us, nor we for them. */
	get alone()
	{
		return this.link.choice.option !== "auto";
	}

	// ---- what the page may ask ---------------------------------------

	start()
	{
		this.suspended = false;
		if (this.running)
			return;
		this.running = true;
		this.run(++this.turn);
	}

	/** Get a seat, but no events yet. */
	join()
	{
		return this.place.join();
	}

	/**
	 * End all without a word: a sign-out says it for us.  Should the page
	 * come back as it was, it has to join anew, and so show who one is.
	 */
	close()
	{
		this.suspended ||= this.running;
		this.running = false;
		this.turn++;
		this.standing.stop();
		this.tabs.exit();
		this.cut();
		this.wake?.();
	}

	/** End all, and say so to the others. */
	stop()
	{
		this.relay.leave();
		this.close();
		this.suspended = false;
	}

	/** Forget our seat: the next join gets another sid. */
	forget()
	{
		this.place.forget();
		this.link.reset();
		this.standing.reset();
	}

	/** Let go of what is open, and join anew (another name). */
	again()
	{
		this.place.lose();
		this.link.reset();
		this.tabs.quit();
		this.anew();
		this.start();
	}

	/**
	 * Choose a transport by hand, or none ("auto").
	 * @param {Option} option
	 */
	use(option)
	{
		if (this.link.choice.option === option)
			return;
		this.link.choice.option = option;
		this.tabs.exit();
		this.anew();
	}

	/** Lose the connection, as if the network had. */
	cut()
	{
		this.link.cut();
	}

	/**
	 * Say where we are; the newest wins.
	 * @param {{cursor_position: {x: number, y: number} | null,
	 *   editing_row: string | null, editing_field: string | null,
	 *   mode: string}} cursor
	 */
	cursor(cursor)
	{
		this.relay.cursor(cursor);
	}

	/**
	 * A message to the relay.
	 * @param {string} path
	 * @param {object} body
	 * @returns {Promise<number>} status; 0: no answer
	 */
	async tell(path, body)
	{
		return (await this.relay.post(path, body)).status;
	}

	/**
	 * Take, renew, release or steal an edit lease.
	 * @param {string} action
	 * @param {string} row
	 * @param {string | null} field null: the whole row
	 */
	lease(action, row, field)
	{
		return this.relay.lease(action, row, field);
	}

	/** Begin the next connection at once, instead of the present one. */
	anew()
	{
		if (!this.running)
			return;
		this.standing.lose(GRACE);
		this.failures = 0;
		this.hurry = true;
		this.cut();
		this.wake?.();
	}

	// ---- our own connection ------------------------------------------

	/** @param {number} turn */
	async run(turn)
	{
		if (this.state === "")
			this.standing.become("connecting");
		else
			this.standing.lose(GRACE);
		while (turn === this.turn)
			await this.once(turn);
	}

	/**
	 * Get events until they end, and wait for the next try.
	 * @param {number} turn
	 */
	async once(turn)
	{
		if (!this.alone)
			this.tabs.look();
		try {
			await this.place.sit();
		} catch (e) {
			if (turn === this.turn)
				await this.recover(this.noSeat(e), 0);
			return;
		}
		if (!this.alone)
			await this.tabs.answered();
		const seat = this.seat;
		if (turn !== this.turn || seat === null)
			return;
		if (!this.alone)
			this.tabs.enter(`${seat.user.user_id} ${seat.room}`);
		if (!this.alone && !this.tabs.leads)
			return this.follow(turn);
		this.hurry = false;
		const { end, swap, grace } = await this.link.read(seat,
		    this.hooks.position() ?? seat.position);
		this.hurry ||= swap;
		if (turn === this.turn && (this.alone || this.tabs.leads))
			await this.recover(end, this.hurry ?
			    Math.max(grace, GRACE) : grace);
	}

	/** @param {unknown} e why the join failed @returns {End} */
	noSeat(e)
	{
		if (!(e instanceof Problem))
			throw e;
		/* Nobody is signed in any more. */
		if (e.status === 401)
			this.close();
		return ended({ status: 0, wait: e.retry });
	}

	/**
	 * There is no connection: wait for the next try.
	 * @param {End} end
	 * @param {number} grace for which the reader need not know, ms
	 */
	async recover(end, grace)
	{
		const { liveAt } = this.standing;

		if (!this.running)
			return;
		if (liveAt !== 0 && Date.now() - liveAt >= STABLE)
			this.failures = 0;
		if ([401, 403].includes(end.status) || end.code === "ticket") {
			/* One that ran out is renewed without a word. */
			if (this.failures === 0) {
				this.hurry = true;
				grace = GRACE;
			}
			this.place.lose();
		}
		/* Another page has our sid: one that was made from ours. */
		if (end.code === "replaced")
			this.place.forget();
		this.standing.lose(grace);
		this.failures++;
		if (!this.hurry)
			await this.sleep(rest(end) + backoff(this.failures,
			    this.standing.outage,
			    end.wait, Math.random()));
		this.hurry = false;
	}

	/** @param {number} [ms] without it: until somebody wakes us */
	async sleep(ms)
	{
		await new Promise((resolve) => {
			const timer = ms === undefined ? 0 :
			    setTimeout(resolve, ms);
			this.wake = () => {
				clearTimeout(timer);
				resolve(undefined);
			};
		});
		this.wake = null;
	}

	/**
	 * An event of our own connection.
	 * @param {string} event
	 * @param {any} data
	 * @param {string} id
	 */
	came(event, data, id)
	{
		this.roster.take(event, data, id);
		this.give(event, data, id);
		/* These two are about our connection, not about the room. */
		if (event !== "connection_established" &&
		    event !== "disconnect")
			this.tabs.frame(event, data, id);
	}

	/**
	 * An event, whichever way it came.
	 * @param {string} event
	 * @param {any} data
	 * @param {string} id
	 */
	give(event, data, id)
	{
		if (event === "room_joined") {
			/* The sid may be known as away, from before. */
			this.beat();
			/* A restarted relay does not know where we are. */
			this.relay.again();
		} else if (event === "ping" &&
		    Date.now() - this.relay.beaten >= BEAT_LEAST) {
			this.beat();
		}
		this.hooks.frame(event, data, id);
	}

	// ---- other tabs --------------------------------------------------

	/**
	 * Another tab has the connection: wait until we need one.
	 * @param {number} turn
	 */
	async follow(turn)
	{
		const { group } = this.tabs;

		this.beat();
		if (this.tabs.welcomed && this.state !== "live")
			this.tabs.hello();
		while (turn === this.turn && this.seat !== null &&
		    !this.tabs.leads && this.tabs.group === group)
			await this.sleep();
	}

	/** We lead now, or no longer do. */
	role()
	{
		this.roster = new Roster();
		this.link.reset();
		this.anew();
		if (!this.tabs.leads)
			setTimeout(() => this.running && !this.tabs.leads &&
			    this.beat(), FIRST_BEAT);
	}

	/** @param {any} more our leader's state */
	told(more)
	{
		this.link.choice.remember(more.choice);
		if (more.state === "offline")
			this.standing.become("offline", more.since);
		else if (more.state === "live" && this.state !== "live" &&
		    this.tabs.welcomed)
			this.tabs.hello();
	}

	/**
	 * An event that another tab passes on.
	 * @param {string} event
	 * @param {any} data
	 * @param {string} id
	 */
	passed(event, data, id)
	{
		if (data.me !== undefined)
			data = { ...data, me: this.self(data.users ?? []) };
		if (event !== "room_joined")
			return this.give(event, data, id);
		this.standing.follow();
		this.hooks.frame("connection_established", { sid: this.sid },
		    "");
		this.give(event, { ...data, recovered:
		    recoveredFor(this.hooks.position(), data) }, id);
		/* A relay that has begun anew wants a new ticket. */
		if (!this.place.fresh && this.self(data.users) === undefined)
			this.renew();
	}

	/** Our own entry. @param {{sid: string}[]} users */
	self(users)
	{
		return users.find((u) => u.sid === this.sid);
	}

	/** Say that we are here; a refused follower gets a new ticket. */
	async beat()
	{
		const { status } = await this.relay.beat();

		if ([401, 403].includes(status) && !this.alone &&
		    !this.tabs.leads)
			this.renew();
	}

	/** A follower's ticket may be worth nothing: join again. */
	renew()
	{
		if (!this.running || Date.now() - this.renewed < RENEW_GAP)
			return;
		this.renewed = Date.now();
		this.place.lose();
		this.wake?.();
	}

	// ---- the page's life ---------------------------------------------

	/** The page, the tab or the network came back: trust nothing old. */
	check()
	{
		if (!this.running)
			return;
		this.wake?.();
		this.tabs.tick();
		this.link.doubt();
	}

	/** The browser says that there is no network. */
	offline()
	{
		if (!this.running)
			return;
		this.standing.lose(0);
		this.cut();
	}

	/** Nothing lasts: look after the connection, and be heard. */
	watch()
	{
		this.link.watch();
		if (this.tabs.group !== "" && !this.tabs.leads &&
		    Date.now() - this.relay.beaten >= BEAT)
			this.beat();
	}

	/** The page is hidden, or shown. */
	seen()
	{
		this.tabs.seen();
		/* Later: a page that is being left is hidden, too. */
		setTimeout(() => {
			if (this.running && this.state === "live")
				this.beat();
		}, document.hidden ? 300 : 0);
	}
}
