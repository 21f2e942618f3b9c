/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The JSON reader: what it takes is written back and read again as the same;
 * readers of members never return what their limits forbid.
 */
#include <string.h>

#include "shared/json.h"
#include "shared/utf8.h"
#include "target.h"

static void
read_members(struct json_object *obj)
{
	struct json_in in;
	const char *text;
	int64_t n = 7, thousandths = 7;
	bool flag;

	json_in_begin(&in, obj, "");
	if (json_in_text(&in, "sku", JSON_OPTIONAL, 1, 64, &text))
		MUST(strlen(text) >= 1 && strlen(text) <= 64 * UTF8_MAX);
	if (json_in_int(&in, "n", JSON_OPTIONAL, -5, 5, &n))
		MUST(n >= -5 && n <= 5);
	if (json_in_thousandths(
		&in, "quantity", JSON_OPTIONAL, 0, 999999, &thousandths))
		MUST(thousandths >= 0 && thousandths <= 999999);
	json_in_bool(&in, "flag", JSON_OPTIONAL, &flag);
	if (json_in_end(&in) != ST_OK)
		MUST(in.err.detail[0] != '\0');
}

void
fuzz_json(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *again;
	struct json_object *one = NULL, *two = NULL;
	struct json_error err = {0};
	const char *out;
	size_t out_len;

	if (json_in_parse(text, len, &one, &err) != ST_OK) {
		MUST(one == NULL && err.detail[0] != '\0');
		free(text);
		return;
	}
	MUST(json_in_is_utf8(text, len));
	read_members(one);
	out = json_out_text(one, &out_len);
	again = fuzz_text((const uint8_t *)out, out_len);
	MUST(json_in_parse(again, out_len, &two, &err) == ST_OK);
	MUST(json_object_equal(one, two));
	json_object_put(one);
	json_object_put(two);
	free(again);
	free(text);
}
