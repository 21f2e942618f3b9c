// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * What may be typed into a field: text to value and back.  The server's word
 * is final; this only spares the trip.
 */

import { parseMilli, plainNumber } from "./words.js";

/** @typedef {import("./columns.js").Field} Field */

/**
 * @param {Field} field
 * @param {string} text
 * @returns {{value: unknown} | {error: string}}
 */
export function readField(field, text)
{
	const t = field.name === "notes" ? text.trimEnd() : text.trim();

	if (field.type === "number") {
		const milli = parseMilli(t === "" ? "0" : t);
		return milli !== null ? { value: milli / 1000 } :
		    { error: /^[-−]/.test(t) ? "Not below zero" :
			"A number, at most three decimals" };
	}
	if (field.type === "choice")
		return (field.choices ?? []).includes(t) ? { value: t } :
		    { error: "One of the choices" };
	if (field.name === "sku" && !/^[A-Za-z0-9._-]{1,64}$/.test(t))
		return { error: t === "" ? "Needed" :
		    "Letters, digits, dot, dash, underscore; at most 64" };
	if (field.required && t === "")
		return { error: "Needed" };
	if (field.max_length && [...t].length > field.max_length)
		return { error: `At most ${field.max_length} characters` };
	return { value: t };
}

/**
 * A value, or what was typed for one, as the text to edit.
 * @param {Field} field
 * @param {unknown} value
 */
export function fieldText(field, value)
{
	if (value === null || value === undefined)
		return "";
	return field.type === "number" && typeof value === "number" ?
	    plainNumber(value) : String(value);
}

/**
 * What is wrong with a change of password, by field; the server's word on the
 * present one, and on all of this, comes after.
 * @param {Record<string, string>} typed current, new, again
 * @param {{username: string, least: number}} who
 * @returns {Record<string, string>}
 */
export function wrongPassword(typed, { username, least })
{
	/** @type {Record<string, string>} */
	const wrong = {};
	const wish = typed.new;

	if (typed.current === "")
		wrong.current = "Your password now is needed.";
	if ([...wish].length < least)
		wrong.new = "That is too short.";
	else if (new TextEncoder().encode(wish).length > 1024)
		wrong.new = "That is too long.";
	else if (wish.toLowerCase() === username.toLowerCase())
		wrong.new = "Your user name is too easy to guess.";
	else if (wish === typed.current)
		wrong.new = "That is the password you have.";
	else if (wish !== typed.again)
		wrong.again = "The two are not the same.";
	return wrong;
}
