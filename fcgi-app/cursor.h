/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The opaque cursor of a list: the sort key and the SKU of the last item
 * read, bound to the question that was asked.  One that was made for another
 * question, or that was tampered with, is not taken; it is no secret.
 */
#ifndef FCGI_APP_CURSOR_H
#define FCGI_APP_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_KEY_MAX (200 * 4) /* bytes of a sort key */
#define CURSOR_SKU_MAX 64        /* bytes of a SKU */
#define CURSOR_MAX     1200      /* bytes of a cursor with the NUL */

struct cursor {
	char key[CURSOR_KEY_MAX + 1];
	char sku[CURSOR_SKU_MAX + 1];
};

/*
 * A number for a question: start from 0 and add each of its parameters, in
 * any order.
 */
uint64_t cursor_question(uint64_t sum, const char *name, const char *value);

/* As base64url; a key or SKU past its limit is our bug. */
void cursor_encode(
    const struct cursor *, uint64_t question, char out[CURSOR_MAX]);

/* False, *OUT untouched, unless it was made for this question. */
bool cursor_decode(const char *text, uint64_t question, struct cursor *out);

#endif
