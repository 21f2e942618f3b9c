/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What becomes of a wish that rests on an older version.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/merge.h"
#include "shared/json.h"

static struct json_object *
parse(const char *text)
{
	struct json_object *o = NULL;
	struct json_error err;

	assert_int_equal(json_in_parse(text, strlen(text), &o, &err), ST_OK);
	return o;
}

/* Events: ben at version 7, ana at version 9. */
#define BEN(changes)                                                           \
	"{\"username\":\"ben\",\"timestamp\":\"t7\","                          \
	"\"version\":7,\"changes\":[" changes "]}"
#define ANA(changes)                                                           \
	"{\"username\":\"ana\",\"timestamp\":\"t9\","                          \
	"\"version\":9,\"changes\":[" changes "]}"
#define CHANGE(field, old, new)                                                \
	"{\"field\":\"" field "\",\"old_value\":" old ",\"new_value\":" new "}"

static void
check(const char *wish_text, const char *now_text, const char *log_text,
    const char *conflicts, const char *merged_with)
{
	struct json_object *wish = parse(wish_text);
	struct json_object *now = parse(now_text);
	struct json_object *log = log_text ? parse(log_text) : NULL;
	struct merge m = {0};

	if (log != NULL)
		merge_wish(wish, now, log, &m);
	else
		merge_blind(wish, now, false, &m);
	assert_string_equal(json_out_text(m.conflicts, NULL), conflicts);
	assert_string_equal(json_out_text(m.merged_with, NULL), merged_with);
	merge_reset(&m);
	assert_null(m.conflicts);
	json_object_put(wish);
	json_object_put(now);
	json_object_put(log);
}

static void
test_nobody(void **state)
{
	(void)state;
	check("{\"name\":\"b\"}", "{\"name\":\"a\",\"quantity\":1}", "[]", "[]",
	    "[]");
}

static void
test_other_field(void **state)
{
	(void)state;
	check("{\"name\":\"b\"}", "{\"name\":\"a\",\"quantity\":15}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "]", "[]",
	    "[{\"field\":\"quantity\",\"value\":15,\"by\":\"ben\","
	    "\"version\":7}]");
}

static void
test_same_field(void **state)
{
	(void)state;
	check("{\"quantity\":12}", "{\"name\":\"a\",\"quantity\":15}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "]",
	    "[{\"field\":\"quantity\",\"base\":10,\"theirs\":15,\"yours\":12,"
	    "\"by\":\"ben\",\"at\":\"t7\"}]",
	    "[]");
}

static void
test_same_wish(void **state)
{
	(void)state;
	check("{\"quantity\":15}", "{\"name\":\"a\",\"quantity\":15}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "]", "[]", "[]");
}

/* The base is the oldest value, theirs the newest, by the last who wrote. */
static void
test_twice(void **state)
{
	(void)state;
	check("{\"quantity\":12}", "{\"quantity\":20}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "," ANA(
		CHANGE("quantity", "15", "20")) "]",
	    "[{\"field\":\"quantity\",\"base\":10,\"theirs\":20,\"yours\":12,"
	    "\"by\":\"ana\",\"at\":\"t9\"}]",
	    "[]");
	check("{\"name\":\"b\"}", "{\"name\":\"a\",\"quantity\":20}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "," ANA(
		CHANGE("quantity", "15", "20")) "]",
	    "[]",
	    "[{\"field\":\"quantity\",\"value\":20,\"by\":\"ana\","
	    "\"version\":9}]");
}

static void
test_there_and_back(void **state)
{
	(void)state;
	check("{\"quantity\":12}", "{\"name\":\"a\",\"quantity\":10}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "," ANA(
		CHANGE("quantity", "15", "10")) "]",
	    "[]", "[]");
}

static void
test_mixed(void **state)
{
	(void)state;
	check("{\"quantity\":12,\"location\":\"B2\",\"name\":\"n\"}",
	    "{\"name\":\"n\",\"location\":\"A1\",\"quantity\":15,"
	    "\"notes\":\"x\",\"jason\":1.5}",
	    "[" BEN(CHANGE("quantity", "10", "15") "," CHANGE(
		"notes", "\"\"", "\"x\"")) "," ANA(CHANGE("name", "\"m\"",
		"\"n\"") "," CHANGE("jason", "0", "1.5")) "]",
	    "[{\"field\":\"quantity\",\"base\":10,\"theirs\":15,\"yours\":12,"
	    "\"by\":\"ben\",\"at\":\"t7\"}]",
	    "[{\"field\":\"notes\",\"value\":\"x\",\"by\":\"ben\","
	    "\"version\":7},{\"field\":\"jason\",\"value\":1.5,"
	    "\"by\":\"ana\",\"version\":9}]");
}

/* Back to the base is a wish too: never overruled in silence. */
static void
test_back_to_base(void **state)
{
	(void)state;
	check("{\"quantity\":10}", "{\"quantity\":15}",
	    "[" BEN(CHANGE("quantity", "10", "15")) "]",
	    "[{\"field\":\"quantity\",\"base\":10,\"theirs\":15,\"yours\":10,"
	    "\"by\":\"ben\",\"at\":\"t7\"}]",
	    "[]");
}

/* Deleted and made again: the base is an item that is no more. */
static void
test_made_again(void **state)
{
	(void)state;
	check("{\"name\":\"b\"}", "{\"name\":\"a\",\"quantity\":0}",
	    "[" BEN(CHANGE("name", "null", "\"a\"") "," CHANGE(
		"quantity", "null", "0")) "]",
	    "[{\"field\":\"name\",\"base\":null,\"theirs\":\"a\","
	    "\"yours\":\"b\",\"by\":\"ben\",\"at\":\"t7\"}]",
	    "[{\"field\":\"quantity\",\"value\":0,\"by\":\"ben\","
	    "\"version\":7}]");
}

/* A text that looks like a number is none. */
static void
test_types(void **state)
{
	(void)state;
	check("{\"unit\":\"5\"}", "{\"unit\":\"6\"}",
	    "[" BEN(CHANGE("unit", "\"5\"", "\"6\"")) "]",
	    "[{\"field\":\"unit\",\"base\":\"5\",\"theirs\":\"6\","
	    "\"yours\":\"5\",\"by\":\"ben\",\"at\":\"t7\"}]",
	    "[]");
}

static void
test_pruned(void **state)
{
	(void)state;
	check("{\"quantity\":12,\"name\":\"a\"}",
	    "{\"name\":\"a\",\"quantity\":15}", NULL,
	    "[{\"field\":\"quantity\",\"base\":null,\"theirs\":15,"
	    "\"yours\":12,\"by\":null,\"at\":null}]",
	    "[]");
	check("{\"name\":\"a\"}", "{\"name\":\"a\",\"quantity\":15}", NULL,
	    "[]", "[]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nobody),
	    cmocka_unit_test(test_other_field),
	    cmocka_unit_test(test_same_field),
	    cmocka_unit_test(test_same_wish),
	    cmocka_unit_test(test_twice),
	    cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_mixed),
	    cmocka_unit_test(test_back_to_base),
	    cmocka_unit_test(test_made_again),
	    cmocka_unit_test(test_types),
	    cmocka_unit_test(test_pruned),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
