/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Origins: what is one, which are the same, and which the settings allow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "shared/origin.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void
test_normal(void **state)
{
	static const char *const pairs[][2] = {
	    {"http://stock.lan", "http://stock.lan"},
	    {"HTTP://Stock.LAN", "http://stock.lan"},
	    {"http://stock.lan:80", "http://stock.lan"},
	    {"https://stock.lan:443", "https://stock.lan"},
	    {"https://stock.lan:80", "https://stock.lan:80"},
	    {"http://stock.lan:65535", "http://stock.lan:65535"},
	    {"http://[2001:DB8::1]:80", "http://[2001:db8::1]"},
	    {"http://127.0.0.1:8000", "http://127.0.0.1:8000"},
	};
	char out[ORIGIN_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		assert_true(origin_normal(pairs[i][0], out));
		assert_string_equal(out, pairs[i][1]);
	}
}

static void
test_no_origins(void **state)
{
	static const char *const texts[] = {"", "null", "*", "file://",
	    "stock.lan", "//stock.lan", "http://", "http:///", "http://:80",
	    "http://stock.lan/", "http://stock.lan?", "http://stock.lan#",
	    "http://a@stock.lan", "http://stock.lan:", "http://stock.lan:0",
	    "http://stock.lan:080", "http://stock.lan:65536",
	    "http://stock.lan:800000", "http://stock.lan:8o",
	    "http://stock.lan, http://b.lan", "http://stock.lan http://b.lan",
	    " http://stock.lan", "http://stock.lan ", "http://.lan",
	    "http://-a.lan", "http://h\xc3\xb6k.lan", "http://a\r\nb",
	    "http://[]", "http://[::1", "http://[::1]x", "ws://stock.lan",
	    "ftp://stock.lan", "http://a%2eb", "http://a\\b"};
	char text[400], out[ORIGIN_MAX] = "as it was";

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_false(origin_normal(texts[i], out));
	snprintf(text, sizeof(text), "http://%0253d", 0);
	assert_true(origin_normal(text, out));
	snprintf(out, sizeof(out), "as it was");
	snprintf(text, sizeof(text), "http://%0254d", 0);
	assert_false(origin_normal(text, out));
	snprintf(text, sizeof(text), "http://%0350d", 0);
	assert_false(origin_normal(text, out));
	assert_string_equal(out, "as it was");
}

static void
test_same(void **state)
{
	(void)state;
	assert_true(origin_same("http://A.lan", "http://a.lan:80"));
	assert_false(origin_same("http://a.lan", "https://a.lan"));
	assert_false(origin_same("http://a.lan", "http://a.lan:8000"));
	assert_false(origin_same("null", "null"));
	assert_false(origin_same("", ""));
}

static void
test_regex_check(void **state)
{
	static const char *const good[] = {"", ".*", "https://a\\.lan",
	    "^https://[a-z0-9-]{1,63}\\.example\\.com$", "(a|b)+(c|d)*",
	    "[{]9999", "\\{9999", "a{0,}", "a{,3}",
	    "(([a-z]+\\.)+[a-z]+-)+x(:[0-9]+)?", "a{254,}"};
	static const char *const bad[] = {"(", "[a", "a{2,1}", "*a{", "\\",
	    "a{256}", "(a{16}){16}", "((a{9,9}){9,9}){9,9}", "a{,999}",
	    "a{99999999999999999999999}", "(a)\\1", "(a*)*\\9",
	    "((((((((a)+)+)+)+)+)+)+)+", "a+++++++++", "a{255,}",
	    "((((((((a{1,}){1,}){1,}){1,}){1,}){1,}){1,}){1,})"};
	char text[600];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_null(origin_check_regex(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_non_null(origin_check_regex(bad[i]));
	snprintf(text, sizeof(text), "%0500d", 0);
	assert_null(origin_check_regex(text));
	snprintf(text, sizeof(text), "%0501d", 0);
	assert_non_null(origin_check_regex(text));
	assert_string_equal(origin_check_regex("(a"),
	    "empty, or a POSIX extended regular expression of at most 500 "
	    "bytes, without back-references (Unmatched ( or \\()");
}

/* One process has one set of settings: all of it in one test. */
static void
test_allowed(void **state)
{
	static const struct conf conf = {
	    .allow_origins = "https://app.example.com, http://tool.lan:80",
	    .allow_origin_regex =
		"https://[a-z]+\\.Shop\\.lan|"
		"https://x\\.lan(:8443)?|a)|http://y|tail\\.lan",
	};
	static const char *const good[] = {"https://app.example.com",
	    "https://app.example.com:443", "https://APP.example.com",
	    "http://tool.lan", "https://north.shop.lan",
	    "https://NORTH.shop.lan:443", "https://x.lan", "https://x.lan:8443",
	    "http://y"};
	static const char *const bad[] = {"", "null", "http://app.example.com",
	    "https://app.example.com:8443", "https://app.example.com.evil.lan",
	    "https://app.example.com, http://tool.lan:80",
	    "http://north.shop.lan", "https://north.shop.lan:8443",
	    "https://north.shop.lan.evil.lan", "https://a.b.shop.lan",
	    "https://evil.lan?https://x.lan", "https://x.lan:84430",
	    "https://xxlan", "https://tail.lan", "https://x.lan.",
	    "http://y.evil.lan"};
	char text[ORIGIN_MAX];

	(void)state;
	origin_init(&conf);
	assert_false(origin_allowed(&conf, NULL));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(origin_allowed(&conf, good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(origin_allowed(&conf, bad[i]));
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "https://x%d.shop.lan", i);
		assert_false(origin_allowed(&conf, text));
		assert_true(origin_allowed(&conf, "https://x.shop.lan"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_normal),
	    cmocka_unit_test(test_no_origins),
	    cmocka_unit_test(test_same),
	    cmocka_unit_test(test_regex_check),
	    cmocka_unit_test(test_allowed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
