/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"

#define ASK_DIGITS 15 /* of a number: what JavaScript holds exactly */

static bool
given(const char *text)
{
	return text != NULL && *text != '\0';
}

static enum status
ask_fail(struct json_error *err, const char *name, const char *what)
{
	snprintf(err->pointer, sizeof(err->pointer), "?%s", name);
	snprintf(err->detail, sizeof(err->detail), "%s must be %s", name, what);
	return ST_BAD_REQUEST;
}

static enum status
read_number(
    const char *text, const char *name, int64_t *out, struct json_error *err)
{
	size_t len;

	if (!given(text))
		return ST_OK;
	len = strlen(text);
	if (len > ASK_DIGITS || strspn(text, "0123456789") != len)
		return ask_fail(err, name, "a number of an earlier answer");
	*out = strtoll(text, NULL, 10);
	return ST_OK;
}

enum status
ask_read(const char *position, const char *version, const char *answer,
    struct ask *out, struct json_error *err)
{
	struct ask ask = {.version = -1};
	enum status st;

	if (given(position)) {
		if (!event_position_parse(position, &ask.position))
			return ask_fail(err, "position",
			    "the position of an earlier answer, epoch:seq");
		ask.has_position = true;
	}
	if ((st = read_number(
		 version, "presence_version", &ask.version, err)) != ST_OK ||
	    (st = read_number(answer, "answer", &ask.answer, err)) != ST_OK)
		return st;
	*out = ask;
	return ST_OK;
}
