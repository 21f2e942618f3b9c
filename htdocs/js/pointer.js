// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Where the reader is, told to the others: the row that the pointer rests
 * on (after the hover delay), the active cell, the cell being edited.  What
 * was done last counts, but an open editor before all.
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
		this.delay = delay;
		this.tell = tell;
		this.place = place;
		/** when the page was touched last, of performance.now() */
		this.touched = 0;
		this.at = { x: 0, y: 0 };
		/** the row that the pointer is on; "" none */
		this.over = "";
		this.timer = 0;
		/** what was told last */
		this.last = "";
		card.addEventListener("pointermove", (ev) => this.move(ev));
		card.addEventListener("pointerover", (ev) => this.move(ev));
		card.addEventListener("pointerleave", () => this.enter(""));
		for (const type of ["pointerdown", "keydown", "wheel"])
			document.addEventListener(type, () =>
			    this.touched = performance.now(),
			{ capture: true, passive: true });
	}

	/** @param {PointerEvent} ev */
	move(ev)
	{
		if (ev.type === "pointermove")
			this.touched = performance.now();
		if (ev.pointerType === "touch")
			return;
		this.at = { x: Math.round(ev.clientX),
			y: Math.round(ev.clientY) };
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
