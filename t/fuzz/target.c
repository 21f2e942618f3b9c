/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "target.h"

#include <string.h>

const struct fuzz_target fuzz_targets[] = {
    {"cookie", fuzz_cookie},
    {"csv", fuzz_csv},
    {"event", fuzz_event},
    {"head", fuzz_head},
    {"json", fuzz_json},
    {"list", fuzz_list},
    {"position", fuzz_position},
    {"query", fuzz_query},
    {"settings", fuzz_settings},
    {"ticket", fuzz_ticket},
    {NULL, NULL},
};

const struct fuzz_target *
fuzz_find(const char *name)
{
	const struct fuzz_target *t;

	for (t = fuzz_targets; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

char *
fuzz_text(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	MUST(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}
