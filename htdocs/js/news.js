// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What others change, told in three ways: a toast, a line in the list of
 * what happened (behind the bell in the bar), and words for screen readers.
 * Muted, only the list is left; this browser remembers it.
 */

import { polite, unsay } from "./announce.js";
import { badge, byId, el, setAttr } from "./dom.js";
import { Happened } from "./happened.js";
import { popover } from "./menu.js";
import { mountToasts } from "./toast.js";
import { changeWords, clock, formatValue, initials, isolate }
	from "./words.js";

const MUTED = "stockroom.muted";
/** Values of one change that the list shows. */
const VALUES = 3;

/** @typedef {import("./happened.js").Happening} Happening */

/** Where there is no storage: for as long as the page is open. */
let mutedHere = false;

function wasMuted()
{
	try {
		return localStorage.getItem(MUTED) !== null;
	} catch {
		return mutedHere;
	}
}

/** @param {boolean} on */
function keepMuted(on)
{
	mutedHere = on;
	try {
		if (on)
			localStorage.setItem(MUTED, "1");
		else
			localStorage.removeItem(MUTED);
	} catch {
		/* storage is off */
	}
}

/**
 * @typedef {object} NewsHooks
 * @property {(name: string) => {label: string, type: string}} field
 * @property {(sku: string, why: string, color: string) => void} go
 */

export class News {
	/** @param {NewsHooks} hooks */
	constructor(hooks)
	{
		this.hooks = hooks;
		this.happened = new Happened();
		this.toasts = mountToasts({ open: (g) => {
			this.toasts.dismiss(g.id);
			if (g.items.size > 1)
				this.open();
			else
				this.go(g.last);
		} });
		this.panel = byId("happened");
		/** @type {Map<Happening, HTMLElement>} */
		this.lines = new Map();
		/** @type {{close: () => void}} */
		this.menu = { close() {} };
		this.due = 0;
		this.opened = new Date();
		this.mount();
	}

	mount()
	{
		this.menu = popover(byId("happened-button"), this.panel, {
			opened: () => {
				this.happened.read();
				this.toasts.clear();
				this.drawList();
				this.drawButton();
			} });
		byId("mute").addEventListener("click",
		    () => this.mute(!this.toasts.muted));
		addEventListener("storage", (ev) => {
			if (ev.key === MUTED || ev.key === null)
				this.setMuted(wasMuted());
		});
		this.setMuted(wasMuted());
	}

	/**
	 * Something was changed.
	 * @param {import("./words.js").ChangeEvent} ev
	 * @param {{own: boolean, color: string}} by
	 */
	change(ev, by)
	{
		const field = this.hooks.field;
		/** @type {Happening} */
		const h = { ...by, actor: `${ev.user_id} ${ev.username}`,
			name: ev.username, sku: ev.sku, kind: ev.update_type,
			at: ev.timestamp, words: changeWords(ev, field),
			values: ev.truncated ? [] : ev.changes.map((c) => {
				const f = field(c.field);
				return { field: c.field, label: f.label,
					old: formatValue(c.old_value),
					now: formatValue(c.new_value) };
			}) };

		this.happened.add(h, !this.panel.hidden);
		this.later();
		if (by.own)
			return;
		/* Whoever has the list open sees it there. */
		const group = this.panel.hidden ? this.toasts.change(h) : null;
		if (group === null)
			return;
		const w = group.words();
		polite([`${w.before}${w.sku}${w.after}`, w.detail]
		    .filter((t) => t !== "").join(", "),
		`change ${h.actor}`);
	}

	/** @param {boolean} on */
	mute(on)
	{
		keepMuted(on);
		this.setMuted(on);
	}

	/** @param {boolean} on */
	setMuted(on)
	{
		this.toasts.mute(on);
		if (on)
			unsay("change ");
		byId("mute").setAttribute("aria-checked", String(on));
		this.drawButton();
	}

	/** Soon, many changes together. */
	later()
	{
		if (this.due === 0)
			this.due = setTimeout(() => {
				this.due = 0;
				this.drawButton();
				if (!this.panel.hidden)
					this.drawList();
			}, 100);
	}

	drawButton()
	{
		const { unread } = this.happened, muted = this.toasts.muted;
		const button = byId("happened-button");
		const count = byId("happened-count");

		count.hidden = unread === 0;
		count.textContent = unread > 99 ? "99+" : String(unread);
		setAttr(button, "data-muted", muted);
		button.setAttribute("aria-label", "What happened" +
		    (unread === 0 ? "" : unread === 1 ? ", 1 new change" :
			`, ${unread} new changes`) +
		    (muted ? ", notices muted" : ""));
		button.title = "What happened" + (muted ? " (muted)" : "");
	}

	open()
	{
		if (this.panel.hidden)
			byId("happened-button").click();
	}

	/** Lines are kept, so that the focus is. */
	drawList()
	{
		const list = byId("happened-list"), old = this.lines;
		const all = this.happened.list;

		this.lines = new Map(all.map((h) => [h,
			old.get(h) ?? this.line(h)]));
		for (const [h, node] of old)
			if (!this.lines.has(h))
				node.remove();
		/* Newest first: what is new goes before what is there. */
		let before = list.firstChild;
		for (const node of this.lines.values())
			if (node === before)
				before = node.nextSibling;
			else
				list.insertBefore(node, before);
		const none = byId("happened-none");
		none.hidden = all.length > 0;
		none.textContent = "Nothing since this page was opened at " +
		    `${clock(this.opened.getTime())}.`;
	}

	/** @param {Happening} h */
	line(h)
	{
		const at = new Date(h.at);
		const more = h.values.length - VALUES;

		return el("li", { "data-testid": "happened-entry",
			"data-sku": h.sku },
		el("button.happened-go", { type: "button", click: () => {
			if (matchMedia("(max-width: 640px)").matches)
				this.menu.close();
			this.go(h);
		} }, badge("span.avatar", initials(h.name), h.color,
		    { "aria-hidden": "true" }),
		el("span.happened-words", {},
		    el("span.happened-text", {}, h.words.before,
			el("strong", {}, h.words.sku), h.words.after),
		    ...this.values(h),
		    more > 0 ? el("span.happened-value", {},
			`and ${more} more`) : null),
		el("time", { datetime: h.at, title: at.toLocaleString() },
		    clock(at.getTime()))));
	}

	/** @param {Happening} h */
	values(h)
	{
		if (["create", "delete"].includes(h.kind) ||
		    h.values.length === 0)
			return h.words.detail === "" ? [] :
			    [el("span.happened-value", {}, h.words.detail)];
		return h.values.slice(0, VALUES).map((v) =>
		    el("span.happened-value", {}, h.values.length === 1 ? "" :
			`${isolate(v.label)} `, v.old, " → ", v.now));
	}

	/** @param {Happening} h */
	go(h)
	{
		this.hooks.go(h.sku, `${isolate(h.name)} changed ${h.sku}`,
		    h.color);
	}
}
