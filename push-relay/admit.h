/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Who may open a stream or a poll: what both transports ask before they
 * begin.
 */
#ifndef PUSH_RELAY_ADMIT_H
#define PUSH_RELAY_ADMIT_H

#include <stdint.h>

#include "call.h"

#define ADMIT_FULL_WAIT 5000 /* ms until one who found all full tries again */

/*
 * Judge the ticket TEXT, NULL for none, of who wants to begin.  ST_OK,
 * ST_UNAUTHORIZED, ST_FORBIDDEN: the sid is another user's, or
 * ST_UNAVAILABLE: no key yet.
 */
enum status admit_ticket(struct call *, const char *text);

/* Why there is no place left for who has the ticket; NULL: there is one. */
const char *admit_limit(const struct call *);

/* Some ms around a second, so that those refused do not return as one. */
int64_t admit_wait(void);

#endif
