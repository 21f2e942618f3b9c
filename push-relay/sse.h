/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Streams of Server-Sent Events: the transport that browsers and curl use.
 * A stream gives the frames of its reader as they are.  It sleeps suspended
 * inside libmicrohttpd.  What there is to say is gathered, and written at the
 * turn's end, straight to the socket where that has room.
 */
#ifndef PUSH_RELAY_SSE_H
#define PUSH_RELAY_SSE_H

#include <stdbool.h>
#include <stdint.h>

#include "call.h"
#include "shared/event.h"

#define SSE_RETRY 2000 /* ms that a plain EventSource waits */

/*
 * Answer the call with a stream of its ticket's sid, which the caller has
 * judged.  WISH is the position that the client has, NULL for none.  False: the
 * connection is to be closed.
 */
bool sse_open(const struct call *, const struct event_position *wish);

/*
 * Answer with a stream that only says `disconnect`: an EventSource gives up
 * for good when it gets an error status.  False as above.
 */
bool sse_refuse(
    const struct call *, const char *code, const char *reason, int64_t retry);

/* The end of a turn of the loop: write to all streams that have news. */
void sse_flush(struct relay *);

/* Cut off those that have not read their end yet. */
void sse_abort(struct relay *);

#endif
