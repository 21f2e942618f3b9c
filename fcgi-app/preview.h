/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A look at a FastCGI request's beginning before libfcgi, which knows no
 * limits, reads it: a begin record and parameters of a bounded size, in
 * order, whose lengths are true.  Nothing is taken from the connection, so that
 * what comes in hundreds of pieces, as no web server sends it, may not fit the
 * socket's buffer; it is refused when its time is over.
 */
#ifndef FCGI_APP_PREVIEW_H
#define FCGI_APP_PREVIEW_H

#include <stddef.h>
#include <stdint.h>

#define PREVIEW_MAX 65536 /* bytes up to the end of the parameters */

enum preview {
	PREVIEW_GOOD,
	PREVIEW_MORE,  /* it is not there as a whole yet */
	PREVIEW_LARGE, /* longer than PREVIEW_MAX */
	PREVIEW_BAD    /* no request, or its lengths lie */
};

/* Judge the first LEN bytes; those behind the begin record are overwritten. */
enum preview preview_judge(unsigned char *bytes, size_t len);

/*
 * Wait for a request on the connection FD, to DEADLINE (clock_mono_ms()) at
 * most and 10 s for any piece of it; BYTES has room for PREVIEW_MAX.
 * PREVIEW_MORE when it has not come in time, or the peer has gone.
 */
enum preview preview_wait(int fd, int64_t deadline, unsigned char *bytes);

/* Answer 431 to what was PREVIEW_LARGE, whose begin is in BYTES. */
void preview_refuse(int fd, const unsigned char *bytes);

#endif
