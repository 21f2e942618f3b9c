/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A look at a FastCGI request before libfcgi, which knows no limits, reads it:
 * a begin record and parameters of a bounded size, in order, whose lengths are
 * true, and whether its body is here as well.  Nothing is taken from the
 * connection, so that what comes in hundreds of pieces, as no web server sends
 * it, may not fit the socket's buffer.
 */
#ifndef FCGI_APP_PREVIEW_H
#define FCGI_APP_PREVIEW_H

#include <stddef.h>

#define PREVIEW_MAX 65536 /* bytes that are looked at */

enum preview {
	PREVIEW_GOOD,  /* all of it */
	PREVIEW_BODY,  /* all but the rest of the body */
	PREVIEW_LONG,  /* the same, and no more fits PREVIEW_MAX */
	PREVIEW_MORE,  /* a part of the parameters, or nothing */
	PREVIEW_LARGE, /* parameters longer than PREVIEW_MAX */
	PREVIEW_BAD,   /* no request, or its lengths lie */
	PREVIEW_GONE   /* nothing, and nothing will come */
};

/*
 * Judge the first LEN bytes of a request, PREVIEW_MAX at most; those behind
 * the begin record are overwritten.
 */
enum preview preview_judge(unsigned char *bytes, size_t len);

/* Judge what is there on the connection FD; BYTES has room for PREVIEW_MAX. */
enum preview preview_look(int fd, unsigned char *bytes);

/* Answer 431 to what was PREVIEW_LARGE, whose begin is in BYTES. */
void preview_refuse(int fd, const unsigned char *bytes);

#endif
