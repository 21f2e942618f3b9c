/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The route table of the push socket, and the one pipeline that all calls take:
 * match, ticket, handler, answer.
 */
#ifndef PUSH_RELAY_ROUTE_H
#define PUSH_RELAY_ROUTE_H

#include <stdbool.h>

#include "call.h"

/*
 * Answer a call that is here as a whole; a poll may be held instead.  URL is
 * its path.  False: the connection is to be closed.
 */
bool route_call(struct call *, const char *url, const char *method);

#endif
