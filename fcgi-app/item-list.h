/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The question that a client puts to the item list, read from its query
 * parameters: sort, limit, cursor, filters, free text.
 */
#ifndef FCGI_APP_ITEM_LIST_H
#define FCGI_APP_ITEM_LIST_H

#include <stdint.h>

#include "cursor.h"
#include "item.h"
#include "request.h"
#include "shared/buf.h"

#define LIST_LIMIT_MAX     500 /* items of a page */
#define LIST_LIMIT_DEFAULT 100
#define LIST_VALUES_MAX    100 /* values of in.(...) */
#define LIST_TEXT_MAX      100 /* characters of q */

/* What was asked; the query borrows from the other members. */
struct list_question {
	struct item_query query;
	struct cursor cursor; /* where to go on */
	struct buf glob;      /* q as a pattern */
	uint64_t number;      /* of the question, which its
				 cursors are bound to */
};

/*
 * Read all parameters; ST_BAD_REQUEST with what is wrong in errors[].  Reset
 * the question whatever comes back.
 */
enum status list_question_read(struct req *, struct list_question *out);
void list_question_reset(struct list_question *);

/* The cursor that goes on after this item. */
void list_question_cursor(
    const struct list_question *, const struct item *, char out[CURSOR_MAX]);

/* A whole number from a parameter; absent: *OUT stays.  ST_BAD_REQUEST. */
enum status list_param_int(
    struct req *, const char *name, int64_t min, int64_t max, int64_t *out);

/*
 * Text as a GLOB pattern that finds it anywhere, whatever the case of its
 * letters; words may have others between them.
 */
void list_glob(struct buf *, const char *text);

#endif
