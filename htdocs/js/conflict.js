// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Two people changed the same field: the choice between mine and theirs, in
 * place.  Escape only folds it away; a draft goes by a choice alone.
 */

import { byId, el } from "./dom.js";
import { ago, formatValue } from "./words.js";

/**
 * @typedef {object} Conflict
 * @property {number} uid
 * @property {string} sku
 * @property {string} field
 * @property {string} label
 * @property {string} type
 * @property {unknown} theirs
 * @property {unknown} yours
 * @property {string} by
 * @property {string} at RFC 3339
 * @property {number} version that theirs is of
 *
 * @typedef {object} ConflictHooks
 * @property {(uid: number, field: string) =>
 *   {box: DOMRect, inside: boolean} | null} box
 * @property {(c: Conflict, mine: boolean) => void} choose
 * @property {() => boolean} busy the reader is typing elsewhere
 * @property {() => void} changed
 */

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
		    c.field === field);
	}

	/** @param {Conflict} c a newer one of a cell replaces the older */
	add(c)
	{
		this.list = this.list.filter((o) => o.uid !== c.uid ||
		    o.field !== c.field);
		this.list.push(c);
		this.folded = false;
		this.draw(!this.hooks.busy());
	}

	/**
	 * The field changed again while the choice is open.
	 * @param {number} uid
	 * @param {Record<string, any>} item
	 */
	refresh(uid, item)
	{
		for (const c of this.list) {
			if (c.uid !== uid || item[c.field] === c.theirs)
				continue;
			c.theirs = item[c.field];
			c.by = item.updated_by;
			c.at = item.updated_at;
			c.version = item.version;
			if (c === this.list[0])
				this.draw(false);
		}
	}

	/** @param {boolean} focus */
	draw(focus)
	{
		const c = this.list[0], open = byId("conflicts-open");

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
		this.layer.append(this.node);
		this.place();
		if (focus)
			this.node.focus({ preventScroll: true });
	}

	/** @param {Conflict} c */
	build(c)
	{
		const show = (/** @type {unknown} */ v) =>
		    formatValue(v, c.type);
		const button = (/** @type {boolean} */ mine) => el("button", {
			class: mine ? "primary" : "secondary", type: "button",
			"data-testid": mine ? "conflict-mine" :
			    "conflict-theirs",
			click: () => this.choose(c, mine) },
		mine ? "Keep mine" : "Take theirs",
		el("strong", {}, show(mine ? c.yours : c.theirs)));
		const rest = this.list.length - 1;

		return el("div.conflict", { role: "dialog", tabindex: -1,
			"aria-labelledby": "conflict-title",
			"aria-describedby": "conflict-text",
			"data-testid": "conflict", "data-sku": c.sku,
			"data-field": c.field,
			keydown: (/** @type {KeyboardEvent} */ ev) => {
				if (ev.key === "Escape")
					this.fold();
			} },
		el("h2#conflict-title", {}, `${c.label} of ${c.sku}`),
		el("p#conflict-text", {}, el("strong", {}, c.by),
		    " changed it to ", el("strong", {}, show(c.theirs)),
		    c.at ? ` · ${this.when(c.at)}` : "",
		    ". You wrote ", el("strong", {}, show(c.yours)), "."),
		el("div.conflict-choice", {}, button(true), button(false)),
		rest > 0 ? el("p.muted", {}, `${rest} more after this`) :
		    null);
	}

	/** @param {string} at */
	when(at)
	{
		const t = ago(at, Date.now());

		return t === "now" ? "just now" : `${t} ago`;
	}

	/** @param {Conflict} c @param {boolean} mine */
	choose(c, mine)
	{
		this.list = this.list.filter((o) => o !== c);
		this.draw(this.list.length > 0);
		this.hooks.choose(c, mine);
	}

	unfold()
	{
		this.folded = false;
		this.draw(true);
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
		const c = this.list[0];

		if (this.node === null || c === undefined)
			return;
		const wide = document.documentElement.clientWidth;
		const w = this.node.offsetWidth, h = this.node.offsetHeight;
		const at = this.hooks.box(c.uid, c.field);
		const box = at?.box ?? new DOMRect(wide / 2 - w / 2,
		    innerHeight / 3, w, 0);
		const below = box.bottom + 8 + h < innerHeight;
		const top = below ? box.bottom + 8 : box.top - h - 8;
		const left = Math.min(Math.max(12, box.right - w),
		    wide - w - 12);
		this.node.style.setProperty("left", `${left}px`);
		this.node.style.setProperty("top", `${Math.max(56,
		    Math.min(top, innerHeight - h - 12))}px`);
	}
}
