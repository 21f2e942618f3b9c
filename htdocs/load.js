// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Before all else, and never from a cache: when the page's code or its look
 * cannot be had, since another build is being installed just now or the
 * network failed, the page is loaded again; when that was so a moment ago,
 * too, it says so and offers to.
 */
(() => {
	"use strict";

	const NOTE = "stockroom.reloaded";
	/** Least time between two that nobody asked for, ms. */
	const PAUSE = 10000;
	let done = false;

	/** Whether that was tried a moment ago, or cannot be known. */
	function tried()
	{
		try {
			const last = Number(sessionStorage.getItem(NOTE));

			sessionStorage.setItem(NOTE, String(Date.now()));
			return Math.abs(Date.now() - last) < PAUSE;
		} catch {
			return true;
		}
	}

	function offer()
	{
		const p = document.createElement("p");
		const button = document.createElement("button");

		p.className = "no-script";
		p.setAttribute("role", "alert");
		p.dataset.testid = "not-loaded";
		button.textContent = "Reload";
		button.type = "button";
		button.onclick = () => location.reload();
		p.append("The page could not be loaded as a whole. ", button);
		document.body.prepend(p);
	}

	function missing()
	{
		if (done)
			return;
		done = true;
		if (tried())
			offer();
		else
			location.reload();
	}

	addEventListener("error", (ev) => {
		if (ev.target instanceof HTMLScriptElement)
			missing();
	}, true);
	addEventListener("load", () => {
		for (const link of document.querySelectorAll("link"))
			if (link.rel === "stylesheet" && link.sheet === null)
				missing();
	});
})();
