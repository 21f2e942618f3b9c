// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Numbers, times and sentences: everything the page says in words, without
 * the DOM.  Quantities are JSON numbers with at most three decimals; sums
 * and comparisons are made in whole thousandths.
 */

/** Largest quantity that the server takes, in thousandths. */
export const MILLI_MAX = 999999999999;

/**
 * A quantity as whole thousandths.
 * @param {unknown} n
 * @returns {number}
 */
export function toMilli(n)
{
	return Math.round(Number(n ?? 0) * 1000);
}

/**
 * Read a typed quantity: "1840", "1,840", "1 840.5", "12,5".  A lone comma
 * before exactly three digits separates thousands, as we print them.
 * @param {string} text
 * @returns {number | null} thousandths; null when it is no such number
 */
export function parseMilli(text)
{
	let t = text.trim().replace(/[\s\u00a0\u202f'’_]/g, "");
	const comma = t.lastIndexOf(","), dot = t.lastIndexOf(".");

	if (t.startsWith("+"))
		t = t.slice(1);
	if (comma >= 0 && dot >= 0)
		t = comma > dot ?
		    t.replace(/\./g, "").replace(",", ".") :
		    t.replace(/,/g, "");
	else if (/^[1-9]\d{0,2}(,\d{3})+$/.test(t))
		t = t.replace(/,/g, "");
	else if (comma >= 0)
		t = t.replace(",", ".");
	const m = /^(\d{1,12})?(?:\.(\d{0,3})0*)?$/.exec(t);
	if (m === null || (!m[1] && !m[2]))
		return null;
	const milli = Number(m[1] ?? 0) * 1000 +
	    Number((m[2] ?? "").padEnd(3, "0"));
	return milli > MILLI_MAX ? null : milli;
}

/**
 * A quantity for people: "1,840.5".
 * @param {unknown} n
 * @returns {string}
 */
export function formatNumber(n)
{
	const milli = toMilli(n), sign = milli < 0 ? "−" : "";
	const abs = Math.abs(milli);
	const whole = String(Math.floor(abs / 1000))
	    .replace(/\B(?=(\d{3})+$)/g, ",");
	const rest = String(abs % 1000).padStart(3, "0").replace(/0+$/, "");
	return sign + whole + (rest === "" ? "" : "." + rest);
}

/**
 * A quantity for an input: "1840.5".
 * @param {unknown} n
 * @returns {string}
 */
export function plainNumber(n)
{
	return formatNumber(n).replace(/,/g, "").replace("−", "-");
}

/** What runs from right to left, or makes other text run. */
const TURNS = new RegExp("[\\u0590-\\u08ff\\u200e\\u200f\\u2028-\\u202e" +
    "\\u2066-\\u2069\\ufb1d-\\ufdff\\ufe70-\\ufeff" +
    "\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]", "u");

/**
 * Somebody's text within a sentence of ours: what it does to the direction
 * ends with it (Unicode Annex 9: FSI and PDI around it, its own in pairs).
 * Text that cannot do anything is as it was.
 * @param {string} text
 */
export function isolate(text)
{
	let open = 0, out = "";

	if (!TURNS.test(text))
		return text;
	for (const c of text.replace(/[\u2028\u2029]/g, " ")) {
		if (c >= "\u2066" && c <= "\u2068")
			open++;
		else if (c === "\u2069" && open-- === 0) {
			open = 0;
			continue;
		}
		out += c;
	}
	return `\u2068${out}${"\u2069".repeat(open + 1)}`;
}

/**
 * A value of any field for people; what is typed or announced in place of a
 * number may be any text.
 * @param {unknown} value
 * @returns {string}
 */
export function formatValue(value)
{
	if (value === null || value === undefined || value === "")
		return "empty";
	if (typeof value === "number")
		return formatNumber(value);
	const text = String(value).replace(/\s+/g, " ").trim();
	const all = [...text];
	return isolate(all.length > 60 ? all.slice(0, 59).join("") + "…" :
	    text);
}

/**
 * Initials of a name: "ana" AN, "Ben Miller" BM, "ana (label printer)" AN.
 * @param {string} name
 * @returns {string}
 */
export function initials(name)
{
	const words = name.replace(/(\S) \(.*\)$/, "$1")
	    .split(/[^\p{L}\p{N}]+/u).filter((w) => w !== "");

	if (words.length === 0)
		return "?";
	if (words.length === 1)
		return [...words[0]].slice(0, 2).join("").toUpperCase();
	return ([...words[0]][0] + [...words[1]][0]).toUpperCase();
}

/**
 * "1 user online", "2 users online".
 * @param {number} n
 */
export function usersOnline(n)
{
	return n === 1 ? "1 user online" : `${n} users online`;
}

/**
 * Somebody in a list of people: "ana (you)".
 * @param {{name: string, me: boolean, away: boolean}} p
 */
export function personTitle(p)
{
	return isolate(p.name) + (p.me ? " (you)" : "") +
	    (p.away ? " (away)" : "");
}

/**
 * How long ago, short: "now", "6 min", "5 h", "2 d", "3 mo", "2 y".
 * @param {string} at RFC 3339
 * @param {number} now ms since 1970
 * @returns {string}
 */
export function ago(at, now)
{
	const then = Date.parse(at), min = Math.floor((now - then) / 60000);

	if (Number.isNaN(then))
		return "";
	if (min < 1)
		return "now";
	if (min < 60)
		return `${min} min`;
	if (min < 24 * 60)
		return `${Math.floor(min / 60)} h`;
	const days = Math.floor(min / (24 * 60));
	if (days < 60)
		return `${days} d`;
	return days < 730 ? `${Math.floor(days / 30.5)} mo` :
	    `${Math.floor(days / 365.25)} y`;
}

/**
 * The hour and minute on the reader's clock: "14:03".
 * @param {number} ms since 1970
 */
export function clock(ms)
{
	const d = new Date(ms);

	return String(d.getHours()).padStart(2, "0") + ":" +
	    String(d.getMinutes()).padStart(2, "0");
}

/**
 * A label inside a sentence: "Reorder level" becomes "reorder level", "SKU"
 * stays.
 * @param {string} label
 */
export function inSentence(label)
{
	return /^\p{Lu}\p{Ll}/u.test(label) ?
	    label[0].toLowerCase() + label.slice(1) : label;
}

/**
 * What the bar says at its right: "ben is editing Quantity of FAS-0042".
 * @param {{name: string, field: string, sku: string}[]} editing newest first
 * @returns {{name: string, what: string, sku: string, more: number} | null}
 */
export function activity(editing)
{
	if (editing.length === 0)
		return null;
	const e = editing[0];
	return {
		name: e.name,
		what: e.field === "" ? " is editing " :
		    ` is editing ${isolate(e.field)} of `,
		sku: e.sku,
		more: editing.length - 1,
	};
}

/**
 * @typedef {{field: string, old_value: unknown, new_value: unknown}} Change
 * @typedef {object} ChangeEvent an inventory_changed
 * @property {number} seq
 * @property {string} [epoch]
 * @property {number} user_id
 * @property {string} username
 * @property {string} update_type
 * @property {string} sku
 * @property {number} version
 * @property {Change[]} changes
 * @property {string} timestamp
 * @property {string} source
 * @property {string | null} [room]
 * @property {string} [reason]
 * @property {boolean} [truncated]
 */

/**
 * The toast of a change, in parts: `before` + SKU + `after`, and a detail.
 * @param {ChangeEvent} ev
 * @param {(field: string) => {label: string, type: string}} field
 * @returns {{before: string, sku: string, after: string, detail: string}}
 */
export function changeWords(ev, field)
{
	const parts = { before: `${isolate(ev.username)} `, sku: ev.sku,
		after: "", detail: "" };
	const names = ev.changes.map((c) =>
	    isolate(inSentence(field(c.field).label)));
	const list = names.length === 0 ? "" :
	    names.length === 1 ? names[0] :
	    names.length === 2 ? `${names[0]} and ${names[1]}` :
	    `${names[0]} and ${names.length - 1} other fields`;
	const first = ev.changes[0];

	switch (ev.update_type) {
	case "create":
		parts.before += "added ";
		parts.detail = isolate(String(ev.changes.find(
		    (c) => c.field === "name")?.new_value ?? ""));
		return parts;
	case "delete":
		parts.before += "deleted ";
		parts.detail = isolate(String(ev.changes.find(
		    (c) => c.field === "name")?.old_value ?? ""));
		return parts;
	case "adjust":
		parts.before += `adjusted ${list || "quantity"} for `;
		break;
	case "edit":
		parts.before += `updated ${list || "fields"} for `;
		break;
	default:
		parts.before += ev.source === "broadcast" ?
		    `announced ${ev.update_type.replaceAll("_", " ")}: ` +
		    `${list || "change"} for ` :
		    `updated ${list || "fields"} for `;
	}
	if (first && !ev.truncated) {
		parts.detail = `${formatValue(first.old_value)} → ` +
		    formatValue(first.new_value);
		if (ev.update_type === "adjust") {
			const d = toMilli(first.new_value) -
			    toMilli(first.old_value);
			parts.detail += ` (${d > 0 ? "+" : ""}` +
			    `${formatNumber(d / 1000)})`;
		}
	}
	if (ev.reason)
		parts.detail += (parts.detail === "" ? "" : " · ") +
		    isolate(ev.reason);
	return parts;
}
