/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Our site as a browser sees it: its scheme, its origin, its cookie.  Behind
 * a proxy that changes these, STOCKROOM_ORIGIN says what they are.
 */
#ifndef FCGI_APP_SITE_H
#define FCGI_APP_SITE_H

#include <stdbool.h>

#include "request.h"
#include "response.h"

/* Whether ORIGIN is the one that this request was sent to. */
bool site_is_own_origin(const struct req *, const char *origin);

/* Whether the browser says that a page of our origin has sent it. */
bool site_is_same_origin(const struct req *);

/*
 * Whether a page of another origin has sent it; "null" is another one.
 * False where no Origin header came: scripts send none, pages that only
 * read their own site neither.
 */
bool site_is_foreign(const struct req *);

/* The session's secret out of the cookie into rq->secret, or "". */
void site_read_cookie(struct req *);

/* Set the session's cookie for MAX_AGE seconds; 0 takes it away. */
void site_set_cookie(
    const struct req *, struct resp *, const char *secret, long max_age);

#endif
