/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Growable bytes with a sticky error: append without checking, look at the
 * error once at the end.  The text is always NUL-terminated after the first
 * append.  Exhaustion of memory ends the process; only the limit is an error.
 */
#ifndef SHARED_BUF_H
#define SHARED_BUF_H

#include <stdbool.h>
#include <stddef.h>

/* All zeroes is an empty buffer without a limit. */
struct buf {
	char *data;  /* owned; NULL before the first append */
	size_t len;  /* bytes in use, without the final NUL */
	size_t size; /* bytes allocated */
	size_t max;  /* most bytes that it may hold; 0: no limit */
	bool full;   /* sticky: an append would have passed max */
};

/* Append; past max nothing is added and full is set. */
void buf_add(struct buf *, const void *data, size_t len);
void buf_puts(struct buf *, const char *text);
void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* Drop the first N bytes (at most len). */
void buf_consume(struct buf *, size_t n);

/* Empty it, keep the memory and the limit, clear full. */
void buf_clear(struct buf *);

/* Free the memory; all zeroes afterwards but for max.  Safe on zeroes. */
void buf_reset(struct buf *);

#endif
