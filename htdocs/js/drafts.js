// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What is typed in the open editor, kept in the tab's storage with each key:
 * a reload, a crash or a lost session takes none of it.  One per tab.
 */

const KEPT = "stockroom.draft";

/**
 * @typedef {object} KeptDraft
 * @property {string} user who typed it
 * @property {string} sku
 * @property {string} field
 * @property {number} base
 * @property {string} epoch
 * @property {unknown} old
 * @property {string} text
 */

/** @param {KeptDraft | null} draft null: forget it */
export function keepDraft(draft)
{
	try {
		if (draft === null)
			sessionStorage.removeItem(KEPT);
		else
			sessionStorage.setItem(KEPT, JSON.stringify(draft));
	} catch {
		/* storage is off: it lives as long as the page */
	}
}

/**
 * What a page before this one left, if this user typed it.
 * @param {string} user
 * @returns {KeptDraft | null}
 */
export function takeDraft(user)
{
	try {
		const kept = JSON.parse(
		    sessionStorage.getItem(KEPT) ?? "null");
		sessionStorage.removeItem(KEPT);
		return kept?.user === user ? kept : null;
	} catch {
		return null;
	}
}
