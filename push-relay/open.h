/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The calls that stay: a stream or a poll is judged and handed to its
 * transport, or it is said why not in the way that its client can read.
 */
#ifndef PUSH_RELAY_OPEN_H
#define PUSH_RELAY_OPEN_H

#include <stdbool.h>

#include "call.h"

/* GET /push/stream.  False: the connection is to be closed. */
bool open_stream(struct call *);

/*
 * GET /push/poll: what is refused is a status, for the client reads it.  False
 * as above.
 */
bool open_poll(struct call *);

#endif
