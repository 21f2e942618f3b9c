/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What pages post: where they are, that they live, what they edit, that they
 * go.  Each is a handler of a route in http.c.
 */
#ifndef PUSH_RELAY_POST_H
#define PUSH_RELAY_POST_H

#include "call.h"

/* POST /push/cursor: where the pointer and the edited cell are. */
enum status post_cursor(struct call *);

/*
 * POST /push/beat: the page lives; without a body it is active.  One without
 * a stream is here from now on, as long as it beats.
 */
enum status post_beat(struct call *);

/* POST /push/lease: take, renew, release or steal a row or a field of it. */
enum status post_lease(struct call *);

/*
 * POST /push/leave: the page goes.  The ticket is the body, since a beacon
 * has no headers of its own; that of a page that has gone already is fine.
 */
enum status post_leave(struct call *);

#endif
