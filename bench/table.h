/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The table that a page shows, rebuilt from events: what an event does to
 * it, and whether two tables are the same.  Values are kept as hashes.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#define TABLE_FIELDS 16  /* that events may name, at most */
#define TABLE_ROWS   512 /* items, at most */

/* The numbers of items and fields, in the order of their first mention. */
struct catalog {
	unsigned items;
	unsigned fields;
	char *sku[TABLE_ROWS];     /* owned */
	char *field[TABLE_FIELDS]; /* owned */
};

/* What becomes of a field; a value of 0 is none. */
struct effect_field {
	unsigned field;
	uint64_t before;
	uint64_t after;
};

enum effect_kind {
	EFFECT_CREATE,
	EFFECT_EDIT,
	EFFECT_ADJUST,
	EFFECT_DELETE,
	EFFECT_KINDS
};

/* Their names in the log. */
extern const char *const effect_kinds[EFFECT_KINDS];

/* What an event does. */
struct effect {
	enum effect_kind kind;
	unsigned item;
	int64_t version;
	int64_t delta; /* of the quantity */
	unsigned count;
	struct effect_field field[TABLE_FIELDS];
};

/* A row; all zeroes: no such item. */
struct table_row {
	int64_t version; /* 0: it is not there */
	uint64_t value[TABLE_FIELDS];
};

/* A table; all zeroes is an empty one. */
struct table {
	unsigned size;         /* rows allocated */
	struct table_row *row; /* owned; by the item's number */
};

/* The number of an item; it gets one when it has none. */
unsigned catalog_item(struct catalog *, const char *sku);

/* Whether it has one. */
bool catalog_knows(const struct catalog *, const char *sku);

/* The number of a field; it gets one, too. */
unsigned catalog_field(struct catalog *, const char *name);

void catalog_reset(struct catalog *);

/* What a value is compared by; 0: null. */
uint64_t value_hash(struct json_object *);

/* What a change of the log does, the caller's to free; NULL: nothing. */
struct effect *effect_read(struct catalog *, struct json_object *change);

/* The field of an effect, or NULL when it leaves that alone. */
const struct effect_field *effect_find(const struct effect *, unsigned field);

/* Do it; false when it rests on another row than the table has. */
bool table_apply(struct table *, const struct effect *);

/* Put an item in as the app answers it; fields that no event named go by. */
void table_put(struct table *, struct catalog *, struct json_object *item);

/* The row, by the item's number, whether it is there or not. */
struct table_row *table_row(struct table *, unsigned item);

/* How many items are not the same in both. */
unsigned table_differs(const struct table *, const struct table *);

void table_reset(struct table *);

#endif
