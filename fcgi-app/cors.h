/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What pages of other origins may do (WHATWG Fetch, 3.3): those that the
 * settings allow may use every route, with a bearer token.  No credential
 * that a browser adds by itself ever counts for them.
 */
#ifndef FCGI_APP_CORS_H
#define FCGI_APP_CORS_H

#include "request.h"
#include "response.h"

/*
 * Answer a preflight for an address that takes METHODS ("GET, HEAD"); no
 * more than their list when it is none, or not from an allowed origin.
 */
void cors_preflight(const struct req *, struct resp *, const char *methods);

/*
 * The headers that every answer has, errors too: that it varies with the
 * origin, and for an allowed one that its pages may read it.
 */
void cors_headers(const struct req *, struct resp *);

#endif
