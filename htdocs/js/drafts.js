// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What is typed in the open editor or for a new item, kept in the tab's
 * storage with each key: a reload, a crash or a lost session takes none of
 * it.  Next to it stays what pages before this one left, until each has
 * found its place.
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
 * @property {Record<string, string>} [values] all of a new item
 */

/** What pages before this one left, oldest first. */
let left = read();
/** What is being typed now. @type {KeptDraft | null} */
let own = null;

/** @returns {KeptDraft[]} */
function read()
{
	try {
		return [JSON.parse(sessionStorage.getItem(KEPT) ?? "[]")]
		    .flat();
	} catch {
		return [];
	}
}

function write()
{
	try {
		sessionStorage.setItem(KEPT, JSON.stringify(own === null ?
		    left : [...left, own]));
	} catch {
		/* storage is off: it lives as long as the page */
	}
}

/** @param {KeptDraft | null} draft null: forget it */
export function keepDraft(draft)
{
	own = draft;
	write();
}

/** What this user left, newest first. @param {string} user */
export function leftDrafts(user)
{
	return left.filter((d) => d.user === user).reverse();
}

/** It has found its place. @param {KeptDraft} draft */
export function placedDraft(draft)
{
	left = left.filter((d) => d !== draft);
	write();
}
