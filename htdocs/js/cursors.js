// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What lies on a row besides its values: others' badges, edge and tint, the
 * outline and name tag of a cell that somebody edits, the flash of a change,
 * and marks of own edits under way.  Redrawn as a whole; idempotent.
 */

import { badge, el, setAttr } from "./dom.js";
import { initials, isolate } from "./words.js";

/** Badges shown on a row before "+N". */
const BADGES = 3;
/** How long a changed row flashes, ms. */
export const FLASH = 1500;

/**
 * @typedef {import("./people.js").Mark} Mark
 * @typedef {object} RowState
 * @property {Mark[]} marks
 * @property {boolean} flash
 * @property {boolean} deleted it is gone, and waits to vanish
 * @property {string} [found] it was looked for: in whose colour
 * @property {(field: string) => string} cell "", "pending", "conflict"
 * @property {(field: string) => string} label
 */

/**
 * @param {HTMLElement} row
 * @param {RowState} state
 */
export function decorateRow(row, state)
{
	const top = state.marks[0];

	setAttr(row, "data-presence", state.marks.length > 0);
	setAttr(row, "data-flash", state.flash);
	setAttr(row, "data-deleted", state.deleted);
	setAttr(row, "data-found", Boolean(state.found));
	if (state.found)
		row.style.setProperty("--found", state.found);
	if (top !== undefined) {
		row.style.setProperty("--person", top.color);
		row.style.setProperty("--tint", top.color + "1f");
	}
	drawBadges(row.querySelector(".marks"), state);
	for (const node of row.querySelectorAll("[data-field]")) {
		const cell = /** @type {HTMLElement} */ (node);
		const field = cell.dataset.field ?? "";
		const own = state.cell(field);
		setAttr(cell, "data-pending", own === "pending");
		setAttr(cell, "data-conflict", own === "conflict");
		remoteEdit(cell, state.marks.filter((m) =>
		    m.mode === "edit" && m.field === field));
	}
}

/**
 * Drawn anew only when they differ, so that a badge appears once.
 * @param {HTMLElement | null} box
 * @param {RowState} state
 */
function drawBadges(box, state)
{
	const key = state.marks.map((m) =>
	    `${m.sid} ${m.mode} ${m.field} ${m.color} ${m.name}`).join("\n");

	if (box === null || (box.dataset.key ?? "") === key)
		return;
	box.dataset.key = key;
	box.replaceChildren(...badges(state.marks, state.label));
}

/**
 * @param {Mark[]} marks
 * @param {(field: string) => string} label
 */
function badges(marks, label)
{
	const shown = marks.length > BADGES ? marks.slice(0, BADGES - 1) :
	    marks;
	const list = shown.map((m) => {
		const what = m.mode === "edit" ?
		    `${isolate(m.name)} is editing ` +
		    isolate(label(m.field)) :
		    `${isolate(m.name)} is here`;
		return badge("span.row-badge", initials(m.name), m.color, {
			"data-testid": "row-badge", "data-user": m.name,
			"data-mode": m.mode, "data-editing-field":
			    m.mode === "edit" ? m.field : null,
			title: what, role: "img", "aria-label": what });
	});

	if (shown.length < marks.length)
		list.push(el("span.row-badge.more", { title:
		    marks.slice(shown.length).map((m) =>
			isolate(m.name)).join(", ") },
		`+${marks.length - shown.length}`));
	return list;
}

/** @param {HTMLElement} cell @param {Mark[]} marks who edits it */
function remoteEdit(cell, marks)
{
	const old = cell.querySelector(":scope > .edit-tag");
	const text = marks.map((m) => isolate(m.name)).join(", ");

	setAttr(cell, "data-remote-edit", marks.length > 0);
	if (marks.length === 0) {
		old?.remove();
		return;
	}
	cell.style.setProperty("--person", marks[0].color);
	const tag = old ?? cell.appendChild(el("span.edit-tag",
	    { "data-testid": "edit-tag" }));
	setAttr(tag, "data-user", marks[0].name);
	if (tag.textContent !== text)
		tag.textContent = text;
}
