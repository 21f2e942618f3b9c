/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The problem document (RFC 9457) that both programs answer with when a
 * request is not a success.
 */
#ifndef SHARED_PROBLEM_H
#define SHARED_PROBLEM_H

#include <stddef.h>

#include "json.h"
#include "status.h"

/*
 * The document of a status, new.  DETAIL may be NULL or "", for none; COUNT
 * errors become errors[], which is left out when there are none.
 */
struct json_object *problem_new(enum status, const char *detail,
    const char *request_id, const struct json_error *, size_t count);

#endif
