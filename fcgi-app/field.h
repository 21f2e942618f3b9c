/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * An item to and from JSON, driven by one table: a row a field, the built-in
 * ones first, then the custom columns that the database names.  What a field
 * may hold, whether it must be there and who may write it is data in its row.
 * A value travels as a JSON value in its one canonical form, so that two
 * values are equal when their texts are.
 */
#ifndef FCGI_APP_FIELD_H
#define FCGI_APP_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "db.h"
#include "item.h"
#include "shared/json.h"

#define FIELD_MAX          64 /* fields of a set, the built-in ones included */
#define FIELD_CUSTOM_MAX   32 /* custom columns */
#define FIELD_EXTRA_MAX    4096 /* bytes of all custom values as JSON */
#define FIELD_QUANTITY_MAX INT64_C(999999999999) /* thousandths */

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_CHOICE };

enum field_flags {
	FIELD_REQUIRED = 1,  /* a new item must name it */
	FIELD_READ_ONLY = 2, /* ours to set: refused in a body */
	FIELD_LINES = 4,     /* may hold line feeds and tabs */
	FIELD_SKU = 8,       /* [A-Za-z0-9._-] only */
	FIELD_HIDDEN = 16,   /* of the record, but no column of the table */
	FIELD_CUSTOM = 32    /* kept in item.extra */
};

/* A row of the table. */
struct field {
	const char *name;  /* in JSON, in SQL and in changes */
	const char *label; /* for people */
	enum field_type type;
	int max;             /* characters of a text */
	unsigned flags;      /* enum field_flags */
	const char *choices; /* of a choice, separated by commas */
	size_t offset;       /* of the member in struct item, for
				fields that are set */
	struct json_object *(*derive)(const struct item *); /* for others */
};

/* All fields in column order. */
struct field_set {
	struct field field[FIELD_MAX];
	int count;
	char *owned[2 * FIELD_CUSTOM_MAX]; /* names and labels of
					      the custom ones */
	int owned_count;
};

/* The built-in fields alone; nothing to free before the first custom one. */
void field_set_init(struct field_set *);
/* Add a custom column after the others; false when there are too many. */
bool field_set_add(struct field_set *, const char *name, const char *label,
    enum field_type, int max);
/* The built-in fields and those of table `field`. */
enum status field_set_load(struct db *, struct field_set *out);
void field_set_reset(struct field_set *);

/* By name; NULL when there is none. */
const struct field *field_find(const struct field_set *, const char *name);

/* The columns as GET /inventory/fields shows them; the caller's. */
struct json_object *field_set_json(const struct field_set *);

/* The value of an item's field, a new reference; NULL is JSON's null. */
struct json_object *field_get(const struct field *, const struct item *);
/* Set it; VALUE is borrowed and must have come through field_read(). */
void field_put(const struct field *, struct item *, struct json_object *value);

/*
 * Read the fields that a body names: each checked against its row and added
 * to WISH under its name in canonical form.  With FRESH the required ones
 * must be there.  Trouble sticks to the reader.
 */
void field_read(const struct field_set *, struct json_in *, bool fresh,
    struct json_object *wish);

/* Set all that WISH names. */
void field_apply(
    const struct field_set *, struct item *, struct json_object *wish);

/* The whole item; the caller's. */
struct json_object *field_item_json(
    const struct field_set *, const struct item *);

/* Append the same as text, which takes a quarter of the time; or what may be
 * set of it, which the log keeps. */
void field_item_text(
    const struct field_set *, const struct item *, struct buf *out);
void field_image_text(
    const struct field_set *, const struct item *, struct buf *);

/*
 * What differs between two items in what may be set, as an array of
 * {"field","old_value","new_value"} in column order; the caller's.  Either
 * may be NULL: then every field is listed and its side is null.
 */
struct json_object *field_diff(const struct field_set *,
    const struct item *before, const struct item *after);

/*
 * Whether text holds control characters: C0, DEL or C1, line feeds and tabs
 * too unless LINES.
 */
bool field_has_controls(const char *text, bool lines);

/* Whether two canonical values are the same; NULL is null. */
bool field_same(struct json_object *, struct json_object *);

#endif
