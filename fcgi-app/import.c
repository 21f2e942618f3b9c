/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "import.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/json.h"
#include "shared/utf8.h"

static enum import_result __attribute__((__format__(printf, 3, 4)))
bad(struct import *im, struct csv_place place, const char *fmt, ...)
{
	va_list ap;

	im->trouble.place = place;
	va_start(ap, fmt);
	vsnprintf(im->trouble.text, sizeof(im->trouble.text), fmt, ap);
	va_end(ap);
	return IMPORT_BAD;
}

/* The next record: IMPORT_UNCHANGED when it was read. */
static enum import_result
read_record(struct import *im)
{
	switch (csv_read(&im->csv)) {
	case CSV_RECORD:
		return IMPORT_UNCHANGED;
	case CSV_END:
		return IMPORT_END;
	case CSV_BAD:
		return bad(im, im->csv.where, "%s", im->csv.trouble);
	case CSV_FAILED:
		break;
	}
	return IMPORT_FAILED;
}

/* The fields that may be set, for a message. */
static void
names_of(const struct field_set *set, char *out, size_t size)
{
	size_t len = 0;
	int i, n;

	out[0] = '\0';
	for (i = 0; i < set->count; i++) {
		if (set->field[i].flags & FIELD_READ_ONLY)
			continue;
		n = snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
		    set->field[i].name);
		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
}

/* A column of the first record. */
static enum import_result
take_column(struct import *im, int i)
{
	const struct csv_field *cell = &im->csv.field[i];
	char names[200];
	int j;

	im->column[i] = field_find(&im->set, cell->text);
	if (im->column[i] == NULL) {
		names_of(&im->set, names, sizeof(names));
		return bad(im, cell->place,
		    "there is no field \"%.*s\"; there are %s%s",
		    (int)utf8_cut(cell->text, strnlen(cell->text, 40)),
		    cell->text, names,
		    im->csv.count == 1 && strpbrk(cell->text, ";\t") != NULL
			? "; --delimiter may be wrong"
			: "");
	}
	if (im->column[i]->flags & FIELD_READ_ONLY)
		return bad(im, cell->place,
		    "%s is read-only: leave the column out", cell->text);
	for (j = 0; j < i; j++)
		if (im->column[j] == im->column[i])
			return bad(
			    im, cell->place, "%s is there twice", cell->text);
	if (im->column[i]->flags & FIELD_SKU)
		im->sku = i;
	return IMPORT_UNCHANGED;
}

static enum import_result
read_columns(struct import *im)
{
	static const struct csv_place start = {1, 1};
	enum import_result result;
	int i;

	result = read_record(im);
	if (result == IMPORT_END)
		return bad(im, start,
		    "the file is empty; its first line names the fields");
	if (result != IMPORT_UNCHANGED)
		return result;
	im->sku = -1;
	im->column_count = im->csv.count;
	for (i = 0; i < im->csv.count; i++)
		if ((result = take_column(im, i)) != IMPORT_UNCHANGED)
			return result;
	if (im->sku == -1)
		return bad(im, start, "the column sku is missing");
	return IMPORT_UNCHANGED;
}

enum import_result
import_begin(
    struct import *im, struct db *db, FILE *in, char delimiter, bool raw)
{
	memset(im, 0, sizeof(*im));
	im->raw = raw;
	csv_init(&im->csv, in, delimiter);
	if (field_set_load(db, &im->set) != ST_OK)
		return IMPORT_FAILED;
	return read_columns(im);
}

enum import_result
import_again(struct import *im)
{
	csv_rewind(&im->csv);
	return read_columns(im);
}

const char *
import_sku(const struct import *im)
{
	const char *text = im->csv.field[im->sku].text;

	return im->raw ? text : csv_unguard(text);
}

/*
 * A cell as the JSON value that a body would have; NULL when it is empty and
 * the field has no empty value: then the field is not named at all.
 */
static struct json_object *
cell_value(const struct import *im, int i)
{
	const struct field *f = im->column[i];
	const char *text = im->csv.field[i].text;
	int64_t n;

	if (f->type == FIELD_TEXT)
		return json_object_new_string(
		    im->raw ? text : csv_unguard(text));
	if (text[0] == '\0')
		return NULL;
	if (f->type == FIELD_NUMBER &&
	    json_in_parse_thousandths(text, strlen(text), &n))
		return json_out_thousandths(n);
	return json_object_new_string(text);
}

/* The trouble that the table of fields found, at its cell. */
static enum import_result
bad_value(struct import *im, const struct json_error *err)
{
	const char *name = err->pointer[0] == '/' ? err->pointer + 1 : "";
	int i;

	for (i = 0; i < im->column_count; i++)
		if (strcmp(im->column[i]->name, name) == 0)
			return bad(im, im->csv.field[i].place, "%s: %s", name,
			    err->detail);
	return bad(
	    im, im->csv.field[im->sku].place, "%s: %s", name, err->detail);
}

/* Check the record and set AFTER by it. */
static enum import_result
apply(struct import *im, bool fresh, struct item *after)
{
	struct json_object *body, *value, *wish;
	enum import_result result = IMPORT_UNCHANGED;
	struct json_in in;
	size_t len;
	int i;

	body = json_object_new_object();
	wish = json_object_new_object();
	for (i = 0; i < im->column_count; i++)
		if ((value = cell_value(im, i)) != NULL)
			json_object_object_add(
			    body, im->column[i]->name, value);
	json_in_begin(&in, body, "");
	field_read(&im->set, &in, fresh, wish);
	if (json_in_end(&in) != ST_OK) {
		result = bad_value(im, &in.err);
	} else {
		field_apply(&im->set, after, wish);
		json_out_text(after->extra, &len);
		if (len > FIELD_EXTRA_MAX)
			result = bad(im, im->csv.field[0].place,
			    "the custom fields are more than %d bytes",
			    FIELD_EXTRA_MAX);
	}
	json_object_put(wish);
	json_object_put(body);
	return result;
}

/* Whether two items differ in what may be set. */
static bool
differ(const struct field_set *set, const struct item *a, const struct item *b)
{
	struct json_object *diff = field_diff(set, a, b);
	bool any = json_object_array_length(diff) > 0;

	json_object_put(diff);
	return any;
}

enum import_result
import_next(
    struct import *im, struct db *db, struct item *before, struct item *after)
{
	enum import_result result;
	enum status st;

	item_reset(before);
	item_reset(after);
	if ((result = read_record(im)) != IMPORT_UNCHANGED)
		return result;
	if (im->csv.count != im->column_count)
		return bad(im, im->csv.field[0].place,
		    "%d fields instead of %d", im->csv.count, im->column_count);
	st = item_load(db, import_sku(im), before);
	if (st == ST_OK)
		item_copy(before, after);
	else if (st == ST_NOT_FOUND)
		item_init(after);
	else
		return IMPORT_FAILED;
	result = apply(im, st == ST_NOT_FOUND, after);
	if (result != IMPORT_UNCHANGED)
		return result;
	if (st == ST_NOT_FOUND)
		return IMPORT_CREATED;
	return differ(&im->set, before, after) ? IMPORT_CHANGED
					       : IMPORT_UNCHANGED;
}

void
import_reset(struct import *im)
{
	csv_reset(&im->csv);
	field_set_reset(&im->set);
}
