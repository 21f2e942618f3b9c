/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What libmicrohttpd lets through and we do not: requests that another one on
 * the way might read in another way (RFC 9112, section 11.2).
 */
#ifndef PUSH_RELAY_STRICT_H
#define PUSH_RELAY_STRICT_H

#include <stddef.h>

struct MHD_Connection;

/* Why the request's headers are refused; static; NULL: they are good. */
const char *strict_headers(struct MHD_Connection *);

/*
 * Decode %XX of an address in place; its new length.  For libmicrohttpd's
 * MHD_OPTION_UNESCAPE_CALLBACK.  What holds a NUL stays as it is: it is no
 * address of ours, and must not end before its end.
 */
size_t strict_unescape(
    void *cls, struct MHD_Connection *connection, char *text);

#endif
