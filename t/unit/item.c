/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Items and their log in a real database: what a commit writes, what a page
 * reads, and what is said of a log whose old rows are gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "fcgi-app/change.h"
#include "fcgi-app/field.h"
#include "fcgi-app/item.h"
#include "t/unit/temp-db.h"

/* Into an array, as an object. */
static void
add_event(int64_t seq, const char *text, size_t len, void *arg)
{
	struct json_object *event, *number;
	struct json_error err;

	assert_true(len <= EVENT_DATA_MAX);
	assert_int_equal(json_in_parse(text, len, &event, &err), ST_OK);
	assert_true(json_object_object_get_ex(event, "seq", &number));
	assert_int_equal(json_object_get_int64(number), seq);
	json_object_array_add(arg, event);
}

static const char *path;
static struct field_set fields;

static int
setup(void **state)
{
	(void)state;
	if ((path = temp_db_open()) == NULL)
		return -1;
	field_set_init(&fields);
	field_set_add(&fields, "extra", "Extra", FIELD_TEXT, 5000);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	field_set_reset(&fields);
	return temp_db_remove();
}

static struct change
change_by(const char *update_type)
{
	struct change what = {0};

	what.update_type = update_type;
	what.user_id = 7;
	what.username = "ana";
	what.changeset = "test";
	what.source = "api";
	return what;
}

/* One commit in a transaction of its own. */
static enum status
commit(const struct item *before, struct item *after, const char *update_type)
{
	struct change what = change_by(update_type);
	struct db *db;
	enum status st;

	assert_int_equal(db_write_begin(&db), ST_OK);
	st = item_commit(db, &fields, before, after, &what);
	assert_int_equal(db_write_end(db, st == ST_OK), ST_OK);
	return st;
}

static void
make(struct item *it, const char *sku, int64_t quantity)
{
	item_init(it);
	item_set(&it->sku, sku);
	item_set(&it->name, "a thing");
	it->quantity = quantity;
	assert_int_equal(commit(NULL, it, "create"), ST_OK);
}

static void
run_sql(const char *sql)
{
	sqlite3 *raw;

	assert_int_equal(sqlite3_open(path, &raw), SQLITE_OK);
	sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	assert_int_equal(sqlite3_exec(raw, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(raw);
}

static void
test_commit(void **state)
{
	struct item it, after, loaded = {0}, twin;
	struct db *db;
	int64_t first;

	(void)state;
	make(&it, "A-1", 12500);
	assert_true(it.id > 0 && it.version > 0);
	assert_string_equal(it.created_at, it.updated_at);
	assert_string_equal(it.updated_by, "ana");
	first = it.version;

	/* The same again changes nothing. */
	item_copy(&it, &after);
	assert_int_equal(commit(&it, &after, "edit"), ST_NO_CONTENT);
	assert_true(after.version == first);
	after.quantity = 1;
	assert_int_equal(commit(&it, &after, "edit"), ST_OK);
	assert_true(after.version == first + 1);

	db = db_open_reader(path);
	assert_int_equal(item_load(db, "A-1", &loaded), ST_OK);
	assert_true(loaded.version == first + 1 && loaded.quantity == 1);
	assert_int_equal(item_load(db, "a-1", &loaded), ST_NOT_FOUND);

	/* A SKU that is taken; what failed left no number out. */
	item_init(&twin);
	item_set(&twin.sku, "A-1");
	assert_int_equal(commit(NULL, &twin, "create"), ST_CONFLICT);
	item_reset(&it);
	make(&it, "A-2", 0);
	assert_true(it.version == first + 2);
	item_reset(&twin);
	item_copy(&it, &twin);
	item_set(&twin.sku, "A-1");
	assert_int_equal(commit(&it, &twin, "edit"), ST_CONFLICT);
	assert_int_equal(commit(&it, NULL, "delete"), ST_OK);
	assert_int_equal(item_load(db, "A-2", &loaded), ST_NOT_FOUND);
	item_reset(&it);
	item_reset(&after);
	item_reset(&twin);
	item_reset(&loaded);
	db_close(db);
}

static void
test_extra(void **state)
{
	struct item it, after;
	char text[FIELD_EXTRA_MAX + 1];

	(void)state;
	make(&it, "E-1", 0);
	item_copy(&it, &after);
	memset(text, 'x', FIELD_EXTRA_MAX);
	text[FIELD_EXTRA_MAX] = '\0';
	json_object_object_add(
	    after.extra, "extra", json_object_new_string(text));
	assert_int_equal(commit(&it, &after, "edit"), ST_INVALID);
	text[FIELD_EXTRA_MAX - strlen("{\"extra\":\"\"}")] = '\0';
	json_object_object_add(
	    after.extra, "extra", json_object_new_string(text));
	assert_int_equal(commit(&it, &after, "edit"), ST_OK);
	item_reset(&it);
	item_reset(&after);
}

/* An event is never larger than a stream takes; a merge reads all of it. */
static void
test_truncated(void **state)
{
	struct item it, after;
	struct json_object *events, *event, *value;
	struct db *db;
	char notes[8001];

	(void)state;
	make(&it, "T-1", 0);
	item_copy(&it, &after);
	memset(notes, '\x01', sizeof(notes) - 1); /* six bytes each in JSON */
	notes[sizeof(notes) - 1] = '\0';
	item_set(&after.notes, notes);
	assert_int_equal(commit(&it, &after, "edit"), ST_OK);
	db = db_open_reader(path);
	events = json_object_new_array();
	assert_int_equal(change_list(db, it.version, 10, "0123456789abcdef",
			     add_event, events),
	    ST_OK);
	event = json_object_array_get_idx(events, 0);
	assert_true(json_object_object_get_ex(event, "truncated", &value));
	assert_true(json_object_object_get_ex(event, "field", &value));
	assert_string_equal(json_object_get_string(value), "notes");
	assert_true(json_object_object_get_ex(event, "new_value", &value));
	assert_null(value);
	assert_true(json_object_object_get_ex(event, "epoch", &value));
	json_object_put(events);
	assert_int_equal(change_of_item(db, it.id, it.version, &events), ST_OK);
	event = json_object_array_get_idx(events, 0);
	assert_true(json_object_object_get_ex(event, "changes", &value));
	event = json_object_array_get_idx(value, 0);
	assert_true(json_object_object_get_ex(event, "new_value", &value));
	assert_string_equal(json_object_get_string(value), notes);
	json_object_put(events);
	item_reset(&it);
	item_reset(&after);
	db_close(db);
}

static void
test_history(void **state)
{
	struct item it, after;
	struct json_object *events;
	struct db *db;
	int64_t id = 0;

	(void)state;
	make(&it, "H-1", 1000);
	item_copy(&it, &after);
	item_set(&after.sku, "H-2");
	assert_int_equal(commit(&it, &after, "edit"), ST_OK);
	assert_int_equal(commit(&after, NULL, "delete"), ST_OK);
	db = db_open_reader(path);
	assert_int_equal(change_item_by_sku(db, "H-1", &id), ST_OK);
	assert_true(id == it.id);
	assert_int_equal(change_item_by_sku(db, "H-2", &id), ST_OK);
	assert_true(id == it.id);
	assert_int_equal(change_item_by_sku(db, "H-3", &id), ST_NOT_FOUND);
	events = json_object_new_array();
	assert_int_equal(
	    change_history(db, id, 0, 10, add_event, events), ST_OK);
	assert_int_equal(json_object_array_length(events), 3);
	json_object_put(events);
	events = json_object_new_array();
	assert_int_equal(
	    change_history(db, id, it.version + 1, 10, add_event, events),
	    ST_OK);
	assert_int_equal(json_object_array_length(events), 1);
	json_object_put(events);
	item_reset(&it);
	item_reset(&after);
	db_close(db);
}

static void
test_pages(void **state)
{
	struct item_query query = {0};
	struct item_page page;
	struct item_counts before, now;
	struct item it[5];
	struct db *db;
	char sku[16];
	int i;

	(void)state;
	db = db_open_reader(path);
	assert_int_equal(item_counts(db, &before), ST_OK);
	for (i = 0; i < 5; i++) {
		snprintf(sku, sizeof(sku), "P-%d", i);
		make(&it[i], sku, i / 2 * 1000);
	}
	assert_int_equal(item_counts(db, &now), ST_OK);
	assert_true(now.all == before.all + 5 && now.out == before.out + 2);
	/* Two with 0, two with 1, one with 2; ties go up, both ways. */
	query.sort = ITEM_BY_QUANTITY;
	query.down = true;
	query.limit = 2;
	query.q = "P-?*";
	query.from = true;
	query.key = "2000";
	query.key_sku = "P-4";
	assert_int_equal(item_page_read(db, &query, &page), ST_OK);
	assert_int_equal(page.count, 2);
	assert_true(page.more);
	assert_string_equal(page.items[0].sku, "P-2");
	assert_string_equal(page.items[1].sku, "P-3");
	item_page_reset(&page);
	query.key = "1000";
	query.key_sku = "P-3";
	assert_int_equal(item_page_read(db, &query, &page), ST_OK);
	assert_int_equal(page.count, 2);
	assert_false(page.more);
	assert_string_equal(page.items[0].sku, "P-0");
	item_page_reset(&page);
	for (i = 0; i < 5; i++)
		item_reset(&it[i]);
	db_close(db);
}

/* The last test: it prunes the log. */
static void
test_pruned(void **state)
{
	struct change_log log;
	struct item it;
	struct db *db;
	int64_t head;

	(void)state;
	make(&it, "Z-1", 0);
	db = db_open_reader(path);
	assert_int_equal(change_log_read(db, &log), ST_OK);
	assert_int_equal(strlen(log.epoch), EVENT_EPOCH_LEN);
	assert_true(log.head == it.version && log.oldest == 1);
	head = log.head;
	run_sql("DELETE FROM change WHERE seq < 4");
	assert_int_equal(change_log_read(db, &log), ST_OK);
	assert_true(log.head == head && log.oldest == 4);
	run_sql("DELETE FROM change");
	assert_int_equal(change_log_read(db, &log), ST_OK);
	assert_true(log.head == head && log.oldest == head + 1);
	/* A number is never used twice. */
	item_reset(&it);
	make(&it, "Z-2", 0);
	assert_true(it.version == head + 1);
	item_reset(&it);
	db_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commit),
	    cmocka_unit_test(test_extra),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_history),
	    cmocka_unit_test(test_pages),
	    cmocka_unit_test(test_pruned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
