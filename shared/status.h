/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The one error enum.  Whatever the outside can cause is returned as a
 * status; what a status means to HTTP is a row of status.def.
 */
#ifndef SHARED_STATUS_H
#define SHARED_STATUS_H

/* What a step came to; ST_OK is 0, all others are named in status.def. */
enum status {
#define STATUS(name, http, type, title) name,
#include "status.def"
#undef STATUS
	ST__COUNT
};

/* The HTTP status code, e.g. 404. */
int status_http(enum status);

/* The problem type's last segment, e.g. "not-found"; static. */
const char *status_type(enum status);

/* The problem's English title; static. */
const char *status_title(enum status);

#endif
