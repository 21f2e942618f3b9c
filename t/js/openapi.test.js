// Copyright (c) 2026 The Stockroom developers
// SPDX-License-Identifier: ISC

/*
 * openapi.json is an OpenAPI 3.1 document by the letter of that standard, its
 * schemas are JSON Schema, and its examples are what it says itself.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";

const path = new URL("../../fcgi-app/openapi.json", import.meta.url);
const doc = JSON.parse(readFileSync(path, "utf8"));

test("the document is OpenAPI 3.1", async () => {
	assert.match(doc.openapi, /^3\.1\./);
	const told = await new Validator().validate(doc);
	assert.deepEqual(told.errors ?? [], []);
	assert.equal(told.valid, true);
});

/** Every object below V that has a member NAME, with its place. */
function* holders(v, name, at = "#")
{
	if (v === null || typeof v !== "object")
		return;
	if (!Array.isArray(v) && name in v)
		yield [at, v];
	for (const [key, member] of Object.entries(v))
		yield* holders(member, name, `${at}/${key
			.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}

test("its schemas hold, and each example fits its own", () => {
	const ajv = new Ajv2020({ strict: false, formats: {
		"date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
	} });
	ajv.addSchema(doc, "doc");
	for (const name of Object.keys(doc.components.schemas))
		ajv.compile({ $ref: `doc#/components/schemas/${name}` });

	let examples = 0;
	for (const [at, holder] of holders(doc, "example")) {
		if (!holder.schema)
			continue;
		const fits = ajv.compile({ $ref: `doc${at}/schema` });
		assert.ok(fits(holder.example),
			`${at}: ${ajv.errorsText(fits.errors)}`);
		examples++;
	}
	assert.ok(examples >= 5, `${examples} examples`);
});
