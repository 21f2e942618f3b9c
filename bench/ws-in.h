/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The client's end of a WebSocket (RFC 6455), as much of it as the peers
 * need that are measured beside us: text in, and text out.
 */
#ifndef BENCH_WS_IN_H
#define BENCH_WS_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"

/* What was read of a frame so far; all zeroes at the start. */
struct ws_in {
	struct buf frame; /* one that has not come as a whole */

	/* Called with each text; it is ours, and ends with a NUL. */
	void (*text_fn)(void *arg, const char *text, size_t len);
	void *arg;
};

/*
 * Take in bytes; false: the server closes, or sends what no server of ours
 * does (a text in parts, a frame of more than 64 KiB).
 */
bool ws_in_take(struct ws_in *, const char *bytes, size_t len);

/* Forget what has come; the function stays. */
void ws_in_clear(struct ws_in *);

/* Free the memory. */
void ws_in_reset(struct ws_in *);

/* A frame of text, of 125 bytes at most or of up to 64 KiB. */
void ws_out(struct buf *, const char *text, size_t len);

#endif
