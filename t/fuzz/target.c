/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "target.h"

#include <string.h>

#include <sodium.h>

#include "shared/log.h"

const struct fuzz_target fuzz_targets[] = {
    {"cookie", fuzz_cookie},
    {"csv", fuzz_csv},
    {"event", fuzz_event},
    {"head", fuzz_head},
    {"ingest", fuzz_ingest},
    {"json", fuzz_json},
    {"key", fuzz_key},
    {"link", fuzz_link},
    {"list", fuzz_list},
    {"origin", fuzz_origin},
    {"position", fuzz_position},
    {"post", fuzz_post},
    {"query", fuzz_query},
    {"request", fuzz_request},
    {"settings", fuzz_settings},
    {"ticket", fuzz_ticket},
    {"value", fuzz_value},
    {NULL, NULL},
};

/* What bad input makes the parsers say. */
static void
say_nothing(const char *message)
{
	(void)message;
}

void
fuzz_begin(void)
{
	MUST(sodium_init() >= 0);
	log_init("fuzz", LOG_ERROR);
	log_redirect(say_nothing);
}

/*
 * libfcgi forgets 48 bytes for each record that is of no request (id 0) and
 * of a type that it does not know.  Only who may connect can send one.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfcgi.so";
}

const char *
__lsan_default_options(void)
{
	return "print_suppressions=0";
}

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
