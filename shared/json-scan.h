/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The grammar of RFC 8259, checked before json-c sees a byte: json-c by
 * itself takes much that is no JSON.  Only json.c needs this.
 */
#ifndef SHARED_JSON_SCAN_H
#define SHARED_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define JSON_SCAN_NUMBER 40 /* characters of a number, at most */

/*
 * Check LEN bytes, of at most MOST values, all but the sizes that json.h
 * promises.  True and the span of the value without the space around it, else
 * false with ERR filled: where in the document, and the line and column.
 */
bool json_in_scan(const char *text, size_t len, size_t most, size_t *start,
    size_t *end, struct json_error *err);

/* Append "/" and a key, escaped as RFC 6901 says, or an index. */
void json_in_point_key(struct json_error *, const char *key);
void json_in_point_index(struct json_error *, size_t index);

#endif
