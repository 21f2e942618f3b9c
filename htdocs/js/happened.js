// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What happened: the last changes, and which of them become toasts.  Changes
 * of one actor that follow each other closely are one toast; at most so many
 * are up; who finds no room waits a little for one, and is in the list in
 * any case.  Pure: the DOM is in toast.js and news.js.
 */

import { inSentence, isolate } from "./words.js";

/** Changes kept in the list. */
export const KEPT = 200;
/** A further change so soon after the last one joins its toast, ms. */
export const WINDOW = 3000;
/** How long a toast is up after its last change, ms. */
export const LIFE = 6000;
/** A toast is up so long before another actor's takes its place, ms. */
export const LEAST = 1500;
/** A toast that found no room for so long is not news any more, ms. */
export const STALE = 5000;
/** Actors that may wait. */
const QUEUE = 20;
/** Items of one toast that are told apart. */
const ITEMS = 500;

/**
 * @typedef {{before: string, sku: string, after: string, detail: string}}
 *   Words
 *
 * @typedef {object} Happening a change, in words
 * @property {string} actor who, as a key
 * @property {string} name who, as shown
 * @property {string} color
 * @property {boolean} own the reader's own doing
 * @property {string} sku
 * @property {string} kind its update_type
 * @property {string} at RFC 3339
 * @property {Words} words of it alone
 * @property {{field: string, label: string, old: string, now: string}[]}
 *   values that changed, as shown
 */

export class Happened {
	constructor()
	{
		/** newest first; @type {Happening[]} */
		this.list = [];
		/** others' changes since the list was looked at */
		this.unread = 0;
	}

	/** @param {Happening} h @param {boolean} seen the list is open */
	add(h, seen)
	{
		this.list.unshift(h);
		this.list.length = Math.min(this.list.length, KEPT);
		if (!h.own && !seen)
			this.unread = Math.min(this.unread + 1, KEPT);
	}

	read()
	{
		this.unread = 0;
	}
}

/**
 * @typedef {object} Item what one actor did to one item
 * @property {Happening} last
 * @property {Happening | null} made when it was created among this
 * @property {Set<string>} kinds
 * @property {Map<string, {label: string, old: string, now: string}>} fields
 *   from the first old value to the last new one
 */

/** Several changes of one actor in one notice. */
export class Group {
	/** @param {number} id @param {Happening} h @param {number} now */
	constructor(id, h, now)
	{
		this.id = id;
		this.actor = h.actor;
		/** by SKU, the newest last; @type {Map<string, Item>} */
		this.items = new Map();
		/** changes */
		this.count = 0;
		/** when it came up */
		this.shown = 0;
		/** of the last change */
		this.last = h;
		this.changed = now;
		this.add(h, now);
	}

	/** @param {Happening} h @param {number} now */
	add(h, now)
	{
		this.last = h;
		this.changed = now;
		this.count++;
		const item = this.items.get(h.sku) ?? { last: h, made: null,
			kinds: new Set(), fields: new Map() };
		if (!this.items.delete(h.sku) && this.items.size >= ITEMS)
			return;
		this.items.set(h.sku, item);
		item.last = h;
		item.kinds.add(h.kind);
		if (h.kind === "create")
			item.made = h;
		for (const v of h.values)
			item.fields.set(v.field, { label: v.label, now: v.now,
				old: item.fields.get(v.field)?.old ?? v.old });
	}

	/** @returns {Words} */
	words()
	{
		return this.count === 1 ? this.last.words :
		    this.items.size > 1 ? this.manyItems() :
		    oneItem(/** @type {Item} */ (
			this.items.get(this.last.sku)));
	}

	manyItems()
	{
		const kinds = new Set([...this.items.values()].flatMap(
		    (i) => [...i.kinds]));
		const kind = kinds.size === 1 ? [...kinds][0] : "";
		const verb = kind === "create" ? "added" :
		    kind === "delete" ? "deleted" : "changed";
		const skus = [...this.items.keys()].reverse();
		const most = skus.length >= ITEMS ? "+" : "";
		const more = skus.length - 2;

		return { before: `${isolate(this.last.name)} ${verb} ` +
		    `${skus.length}${most} items`, sku: "", after: "",
		detail: more > 0 ?
		    `${skus[0]}, ${skus[1]} and ${more}${most} more` :
		    `${skus[0]} and ${skus[1]}` };
	}
}

/** @param {Item} item @returns {Words} */
function oneItem(item)
{
	const { last, made } = item, list = [...item.fields.values()];

	if (last.kind === "delete")
		return last.words;
	if (made !== null)
		return made.words;
	if (list.length === 0)
		return last.words;
	if (list.length === 1)
		return { ...last.words,
			detail: `${list[0].old} → ${list[0].now}` };
	const names = list.map((f) => isolate(inSentence(f.label)));
	return { before: `${isolate(last.name)} changed ${list.length} ` +
		"fields of ",
		sku: last.sku, after: "", detail: names.length === 2 ?
		    names.join(" and ") : `${names[0]}, ${names[1]} and ` +
		    `${names.length - 2} more` };
}

/**
 * @typedef {object} ToastHooks

 * @property {(up: Group[]) => void} draw these, oldest first
 * @property {() => number} room how many may be up
 */

export class Toasts {
	/**
	 * @param {import("./clock.js").Clock} clock
	 * @param {ToastHooks} hooks
	 */
	constructor(clock, hooks)
	{
		this.clock = clock;
		this.hooks = hooks;
		/** @type {Group[]} oldest first */
		this.up = [];
		/** @type {Group[]} */
		this.waiting = [];
		/** pointer or focus is on these; @type {Set<number>} */
		this.held = new Set();
		this.muted = false;
		this.timer = 0;
		this.turn = 0;
	}

	/**
	 * Somebody changed something.
	 * @param {Happening} h
	 * @returns {Group | null} what it became a part of; null when muted
	 */
	change(h)
	{
		const now = this.clock.now();

		if (this.muted)
			return null;
		let g = [...this.up, ...this.waiting].find((t) =>
		    t.actor === h.actor && now - t.changed <= WINDOW);
		if (g !== undefined) {
			g.add(h, now);
		} else {
			g = new Group(++this.turn, h, now);
			this.waiting = [...this.waiting, g].slice(-QUEUE);
		}
		this.tick();
		return g;
	}

	/** @param {boolean} on nothing comes up any more */
	mute(on)
	{
		this.muted = on;
		if (on)
			this.clear();
	}

	/** Take all down. */
	clear()
	{
		this.up = this.waiting = [];
		this.held.clear();
		this.tick();
	}

	/** @param {number} id @param {boolean} on pointer or focus is on it */
	hold(id, on)
	{
		const g = this.up.find((t) => t.id === id);

		if (on)
			this.held.add(id);
		else
			this.held.delete(id);
		/* From now it has its time once more. */
		if (!on && g !== undefined)
			g.changed = Math.max(g.changed,
			    this.clock.now() - LIFE / 2);
		this.tick();
	}

	/** @param {number} id */
	dismiss(id)
	{
		this.held.delete(id);
		this.up = this.up.filter((t) => t.id !== id);
		this.tick();
	}

	/** Take down what is over, let in who waits, and see when to look. */
	tick()
	{
		const now = this.clock.now();

		this.up = this.up.filter((t) => this.held.has(t.id) ||
		    now - t.changed < LIFE);
		this.waiting = this.waiting.filter((t) =>
		    now - t.changed < STALE);
		const room = Math.max(1, this.hooks.room());
		while (this.up.length > room)
			this.up.shift();
		while (this.waiting.length > 0) {
			if (this.up.length >= room && !this.giveWay(now))
				break;
			const g = /** @type {Group} */ (this.waiting.shift());
			g.shown = now;
			this.up.push(g);
		}
		this.hooks.draw(this.up);
		this.clock.clear(this.timer);
		const next = this.next(now);
		this.timer = next === Infinity ? 0 :
		    this.clock.set(() => this.tick(), Math.max(1, next - now));
	}

	/** The one without news for longest goes. @param {number} now */
	giveWay(now)
	{
		const may = this.up.filter((t) => !this.held.has(t.id) &&
		    now - t.shown >= LEAST)
		    .sort((a, b) => a.changed - b.changed);

		if (may.length === 0)
			return false;
		this.up = this.up.filter((t) => t !== may[0]);
		return true;
	}

	/** When something is over or may give way. @param {number} now */
	next(now)
	{
		let at = Infinity;

		for (const t of this.up) {
			if (this.held.has(t.id))
				continue;
			at = Math.min(at, t.changed + LIFE);
			if (this.waiting.length > 0 && t.shown + LEAST > now)
				at = Math.min(at, t.shown + LEAST);
		}
		for (const t of this.waiting)
			at = Math.min(at, t.changed + STALE);
		return at;
	}
}
