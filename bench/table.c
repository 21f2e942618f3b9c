/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check.h"
#include "shared/log.h"

const char *const effect_kinds[EFFECT_KINDS] = {
    [EFFECT_CREATE] = "create",
    [EFFECT_EDIT] = "edit",
    [EFFECT_ADJUST] = "adjust",
    [EFFECT_DELETE] = "delete",
};

/* The place of a name among COUNT, at the end when it is new. */
static unsigned
name_number(char **names, unsigned *count, unsigned most, const char *name)
{
	unsigned i;

	for (i = 0; i < *count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	if (i == most || (names[i] = strdup(name)) == NULL)
		log_fatal(EX_OSERR, "no room for the name %s", name);
	(*count)++;
	return i;
}

unsigned
catalog_item(struct catalog *c, const char *sku)
{
	return name_number(c->sku, &c->items, TABLE_ROWS, sku);
}

bool
catalog_knows(const struct catalog *c, const char *sku)
{
	unsigned i;

	for (i = 0; i < c->items; i++) {
		if (strcmp(c->sku[i], sku) == 0)
			return true;
	}
	return false;
}

unsigned
catalog_field(struct catalog *c, const char *name)
{
	return name_number(c->field, &c->fields, TABLE_FIELDS, name);
}

void
catalog_reset(struct catalog *c)
{
	unsigned i;

	for (i = 0; i < c->items; i++)
		free(c->sku[i]);
	for (i = 0; i < c->fields; i++)
		free(c->field[i]);
	memset(c, 0, sizeof(*c));
}

uint64_t
value_hash(struct json_object *value)
{
	const char *text;
	size_t len;

	if (value == NULL)
		return 0;
	text = json_object_to_json_string_length(
	    value, JSON_C_TO_STRING_PLAIN, &len);
	return content_bytes(text, len);
}

/* ---- what an event does */

static struct json_object *
member(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(obj, key, &value);
	return value;
}

/* The kind of a change; false when it does nothing to a table. */
static bool
read_kind(struct json_object *change, enum effect_kind *kind)
{
	const char *text =
	    json_object_get_string(member(change, "update_type"));
	size_t i;

	for (i = 0; text != NULL && i < EFFECT_KINDS; i++) {
		if (strcmp(effect_kinds[i], text) != 0)
			continue;
		*kind = (enum effect_kind)i;
		return true;
	}
	return false;
}

static void
read_field(struct effect *e, struct catalog *c, struct json_object *ch)
{
	struct json_object *before = member(ch, "old_value");
	struct json_object *after = member(ch, "new_value");
	const char *name = json_object_get_string(member(ch, "field"));
	struct effect_field *f = &e->field[e->count];

	if (name == NULL || e->count == TABLE_FIELDS)
		return;
	f->field = catalog_field(c, name);
	f->before = value_hash(before);
	f->after = value_hash(after);
	if (strcmp(name, "quantity") == 0)
		e->delta = json_object_get_int64(after) -
			   json_object_get_int64(before);
	e->count++;
}

struct effect *
effect_read(struct catalog *c, struct json_object *change)
{
	struct json_object *changes = member(change, "changes");
	const char *sku = json_object_get_string(member(change, "sku"));
	struct effect *e;
	enum effect_kind kind;
	size_t i;

	if (sku == NULL || !read_kind(change, &kind) ||
	    !json_object_is_type(changes, json_type_array))
		return NULL;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	e->kind = kind;
	e->item = catalog_item(c, sku);
	e->version = json_object_get_int64(member(change, "version"));
	for (i = 0; i < json_object_array_length(changes); i++)
		read_field(e, c, json_object_array_get_idx(changes, i));
	return e;
}

const struct effect_field *
effect_find(const struct effect *e, unsigned field)
{
	unsigned i;

	for (i = 0; i < e->count; i++) {
		if (e->field[i].field == field)
			return &e->field[i];
	}
	return NULL;
}

/* ---- tables */

struct table_row *
table_row(struct table *t, unsigned item)
{
	unsigned size = t->size == 0 ? 64 : t->size;

	while (item >= size)
		size *= 2;
	if (size > t->size) {
		t->row = realloc(t->row, size * sizeof(*t->row));
		if (t->row == NULL)
			log_fatal(EX_OSERR, "out of memory");
		memset(t->row + t->size, 0, (size - t->size) * sizeof(*t->row));
		t->size = size;
	}
	return &t->row[item];
}

bool
table_apply(struct table *t, const struct effect *e)
{
	struct table_row *row = table_row(t, e->item);
	bool good = (row->version == 0) == (e->kind == EFFECT_CREATE);
	unsigned i;

	for (i = 0; i < e->count; i++) {
		good &= row->value[e->field[i].field] == e->field[i].before;
		row->value[e->field[i].field] = e->field[i].after;
	}
	row->version = e->kind == EFFECT_DELETE ? 0 : e->version;
	return good;
}

void
table_put(struct table *t, struct catalog *c, struct json_object *item)
{
	const char *sku = json_object_get_string(member(item, "sku"));
	struct table_row *row;
	unsigned i;

	if (sku == NULL)
		return;
	row = table_row(t, catalog_item(c, sku));
	row->version = json_object_get_int64(member(item, "version"));
	for (i = 0; i < c->fields; i++)
		row->value[i] = value_hash(member(item, c->field[i]));
}

unsigned
table_differs(const struct table *a, const struct table *b)
{
	static const struct table_row none;
	const struct table_row *x, *y;
	unsigned i, n = 0;

	for (i = 0; i < a->size || i < b->size; i++) {
		x = i < a->size ? &a->row[i] : &none;
		y = i < b->size ? &b->row[i] : &none;
		n += x->version != y->version ||
		     memcmp(x->value, y->value, sizeof(x->value)) != 0;
	}
	return n;
}

void
table_reset(struct table *t)
{
	free(t->row);
	memset(t, 0, sizeof(*t));
}
