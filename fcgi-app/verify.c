/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "field.h"
#include "item.h"
#include "schema.h"
#include "shared/json.h"

#define PAGE         500 /* items read at once */
#define COUNTS_SINCE 3   /* the schema that has item_count */

static void __attribute__((__format__(printf, 3, 4)))
found(struct verify *v, const char *check, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->findings++;
	v->found(check, text, v->arg);
}

static void
step(struct verify *v)
{
	v->rows++;
	if (v->step != NULL)
		v->step(v->rows, v->arg);
}

/* The file itself: SQLite's own checks. */
static enum status
check_file(struct db *db, struct verify *v)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_VERIFY_SCHEMA);
	if (db_row(q))
		v->schema = db_int(q, 0);
	if ((st = db_done(q, ST_FAULT)) != ST_OK)
		return st;
	if (v->schema > schema_newest())
		found(v, "schema",
		    "it was made by a newer Stockroom (schema %" PRId64
		    "; this program knows up to %d)",
		    v->schema, schema_newest());
	q = db_query(db, SQL_VERIFY_INTEGRITY);
	while (db_row(q))
		if (strcmp(db_text(q, 0), "ok") != 0)
			found(v, "integrity", "%s", db_text(q, 0));
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(db, SQL_VERIFY_FOREIGN);
	while (db_row(q))
		found(v, "references",
		    "row %" PRId64 " of %s refers to a %s that is not there",
		    db_int(q, 1), db_text(q, 0), db_text(q, 2));
	return db_done(q, ST_OK);
}

/* The outbox: numbers without a hole, up to the newest ever given. */
static enum status
check_log(struct db *db, struct verify *v)
{
	struct change_log log;
	struct query *q;
	int64_t count = 0, newest = 0;
	enum status st;

	if ((st = change_log_read(db, &log)) != ST_OK)
		return st;
	v->head = log.head;
	v->oldest = log.oldest;
	if (strlen(log.epoch) != EVENT_EPOCH_LEN ||
	    strspn(log.epoch, "0123456789abcdef") != EVENT_EPOCH_LEN)
		found(v, "log", "the epoch \"%s\" is malformed", log.epoch);
	q = db_query(db, SQL_VERIFY_LOG);
	if (db_row(q)) {
		count = db_int(q, 0);
		newest = db_int(q, 1);
	}
	if ((st = db_done(q, ST_FAULT)) != ST_OK)
		return st;
	v->changes = count;
	if (count > 0 && newest != log.head)
		found(v, "log",
		    "the newest change is %" PRId64 ", but %" PRId64
		    " were numbered",
		    newest, log.head);
	if (count != newest + 1 - log.oldest && count > 0)
		found(v, "log",
		    "of the changes %" PRId64 " to %" PRId64 " there are only "
		    "%" PRId64,
		    log.oldest, newest, count);
	return ST_OK;
}

/* The quantity's pair of values among a row's changes; false: not there. */
static bool
quantity_change(struct json_object *changes, struct json_object **old,
    struct json_object **new)
{
	struct json_object *one, *name;
	size_t i;

	for (i = 0; i < json_object_array_length(changes); i++) {
		one = json_object_array_get_idx(changes, i);
		if (json_object_object_get_ex(one, "field", &name) &&
		    strcmp(json_object_get_string(name), "quantity") == 0)
			return json_object_object_get_ex(
				   one, "old_value", old) &&
			       json_object_object_get_ex(one, "new_value", new);
	}
	return false;
}

/* A row of the ledger as it runs over one item's changes. */
struct running {
	int64_t item_id;
	char quantity[32]; /* as JSON; "" while it is not known */
};

/* One change: it must begin where the one before has ended. */
static void
add_up(struct verify *v, struct query *q, struct running *run)
{
	const char *text = db_text(q, 2), *sku = db_text(q, 3);
	struct json_object *changes = NULL, *old = NULL, *new = NULL;
	struct json_error err;

	if (db_int(q, 0) != run->item_id) {
		run->item_id = db_int(q, 0);
		run->quantity[0] = '\0';
	}
	if (json_in_parse(text, strlen(text), &changes, &err) != ST_OK ||
	    !json_object_is_type(changes, json_type_array)) {
		found(v, "ledger", "change %" PRId64 " cannot be read",
		    db_int(q, 1));
	} else if (quantity_change(changes, &old, &new)) {
		text = old != NULL ? json_out_text(old, NULL) : "";
		if (old != NULL && run->quantity[0] != '\0' &&
		    strcmp(text, run->quantity) != 0)
			found(v, "ledger",
			    "change %" PRId64 " of %s takes its quantity "
			    "from %s, but it was %s",
			    db_int(q, 1), sku, text, run->quantity);
		snprintf(run->quantity, sizeof(run->quantity), "%s",
		    new != NULL ? json_out_text(new, NULL) : "");
	}
	json_object_put(changes);
}

/* Every change, item by item. */
static enum status
check_changes(struct db *db, struct verify *v)
{
	struct running run = {0};
	struct query *q;

	q = db_query(db, SQL_VERIFY_CHANGES);
	while (db_row(q)) {
		add_up(v, q, &run);
		step(v);
	}
	return db_done(q, ST_OK);
}

/* An item beside what its last change left: AFTER has the fields' values. */
static void
compare(struct verify *v, const struct field_set *set, const struct item *it,
    struct json_object *after)
{
	struct json_object *is, *was;
	int i;

	for (i = 0; i < set->count; i++) {
		if (!json_object_object_get_ex(after, set->field[i].name, &was))
			continue;
		is = field_get(&set->field[i], it);
		if (!field_same(is, was))
			found(v, "ledger",
			    "%s of %s is %.80s, but its last change left "
			    "%.80s",
			    set->field[i].name, it->sku,
			    json_out_text(is, NULL), json_out_text(was, NULL));
		json_object_put(is);
	}
}

static enum status
check_item(struct db *db, struct verify *v, const struct field_set *set,
    const struct item *it)
{
	struct json_object *after = NULL;
	struct json_error err;
	int64_t seq = 0;
	struct query *q;
	enum status st;

	q = db_query(db, SQL_VERIFY_LAST);
	db_bind_int(q, ":item_id", it->id);
	if (db_row(q)) {
		seq = db_int(q, 0);
		if (db_text(q, 1) != NULL &&
		    json_in_parse(db_text(q, 1), strlen(db_text(q, 1)), &after,
			&err) == ST_OK)
			compare(v, set, it, after);
	}
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	json_object_put(after);
	/* SQLite looks at such rules only where it may write. */
	if (it->quantity < 0 || it->qty_ordered < 0 || it->reorder_level < 0)
		found(v, "values", "a number of %s is negative", it->sku);
	if (it->version > v->head)
		found(v, "versions",
		    "%s has version %" PRId64 ", beyond the newest change",
		    it->sku, it->version);
	/* What was pruned is not there to be compared. */
	else if (seq != it->version && (seq != 0 || it->version >= v->oldest))
		found(v, "versions",
		    "%s has version %" PRId64 ", its last change is %" PRId64,
		    it->sku, it->version, seq);
	return ST_OK;
}

static enum status
check_items(struct db *db, struct verify *v, const struct field_set *set)
{
	struct item_query query = {.sort = ITEM_BY_SKU, .limit = PAGE};
	struct item_page page = {0};
	char key[65] = "";
	enum status st;
	bool more;
	int i;

	do {
		query.key_sku = key;
		query.from = v->items > 0;
		if ((st = item_page_read(db, &query, &page)) != ST_OK)
			return st;
		for (i = 0; i < page.count && st == ST_OK; i++) {
			st = check_item(db, v, set, &page.items[i]);
			v->items++;
			step(v);
		}
		if (page.count > 0)
			snprintf(key, sizeof(key), "%s",
			    page.items[page.count - 1].sku);
		more = page.more;
		item_page_reset(&page);
	} while (st == ST_OK && more);
	return st;
}

/* How many there are of each kind is kept beside the items. */
static enum status
check_counts(struct db *db, struct verify *v)
{
	struct item_counts kept, counted;
	enum status st;

	if (v->schema < COUNTS_SINCE)
		return ST_OK;
	if ((st = item_counts(db, &kept)) != ST_OK ||
	    (st = item_counts_anew(db, &counted)) != ST_OK)
		return st;
	if (kept.all != counted.all || kept.low != counted.low ||
	    kept.out != counted.out || kept.on_order != counted.on_order)
		found(v, "counts",
		    "all, low, out and on order are kept as %" PRId64
		    ", %" PRId64 ", %" PRId64 " and %" PRId64
		    ", but there are %" PRId64 ", %" PRId64 ", %" PRId64
		    " and %" PRId64,
		    kept.all, kept.low, kept.out, kept.on_order, counted.all,
		    counted.low, counted.out, counted.on_order);
	return ST_OK;
}

/* All checks in turn; those after the first need a file that can be read. */
static enum status
check_all(struct db *db, struct verify *v)
{
	struct field_set set = {0};
	enum status st;

	if ((st = check_file(db, v)) != ST_OK || v->findings > 0)
		return st;
	if ((st = field_set_load(db, &set)) == ST_OK &&
	    (st = check_log(db, v)) == ST_OK &&
	    (st = check_changes(db, v)) == ST_OK)
		st = check_items(db, v, &set);
	if (st == ST_OK)
		st = check_counts(db, v);
	field_set_reset(&set);
	return st;
}

enum status
verify_run(struct db *db, struct verify *v)
{
	enum status st;

	v->findings = v->schema = v->items = v->changes = v->rows = 0;
	v->head = v->oldest = 0;
	if ((st = db_snapshot_begin(db)) != ST_OK)
		return st;
	st = check_all(db, v);
	db_snapshot_end(db);
	return st;
}
