/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The small languages inside a request's head: percent-encoding, the query
 * string, cookies, entity tags.  Pure functions of their input.
 */
#ifndef FCGI_APP_REQUEST_PARSE_H
#define FCGI_APP_REQUEST_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

/* A query parameter, decoded. */
struct req_param {
	const char *name, *value;
	bool used; /* asked for by the handler */
};

/*
 * Decode LEN bytes of %XX, and + as a space if PLUS, into OUT (LEN + 1
 * bytes; may be the input).  False when an escape is broken, or a control
 * character or bad UTF-8 comes out.
 */
bool req_parse_percent(const char *in, size_t len, bool plus, char *out);

/*
 * Split "a=1&b=2" in place; the parameters point into TEXT.
 * ST_BAD_REQUEST when an escape is broken, a name empty, or there are more
 * than MAX.
 */
enum status req_parse_query(
    char *text, struct req_param *params, int max, int *count);

/*
 * The value of the first cookie of that name (more specific paths come
 * first), copied to OUT; false when there is none or it does not fit.
 */
bool req_parse_cookie(
    const char *header, const char *name, char *out, size_t size);

/*
 * If-Match (RFC 9110, 13.1.1) against VERSION, whose tag is "v17": ST_OK
 * when it is "*" or names it, ST_STALE when not, ST_BAD_REQUEST when it is
 * no list of entity tags.  A weak tag never matches.
 */
enum status req_parse_if_match(const char *text, int64_t version);

/* Whether a media type is application/json, with UTF-8 or no charset. */
bool req_parse_is_json(const char *content_type);

/*
 * A number of digits only; what is larger than MAX becomes MAX + 1.  False
 * when it is anything else.
 */
bool req_parse_length(const char *text, size_t max, size_t *out);

#endif
