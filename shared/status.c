/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "status.h"

#include <assert.h>

static const struct {
	int http;
	const char *type;
	const char *title;
} rows[] = {
#define STATUS(name, http, type, title) {http, type, title},
#include "status.def"
#undef STATUS
};

int
status_http(enum status st)
{
	assert((unsigned)st < ST__COUNT);
	return rows[st].http;
}

const char *
status_type(enum status st)
{
	assert((unsigned)st < ST__COUNT);
	return rows[st].type;
}

const char *
status_title(enum status st)
{
	assert((unsigned)st < ST__COUNT);
	return rows[st].title;
}
