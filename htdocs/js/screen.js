// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The part of the screen that a phone's keyboard leaves.  Browsers that keep
 * the page as high as before, with the keyboard over it, tell so by the
 * visual viewport only: --keyboard is what is covered, px.
 */

export function followKeyboard()
{
	const view = window.visualViewport;

	view?.addEventListener("resize", () => {
		/* A page that is zoomed in shows a part of it, too. */
		const covered = view.scale > 1.01 ? 0 :
		    Math.max(0, innerHeight - view.height);
		document.documentElement.style.setProperty("--keyboard",
		    `${covered}px`);
	});
}
