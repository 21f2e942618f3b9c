// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Leaving by ourselves: the session is over, or the reader signs out.  The
 * browser's question "Leave the page?" would hold that up, and has no good
 * answer for who is no longer signed in.
 */

/** @type {"" | "sign-in" | "sign-out"} where we are on our way to */
let bound = "";

/**
 * @param {string} to address
 * @param {"sign-in" | "sign-out"} why sign-out: the reader has been told
 *   what is lost by it
 */
export function leave(to, why)
{
	/* What is refused after signing out leads nowhere else. */
	if (bound === "sign-out" && why === "sign-in")
		return;
	bound = why;
	location.assign(to);
}

/**
 * Whether edits that are not saved are no reason to ask.
 * @param {boolean} kept the next page of this tab will have them
 */
export function leavesUnasked(kept)
{
	return bound === "sign-out" || (bound === "sign-in" && kept);
}

/** "Back" has brought the page as it was. */
export function stay()
{
	bound = "";
}
