// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Where the reader is, told to the others: the row that the pointer rests
 * on (after the hover delay), the active cell, the cell being edited.  What
 * was done last counts, but an open editor before all.  And what the reader
 * does just now, by mouse, finger or key, for those who must not disturb.
 */

/**
 * @typedef {{row: string | null, field: string | null, mode: string}} Place
 * @typedef {{cursor_position: {x: number, y: number}, editing_row:
 *   string | null, editing_field: string | null, mode: string}} Cursor
 */

export class Pointer {
	/**
	 * @param {HTMLElement} card holds the table
	 * @param {number} delay ms that the pointer rests
	 * @param {(c: Cursor) => void} tell
	 * @param {() => Place | null} place editor, dialog or active cell
	 */
	constructor(card, delay, tell, place)
	{
		this.card = card;
		this.delay = delay;
		this.tell = tell;
		this.place = place;
		/** when the page was touched last, of performance.now() */
		this.touched = 0;
		/** when the reader scrolled the table last */
		this.scrolled = 0;
		/** the table was touched last by finger, or by key */
		this.touch = false;
		this.keys = false;
		/** a finger is down on the table */
		this.finger = false;
		this.at = { x: 0, y: 0 };
		/** the row that the pointer is on; "" none */
		this.over = "";
		this.timer = 0;
		/** what was told last */
		this.last = "";
		card.addEventListener("pointermove", (ev) => this.move(ev));
		card.addEventListener("pointerover", (ev) => this.move(ev));
		card.addEventListener("pointerleave", () => {
			this.keys = false;
			this.enter("");
		});
		card.addEventListener("touchstart", (ev) => this.press(ev),
		    { passive: true });
		for (const type of ["pointerdown", "keydown", "wheel"])
			document.addEventListener(type, (ev) =>
			    this.input(ev), { capture: true, passive: true });
	}

	/** The reader did something. @param {Event} ev */
	input(ev)
	{
		const inside = this.card.contains(
		    /** @type {Node} */ (ev.target));

		this.touched = performance.now();
		this.keys = ev.type === "keydown" && inside;
		if (ev.type === "pointerdown")
			this.touch = inside && /** @type {PointerEvent} */ (
			    ev).pointerType === "touch";
	}

	/** A finger came down on the table. @param {TouchEvent} ev */
	press(ev)
	{
		const done = new AbortController();

		this.finger = true;
		/* Heard on the element itself, since that may leave the
		 * document under the finger. */
		for (const type of ["touchend", "touchcancel"])
			ev.target?.addEventListener(type, (end) => {
				done.abort();
				this.finger = /** @type {TouchEvent} */ (end)
				    .touches.length > 0;
				this.touched = performance.now();
			}, { passive: true, signal: done.signal });
	}

	/** The reader scrolled the table; a finger's swing goes on alone. */
	scroll()
	{
		this.scrolled = this.touched = performance.now();
	}

	/** @param {PointerEvent} ev */
	move(ev)
	{
		const at = { x: Math.round(ev.clientX),
			y: Math.round(ev.clientY) };

		if (ev.type === "pointermove")
			this.touched = performance.now();
		if (ev.pointerType === "touch")
			return;
		/* Browsers make up moves on the spot when a page changes. */
		if (at.x !== this.at.x || at.y !== this.at.y)
			this.touch = false;
		this.at = at;
		const row = /** @type {HTMLElement | null} */ (
		    /** @type {Element} */ (ev.target).closest("[data-sku]"));
		this.enter(row?.dataset.sku ?? "");
	}

	/** The pointer is on this row now. @param {string} sku */
	enter(sku)
	{
		if (sku === this.over)
			return;
		this.over = sku;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.rest(), this.delay);
	}

	/** The pointer rests. */
	rest()
	{
		const place = this.place();

		if (place?.mode === "edit" || (this.over === "" && place))
			return this.send(/** @type {Place} */ (place));
		this.send({ row: this.over === "" ? null : this.over,
			field: null, mode: "hover" });
	}

	/** The active cell, the editor or the dialog is another one. */
	select()
	{
		clearTimeout(this.timer);
		this.send(this.place() ?? { row: null, field: null,
			mode: "hover" });
	}

	/** @param {Place} p */
	send(p)
	{
		const key = `${p.row} ${p.field} ${p.mode}`;

		if (key === this.last)
			return;
		this.last = key;
		this.tell({ cursor_position: this.at, editing_row: p.row,
			editing_field: p.field, mode: p.mode });
	}
}
