// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * A button that opens a small panel beside it; Escape and a click elsewhere
 * close it.
 */

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} panel
 */
export function popover(button, panel)
{
	const show = (/** @type {boolean} */ open) => {
		panel.hidden = !open;
		button.setAttribute("aria-expanded", String(open));
	};

	button.addEventListener("click", () => {
		show(panel.hidden);
		if (!panel.hidden)
			panel.querySelector("button")?.focus();
	});
	document.addEventListener("pointerdown", (ev) => {
		const at = /** @type {Node} */ (ev.target);
		if (!panel.hidden && !panel.contains(at) &&
		    !button.contains(at))
			show(false);
	});
	for (const node of [button, panel])
		node.addEventListener("keydown", (ev) => {
			if (ev.key !== "Escape" || panel.hidden)
				return;
			show(false);
			button.focus();
			ev.stopPropagation();
		});
}
