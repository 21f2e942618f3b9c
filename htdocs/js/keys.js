// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Pointer, keyboard and clipboard on the table: they move its active cell
 * (grid.js), and tell its hooks what is to be opened or sorted.
 */

/** @typedef {import("./grid.js").Grid} Grid */

/** Further than any table reaches. */
const END = 1e9;

/** @param {Grid} grid @param {AbortSignal} signal ends the listening */
export function mountKeys(grid, signal)
{
	const on = (/** @type {string} */ type,
	    /** @type {(ev: any) => void} */ fn) =>
	    grid.host.addEventListener(type, fn, { signal });

	mountPointer(grid, signal);
	on("keydown", (ev) => {
		if (ev.target === grid.host && !ev.isComposing &&
		    key(grid, ev)) {
			ev.preventDefault();
			ev.stopPropagation();
		}
	});
	on("copy", (ev) => {
		const item = grid.active && grid.hooks.item(grid.active.uid);
		if (!item || !grid.active || grid.layout === "cards" ||
		    !getSelection()?.isCollapsed)
			return;
		ev.clipboardData.setData("text/plain",
		    String(item[grid.active.field] ?? ""));
		ev.preventDefault();
	});
	on("paste", (ev) => {
		const text = ev.clipboardData.getData("text/plain");
		if (grid.active === null || text === "" ||
		    ev.target !== grid.host)
			return;
		ev.preventDefault();
		grid.hooks.open(grid.active.uid, grid.active.field,
		    text.replace(/\r?\n$/, ""));
	});
}

/** @param {Grid} grid @param {AbortSignal} signal */
function mountPointer(grid, signal)
{
	const on = (/** @type {string} */ type,
	    /** @type {(ev: any) => void} */ fn) =>
	    grid.host.addEventListener(type, fn, { signal });
	let wasActive = false, byPointer = false;

	addEventListener("pointerup", () => byPointer = false, { signal });
	addEventListener("pointercancel", () => byPointer = false, { signal });
	on("focus", () => {
		/* By keyboard: show where one is. */
		if (grid.active === null && grid.header === "" && !byPointer)
			grid.move(0, 0);
	});
	on("pointerdown", (ev) => {
		const at = grid.at(ev.target);
		byPointer = true;
		wasActive = at !== null && at.uid === grid.active?.uid &&
		    at.field === grid.active.field;
		if (at !== null && ev.button === 0 && grid.layout === "table")
			grid.activate(at.uid, at.field);
	});
	on("click", (ev) => {
		const head = ev.target.closest("[data-head]");
		const at = grid.at(ev.target);
		if (ev.target.closest("[data-details]") && at)
			grid.hooks.details(at.uid);
		else if (head && grid.layout === "table" &&
		    !ev.target.closest(".grid-edge"))
			grid.hooks.sort(head.dataset.head);
		else if (at && grid.layout === "cards")
			tapCard(grid, at.uid, ev.target);
		else if (at && wasActive && ev.pointerType === "touch")
			grid.hooks.open(at.uid, at.field);
	});
	on("dblclick", (ev) => {
		const at = grid.at(ev.target);
		if (at !== null && grid.layout === "table" &&
		    !ev.target.closest("[data-details]"))
			grid.hooks.open(at.uid, at.field);
	});
}

/** @param {Grid} grid @param {number} uid @param {Element} target */
function tapCard(grid, uid, target)
{
	grid.activate(uid, "card");
	if (target.closest("[data-field=quantity]"))
		grid.hooks.open(uid, "quantity");
	else
		grid.hooks.details(uid);
}

/**
 * @param {Grid} grid
 * @param {KeyboardEvent} ev
 * @returns {boolean} whether the key was ours
 */
function key(grid, ev)
{
	const ctrl = ev.ctrlKey || ev.metaKey;
	const page = Math.max(1, Math.floor(
	    grid.lines.view / grid.rowHeight) - 1);

	switch (ev.key) {
	case "ArrowUp": grid.move(ctrl ? -END : -1, 0); break;
	case "ArrowDown": grid.move(ctrl ? END : 1, 0); break;
	case "ArrowLeft": grid.move(0, ctrl ? -END : -1); break;
	case "ArrowRight": grid.move(0, ctrl ? END : 1); break;
	case "PageUp": grid.move(-page, 0); break;
	case "PageDown": grid.move(page, 0); break;
	case "Home": grid.move(ctrl ? -END : 0, -END); break;
	case "End": grid.move(ctrl ? END : 0, END); break;
	case "Enter": enter(grid, ctrl); break;
	case "F2": openActive(grid); break;
	case "Delete":
	case "Backspace": openActive(grid, ""); break;
	case "Escape":
		grid.deactivate();
		return false;
	default:
		if (ctrl || ev.altKey || [...ev.key].length !== 1 ||
		    grid.active === null || grid.layout === "cards")
			return false;
		openActive(grid, ev.key);
	}
	return true;
}

/** @param {Grid} grid @param {boolean} ctrl */
function enter(grid, ctrl)
{
	if (grid.header !== "")
		grid.hooks.sort(grid.header);
	else if (grid.active !== null && (ctrl || grid.layout === "cards"))
		grid.hooks.details(grid.active.uid);
	else
		openActive(grid);
}

/** @param {Grid} grid @param {string} [text] what was typed */
function openActive(grid, text)
{
	if (grid.active === null)
		grid.move(0, 0);
	else if (grid.header === "")
		grid.hooks.open(grid.active.uid, grid.active.field, text);
}
