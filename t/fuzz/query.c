/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The query string, and the small languages of a request's head: a decoded
 * text is UTF-8 without controls and never longer than what it came from.
 */
#include <string.h>

#include "fcgi-app/request-parse.h"
#include "shared/json.h"
#include "target.h"

#define PARAMS 32

static bool
is_clean(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return json_in_is_utf8(text, strlen(text));
}

void
fuzz_query(const uint8_t *data, size_t len)
{
	struct req_param params[PARAMS];
	char *text = fuzz_text(data, len), *out = malloc(len + 1);
	int count = 0;
	size_t n;

	MUST(out != NULL);
	if (req_parse_percent(text, len, true, out))
		MUST(strlen(out) <= len && is_clean(out));
	if (req_parse_length(text, 1000, &n))
		MUST(n <= 1001);
	req_parse_is_json(text);
	/* A list that holds "v7" is good for 7, and so not for 8 alone. */
	if (req_parse_if_match(text, 7) == ST_STALE)
		MUST(req_parse_if_match(text, 8) != ST_BAD_REQUEST);
	if (req_parse_query(text, params, PARAMS, &count) == ST_OK) {
		MUST(count >= 0 && count <= PARAMS);
		for (int i = 0; i < count; i++)
			MUST(params[i].name[0] != '\0' &&
			     is_clean(params[i].name) &&
			     is_clean(params[i].value));
	}
	free(out);
	free(text);
}
