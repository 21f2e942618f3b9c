/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What this process has done, counted without locks, and told in the text
 * format of Prometheus together with what the database knows.  Labels are
 * the rows of routes.c and names of limits: nothing that clients make up.
 */
#ifndef FCGI_APP_METRICS_H
#define FCGI_APP_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "db.h"
#include "route.h"
#include "shared/buf.h"

/* A request was answered with HTTP after US µs; ROUTE is NULL for none. */
void metrics_request(const struct route *, int http, int64_t us);

/* A limit of that name (static; NULL: of none) answered 429. */
void metrics_limited(const char *name);

/* A password was tried. */
void metrics_signin(bool good);

/*
 * Append the text.  Under plain CGI, where this process has done nothing yet,
 * only what the database knows.  ST_UNAVAILABLE when that cannot be read.
 */
enum status metrics_text(
    const struct app *, struct db *reader, struct buf *out);

#endif
