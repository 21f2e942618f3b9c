/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The ledger of the load program finds what it is there to find: each test
 * tells the same short story with one thing wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/ledger.h"

/* Changes as the log has them. */
#define CHANGE(seq, type, changes)                                             \
	"{\"seq\":" #seq ",\"version\":" #seq ",\"sku\":\"A\","                \
	"\"update_type\":\"" type "\",\"changes\":[" changes "]}"
#define FIELD(name, before, after)                                             \
	"{\"field\":\"" name "\",\"old_value\":" before ",\"new_value\":"      \
	"" after "}"

/* The story: made, edited, adjusted, edited from before that, deleted. */
static const char *const story[] = {
    CHANGE(11, "create",
	FIELD("name", "null", "\"a\"") "," FIELD("quantity", "null", "10")),
    CHANGE(12, "edit", FIELD("name", "\"a\"", "\"b\"")),
    CHANGE(13, "adjust", FIELD("quantity", "10", "7")),
    CHANGE(14, "edit", FIELD("notes", "null", "\"n\"")),
    CHANGE(15, "delete",
	FIELD("name", "\"b\"", "null") "," FIELD(
	    "quantity", "7", "null") "," FIELD("notes", "\"n\"", "null")),
};
#define ROWS (sizeof(story) / sizeof(*story))

static struct ledger ledger;
static struct ledger_faults faults;

static uint64_t
hash(const char *json)
{
	struct json_object *o = json_tokener_parse(json);
	uint64_t h = value_hash(o);

	json_object_put(o);
	return h;
}

/* The item as it was answered, as a number. */
static uint64_t
told(const char *name, const char *quantity, const char *notes)
{
	struct table_row row = {0};
	struct catalog *c = &ledger.catalog;

	row.value[catalog_field(c, "name")] = hash(name);
	row.value[catalog_field(c, "quantity")] = hash(quantity);
	row.value[catalog_field(c, "notes")] = hash(notes);
	return row_hash(&row);
}

static struct entry
entry(enum effect_kind kind, int64_t base, int64_t version)
{
	return (struct entry){.kind = kind,
	    .item = catalog_item(&ledger.catalog, "A"),
	    .good = true,
	    .base = base,
	    .version = version};
}

static void
wish(struct entry *e, const char *field, const char *value)
{
	struct effect_field *f = &e->wish[e->wishes++];

	f->field = catalog_field(&ledger.catalog, field);
	f->after = hash(value);
}

/* What the writers were answered when all went well; in another order. */
static void
tell(struct entry out[ROWS])
{
	out[0] = entry(EFFECT_EDIT, 11, 14);
	wish(&out[0], "notes", "\"n\"");
	out[0].told = told("\"b\"", "7", "\"n\"");
	out[1] = entry(EFFECT_ADJUST, 0, 13);
	out[1].delta = -3;
	out[1].told = told("\"b\"", "7", "null");
	out[2] = entry(EFFECT_EDIT, 11, 12);
	wish(&out[2], "name", "\"b\"");
	out[2].told = told("\"b\"", "10", "null");
	out[3] = entry(EFFECT_DELETE, 14, 0);
	out[4] = entry(EFFECT_CREATE, 0, 11);
	wish(&out[4], "name", "\"a\"");
	out[4].told = told("\"a\"", "10", "null");
}

static void
row(int64_t seq, const char *text)
{
	struct json_object *o = json_tokener_parse(text);

	assert_non_null(o);
	ledger_row(&ledger, seq, o);
	json_object_put(o);
}

static void
judge(const struct entry *e, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		ledger_add(&ledger, &e[i]);
	ledger_judge(&ledger, &faults);
}

/* The log as it is, but for the row REPLACED, which is TEXT. */
static void
write_log(int64_t replaced, const char *text)
{
	size_t i;

	ledger_begin(&ledger, 10);
	for (i = 0; i < ROWS; i++)
		row(11 + (int64_t)i,
		    11 + (int64_t)i == replaced ? text : story[i]);
}

static void
assert_faults(int lost, int twice, int overruled, int torn, int mistold)
{
	assert_int_equal(faults.lost, lost);
	assert_int_equal(faults.twice, twice);
	assert_int_equal(faults.overruled, overruled);
	assert_int_equal(faults.torn, torn);
	assert_int_equal(faults.mistold, mistold);
}

static int
setup(void **state)
{
	(void)state;
	catalog_field(&ledger.catalog, "name");
	catalog_field(&ledger.catalog, "quantity");
	catalog_field(&ledger.catalog, "notes");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ledger_reset(&ledger);
	return 0;
}

static void
test_good(void **state)
{
	struct entry e[ROWS];
	struct table nothing = {0};

	(void)state;
	tell(e);
	write_log(0, NULL);
	judge(e, ROWS);
	assert_faults(0, 0, 0, 0, 0);
	assert_int_equal(table_differs(&ledger.table, &nothing), 0);
}

/* Acknowledged, and the log is at its end before it. */
static void
test_not_there(void **state)
{
	struct entry e[ROWS];
	size_t i;

	(void)state;
	tell(e);
	ledger_begin(&ledger, 10);
	for (i = 0; i < ROWS - 1; i++)
		row(11 + (int64_t)i, story[i]);
	judge(e, ROWS);
	assert_faults(1, 0, 0, 0, 0);
}

/* Acknowledged, and another change has its number. */
static void
test_another(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	write_log(14, CHANGE(14, "edit", FIELD("notes", "null", "\"x\"")));
	judge(e, ROWS);
	assert_int_equal(faults.lost, 1);
	assert_int_equal(faults.twice, 1);
}

/* The log leaves one out. */
static void
test_gap(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	ledger_begin(&ledger, 10);
	row(11, story[0]);
	row(12, story[1]);
	row(14, story[3]);
	row(15, story[4]);
	judge(e, ROWS);
	assert_int_equal(faults.lost, 1);
}

/* An adjustment is there twice; one answer stands for one of the two. */
static void
test_twice(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	write_log(14, CHANGE(14, "adjust", FIELD("quantity", "7", "4")));
	e[0] = e[ROWS - 1];
	judge(e, ROWS - 1);
	assert_int_equal(faults.twice, 1);
	assert_int_equal(faults.lost, 0);
}

/* Two answers, one change. */
static void
test_one_for_two(void **state)
{
	struct entry e[ROWS + 1];

	(void)state;
	tell(e);
	e[ROWS] = e[1];
	write_log(0, NULL);
	judge(e, ROWS + 1);
	assert_faults(1, 0, 0, 0, 0);
}

/* Refused, and done all the same. */
static void
test_refused(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	e[2].good = false;
	write_log(0, NULL);
	judge(e, ROWS);
	assert_faults(0, 1, 0, 0, 0);
}

/* Only what was sent again may have been done and be refused, and once. */
static void
test_again(void **state)
{
	static const size_t at[] = {1, 2, 3};
	struct entry e[ROWS + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		tell(e);
		e[at[i]].good = false;
		e[at[i]].again = true;
		e[ROWS] = e[at[i]];
		ledger.count = 0;
		write_log(0, NULL);
		judge(e, ROWS + 1);
		assert_faults(0, 0, 0, 0, 0);
		assert_int_equal(faults.late, e[at[i]].kind != EFFECT_DELETE);
		e[at[i]].again = e[ROWS].again = false;
		ledger.count = 0;
		judge(e, ROWS + 1);
		assert_faults(0, 1, 0, 0, 0);
		assert_int_equal(faults.late, 0);
	}
}

/* Another amount than was wished. */
static void
test_delta(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	e[1].delta = -4;
	write_log(0, NULL);
	judge(e, ROWS);
	assert_faults(1, 1, 0, 0, 0);
}

/* The second edit rests on the first's base and takes its name away. */
static void
test_overruled(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	e[0] = entry(EFFECT_EDIT, 11, 14);
	wish(&e[0], "name", "\"c\"");
	e[0].told = told("\"c\"", "7", "null");
	write_log(14, CHANGE(14, "edit", FIELD("name", "\"b\"", "\"c\"")));
	judge(e, ROWS - 1);
	assert_int_equal(faults.overruled, 1);
	assert_int_equal(faults.lost, 0);
}

/* An adjustment that was made to what had been before another one. */
static void
test_torn(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	write_log(13, CHANGE(13, "adjust", FIELD("quantity", "9", "6")));
	judge(e, ROWS);
	assert_int_equal(faults.torn, 2);
	assert_int_equal(faults.lost, 0);
	assert_int_equal(faults.mistold, 2);
}

static void
test_mistold(void **state)
{
	struct entry e[ROWS];

	(void)state;
	tell(e);
	e[1].told = told("\"a\"", "7", "null");
	write_log(0, NULL);
	judge(e, ROWS);
	assert_faults(0, 0, 0, 0, 1);
}

/* ---- tables */

static void
apply(struct table *t, const char *text, bool good)
{
	struct json_object *o = json_tokener_parse(text);
	struct effect *e = effect_read(&ledger.catalog, o);

	assert_non_null(e);
	assert_int_equal(table_apply(t, e), good);
	free(e);
	json_object_put(o);
}

static void
put(struct table *t, const char *text)
{
	struct json_object *o = json_tokener_parse(text);

	table_put(t, &ledger.catalog, o);
	json_object_put(o);
}

/* A client that misses, doubles or swaps events shows other items. */
static void
test_tables(void **state)
{
	struct table items = {0}, all = {0}, lost = {0}, swapped = {0};

	(void)state;
	apply(&all, story[0], true);
	apply(&all, story[1], true);
	apply(&all, story[2], true);
	put(&items, "{\"sku\":\"A\",\"version\":13,\"name\":\"b\","
		    "\"quantity\":7,\"notes\":null,\"stock\":\"ok\"}");
	assert_int_equal(table_differs(&all, &items), 0);
	assert_int_equal(table_differs(&items, &all), 0);

	apply(&lost, story[0], true);
	apply(&lost, story[2], true);
	assert_int_equal(table_differs(&lost, &items), 1);

	apply(&swapped, story[0], true);
	apply(&swapped, story[2], true);
	apply(&swapped, story[1], true);
	assert_int_equal(table_differs(&swapped, &items), 1);

	apply(&all, story[2], false);
	table_reset(&items);
	assert_int_equal(table_differs(&all, &items), 1);
	table_reset(&all);
	table_reset(&lost);
	table_reset(&swapped);
}

/* What is no change of an item does nothing to it. */
static void
test_no_effect(void **state)
{
	struct json_object *o = json_tokener_parse(
	    CHANGE(11, "price", FIELD("name", "\"a\"", "\"b\"")));

	(void)state;
	assert_null(effect_read(&ledger.catalog, o));
	json_object_put(o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_good),
	    TEST(test_not_there),
	    TEST(test_another),
	    TEST(test_gap),
	    TEST(test_twice),
	    TEST(test_one_for_two),
	    TEST(test_refused),
	    TEST(test_again),
	    TEST(test_delta),
	    TEST(test_overruled),
	    TEST(test_torn),
	    TEST(test_mistold),
	    TEST(test_tables),
	    TEST(test_no_effect),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
