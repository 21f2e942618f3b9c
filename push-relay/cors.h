/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Which pages of other origins may read our answers (CORS, WHATWG Fetch).
 * Only the browser enforces it: the ticket is the credential, there are no
 * cookies, so a foreign origin without a ticket gets nothing anyway, and one
 * with a ticket is not refused, it is only not told.  Credentials are never
 * allowed.
 */
#ifndef PUSH_RELAY_CORS_H
#define PUSH_RELAY_CORS_H

#include "call.h"

struct MHD_Response;

/*
 * Add the headers for pages of the call's origin: of STOCKROOM_ORIGIN, whose
 * page may be on another port than we are, and those that ALLOW_ORIGINS and
 * ALLOW_ORIGIN_REGEX allow.  Without any such setting: nothing.
 */
void cors_add(const struct call *, struct MHD_Response *);

/* Add what answers a preflight for an address that takes METHOD, too. */
void cors_add_preflight(
    const struct call *, struct MHD_Response *, const char *method);

/* Whether pages of any other origin than where they call us are allowed. */
bool cors_is_set(const struct conf *);

#endif
