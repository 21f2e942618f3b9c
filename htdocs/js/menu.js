// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * A button that opens a small panel beside it; Escape, a click elsewhere and
 * the focus going elsewhere close it.  Arrow keys, Home and End walk through
 * the panel's buttons.
 */

const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} panel
 * @param {{opened?: () => void, closed?: () => void}} [hooks] `opened`: before
 *   the focus goes into it
 * @returns {{close: () => void}} closes it, the focus back on the button
 */
export function popover(button, panel, hooks = {})
{
	const show = (/** @type {boolean} */ open) => {
		panel.hidden = !open;
		button.setAttribute("aria-expanded", String(open));
		(open ? hooks.opened : hooks.closed)?.();
	};
	const close = () => {
		show(false);
		button.focus();
	};
	const inside = (/** @type {Node | null} */ at) =>
	    panel.contains(at) || button.contains(at);

	button.addEventListener("click", () => {
		show(panel.hidden);
		/* A field that gets the focus brings up a phone's keyboard. */
		const first = matchMedia("(pointer: coarse)").matches ?
		    "button:not([hidden])" :
		    "[data-autofocus]:not([hidden]), button:not([hidden])";
		if (!panel.hidden)
			/** @type {HTMLElement | null} */ (
			    panel.querySelector(first))?.focus();
	});
	document.addEventListener("pointerdown", (ev) => {
		if (!panel.hidden && !inside(/** @type {Node} */ (ev.target)))
			show(false);
	});
	for (const node of [button, panel]) {
		node.addEventListener("keydown", (ev) => {
			if (panel.hidden)
				return;
			if (ev.key === "Escape")
				close();
			else if (!step(panel, ev))
				return;
			ev.preventDefault();
			ev.stopPropagation();
		});
		node.addEventListener("focusout", (ev) => {
			const to = /** @type {Node | null} */ (
			    ev.relatedTarget);
			if (!panel.hidden && to !== null && !inside(to))
				show(false);
		});
	}
	return { close };
}

/**
 * @param {HTMLElement} panel
 * @param {KeyboardEvent} ev
 * @returns {boolean} whether it was a step
 */
function step(panel, ev)
{
	const by = STEPS[/** @type {keyof STEPS} */ (ev.key)];
	const all = /** @type {HTMLElement[]} */ ([...panel.querySelectorAll(
	    "button")].filter((b) => b.checkVisibility?.() ?? true));
	const typed = /** @type {HTMLElement} */ (ev.target)
	    .matches("input");

	if (by === undefined || all.length === 0 ||
	    (typed && Math.abs(by) !== 1))
		return false;
	const n = all.indexOf(/** @type {any} */ (document.activeElement));
	all[Math.max(0, Math.min(all.length - 1, n + by))]?.focus();
	return true;
}
