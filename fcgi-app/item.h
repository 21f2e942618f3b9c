/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * An inventory item: load, save, list.  No HTTP in it.  Every way to change
 * one goes through item_commit(), which writes the row of the log with it.
 */
#ifndef FCGI_APP_ITEM_H
#define FCGI_APP_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "change.h"
#include "db.h"
#include "filter.def"

struct field_set;

/* Quantities are thousandths. */
struct item {
	int64_t id; /* 0: not saved yet */
	char *sku, *name, *location, *unit, *notes;
	char *status; /* active, discontinued */
	int64_t quantity, qty_ordered, reorder_level;
	struct json_object *extra; /* owned; custom fields */
	int64_t version;           /* seq of the change that made it */
	char *created_at, *updated_at, *updated_by;
};

/* Free what it holds; safe on zeroes. */
void item_reset(struct item *);
/* A new item's defaults: texts empty, status active. */
void item_init(struct item *);
/* A copy that shares nothing. */
void item_copy(const struct item *, struct item *out);
/* Replace one of the texts by a copy. */
void item_set(char **member, const char *text);

/* By SKU (exact); ST_NOT_FOUND. */
enum status item_load(struct db *, const char *sku, struct item *out);

/*
 * Write a change of an item, and its row of the log, in the transaction under
 * way.  BEFORE NULL: created; AFTER NULL: deleted.  The caller sets WHAT's
 * update_type, user_id, username, changeset, source and, if he likes, reason
 * and at; the rest is done here, and AFTER gets its id, version and times.
 * Nothing is written, and ST_NO_CONTENT returned, when the two are the same;
 * ST_CONFLICT when the SKU is taken; ST_INVALID when the custom fields are
 * more than FIELD_EXTRA_MAX bytes.
 */
enum status item_commit(struct db *, const struct field_set *,
    const struct item *before, struct item *after, struct change *what);

/* How the list can be sorted; the SKU breaks ties, upwards. */
enum item_sort {
	ITEM_BY_SKU,
	ITEM_BY_NAME,
	ITEM_BY_LOCATION,
	ITEM_BY_QUANTITY,
	ITEM_BY_UPDATED_AT,
	ITEM_SORT__COUNT
};

/* What kind of values a filter compares. */
enum item_filter_kind {
	FILTER_TEXT,
	FILTER_NUMBER,
	FILTER_STATUS,
	FILTER_STOCK,
	FILTER_BOOL
};

enum item_filter {
#define ITEM_FILTER_ENUM(name, kind, expr) ITEM_FILTER_##name,
	ITEM_FILTERS(ITEM_FILTER_ENUM)
#undef ITEM_FILTER_ENUM
	    ITEM_FILTER__COUNT
};

/* The bounds of one filter; each NULL when not asked for. */
struct item_bounds {
	struct json_object *in;  /* owned array: one of these */
	struct json_object *out; /* owned array: none of these */
	char *ge, *lt;           /* owned: from, and below;
				    numbers as decimal text of
				    thousandths */
};

/* A page that is asked for. */
struct item_query {
	enum item_sort sort;
	bool down;
	int limit;
	const char *q; /* GLOB pattern, or NULL */
	struct item_bounds bounds[ITEM_FILTER__COUNT];
	bool from;           /* whether to go on after: */
	const char *key;     /* the sort key (quantity: decimal
				text of thousandths), */
	const char *key_sku; /* and the SKU */
};
void item_query_reset(struct item_query *);

/* A page that was read. */
struct item_page {
	struct item *items;
	int count;
	bool more; /* others follow */
};
enum status item_page_read(
    struct db *, const struct item_query *, struct item_page *out);
void item_page_reset(struct item_page *);

/* Over the whole inventory. */
struct item_counts {
	int64_t all, low, out, on_order;
};
enum status item_counts(struct db *, struct item_counts *out);
/* The same from the items themselves, which takes its time. */
enum status item_counts_anew(struct db *, struct item_counts *out);

#endif
