/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Typed readers of JSON that was parsed, numbers taken from their text, and
 * what is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shared/json.h"

static struct json_object *
parse(const char *text)
{
	struct json_object *obj = NULL;
	struct json_error err;

	assert_int_equal(json_in_parse(text, strlen(text), &obj, &err), ST_OK);
	return obj;
}

static void
test_readers(void **state)
{
	struct json_object *obj =
	    parse("{\"text\":\"h\xc3\xa9\",\"int\":-7,"
		  "\"bool\":true,\"qty\":12.5,\"whole\":3,"
		  "\"null\":null,\"any\":[1]}");
	struct json_object *any = NULL;
	struct json_in in;
	const char *text = NULL;
	int64_t value = 0, qty = 0, whole = 0, none = 42;
	bool yes = false;

	(void)state;
	json_in_begin(&in, obj, "");
	assert_true(json_in_text(&in, "text", JSON_REQUIRED, 2, 2, &text));
	assert_string_equal(text, "h\xc3\xa9");
	assert_true(json_in_int(&in, "int", JSON_REQUIRED, -7, 0, &value));
	assert_int_equal(value, -7);
	assert_true(json_in_bool(&in, "bool", JSON_REQUIRED, &yes));
	assert_true(yes);
	assert_true(
	    json_in_thousandths(&in, "qty", JSON_REQUIRED, 0, 12500, &qty));
	assert_int_equal(qty, 12500);
	assert_true(
	    json_in_thousandths(&in, "whole", JSON_OPTIONAL, 0, 3000, &whole));
	assert_int_equal(whole, 3000);
	assert_false(json_in_int(&in, "null", JSON_OPTIONAL, 0, 9, &none));
	assert_false(json_in_int(&in, "absent", JSON_OPTIONAL, 0, 9, &none));
	assert_int_equal(none, 42);
	assert_true(json_in_any(&in, "any", &any));
	assert_int_equal(json_object_array_length(any), 1);
	assert_true(json_in_any(&in, "null", &any));
	assert_null(any);
	assert_false(json_in_any(&in, "absent", &any));
	assert_int_equal(json_in_end(&in), ST_OK);
	json_object_put(obj);
}

/* Read one member "v" as KIND: t, T (at least 2), i, b or q. */
static void
trouble(const char *document, char kind, enum json_in_need need,
    const char *pointer, const char *detail)
{
	struct json_object *obj = parse(document);
	struct json_in in;
	const char *text = "same";
	int64_t value = 42;
	bool yes = true, good = true;

	json_in_begin(&in, obj, "/at");
	if (kind == 't' || kind == 'T')
		good =
		    json_in_text(&in, "v", need, kind == 'T' ? 2 : 1, 3, &text);
	else if (kind == 'i')
		good = json_in_int(&in, "v", need, 0, 100, &value);
	else if (kind == 'b')
		good = json_in_bool(&in, "v", need, &yes);
	else
		good = json_in_thousandths(&in, "v", need, 0, 1500, &value);
	assert_false(good);
	/* The first trouble stays. */
	json_in_fail(&in, "later", "is worse");
	assert_int_equal(json_in_end(&in), ST_INVALID);
	assert_string_equal(in.err.pointer, pointer);
	assert_string_equal(in.err.detail, detail);
	assert_string_equal(text, "same");
	assert_int_equal(value, 42);
	assert_true(yes);
	json_object_put(obj);
}

static void
test_troubles(void **state)
{
	static const char number[] = "must be a whole number from 0 to "
				     "100";
	static const char quantity[] = "must be a number from 0 to 1.5 "
				       "with at most three decimals";
	static const char *const ints[] = {"\"1\"", "1.0", "1e1", "-1", "101",
	    "true", "[1]", "9223372036854775808", "18446744073709551616",
	    "99999999999999999999999", "-9223372036854775808",
	    "-99999999999999999999999"};
	static const char *const quantities[] = {"\"1\"", "1.2345", "1e0",
	    "1.501", "-0.001", "2", "9223372036854775807",
	    "-9223372036854775807", "99999999999999999999", "1e999"};
	char document[64];
	size_t i;

	(void)state;
	trouble("{}", 't', JSON_REQUIRED, "/at/v", "is required");
	trouble(
	    "{\"v\":null}", 'i', JSON_REQUIRED, "/at/v", "must not be null");
	trouble("{\"v\":1}", 't', JSON_OPTIONAL, "/at/v", "must be text");
	trouble(
	    "{\"v\":\"\"}", 't', JSON_OPTIONAL, "/at/v", "must not be empty");
	trouble("{\"v\":\"a\"}", 'T', JSON_OPTIONAL, "/at/v",
	    "must have at least 2 characters");
	trouble("{\"v\":\"abcd\"}", 't', JSON_OPTIONAL, "/at/v",
	    "must have at most 3 characters");
	trouble("{\"v\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}", 't',
	    JSON_OPTIONAL, "/at/v", "must have at most 3 characters");
	trouble(
	    "{\"v\":1}", 'b', JSON_OPTIONAL, "/at/v", "must be true or false");
	for (i = 0; i < sizeof(ints) / sizeof(ints[0]); i++) {
		snprintf(document, sizeof(document), "{\"v\":%s}", ints[i]);
		trouble(document, 'i', JSON_OPTIONAL, "/at/v", number);
	}
	for (i = 0; i < sizeof(quantities) / sizeof(quantities[0]); i++) {
		snprintf(
		    document, sizeof(document), "{\"v\":%s}", quantities[i]);
		trouble(document, 'q', JSON_OPTIONAL, "/at/v", quantity);
	}
}

static void
test_unknown(void **state)
{
	struct json_object *obj = parse("{\"a\":1,\"b/~\":2,\"c\":3}");
	struct json_in in;
	int64_t value;

	(void)state;
	json_in_begin(&in, obj, "");
	assert_true(json_in_int(&in, "c", JSON_REQUIRED, 0, 9, &value));
	assert_true(json_in_int(&in, "a", JSON_REQUIRED, 0, 9, &value));
	assert_true(json_in_int(&in, "a", JSON_REQUIRED, 0, 9, &value));
	assert_int_equal(json_in_end(&in), ST_INVALID);
	assert_string_equal(in.err.pointer, "/b~1~0");
	assert_string_equal(in.err.detail, "is not known here");
	json_object_put(obj);
}

static void
test_not_an_object(void **state)
{
	struct json_object *obj = parse("[1]");
	struct json_in in;
	int64_t value;

	(void)state;
	json_in_begin(&in, obj, "/x");
	assert_false(json_in_int(&in, "a", JSON_REQUIRED, 0, 9, &value));
	assert_int_equal(json_in_end(&in), ST_BAD_REQUEST);
	assert_string_equal(in.err.pointer, "/x");
	assert_string_equal(in.err.detail, "must be an object");
	json_object_put(obj);
	json_in_begin(&in, NULL, "");
	assert_int_equal(json_in_end(&in), ST_BAD_REQUEST);
}

/* The caller's own trouble, longer than there is room for. */
static void
test_fail(void **state)
{
	struct json_object *obj = parse("{}");
	struct json_in in;
	char text[512] = "";
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		memcpy(text + 3 * i, "\xe2\x82\xac", 3);
	json_in_begin(&in, obj, "");
	json_in_fail(&in, NULL, "%s", text);
	assert_int_equal(json_in_end(&in), ST_INVALID);
	assert_string_equal(in.err.pointer, "");
	assert_int_equal(strlen(in.err.detail), 159);
	assert_true(json_in_is_utf8(in.err.detail, strlen(in.err.detail)));
	json_object_put(obj);
}

static void
test_thousandths_text(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
	    {"0", 0},
	    {"-0", 0},
	    {"7", 7000},
	    {"0.5", 500},
	    {"-12.345", -12345},
	    {"1.20", 1200},
	    {"1.000", 1000},
	    {"999999999.999", INT64_C(999999999999)},
	};
	static const char *const bad[] = {"", "-", ".5", "5.", "1.2345",
	    "1.0000", "01", "00.5", "1e3", "+1", " 1", "1 ", "1,5", "0x1",
	    "--1", "1.2.3", "99999999999999999999", "9223372036854775807"};
	char text[24];
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(json_in_parse_thousandths(
		    good[i].text, strlen(good[i].text), &value));
		assert_int_equal(value, good[i].value);
	}
	value = 42;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(
		    json_in_parse_thousandths(bad[i], strlen(bad[i]), &value));
	assert_int_equal(value, 42);
	/* Only LEN bytes count. */
	assert_true(json_in_parse_thousandths("12345", 2, &value));
	assert_int_equal(value, 12000);

	json_out_thousandths_text(-12345, text);
	assert_string_equal(text, "-12.345");
	json_out_thousandths_text(-1, text);
	assert_string_equal(text, "-0.001");
	json_out_thousandths_text(1500, text);
	assert_string_equal(text, "1.5");
	json_out_thousandths_text(100000, text);
	assert_string_equal(text, "100");
	json_out_thousandths_text(0, text);
	assert_string_equal(text, "0");
	json_out_thousandths_text(INT64_MIN, text);
	assert_string_equal(text, "-9223372036854775.808");
}

/* What goes out is read back as the same. */
static void
test_out(void **state)
{
	static const int64_t values[] = {
	    0, 1, -1, 10, 100, 1000, 1100, -12345, INT64_C(999999999999)};
	struct json_object *obj, *copy;
	struct json_in in;
	int64_t value;
	size_t i, len;
	const char *text;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		obj = json_object_new_object();
		json_object_object_add(
		    obj, "v", json_out_thousandths(values[i]));
		text = json_out_text(obj, &len);
		copy = parse(text);
		json_in_begin(&in, copy, "");
		assert_true(json_in_thousandths(&in, "v", JSON_REQUIRED, -12345,
		    INT64_C(999999999999), &value));
		assert_int_equal(value, values[i]);
		json_object_put(copy);
		/* And without the way through text. */
		json_in_begin(&in, obj, "");
		assert_true(json_in_thousandths(&in, "v", JSON_REQUIRED, -12345,
		    INT64_C(999999999999), &value));
		assert_int_equal(value, values[i]);
		json_object_put(obj);
	}
	obj = json_object_new_string("a/b\n\"");
	assert_string_equal(json_out_text(obj, &len), "\"a/b\\n\\\"\"");
	json_object_put(obj);
	assert_string_equal(json_out_text(NULL, &len), "null");
	assert_int_equal(len, 4);
}

/* Written without an object: the very bytes, whatever is in it. */
static void
test_put_text(void **state)
{
	struct json_object *obj;
	struct buf out = {0};
	char text[256 + sizeof(" \xc3\xa9 /")];
	int i;

	(void)state;
	for (i = 1; i < 128; i++)
		text[i - 1] = (char)i;
	memcpy(text + 127, " \xc3\xa9 /", sizeof(" \xc3\xa9 /"));
	obj = json_object_new_string(text);
	json_out_put_text(&out, text);
	assert_string_equal(out.data, json_out_text(obj, NULL));
	json_object_put(obj);
	buf_clear(&out);
	json_out_put_text(&out, "");
	assert_string_equal(out.data, "\"\"");
	buf_reset(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_readers),
	    cmocka_unit_test(test_troubles),
	    cmocka_unit_test(test_unknown),
	    cmocka_unit_test(test_not_an_object),
	    cmocka_unit_test(test_fail),
	    cmocka_unit_test(test_thousandths_text),
	    cmocka_unit_test(test_out),
	    cmocka_unit_test(test_put_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
