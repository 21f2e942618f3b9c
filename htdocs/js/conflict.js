// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What needs the reader's word, in place: two people changed the same field
 * (mine, theirs, or what it was), the item is gone, the server refused.
 * Escape only folds it away; a draft goes by a choice alone.
 */

import { byId, el } from "./dom.js";
import { ago, formatValue, isolate } from "./words.js";

/** A phone: the card lies at the lower edge. */
const PHONE = "(max-width: 640px)";

/**
 * @typedef {"mine" | "theirs" | "was" | "again" | "drop"} Choice
 *
 * @typedef {object} Conflict
 * @property {string} key in the outbox
 * @property {"set" | "adjust" | "create"} of what was tried
 * @property {number} uid 0: there is no such row
 * @property {string} sku
 * @property {string} field
 * @property {string} label
 * @property {unknown} theirs
 * @property {unknown} yours
 * @property {unknown} was undefined: unknown
 * @property {string} by "": unknown
 * @property {string} at RFC 3339
 * @property {number} version that theirs is of
 * @property {string} [why] it was refused, or the item is gone
 * @property {boolean} [final] it can only be dropped
 * @property {Record<string, any>} [body]
 *
 * @typedef {object} ConflictHooks
 * @property {(uid: number, field: string) =>
 *   {box: DOMRect, inside: boolean} | null} box
 * @property {(c: Conflict, choice: Choice) => void} choose
 * @property {() => boolean} busy the reader is typing elsewhere
 * @property {() => void} changed
 * @property {(text: string) => void} announce
 */

/** @type {Record<Choice, string>} */
const WORDS = { mine: "Keep mine", theirs: "Take theirs", was: "As it was",
	again: "Edit again", drop: "Let it go" };

/**
 * What can be chosen, the likeliest first.
 * @param {Conflict} c
 * @returns {Choice[]}
 */
export function choices(c)
{
	if (c.why !== undefined)
		return c.final ? ["drop"] : ["again", "drop"];
	return c.was === undefined || c.was === c.theirs ?
	    ["mine", "theirs"] : ["mine", "theirs", "was"];
}

/**
 * "2 min ago".
 * @param {string} at
 */
function when(at)
{
	const t = ago(at, Date.now());

	return t === "now" ? "just now" : `${t} ago`;
}

export class Conflicts {
	/** @param {HTMLElement} layer @param {ConflictHooks} hooks */
	constructor(layer, hooks)
	{
		this.layer = layer;
		this.hooks = hooks;
		/** @type {Conflict[]} the first one is shown */
		this.list = [];
		this.folded = false;
		/** @type {HTMLElement | null} */
		this.node = null;
		byId("conflicts-open").addEventListener("click",
		    () => this.unfold());
	}

	/** @param {number} uid @param {string} field */
	has(uid, field)
	{
		return this.list.some((c) => c.uid === uid &&
		    c.field === field && uid !== 0);
	}

	/** @param {Conflict} c a newer one of a cell stands beside the older */
	add(c)
	{
		if (this.list.some((o) => o.key === c.key))
			return;
		this.list.push(c);
		this.folded = false;
		this.draw(!this.hooks.busy());
		this.hooks.announce(`${isolate(c.label)} of ${c.sku}: ` +
		    `${this.text(c)
		    .map((t) => typeof t === "string" ? t : t.textContent)
		    .join("")}`);
	}

	/**
	 * The field changed again while the choice is open.
	 * @param {number} uid
	 * @param {Record<string, any>} item
	 */
	refresh(uid, item)
	{
		for (const c of this.list) {
			if (c.uid !== uid || c.why !== undefined ||
			    item[c.field] === c.theirs)
				continue;
			c.theirs = item[c.field];
			c.by = item.updated_by;
			c.at = item.updated_at;
			c.version = item.version;
			if (c === this.list[0])
				this.draw(false);
		}
	}

	/** Another tab made the choice. @param {string} key */
	drop(key)
	{
		if (!this.list.some((c) => c.key === key))
			return;
		this.list = this.list.filter((c) => c.key !== key);
		this.draw(false);
	}

	/** Where it can be reached: within an open dialog, if there is one. */
	home()
	{
		return document.querySelector("dialog:modal") ?? this.layer;
	}

	/** A dialog has opened or closed. */
	move()
	{
		if (this.node !== null && (!this.node.isConnected ||
		    this.node.parentElement !== this.home()))
			this.draw(false);
	}

	/** @param {boolean} focus */
	draw(focus)
	{
		const c = this.list[0], open = byId("conflicts-open");
		const at = this.node?.contains(document.activeElement) ?
		    /** @type {HTMLElement} */ (document.activeElement)
			.dataset.testid : undefined;

		this.node?.remove();
		this.node = null;
		open.hidden = c === undefined || !this.folded;
		open.textContent = this.list.length === 1 ?
		    "1 conflict · resolve" :
		    `${this.list.length} conflicts · resolve`;
		this.hooks.changed();
		if (c === undefined || this.folded)
			return;
		this.node = this.build(c);
		this.home().append(this.node);
		this.place();
		const again = at === undefined ? null :
		    /** @type {HTMLElement | null} */ (
			this.node.querySelector(`[data-testid="${at}"]`));
		if (again !== null)
			again.focus({ preventScroll: true });
		else if (focus || at !== undefined)
			this.node.focus({ preventScroll: true });
	}

	/** @param {Conflict} c */
	build(c)
	{
		const rest = this.list.length - 1;

		return el("div.conflict", { role: "dialog", tabindex: -1,
			"aria-labelledby": "conflict-title",
			"aria-describedby": "conflict-text",
			"data-testid": "conflict", "data-sku": c.sku,
			"data-field": c.field,
			keydown: (/** @type {KeyboardEvent} */ ev) => {
				if (ev.key !== "Escape")
					return;
				ev.preventDefault();
				this.fold();
			} },
		el("h2#conflict-title", {}, c.of === "create" ?
		    `New item ${c.sku}` :
		    `${isolate(c.label)} of ${c.sku}`),
		el("p#conflict-text", { "data-testid": "conflict-text" },
		    ...this.text(c)),
		el("div.conflict-choice", {}, ...choices(c).map((choice) =>
		    this.button(c, choice))),
		rest > 0 ? el("p.muted", {}, `${rest} more after this`) :
		    null);
	}

	/** @param {Conflict} c @returns {(HTMLElement | string)[]} */
	text(c)
	{
		const strong = (/** @type {unknown} */ v) =>
		    el("strong", {}, formatValue(v));
		const mine = [" You wrote ", c.of === "adjust" &&
		    Number(c.yours) > 0 ? el("strong", {},
		    `+${formatValue(c.yours)}`) : strong(c.yours),
			"."];

		if (c.why !== undefined)
			return [`${c.why.replace(/\.$/, "")}.`,
				...(c.of === "create" ? [] : mine)];
		return [...(c.by === "" ? ["It is now "] :
		    [el("strong", {}, isolate(c.by)), " changed it to "]),
		strong(c.theirs), c.at ? ` · ${when(c.at)}` : "", ".",
		...mine];
	}

	/** @param {Conflict} c @param {Choice} choice */
	button(c, choice)
	{
		const value = { mine: c.yours, theirs: c.theirs, was: c.was,
			again: undefined, drop: undefined }[choice];

		return el("button", {
			class: choice === choices(c)[0] ? "primary" :
			    "secondary",
			type: "button", "data-testid": `conflict-${choice}`,
			click: () => this.choose(c, choice) },
		el("span", {}, WORDS[choice]), value === undefined ? null :
		    el("strong", {}, formatValue(value)));
	}

	/** @param {Conflict} c @param {Choice} choice */
	choose(c, choice)
	{
		this.list = this.list.filter((o) => o !== c);
		this.draw(this.list.length > 0);
		this.hooks.choose(c, choice);
	}

	unfold()
	{
		this.folded = false;
		this.draw(true);
	}

	/**
	 * The reader wants to edit this cell: the choice comes first.
	 * @param {number} uid
	 * @param {string} field
	 */
	show(uid, field)
	{
		const first = this.list.filter((c) => c.uid === uid &&
		    c.field === field);

		this.list = [...first,
			...this.list.filter((c) => !first.includes(c))];
		this.unfold();
	}

	fold()
	{
		this.folded = true;
		this.draw(false);
		byId("conflicts-open").focus();
	}

	/** Beside its cell, wherever that is. */
	place()
	{
		const c = this.list[0], style = this.node?.style;

		if (this.node === null || c === undefined || !style)
			return;
		if (matchMedia(PHONE).matches) {
			style.removeProperty("left");
			style.removeProperty("top");
			return;
		}
		const wide = document.documentElement.clientWidth;
		const w = this.node.offsetWidth, h = this.node.offsetHeight;
		const at = this.hooks.box(c.uid, c.field);
		const box = at?.box ?? new DOMRect(wide / 2 - w / 2,
		    innerHeight / 3, w, 0);
		const below = box.bottom + 8 + h < innerHeight;
		const top = below ? box.bottom + 8 : box.top - h - 8;
		const left = Math.min(Math.max(12, box.right - w),
		    wide - w - 12);
		style.setProperty("left", `${left}px`);
		style.setProperty("top", `${Math.max(56,
		    Math.min(top, innerHeight - h - 12))}px`);
	}
}
