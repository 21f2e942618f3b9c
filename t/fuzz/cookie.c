/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The Cookie header.
 */
#include <string.h>

#include "fcgi-app/request-parse.h"
#include "target.h"

void
fuzz_cookie(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len);
	char out[48], larger[4096];

	memset(out, 'x', sizeof(out));
	if (req_parse_cookie(text, "stockroom_session", out, sizeof(out))) {
		MUST(strlen(out) < sizeof(out));
		MUST(strstr(text, out) != NULL);
		/* What fits into less fits into more, and is the same. */
		MUST(req_parse_cookie(
		    text, "stockroom_session", larger, sizeof(larger)));
		MUST(strcmp(out, larger) == 0);
	}
	free(text);
}
