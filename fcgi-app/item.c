/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Items in the database.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "item.h"
#include "shared/clock.h"
#include "shared/log.h"

void
item_set(char **member, const char *text)
{
	char *copy;

	if ((copy = strdup(text != NULL ? text : "")) == NULL)
		log_fatal(1, "out of memory");
	free(*member);
	*member = copy;
}

void
item_reset(struct item *it)
{
	free(it->sku);
	free(it->name);
	free(it->location);
	free(it->unit);
	free(it->notes);
	free(it->status);
	free(it->created_at);
	free(it->updated_at);
	free(it->updated_by);
	json_object_put(it->extra);
	memset(it, 0, sizeof(*it));
}

void
item_init(struct item *it)
{
	memset(it, 0, sizeof(*it));
	item_set(&it->sku, "");
	item_set(&it->name, "");
	item_set(&it->location, "");
	item_set(&it->unit, "");
	item_set(&it->notes, "");
	item_set(&it->status, "active");
	item_set(&it->created_at, "");
	item_set(&it->updated_at, "");
	item_set(&it->updated_by, "");
	it->extra = json_object_new_object();
}

/* A new object with the same members; values are never changed in place. */
static struct json_object *
copy_extra(struct json_object *extra)
{
	struct json_object *out;

	out = json_object_new_object();
	if (extra != NULL) {
		json_object_object_foreach(extra, key, value)
		    json_object_object_add(out, key, json_object_get(value));
	}
	return out;
}

void
item_copy(const struct item *it, struct item *out)
{
	memset(out, 0, sizeof(*out));
	out->id = it->id;
	out->quantity = it->quantity;
	out->qty_ordered = it->qty_ordered;
	out->reorder_level = it->reorder_level;
	out->version = it->version;
	item_set(&out->sku, it->sku);
	item_set(&out->name, it->name);
	item_set(&out->location, it->location);
	item_set(&out->unit, it->unit);
	item_set(&out->notes, it->notes);
	item_set(&out->status, it->status);
	item_set(&out->created_at, it->created_at);
	item_set(&out->updated_at, it->updated_at);
	item_set(&out->updated_by, it->updated_by);
	out->extra = copy_extra(it->extra);
}

/* The present row, in the order of SQL_ITEM_COLUMNS. */
static void
read_row(struct query *q, struct item *it)
{
	struct json_error err;
	const char *extra;

	it->id = db_int(q, 0);
	item_set(&it->sku, db_text(q, 1));
	item_set(&it->name, db_text(q, 2));
	item_set(&it->location, db_text(q, 3));
	it->quantity = db_int(q, 4);
	item_set(&it->unit, db_text(q, 5));
	it->qty_ordered = db_int(q, 6);
	it->reorder_level = db_int(q, 7);
	item_set(&it->status, db_text(q, 8));
	item_set(&it->notes, db_text(q, 9));
	extra = db_text(q, 10);
	if (strcmp(extra, "{}") == 0) {
		it->extra = json_object_new_object();
	} else if (json_in_parse(extra, strlen(extra), &it->extra, &err) !=
		   ST_OK) {
		log_error("item %s: custom fields cannot be read: %s", it->sku,
		    err.detail);
		it->extra = json_object_new_object();
	}
	it->version = db_int(q, 11);
	item_set(&it->created_at, db_text(q, 12));
	item_set(&it->updated_at, db_text(q, 13));
	item_set(&it->updated_by, db_text(q, 14));
}

enum status
item_load(struct db *db, const char *sku, struct item *out)
{
	struct query *q;

	q = db_query(db, SQL_ITEM_LOAD);
	db_bind_text(q, ":sku", sku);
	if (db_row(q)) {
		item_reset(out);
		read_row(q, out);
	}
	return db_done(q, ST_NOT_FOUND);
}

static void
bind_names(struct query *q, const struct item *it)
{
	db_bind_text(q, ":sku", it->sku);
	db_bind_text(q, ":name", it->name);
	db_bind_text(q, ":location", it->location);
}

static void
bind_item(struct query *q, const struct item *it)
{
	db_bind_int(q, ":quantity", it->quantity);
	db_bind_text(q, ":unit", it->unit);
	db_bind_int(q, ":qty_ordered", it->qty_ordered);
	db_bind_int(q, ":reorder_level", it->reorder_level);
	db_bind_text(q, ":status", it->status);
	db_bind_text(q, ":notes", it->notes);
	db_bind_text(q, ":extra", json_out_text(it->extra, NULL));
	db_bind_text(q, ":updated_at", it->updated_at);
	db_bind_text(q, ":updated_by", it->updated_by);
}

/* Insert, still without a version. */
static enum status
add(struct db *db, struct item *it)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_ITEM_ADD);
	bind_names(q, it);
	bind_item(q, it);
	db_bind_text(q, ":created_at", it->created_at);
	if ((st = db_done(q, ST_FAULT)) == ST_OK)
		it->id = db_new_id(db);
	return st;
}

static bool
same_names(const struct item *a, const struct item *b)
{
	return strcmp(a->sku, b->sku) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->location, b->location) == 0;
}

static enum status
save_names(struct db *db, const struct item *it)
{
	struct query *q;

	q = db_query(db, SQL_ITEM_NAME);
	bind_names(q, it);
	db_bind_int(q, ":id", it->id);
	return db_done(q, ST_NOT_FOUND);
}

static enum status
save(struct db *db, const struct item *it)
{
	struct query *q;

	q = db_query(db, SQL_ITEM_SAVE);
	bind_item(q, it);
	db_bind_int(q, ":id", it->id);
	db_bind_int(q, ":version", it->version);
	return db_done(q, ST_NOT_FOUND);
}

static enum status
drop(struct db *db, int64_t id)
{
	struct query *q;

	q = db_query(db, SQL_ITEM_DROP);
	db_bind_int(q, ":id", id);
	return db_done(q, ST_NOT_FOUND);
}

/* The parts of a commit once the item's new state is known to differ. */
static enum status
commit(struct db *db, const struct item *before, struct item *after,
    struct change *what)
{
	enum status st;
	int64_t seq;

	if (after == NULL) {
		what->item_id = before->id;
		what->sku = before->sku;
		if ((st = change_append(db, what, &seq)) != ST_OK)
			return st;
		return drop(db, before->id);
	}
	item_set(&after->updated_at, what->at);
	item_set(&after->updated_by, what->username);
	if (before == NULL) {
		item_set(&after->created_at, what->at);
		if ((st = add(db, after)) != ST_OK)
			return st;
	}
	what->item_id = after->id;
	what->sku = after->sku;
	if ((st = change_append(db, what, &seq)) != ST_OK)
		return st;
	after->version = seq;
	if (before != NULL && !same_names(before, after) &&
	    (st = save_names(db, after)) != ST_OK)
		return st;
	return save(db, after);
}

enum status
item_commit(struct db *db, const struct field_set *set,
    const struct item *before, struct item *after, struct change *what)
{
	struct buf image = {0};
	char now[CLOCK_TEXT];
	size_t len;
	enum status st = ST_NO_CONTENT;

	assert(before != NULL || after != NULL);
	if (after != NULL) {
		json_out_text(after->extra, &len);
		if (len > FIELD_EXTRA_MAX)
			return ST_INVALID;
	}
	if (what->at == NULL) {
		clock_text(clock_utc_ms(), now);
		what->at = now;
	}
	what->version = 0;
	what->changes = field_diff(set, before, after);
	if (after != NULL)
		field_image_text(set, after, &image);
	what->after = image.data;
	if (json_object_array_length(what->changes) > 0)
		st = commit(db, before, after, what);
	json_object_put(what->changes);
	what->changes = NULL;
	what->after = NULL;
	buf_reset(&image);
	if (what->at == now)
		what->at = NULL;
	return st;
}

void
item_query_reset(struct item_query *query)
{
	struct item_bounds *b;
	int i;

	for (i = 0; i < ITEM_FILTER__COUNT; i++) {
		b = &query->bounds[i];
		json_object_put(b->in);
		json_object_put(b->out);
		free(b->ge);
		free(b->lt);
	}
	memset(query, 0, sizeof(*query));
}

/* The parameters of each filter, in the order of the enum. */
/* clang-format off */
static const struct {
	const char	*in, *out, *ge, *lt;
} bound_names[] = {
#define NAMES(name, kind, expr) \
	{ ":" #name "_in", ":" #name "_out", ":" #name "_ge", ":" #name "_lt" },
	ITEM_FILTERS(NAMES)
#undef NAMES
};

/* A statement for each order, and where the first page starts. */
static const struct {
	enum sql	 up, down;
	const char	*least;		/* before every key; NULL: no key */
} orders[ITEM_SORT__COUNT] = {
	[ITEM_BY_SKU] = { SQL_ITEM_LIST_SKU, SQL_ITEM_LIST_SKU_DOWN, NULL },
	[ITEM_BY_NAME] = { SQL_ITEM_LIST_NAME, SQL_ITEM_LIST_NAME_DOWN, "" },
	[ITEM_BY_LOCATION] = { SQL_ITEM_LIST_LOCATION, SQL_ITEM_LIST_LOCATION_DOWN, "" },
	[ITEM_BY_QUANTITY] = { SQL_ITEM_LIST_QUANTITY, SQL_ITEM_LIST_QUANTITY_DOWN, "-1" },
	[ITEM_BY_UPDATED_AT] = { SQL_ITEM_LIST_UPDATED_AT, SQL_ITEM_LIST_UPDATED_AT_DOWN, "" },
};
/* clang-format on */

/*
 * A key is bound as text: beside a column of numbers SQLite compares it as
 * one.  A blob comes after every text and number.
 */
static void
bind_start(struct query *q, const struct item_query *query)
{
	const char *least = orders[query->sort].least;

	if (query->from) {
		if (least != NULL)
			db_bind_text(q, ":key", query->key);
		db_bind_text(q, ":key_sku", query->key_sku);
	} else if (query->down) {
		db_bind_blob(q, least != NULL ? ":key" : ":key_sku", "", 0);
		if (least != NULL)
			db_bind_text(q, ":key_sku", "");
	} else {
		if (least != NULL)
			db_bind_text(q, ":key", least);
		db_bind_text(q, ":key_sku", "");
	}
}

static void
bind_bounds(struct query *q, const struct item_query *query)
{
	const struct item_bounds *b;
	int i;

	for (i = 0; i < ITEM_FILTER__COUNT; i++) {
		b = &query->bounds[i];
		db_bind_text(q, bound_names[i].in,
		    b->in != NULL ? json_out_text(b->in, NULL) : NULL);
		db_bind_text(q, bound_names[i].out,
		    b->out != NULL ? json_out_text(b->out, NULL) : NULL);
		db_bind_text(q, bound_names[i].ge, b->ge);
		db_bind_text(q, bound_names[i].lt, b->lt);
	}
}

enum status
item_page_read(
    struct db *db, const struct item_query *query, struct item_page *out)
{
	struct item_page page = {0};
	struct query *q;
	enum status st;

	assert(query->limit > 0);
	page.items = calloc((size_t)query->limit, sizeof(*page.items));
	if (page.items == NULL)
		log_fatal(1, "out of memory");
	q = db_query(db,
	    query->down ? orders[query->sort].down : orders[query->sort].up);
	bind_start(q, query);
	bind_bounds(q, query);
	db_bind_text(q, ":q", query->q);
	db_bind_int(q, ":limit", query->limit + 1);
	while (!page.more && db_row(q)) {
		if (page.count == query->limit)
			page.more = true;
		else
			read_row(q, &page.items[page.count++]);
	}
	if ((st = db_done(q, ST_OK)) != ST_OK)
		item_page_reset(&page);
	else
		*out = page;
	return st;
}

void
item_page_reset(struct item_page *page)
{
	int i;

	for (i = 0; i < page->count; i++)
		item_reset(&page->items[i]);
	free(page->items);
	memset(page, 0, sizeof(*page));
}

static enum status
read_counts(struct db *db, enum sql sql, struct item_counts *out)
{
	struct query *q;

	q = db_query(db, sql);
	if (db_row(q)) {
		out->all = db_int(q, 0);
		out->low = db_int(q, 1);
		out->out = db_int(q, 2);
		out->on_order = db_int(q, 3);
	}
	return db_done(q, ST_FAULT);
}

enum status
item_counts(struct db *db, struct item_counts *out)
{
	return read_counts(db, SQL_ITEM_COUNTS, out);
}

enum status
item_counts_anew(struct db *db, struct item_counts *out)
{
	return read_counts(db, SQL_VERIFY_COUNTS, out);
}
