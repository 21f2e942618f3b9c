/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Requests that are answered at once (beats, pages, writes): a few
 * connections that are kept open, and a queue of what waits for one.
 */
#ifndef BENCH_REST_H
#define BENCH_REST_H

#include <stddef.h>
#include <stdint.h>

#include "http.h"
#include "shared/buf.h"

#define REST_TIMEOUT 10000 /* ms that an answer may take */

/* What waits for a descriptor: epoll's data points to one of these. */
struct source {
	void (*ready)(struct source *, uint32_t events);
};

/* The answer, or status 0 when there is none; BODY is ours. */
typedef void (*rest_done)(void *arg, int status, const char *body, size_t len);

struct rest_call;
struct rest_conn;

/* The connections to one address. */
struct rest {
	int epfd; /* borrowed */
	struct http_address address;
	unsigned size;           /* connections, at most */
	int64_t timeout;         /* ms that an answer may take */
	struct rest_conn *conns; /* owned; size of them */
	struct rest_call *first; /* waits for a connection */
	struct rest_call *last;
	int64_t failed; /* calls without an answer */
};

/* A request; texts are copied.  What is NULL is left out. */
struct rest_request {
	const char *method;
	const char *path;
	const char *bearer; /* ticket or token */
	const char *key;    /* Idempotency-Key */
	const char *match;  /* If-Match */
	const char *body;   /* JSON */
	rest_done done;     /* may be NULL; may send further requests */
	void *arg;
};

void rest_init(
    struct rest *, int epfd, const struct http_address *, unsigned connections);

void rest_send(struct rest *, const struct rest_request *);

/* Give up what takes too long; NOW in ms of the monotonic clock. */
void rest_tick(struct rest *, int64_t now);

/* Drop everything without a word to anybody. */
void rest_reset(struct rest *);

#endif
