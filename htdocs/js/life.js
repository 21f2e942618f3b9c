// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The life of the page, as far as a connection cares: it is hidden and
 * shown, frozen and thawed, left and come back to, put to sleep with its
 * machine, and its network goes and comes.
 */

/** How often we look at the clock, ms. */
const WATCH = 5000;
/** A look so late finds a machine that has slept, ms. */
const SLEPT = 20000;

/**
 * @typedef {object} Life
 * @property {() => void} left the page is left; it may come back as it was
 * @property {() => void} frozen it will not run for a while
 * @property {() => void} back it is there again, after either of these
 * @property {() => void} check it has not run, or had no network
 * @property {() => void} offline there is no network
 * @property {() => void} seen it is hidden or shown
 * @property {() => void} watch some time has passed
 */

/** @param {Life} life */
export function watchPage(life)
{
	let looked = Date.now();

	addEventListener("pagehide", () => life.left());
	addEventListener("pageshow", (ev) => ev.persisted && life.back());
	document.addEventListener("freeze", () => life.frozen());
	document.addEventListener("resume", () => life.back());
	addEventListener("online", () => life.check());
	addEventListener("offline", () => life.offline());
	document.addEventListener("visibilitychange", () => {
		life.seen();
		if (!document.hidden)
			life.check();
	});
	setInterval(() => {
		const slept = Date.now() - looked > SLEPT;

		looked = Date.now();
		if (slept)
			life.check();
		else
			life.watch();
	}, WATCH);
}
