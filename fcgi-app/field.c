/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The table of fields, and reading and writing by it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "shared/log.h"

static struct json_object *
derive_stock(const struct item *it)
{
	if (it->quantity == 0)
		return json_object_new_string("out");
	return json_object_new_string(
	    it->quantity <= it->reorder_level ? "low" : "ok");
}

static struct json_object *
derive_on_order(const struct item *it)
{
	return json_object_new_boolean(it->qty_ordered > 0);
}

static struct json_object *
derive_version(const struct item *it)
{
	return json_object_new_int64(it->version);
}

/* A member that was never set is empty. */
static const char *
text_of(const char *member)
{
	return member != NULL ? member : "";
}

static struct json_object *
new_text(const char *text)
{
	return json_object_new_string(text_of(text));
}

/* clang-format off */
#define SET(member) offsetof(struct item, member), NULL
#define DERIVED(fn) 0, fn
static const struct field builtin[] = {
	{ "sku", "SKU", FIELD_TEXT, 64, FIELD_REQUIRED | FIELD_SKU, NULL, SET(sku) },
	{ "name", "Name", FIELD_TEXT, 200, FIELD_REQUIRED, NULL, SET(name) },
	{ "location", "Location", FIELD_TEXT, 100, 0, NULL, SET(location) },
	{ "quantity", "Quantity", FIELD_NUMBER, 0, 0, NULL, SET(quantity) },
	{ "unit", "Unit", FIELD_TEXT, 20, 0, NULL, SET(unit) },
	{ "stock", "Stock", FIELD_CHOICE, 0, FIELD_READ_ONLY, "ok,low,out", DERIVED(derive_stock) },
	{ "qty_ordered", "Ordered", FIELD_NUMBER, 0, 0, NULL, SET(qty_ordered) },
	{ "reorder_level", "Reorder level", FIELD_NUMBER, 0, 0, NULL, SET(reorder_level) },
	{ "status", "Status", FIELD_CHOICE, 0, 0, "active,discontinued", SET(status) },
	{ "notes", "Notes", FIELD_TEXT, 2000, FIELD_LINES, NULL, SET(notes) },
};
/* These follow the custom columns. */
static const struct field trailing[] = {
	{ "updated_by", "Changed by", FIELD_TEXT, 0, FIELD_READ_ONLY, NULL, SET(updated_by) },
	{ "updated_at", "Changed", FIELD_TEXT, 0, FIELD_READ_ONLY, NULL, SET(updated_at) },
	{ "on_order", "On order", FIELD_CHOICE, 0, FIELD_READ_ONLY | FIELD_HIDDEN, NULL, DERIVED(derive_on_order) },
	{ "version", "Version", FIELD_NUMBER, 0, FIELD_READ_ONLY | FIELD_HIDDEN, NULL, DERIVED(derive_version) },
	{ "created_at", "Created", FIELD_TEXT, 0, FIELD_READ_ONLY | FIELD_HIDDEN, NULL, SET(created_at) },
};
#undef SET
#undef DERIVED
/* clang-format on */

#define BUILTIN_COUNT  (int)(sizeof(builtin) / sizeof(builtin[0]))
#define TRAILING_COUNT (int)(sizeof(trailing) / sizeof(trailing[0]))

static const char *const type_names[] = {"text", "number", "choice"};

void
field_set_init(struct field_set *set)
{
	memset(set, 0, sizeof(*set));
	memcpy(set->field, builtin, sizeof(builtin));
	memcpy(set->field + BUILTIN_COUNT, trailing, sizeof(trailing));
	set->count = BUILTIN_COUNT + TRAILING_COUNT;
}

static char *
keep(struct field_set *set, const char *text)
{
	char *copy;

	if ((copy = strdup(text)) == NULL)
		log_fatal(1, "out of memory");
	set->owned[set->owned_count++] = copy;
	return copy;
}

bool
field_set_add(struct field_set *set, const char *name, const char *label,
    enum field_type type, int max)
{
	struct field *f;

	if (set->owned_count / 2 == FIELD_CUSTOM_MAX)
		return false;
	f = &set->field[set->count - TRAILING_COUNT];
	memmove(f + 1, f, sizeof(trailing));
	memset(f, 0, sizeof(*f));
	f->name = keep(set, name);
	f->label = keep(set, label);
	f->type = type;
	f->max = max;
	f->flags = FIELD_CUSTOM;
	set->count++;
	return true;
}

enum status
field_set_load(struct db *db, struct field_set *out)
{
	struct query *q;

	field_set_init(out);
	q = db_query(db, SQL_FIELD_LIST);
	while (db_row(q)) {
		if (!field_set_add(out, db_text(q, 0), db_text(q, 1),
			strcmp(db_text(q, 2), "number") == 0 ? FIELD_NUMBER
							     : FIELD_TEXT,
			(int)db_int(q, 3)))
			log_warn("more than %d custom fields: %s is left out",
			    FIELD_CUSTOM_MAX, db_text(q, 0));
	}
	return db_done(q, ST_OK);
}

void
field_set_reset(struct field_set *set)
{
	int i;

	for (i = 0; i < set->owned_count; i++)
		free(set->owned[i]);
	memset(set, 0, sizeof(*set));
}

const struct field *
field_find(const struct field_set *set, const char *name)
{
	int i;

	for (i = 0; i < set->count; i++)
		if (strcmp(set->field[i].name, name) == 0)
			return &set->field[i];
	return NULL;
}

/* "a,b" as ["a","b"]. */
static struct json_object *
choices_json(const char *choices)
{
	struct json_object *array;
	size_t len;

	array = json_object_new_array();
	for (;; choices += len + 1) {
		len = strcspn(choices, ",");
		json_object_array_add(
		    array, json_object_new_string_len(choices, (int)len));
		if (choices[len] == '\0')
			return array;
	}
}

struct json_object *
field_set_json(const struct field_set *set)
{
	struct json_object *array, *o;
	const struct field *f;
	int i;

	array = json_object_new_array();
	for (i = 0; i < set->count; i++) {
		f = &set->field[i];
		if (f->flags & FIELD_HIDDEN)
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "name", new_text(f->name));
		json_object_object_add(o, "label", new_text(f->label));
		json_object_object_add(
		    o, "type", new_text(type_names[f->type]));
		if (f->max > 0 && f->type == FIELD_TEXT)
			json_object_object_add(
			    o, "max_length", json_object_new_int(f->max));
		if (f->choices != NULL)
			json_object_object_add(
			    o, "choices", choices_json(f->choices));
		json_object_object_add(o, "required",
		    json_object_new_boolean((f->flags & FIELD_REQUIRED) != 0));
		json_object_object_add(o, "read_only",
		    json_object_new_boolean((f->flags & FIELD_READ_ONLY) != 0));
		json_object_object_add(o, "custom",
		    json_object_new_boolean((f->flags & FIELD_CUSTOM) != 0));
		json_object_array_add(array, o);
	}
	return array;
}

/* A custom column's value: absent means the type's empty value. */
static struct json_object *
get_custom(const struct field *f, const struct item *it)
{
	struct json_object *value;

	if (it->extra != NULL &&
	    json_object_object_get_ex(it->extra, f->name, &value))
		return json_object_get(value);
	if (f->type == FIELD_NUMBER)
		return json_out_thousandths(0);
	return json_object_new_string("");
}

struct json_object *
field_get(const struct field *f, const struct item *it)
{
	const char *member = (const char *)it + f->offset;

	if (f->derive != NULL)
		return f->derive(it);
	if (f->flags & FIELD_CUSTOM)
		return get_custom(f, it);
	if (f->type == FIELD_NUMBER)
		return json_out_thousandths(*(const int64_t *)member);
	return new_text(*(char *const *)member);
}

void
field_put(const struct field *f, struct item *it, struct json_object *value)
{
	char *member = (char *)it + f->offset;
	const char *text;
	size_t len;

	assert(f->derive == NULL);
	if (f->flags & FIELD_CUSTOM) {
		if (it->extra == NULL)
			it->extra = json_object_new_object();
		json_object_object_add(
		    it->extra, f->name, json_object_get(value));
	} else if (f->type == FIELD_NUMBER) {
		text = json_out_text(value, &len);
		if (!json_in_parse_thousandths(text, len, (int64_t *)member))
			assert(!"a value that field_read() did not make");
	} else
		item_set((char **)member, json_object_get_string(value));
}

bool
field_has_controls(const char *text, bool lines)
{
	const unsigned char *p;

	for (p = (const unsigned char *)text; *p != '\0'; p++) {
		if (lines && (*p == '\n' || *p == '\t'))
			continue;
		/* C0, DEL, and C1 as U+0080 to U+009F in UTF-8. */
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return true;
	}
	return false;
}

static bool
is_sku(const char *text)
{
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz0123456789._-")] ==
		   '\0' &&
	       strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

static struct json_object *
read_text(const struct field *f, struct json_in *in, enum json_in_need need)
{
	const char *text;

	if (!json_in_text(in, f->name, need, f->flags & FIELD_REQUIRED ? 1 : 0,
		(size_t)f->max, &text))
		return NULL;
	if ((f->flags & FIELD_SKU) && !is_sku(text))
		json_in_fail(in, f->name,
		    "may hold letters, digits, dots, "
		    "hyphens and underscores only");
	else if (field_has_controls(text, (f->flags & FIELD_LINES) != 0))
		json_in_fail(in, f->name, "must not hold control characters");
	else if ((f->flags & FIELD_REQUIRED) && text[strspn(text, " ")] == '\0')
		json_in_fail(in, f->name, "must not be blank");
	else
		return json_object_new_string(text);
	return NULL;
}

static struct json_object *
read_choice(const struct field *f, struct json_in *in, enum json_in_need need)
{
	const char *text, *word;
	size_t len;

	if (!json_in_text(in, f->name, need, 0, 100, &text))
		return NULL;
	for (word = f->choices;; word += len + 1) {
		len = strcspn(word, ",");
		if (strlen(text) == len && memcmp(text, word, len) == 0)
			return json_object_new_string(text);
		if (word[len] == '\0')
			break;
	}
	json_in_fail(in, f->name, "must be one of %s", f->choices);
	return NULL;
}

static struct json_object *
read_value(const struct field *f, struct json_in *in, enum json_in_need need)
{
	int64_t n;

	switch (f->type) {
	case FIELD_NUMBER:
		if (!json_in_thousandths(
			in, f->name, need, 0, FIELD_QUANTITY_MAX, &n))
			return NULL;
		return json_out_thousandths(n);
	case FIELD_CHOICE:
		return read_choice(f, in, need);
	case FIELD_TEXT:
		return read_text(f, in, need);
	}
	assert(!"a type of field");
	return NULL;
}

void
field_read(const struct field_set *set, struct json_in *in, bool fresh,
    struct json_object *wish)
{
	const struct field *f;
	struct json_object *value;
	enum json_in_need need;
	int i;

	for (i = 0; i < set->count && in->st == ST_OK; i++) {
		f = &set->field[i];
		if (f->flags & FIELD_READ_ONLY) {
			if (json_in_any(in, f->name, &value))
				json_in_fail(in, f->name, "is read-only");
			continue;
		}
		/* A null is no wish to leave a field alone. */
		need = json_object_object_get_ex(in->obj, f->name, NULL) ||
			       (fresh && (f->flags & FIELD_REQUIRED))
			   ? JSON_REQUIRED
			   : JSON_OPTIONAL;
		if ((value = read_value(f, in, need)) != NULL)
			json_object_object_add(wish, f->name, value);
	}
}

void
field_apply(
    const struct field_set *set, struct item *it, struct json_object *wish)
{
	struct json_object *value;
	int i;

	for (i = 0; i < set->count; i++)
		if (json_object_object_get_ex(wish, set->field[i].name, &value))
			field_put(&set->field[i], it, value);
}

struct json_object *
field_item_json(const struct field_set *set, const struct item *it)
{
	struct json_object *o;
	int i;

	o = json_object_new_object();
	for (i = 0; i < set->count; i++)
		json_object_object_add(
		    o, set->field[i].name, field_get(&set->field[i], it));
	return o;
}

/* The value as field_get() gives it, but as text. */
static void
put_value(const struct field *f, const struct item *it, struct buf *out)
{
	const char *member = (const char *)it + f->offset;
	struct json_object *value;
	const char *text;
	char number[24];
	size_t len;

	if (f->derive != NULL || (f->flags & FIELD_CUSTOM) != 0) {
		value = field_get(f, it);
		text = json_out_text(value, &len);
		buf_add(out, text, len);
		json_object_put(value);
	} else if (f->type == FIELD_NUMBER) {
		json_out_thousandths_text(*(const int64_t *)member, number);
		buf_puts(out, number);
	} else {
		json_out_put_text(out, text_of(*(char *const *)member));
	}
}

/* An object of all fields but those that bear one of the flags. */
static void
put_fields(const struct field_set *set, const struct item *it, unsigned flags,
    struct buf *out)
{
	const char *before = "{\"";

	for (int i = 0; i < set->count; i++) {
		if ((set->field[i].flags & flags) != 0)
			continue;
		/* Names are words, which need no escapes. */
		buf_puts(out, before);
		buf_puts(out, set->field[i].name);
		buf_puts(out, "\":");
		put_value(&set->field[i], it, out);
		before = ",\"";
	}
	buf_puts(out, "}");
}

void
field_item_text(
    const struct field_set *set, const struct item *it, struct buf *out)
{
	put_fields(set, it, 0, out);
}

void
field_image_text(
    const struct field_set *set, const struct item *it, struct buf *out)
{
	put_fields(set, it, FIELD_READ_ONLY, out);
}

bool
field_same(struct json_object *a, struct json_object *b)
{
	size_t a_len, b_len;
	const char *a_text, *b_text;

	if (a == NULL || b == NULL)
		return a == b;
	if (json_object_get_type(a) == json_type_string &&
	    json_object_get_type(b) != json_type_string)
		return false;
	a_text = json_out_text(a, &a_len);
	b_text = json_out_text(b, &b_len);
	return a_len == b_len && memcmp(a_text, b_text, a_len) == 0;
}

/* Whether both have the same there; objects are made only of what needs it. */
static bool
same_in(const struct field *f, const struct item *a, const struct item *b)
{
	const void *in_a = (const char *)a + f->offset;
	const void *in_b = (const char *)b + f->offset;
	struct json_object *value_a, *value_b;
	bool same;

	if (f->derive == NULL && (f->flags & FIELD_CUSTOM) == 0) {
		if (f->type == FIELD_NUMBER)
			return *(const int64_t *)in_a == *(const int64_t *)in_b;
		return strcmp(text_of(*(char *const *)in_a),
			   text_of(*(char *const *)in_b)) == 0;
	}
	value_a = field_get(f, a);
	value_b = field_get(f, b);
	same = field_same(value_a, value_b);
	json_object_put(value_a);
	json_object_put(value_b);
	return same;
}

struct json_object *
field_diff(const struct field_set *set, const struct item *before,
    const struct item *after)
{
	const struct field *f;
	struct json_object *array, *o;
	int i;

	array = json_object_new_array();
	for (i = 0; i < set->count; i++) {
		f = &set->field[i];
		if ((f->flags & FIELD_READ_ONLY) != 0 ||
		    (before != NULL && after != NULL &&
			same_in(f, before, after)))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "field", new_text(f->name));
		json_object_object_add(o, "old_value",
		    before != NULL ? field_get(f, before) : NULL);
		json_object_object_add(
		    o, "new_value", after != NULL ? field_get(f, after) : NULL);
		json_object_array_add(array, o);
	}
	return array;
}
