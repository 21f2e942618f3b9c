// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What a screen reader is told besides the page itself.  Politely: at most
 * one message in five seconds; what comes meanwhile is gathered, the newest
 * of each kind, into the next one.  Assertively: at once, for what the
 * reader's own work depends on (a conflict, a lost lease).
 */

import { pageClock } from "./clock.js";
import { byId, el } from "./dom.js";

/** Least time between two polite messages, ms. */
export const GAP = 5000;
/** Parts of one message; the rest is only counted. */
const PARTS = 3;

export class Announcer {
	/**
	 * @param {import("./clock.js").Clock} clock
	 * @param {(text: string) => void} say
	 */
	constructor(clock, say)
	{
		this.clock = clock;
		this.say = say;
		/** @type {Map<string, string>} kind → newest text */
		this.waiting = new Map();
		this.timer = 0;
		this.last = -Infinity;
		this.turn = 0;
	}

	/**
	 * @param {string} text
	 * @param {string} [kind] a newer text of a kind replaces the older
	 */
	polite(text, kind)
	{
		const key = kind ?? `#${++this.turn}`;

		this.waiting.delete(key);
		this.waiting.set(key, text);
		if (this.timer === 0)
			this.timer = this.clock.set(() => this.flush(),
			    Math.max(0, this.last + GAP - this.clock.now()));
	}

	/** Nothing of a kind (all, without one) is said any more. */
	drop(kind = "")
	{
		for (const key of this.waiting.keys())
			if (key.startsWith(kind))
				this.waiting.delete(key);
	}

	flush()
	{
		const all = [...this.waiting.values()];
		const more = all.length - PARTS;

		this.timer = 0;
		this.waiting.clear();
		if (all.length === 0)
			return;
		this.last = this.clock.now();
		const parts = all.slice(0, PARTS);
		if (more > 0)
			parts.push(more === 1 ? "One more message" :
			    `${more} more messages`);
		this.say(parts.map((t) => t.replace(/[.\s]*$/, "."))
		    .join(" "));
	}
}

/** A new line in a live region is read even when it says the same. */
const LINGERS = 8000;

/** @type {Map<string, HTMLElement>} they may lie in a dialog */
const regions = new Map();

/**
 * @param {string} id of the region
 * @param {string} text
 */
function tell(id, text)
{
	const region = regions.get(id) ?? byId(id);
	/* What is outside an open modal dialog is not read. */
	const home = document.querySelector("dialog:modal") ?? document.body;
	const line = el("p", {}, text);

	regions.set(id, region);
	if (region.parentElement === home) {
		region.append(line);
	} else {
		/* What is in it when it comes is not read. */
		home.append(region);
		setTimeout(() => region.append(line), 50);
	}
	setTimeout(() => line.remove(), LINGERS);
}

const page = new Announcer(pageClock, (text) => tell("polite", text));

/** Say it when there is time; see Announcer. @type {Announcer["polite"]} */
export function polite(text, kind)
{
	page.polite(text, kind);
}

/** Take back what was not said yet. @param {string} kind */
export function unsay(kind)
{
	page.drop(kind);
}

/** Say it at once. @param {string} text */
export function assertive(text)
{
	tell("assertive", text);
}
