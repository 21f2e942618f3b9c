/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The answer to a call that is neither a stream nor a poll, and the line that
 * is logged of every call.
 */
#ifndef PUSH_RELAY_ANSWER_H
#define PUSH_RELAY_ANSWER_H

#include <stdbool.h>

#include "call.h"
#include "shared/log.h"

struct MHD_Response;

/*
 * Answer with the status and what the call's answer holds, or with the problem
 * document of RFC 9457.  ALLOW is the Allow header, NULL for none.  False: the
 * connection is to be closed.
 */
bool answer_send(struct call *, enum status, const char *allow);

/*
 * Answer OPTIONS on an address that takes METHOD: a browser's question before
 * a page of another origin may send it.  False as above.
 */
bool answer_preflight(struct call *, const char *method);

/* Add the headers that say what the content is, and that it is nothing else. */
void answer_content(struct MHD_Response *, const char *type);

/* Add the headers that every answer has, a stream too. */
void answer_head(const struct call *, struct MHD_Response *);

/* Log the call with the HTTP status that it got. */
void answer_log(struct call *, enum log_level, const char *method,
    const char *path, int status);

#endif
