/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Strict JSON: what is taken, what is refused, and where the refusal points.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json.h"

/* A copy on the heap without a NUL, so that a sanitizer sees overreads. */
static enum status
parse_exact(const char *text, size_t len, struct json_object **out,
    struct json_error *err)
{
	char *copy = malloc(len == 0 ? 1 : len);
	enum status st;

	assert_non_null(copy);
	memcpy(copy, text, len);
	st = json_in_parse(copy, len, out, err);
	free(copy);
	return st;
}

static void
accepted(const char *text)
{
	struct json_object *obj = NULL;
	struct json_error err;

	assert_int_equal(parse_exact(text, strlen(text), &obj, &err), ST_OK);
	json_object_put(obj);
}

static void
refused(const char *text, const char *pointer, const char *detail)
{
	struct json_object *obj = NULL;
	struct json_error err;

	assert_int_equal(
	    parse_exact(text, strlen(text), &obj, &err), ST_BAD_REQUEST);
	assert_null(obj);
	assert_string_equal(err.pointer, pointer);
	assert_string_equal(err.detail, detail);
}

static void
test_accepted(void **state)
{
	static const char *const good[][2] = {
	    {"{}", "{}"},
	    {" \t\r\n[ ] \n", "[]"},
	    {"{\"a\" : [ 1 , true,false,null ] }",
		"{\"a\":[1,true,false,null]}"},
	    {"17", "17"},
	    {" -0.5 ", "-0.5"},
	    {"\"x\"", "\"x\""},
	    {"true", "true"},
	    {"false ", "false"},
	    {"0", "0"},
	    {"[1e5,1E+5,1.25e-3,-1.0]", "[1e5,1E+5,1.25e-3,-1.0]"},
	    {"[9223372036854775807]", "[9223372036854775807]"},
	    {"[-9223372036854775807]", "[-9223372036854775807]"},
	    {"{\"\":\"\"}", "{\"\":\"\"}"},
	    {"\"\\u00e9\\ud83d\\ude00\\/\\b\"",
		"\"\xc3\xa9\xf0\x9f\x98\x80/\\b\""},
	    {"{\"a\":1,\"A\":2,\"\\u0061b\":3}", "{\"a\":1,\"A\":2,\"ab\":3}"},
	    {"[[[[[[[[1]]]]]]]]", "[[[[[[[[1]]]]]]]]"},
	    {"[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]"},
	    {"{\"a\":{\"a\":{\"a\":1}},\"b\":2}",
		"{\"a\":{\"a\":{\"a\":1}},\"b\":2}"},
	};
	struct json_object *obj;
	struct json_error err;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		obj = NULL;
		assert_int_equal(
		    parse_exact(good[i][0], strlen(good[i][0]), &obj, &err),
		    ST_OK);
		assert_string_equal(json_out_text(obj, &len), good[i][1]);
		assert_int_equal(len, strlen(good[i][1]));
		json_object_put(obj);
	}
	assert_int_equal(parse_exact("null", 4, &obj, &err), ST_OK);
	assert_null(obj);
}

static void
test_syntax(void **state)
{
	(void)state;
	refused("", "", "line 1, column 1: the text ends where a value is due");
	refused(
	    " \n ", "", "line 2, column 2: the text ends where a value is due");
	refused("{", "", "line 1, column 2: a key in double quotes is missing");
	refused("{\"a\"", "/a", "line 1, column 5: a colon is missing");
	refused("{\"a\":", "/a",
	    "line 1, column 6: the text ends where a value is due");
	refused("{\"a\":1", "/a", "line 1, column 7: a comma or } is missing");
	refused("{\"a\":1,}", "",
	    "line 1, column 8: a key in double quotes is missing");
	refused("{\"a\":1]", "/a", "line 1, column 7: a comma or } is missing");
	refused(
	    "{a:1}", "", "line 1, column 2: a key in double quotes is missing");
	refused("{'a':1}", "",
	    "line 1, column 2: a key in double quotes is missing");
	refused("[1,]", "/1", "line 1, column 4: this is not a JSON value");
	refused("[1 2]", "/0", "line 1, column 4: a comma or ] is missing");
	refused("[1}", "/0", "line 1, column 3: a comma or ] is missing");
	refused("{\n\t\"a\": [\n\t\t0, x\n\t]\n}", "/a/1",
	    "line 3, column 6: this is not a JSON value");
	refused("[\"\xc3\xa9\", x]", "/1",
	    "line 1, column 7: this is not a JSON value");
	refused(
	    "{} {}", "", "line 1, column 4: something follows the JSON value");
	refused(
	    "1 2", "", "line 1, column 3: something follows the JSON value");
	refused("nul", "", "line 1, column 1: this is not a JSON value");
	refused("True", "", "line 1, column 1: this is not a JSON value");
	refused("NaN", "", "line 1, column 1: this is not a JSON value");
	refused(
	    "[Infinity]", "/0", "line 1, column 2: this is not a JSON value");
	refused("/* */ 1", "", "line 1, column 1: this is not a JSON value");
	refused(
	    "\xef\xbb\xbf{}", "", "line 1, column 1: this is not a JSON value");
}

static void
test_numbers_syntax(void **state)
{
	(void)state;
	refused("01", "", "line 1, column 2: a number has no leading zeroes");
	refused("-", "", "line 1, column 2: a digit is missing");
	refused("+1", "", "line 1, column 1: this is not a JSON value");
	refused(".5", "", "line 1, column 1: this is not a JSON value");
	refused("1.", "", "line 1, column 3: a digit is missing");
	refused("1e", "", "line 1, column 3: a digit is missing");
	refused("1e+", "", "line 1, column 4: a digit is missing");
	refused(
	    "0x10", "", "line 1, column 2: something follows the JSON value");
	refused("-NaN", "", "line 1, column 2: a digit is missing");
	refused("[1234567890123456789012345678901234567890.1]", "/0",
	    "line 1, column 44: the number is too long");
}

static void
test_strings(void **state)
{
	struct json_object *obj = NULL;
	struct json_error err;

	(void)state;
	refused("\"a", "", "line 1, column 3: the text ends within a string");
	refused("\"\x01\"", "",
	    "line 1, column 2: a control character must be escaped");
	refused("\"a\nb\"", "",
	    "line 1, column 3: a control character must be escaped");
	refused("\"\\x41\"", "", "line 1, column 3: there is no such escape");
	refused("\"\\", "", "line 1, column 3: there is no such escape");
	refused("\"\\u12\"", "",
	    "line 1, column 4: four hex digits must follow \\u");
	refused("\"\\u12g4\"", "",
	    "line 1, column 4: four hex digits must follow \\u");
	refused("\"\\u0000\"", "",
	    "line 1, column 8: the character U+0000 is not allowed");
	refused("\"\\ud800\"", "",
	    "line 1, column 8: half a surrogate pair is not a character");
	refused("\"\\udc00\"", "",
	    "line 1, column 8: half a surrogate pair is not a character");
	refused("\"\\ud800\\u0041\"", "",
	    "line 1, column 14: half a surrogate pair is not a character");
	refused("\"\\ud800\\ud800\"", "",
	    "line 1, column 14: half a surrogate pair is not a character");
	refused(
	    "\"\xc0\xaf\"", "", "line 1, column 2: these bytes are not UTF-8");
	refused("\"\xed\xa0\x80\"", "",
	    "line 1, column 2: these bytes are not UTF-8");
	refused(
	    "{\"\xff\":1}", "", "line 1, column 3: these bytes are not UTF-8");
	refused(
	    "\"\xe2\x82", "", "line 1, column 2: these bytes are not UTF-8");
	assert_int_equal(
	    parse_exact("\"a\0b\"", 5, &obj, &err), ST_BAD_REQUEST);
	assert_int_equal(parse_exact("{}\0", 3, &obj, &err), ST_BAD_REQUEST);
	assert_null(obj);
}

static void
test_duplicates(void **state)
{
	(void)state;
	refused("{\"a\":1,\"a\":1}", "/a",
	    "line 1, column 11: the key is there twice");
	refused("{\"a\":1,\"b\":[0,{\"x\":1,\"\\u0078\":2}]}", "/b/1/x",
	    "line 1, column 30: the key is there twice");
	refused("{\"\xc3\xa9\":1,\"\\u00E9\":1}", "/\xc3\xa9",
	    "line 1, column 16: the key is there twice");
	refused("{\"a/b~c\":1,\"a\\/b~c\":1}", "/a~1b~0c",
	    "line 1, column 20: the key is there twice");
	refused(
	    "{\"\":1,\"\":1}", "/", "line 1, column 9: the key is there twice");
	/* A member of an inner object does not count for the outer one. */
	accepted("{\"a\":{\"b\":1},\"b\":{\"a\":1}}");
}

static void
test_limits(void **state)
{
	struct json_object *obj = NULL;
	struct json_error err;
	char text[8192] = "{";
	int i;

	(void)state;
	refused("[[[[[[[[[1]]]]]]]]]", "/0/0/0/0/0/0/0/0",
	    "line 1, column 9: nested too deep");
	refused("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{}]}]}]}]}",
	    "/a/0/a/0/a/0/a/0", "line 1, column 25: nested too deep");
	for (i = 0; i < JSON_IN_KEYS; i++)
		snprintf(text + strlen(text), 16, "%s\"k%d\":0",
		    i == 0 ? "" : ",", i);
	i = (int)strlen(text);
	memcpy(text + i, "}", 2);
	accepted(text);
	memcpy(text + i, ",\"more\":1}", 11);
	assert_int_equal(
	    json_in_parse(text, strlen(text), &obj, &err), ST_BAD_REQUEST);
	assert_string_equal(err.pointer, "/more");
	assert_non_null(strstr(err.detail, "too many members"));
	assert_int_equal(
	    json_in_parse_most("[[],{\"a\":1}]", 12, 4, &obj, &err), ST_OK);
	json_object_put(obj);
	assert_int_equal(
	    json_in_parse_most("[[],{\"a\":1}]", 12, 3, &obj, &err),
	    ST_BAD_REQUEST);
	assert_string_equal(err.pointer, "/1/a");
	assert_non_null(strstr(err.detail, "too many values"));
}

/* A long key is cut in the pointer, between characters. */
static void
test_long_pointer(void **state)
{
	struct json_object *obj = NULL;
	struct json_error err;
	char text[1024] = "{\"x";
	size_t i, len = 3;

	(void)state;
	for (i = 0; i < 100; i++, len += 3)
		memcpy(text + len, "\xe2\x82\xac", 3);
	memcpy(text + len, "\":}", 4);
	assert_int_equal(
	    json_in_parse(text, strlen(text), &obj, &err), ST_BAD_REQUEST);
	assert_in_range(strlen(err.pointer), 120, 127);
	assert_true(json_in_is_utf8(err.pointer, strlen(err.pointer)));
}

/* Every cut of a good document and every changed byte: no crash, no leak. */
static void
test_torture(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\xc3\xa9\""
				   ",{\"b\":null}],\"c\":true}";
	struct json_object *obj;
	struct json_error err;
	char copy[sizeof(text)];
	size_t i;
	int byte;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		obj = NULL;
		assert_int_equal(
		    parse_exact(text, i, &obj, &err), ST_BAD_REQUEST);
		assert_null(obj);
		for (byte = 0; byte < 256; byte++) {
			memcpy(copy, text, sizeof(text));
			copy[i] = (char)byte;
			obj = NULL;
			if (parse_exact(copy, sizeof(text) - 1, &obj, &err) !=
			    ST_OK)
				assert_null(obj);
			json_object_put(obj);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_syntax),
	    cmocka_unit_test(test_numbers_syntax),
	    cmocka_unit_test(test_strings),
	    cmocka_unit_test(test_duplicates),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_long_pointer),
	    cmocka_unit_test(test_torture),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
