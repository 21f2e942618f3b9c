/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The small languages of a request's head.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "fcgi-app/request-parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
test_percent(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
		bool plus;
	} rows[] = {
	    {"SKU-0042", "SKU-0042", false},
	    {"", "", false},
	    {"a%20b", "a b", false},
	    {"a+b", "a+b", false},
	    {"a+b", "a b", true},
	    {"%c3%A9", "\xc3\xa9", false},
	    {"%2e%2e%2f", "../", false},
	    {"%", NULL, false},
	    {"%4", NULL, false},
	    {"%4g", NULL, false},
	    {"%%41", NULL, false},
	    {"a%00b", NULL, false},
	    {"a%0ab", NULL, false},
	    {"a%7f", NULL, false},
	    {"%c0%af", NULL, false},
	    {"%ed%a0%80", NULL, false},
	    {"%e2%82", NULL, false},
	    {"\xff", NULL, false},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(req_parse_percent(rows[i].in,
				     strlen(rows[i].in), rows[i].plus, out),
		    rows[i].out != NULL);
		if (rows[i].out != NULL)
			assert_string_equal(out, rows[i].out);
	}
	/* What lies behind the length is not read. */
	assert_true(req_parse_percent("ab%41", 2, false, out));
	assert_string_equal(out, "ab");
	assert_false(req_parse_percent("ab%41", 4, false, out));
}

static void
test_query(void **state)
{
	struct req_param p[3];
	char text[64];
	int n = -1;

	(void)state;
	snprintf(text, sizeof(text), "a=1&&b=x%%26y%%3d+z&c");
	assert_int_equal(req_parse_query(text, p, 3, &n), ST_OK);
	assert_int_equal(n, 3);
	assert_string_equal(p[0].name, "a");
	assert_string_equal(p[0].value, "1");
	assert_string_equal(p[1].name, "b");
	assert_string_equal(p[1].value, "x&y= z");
	assert_string_equal(p[2].name, "c");
	assert_string_equal(p[2].value, "");
	assert_false(p[0].used);
}

static void
test_query_bad(void **state)
{
	static const char *const bad[] = {
	    "=1", "a=%", "%zz=1", "a=%00", "a=1&b=2&c=3&d=4", "a=%ff"};
	struct req_param p[3];
	char text[64];
	int n = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "%s", bad[i]);
		assert_int_equal(
		    req_parse_query(text, p, 3, &n), ST_BAD_REQUEST);
		assert_int_equal(n, 7);
	}
}

static void
test_cookie(void **state)
{
	static const struct {
		const char *header, *value;
	} rows[] = {
	    {"s=abc", "abc"}, {"a=1; s=abc; b=2", "abc"}, {"a=1;s=abc", "abc"},
	    {"s=", ""}, {"s=a=b", "a=b"}, {"s=abc  ; b=2", "abc"},
	    {"s=first; s=second", "first"}, {"xs=1; ss=2", NULL}, {"s", NULL},
	    {"", NULL}, {";;; ", NULL}, {"a=s=1", NULL}, {"S=1", NULL},
	    {"s=0123456789abcdef", NULL}, /* does not fit */
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    req_parse_cookie(rows[i].header, "s", out, sizeof(out)),
		    rows[i].value != NULL);
		if (rows[i].value != NULL)
			assert_string_equal(out, rows[i].value);
	}
}

static void
test_if_match(void **state)
{
	static const struct {
		const char *text;
		enum status st;
	} rows[] = {
	    {"\"v17\"", ST_OK},
	    {"*", ST_OK},
	    {" * ", ST_OK},
	    {"\"v16\", \"v17\"", ST_OK},
	    {"\"v16\",\"v17\" , \"v18\"", ST_OK},
	    {"\"v16\"", ST_STALE},
	    {"\"v170\"", ST_STALE},
	    {"\"V17\"", ST_STALE},
	    {"\"\"", ST_STALE},
	    {"W/\"v17\"", ST_STALE},
	    {"W/\"v1\", \"v17\"", ST_OK},
	    {"", ST_BAD_REQUEST},
	    {"v17", ST_BAD_REQUEST},
	    {"\"v17", ST_BAD_REQUEST},
	    {"\"v17\" \"v18\"", ST_BAD_REQUEST},
	    {"\"v17\"x", ST_BAD_REQUEST},
	    {"*, \"v17\"", ST_BAD_REQUEST},
	    {"w/\"v17\"", ST_BAD_REQUEST},
	    {"\"v 17\"", ST_BAD_REQUEST},
	    {",", ST_BAD_REQUEST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(
		    req_parse_if_match(rows[i].text, 17), rows[i].st);
}

static void
test_is_json(void **state)
{
	static const char *const good[] = {"application/json",
	    "Application/JSON", "application/json; charset=utf-8",
	    "application/json;charset=UTF-8", "application/json ;",
	    "application/json; charset=\"utf-8\""};
	static const char *const bad[] = {"", "text/plain", "application/jsonp",
	    "application/json-patch+json", "application/json; charset=latin1",
	    "application/json charset=utf-8", "text/json",
	    "application/x-www-form-urlencoded"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(req_parse_is_json(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(req_parse_is_json(bad[i]));
}

static void
test_length(void **state)
{
	static const char *const bad[] = {
	    "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e3"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(req_parse_length(bad[i], 100, &n));
	assert_true(req_parse_length("0", 100, &n));
	assert_int_equal(n, 0);
	assert_true(req_parse_length("100", 100, &n));
	assert_int_equal(n, 100);
	assert_true(req_parse_length("101", 100, &n));
	assert_int_equal(n, 101);
	assert_true(req_parse_length("99999999999999999999999999999", 100, &n));
	assert_int_equal(n, 101);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_percent),
	    cmocka_unit_test(test_query),
	    cmocka_unit_test(test_query_bad),
	    cmocka_unit_test(test_cookie),
	    cmocka_unit_test(test_if_match),
	    cmocka_unit_test(test_is_json),
	    cmocka_unit_test(test_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
