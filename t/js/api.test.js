// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

import assert from "node:assert/strict";
import { test } from "node:test";

import { rootOf } from "../../htdocs/js/api.js";

test("the site's root, installed or not, below a prefix or not", () => {
	for (const [here, root] of [
		["http://stock.lan/js/api.js", "http://stock.lan/"],
		["http://stock.lan/v/0123456789ab/js/api.js",
			"http://stock.lan/"],
		["https://intranet:8443/stock/js/api.js",
			"https://intranet:8443/stock/"],
		["https://intranet/a/stock/v/0123456789ab/js/api.js",
			"https://intranet/a/stock/"],
		/* A prefix of the same look is one. */
		["https://intranet/v/stock/js/api.js",
			"https://intranet/v/stock/"],
	])
		assert.equal(rootOf(here).href, root, here);
});
