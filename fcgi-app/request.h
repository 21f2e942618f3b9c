/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * One request, read and bounded before a handler sees it.  Every input
 * limit of HTTP lives here.
 */
#ifndef FCGI_APP_REQUEST_H
#define FCGI_APP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <fcgiapp.h>
#include <json-c/json.h>

#include "db.h"
#include "limit.h"
#include "request-parse.h"
#include "shared/json.h"
#include "shared/status.h"
#include "user.h"

#define REQ_BODY_MAX   (1024 * 1024) /* bytes */
#define REQ_VALUES_MAX 2048          /* JSON values in it */
#define REQ_QUERY_MAX  4096          /* bytes of the query string */
#define REQ_PARAMS_MAX 32            /* query parameters */
#define REQ_SKU_MAX    64            /* characters of a SKU */
#define REQ_KEY_MAX    200           /* characters of an Idempotency-Key */

/* One bit a method, so that a set of them is an int (Allow). */
enum method {
	M_GET = 1,
	M_POST = 2,
	M_PATCH = 4,
	M_DELETE = 8,
	M_HEAD = 16,
	M_OPTIONS = 32,
	M_OTHER = 64
};

struct route;
struct app; /* the process' settings and keys, app.h */

struct req {
	const struct app *app;     /* borrowed */
	FCGX_Request *fcgx;        /* borrowed */
	const struct route *route; /* NULL before the match */
	struct db *db;             /* writer in a write route,
				      else this thread's reader */
	int64_t started;           /* to come, clock_mono_ms() */
	enum method method;
	char id[17];                   /* request id, hex */
	const char *target;            /* path and query as they came;
					  borrowed */
	char *path;                    /* below /api/v1; owned */
	char sku[REQ_SKU_MAX * 3 + 1]; /* {sku}, decoded */
	struct req_param params[REQ_PARAMS_MAX];
	int param_count;
	char *query_text;         /* owns what params point to */
	struct json_object *body; /* owned; NULL without one */
	char *body_text;          /* owned; as it came */
	size_t body_len;
	bool drained; /* the body was read to its
			 end */
	struct identity who;
	char secret[64];          /* the cookie's or the token's,
				     "" without one */
	struct json_error err[8]; /* what is wrong, for errors[] */
	int err_count;
	char detail[200];   /* the problem's detail or "" */
	struct limit limit; /* that counts it, for RateLimit */
};

/* A request parameter of the web server's ("HTTP_IF_MATCH"); NULL if none. */
const char *req_env(const struct req *, const char *name);

/* A query parameter by name, marked as used; NULL when absent. */
const char *req_param(struct req *, const char *name);
/* ST_BAD_REQUEST, named in errors[], when a parameter was not asked for. */
enum status req_params_end(struct req *);

/*
 * If-Match against the present version: ST_OK when it is absent, "*" or
 * names it; ST_STALE when not; ST_BAD_REQUEST when malformed.
 */
enum status req_if_match(struct req *, int64_t version);

/* Say what is wrong, in problem+json's detail; returns ST for chaining. */
enum status req_fail(struct req *, enum status, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
/* Add a row to errors[] (pointer into the body or "?name"); returns ST. */
enum status req_fail_at(struct req *, enum status, const char *pointer,
    const char *fmt, ...) __attribute__((__format__(printf, 4, 5)));
/* Take over the first trouble of a reader; returns its status. */
enum status req_fail_json(struct req *, const struct json_in *);

/* --- For the pipeline --- */

/* Forget what a handler said was wrong: it is run again. */
void req_clear(struct req *);

/*
 * Begin: an id, the method, the path below the base and /api/v1, the query.
 * ST_NOT_FOUND outside of the base; ST_BAD_REQUEST for what cannot be read,
 * and for two of any parameter that must be one.
 */
enum status req_begin(struct req *, const struct app *, FCGX_Request *);

/*
 * Whether the web server has closed the connection, as most do for a client
 * that went away.  Under plain CGI nobody can tell: false.
 */
bool req_abandoned(const struct req *);

/* Whether a body is announced as JSON and not too large. */
enum status req_check_body(struct req *);

/* Read the body and parse it; it must be a JSON object. */
enum status req_read_body(struct req *);

/*
 * Read the rest of the body away, so that the web server gets to read the
 * answer.  False when there was too much of it: the connection must go.
 */
bool req_drain(struct req *);

/* The method's name, e.g. "GET"; static. */
const char *req_method_name(enum method);

void req_reset(struct req *);

#endif
