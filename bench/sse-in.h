/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Server-Sent Events as they come: bytes in, events out.
 */
#ifndef BENCH_SSE_IN_H
#define BENCH_SSE_IN_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

#define SSE_NAME 40 /* bytes of an event's name or id, with the NUL */

/* What was read of an event so far; all zeroes at the start. */
struct sse_in {
	struct buf line; /* a line that has not come as a whole */
	struct buf data; /* of the event */
	char event[SSE_NAME];
	char id[SSE_NAME];
	int64_t retry; /* ms; 0: not said */

	/* Called with each event; the texts are ours. */
	void (*event_fn)(void *arg, const char *event, const char *id,
	    const char *data, size_t len);
	void *arg;
};

/* Take in bytes; FN is called for each event that they end. */
void sse_in_take(struct sse_in *, const char *bytes, size_t len);

/* Forget what has come; the function stays. */
void sse_in_clear(struct sse_in *);

/* Free the memory. */
void sse_in_reset(struct sse_in *);

#endif
