/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The one pipeline that every request takes, driven by the rows of
 * routes.c: match, authenticate, role, origin, read the body, parse, (write:
 * join the open transaction), handler, commit, answer.
 */
#ifndef FCGI_APP_ROUTE_H
#define FCGI_APP_ROUTE_H

#include "request.h"
#include "response.h"

/* What a route needs, beyond its row's role. */
enum route_flags {
	R_BODY = 1,  /* a JSON object must come with it */
	R_WRITE = 2, /* runs in the write transaction */
	R_IDEM = 4,  /* takes an Idempotency-Key */
	R_RATE = 8   /* counts against the writes a minute */
};

/*
 * A handler: ST_OK, ST_CREATED, ST_ACCEPTED or ST_NO_CONTENT with RS filled,
 * or what went wrong, said with req_fail().
 */
typedef enum status route_handler(struct req *, struct resp *);

/* A row of the table. */
struct route {
	enum method method;
	const char *path; /* below /api/v1; {sku} is a segment */
	route_handler *handler;
	enum role role; /* least role that may */
	unsigned flags; /* enum route_flags */
};

extern const struct route routes[];
extern const int route_count;

/*
 * Serve one request whole, the log line included.  It began to come at
 * STARTED, clock_mono_ms().  Whether all of it was read, so that another one
 * may follow.
 */
bool route_serve(
    const struct app *, FCGX_Request *, struct db *reader, int64_t started);

#endif
