// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * Which items are shown: the pills, the two lists, the search.
 */

import { byId, el, input } from "./dom.js";
import { formatNumber } from "./words.js";

const VIEWS = [["all", "All"], ["low", "Low"], ["out", "Out"],
	["on_order", "On order"]];

/**
 * @param {(filter: import("./store.js").Filter) => void} changed
 * @param {() => void} leave the reader goes on to the table
 */
export function mountFilters(changed, leave)
{
	const filter = { view: "all", location: "", status: "", text: "" };
	/** @type {string[]} the locations to choose from */
	let places = [];
	const search = input("search");
	const location = /** @type {HTMLSelectElement} */ (
	    byId("filter-location"));
	const status = /** @type {HTMLSelectElement} */ (
	    byId("filter-status"));
	const pills = VIEWS.map(([view, label]) => el("button.view", {
		type: "button", "data-testid": `filter-${view}`,
		"aria-pressed": String(view === "all"),
		click: () => {
			filter.view = view;
			tell();
		} }, label, el("span.count")));
	const tell = () => {
		for (const [n, p] of pills.entries())
			p.setAttribute("aria-pressed",
			    String(VIEWS[n][0] === filter.view));
		location.dataset.set = String(filter.location !== "");
		status.dataset.set = String(filter.status !== "");
		changed({ ...filter });
	};

	byId("views").replaceChildren(...pills);
	location.replaceChildren(el("option", { value: "" }, "Location"));
	location.addEventListener("change", () => {
		filter.location = location.value;
		tell();
	});
	status.addEventListener("change", () => {
		filter.status = status.value;
		tell();
	});
	search.addEventListener("input", () => {
		filter.text = search.value;
		tell();
	});
	search.addEventListener("keydown", (ev) => {
		if (ev.key === "Escape" && search.value !== "") {
			search.value = filter.text = "";
			tell();
		} else if (ev.key === "ArrowDown" || ev.key === "Enter" ||
		    ev.key === "Escape") {
			leave();
		} else {
			return;
		}
		ev.preventDefault();
	});
	document.addEventListener("keydown", (ev) => {
		const at = /** @type {HTMLElement} */ (ev.target);
		if (ev.key !== "/" || ev.ctrlKey || ev.metaKey || ev.altKey ||
		    at.closest("input, textarea, select, dialog"))
			return;
		ev.preventDefault();
		ev.stopPropagation();
		search.focus();
		search.select();
	}, { capture: true });

	return {
		/** @param {Record<string, number>} counts */
		counts(counts)
		{
			for (const [n, p] of pills.entries()) {
				const c = /** @type {Element} */ (
				    p.querySelector(".count"));
				const t = " " + formatNumber(
				    counts[VIEWS[n][0]]);
				if (c.textContent !== t)
					c.textContent = t;
			}
		},
		/** @param {string[]} names */
		locations(names)
		{
			if (names === places)
				return;
			places = names;
			const have = [...location.options].slice(1)
			    .map((o) => o.value);
			if (have.join("\n") === names.join("\n"))
				return;
			location.replaceChildren(
			    el("option", { value: "" }, "Location"),
			    ...names.map((n) => el("option", { value: n }, n)));
			location.value = names.includes(filter.location) ?
			    filter.location : "";
			if (location.value !== filter.location) {
				filter.location = "";
				tell();
			}
		},
		/** Show everything. */
		clear()
		{
			Object.assign(filter, { view: "all", location: "",
				status: "", text: "" });
			search.value = location.value = status.value = "";
			tell();
		},
	};
}
