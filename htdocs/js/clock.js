// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * The time that rules go by: the page's own here, one of their own in unit
 * tests.
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now ms, never backwards
 * @property {(fn: () => void, ms: number) => number} set a timer
 * @property {(timer: number) => void} clear a timer; 0 is none
 */

/** @type {Clock} */
export const pageClock = {
	now: () => performance.now(),
	set: (fn, ms) => /** @type {any} */ (setTimeout(fn, ms)),
	clear: (timer) => clearTimeout(timer),
};
