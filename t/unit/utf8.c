/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * UTF-8 and the clock's text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "shared/clock.h"
#include "shared/utf8.h"

static bool
valid(const char *text)
{
	return utf8_valid(text, strlen(text));
}

static void
test_valid(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0b", 3));
	assert_true(valid("plain"));
	assert_true(valid("\x7f\xc2\x80\xdf\xbf"));
	assert_true(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
	assert_true(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

static void
test_invalid(void **state)
{
	static const char *const bad[] = {
	    "\x80",
	    "\xbf",
	    "\xfe",
	    "\xff",
	    "\xc0\xaf",
	    "\xc1\xbf", /* overlong */
	    "\xe0\x80\xaf",
	    "\xe0\x9f\xbf",
	    "\xf0\x80\x80\xaf",
	    "\xf0\x8f\xbf\xbf",
	    "\xed\xa0\x80",
	    "\xed\xbf\xbf", /* surrogates */
	    "\xf4\x90\x80\x80",
	    "\xf5\x80\x80\x80", /* too high */
	    "\xc2",
	    "\xe2\x82",
	    "\xf0\x9f\x98", /* cut short */
	    "\xc2 ",
	    "\xe2\x82 ",
	    "\xf0\x9f\x98 ",
	    "\xe2(\xa1",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(valid(bad[i]));
}

/* Every character comes back as it was put. */
static void
test_round(void **state)
{
	uint32_t ch, got;
	char bytes[UTF8_MAX];
	size_t n;

	(void)state;
	for (ch = 0; ch <= 0x10ffff; ch++) {
		if (ch == 0xd800)
			ch = 0xe000;
		n = utf8_put(ch, bytes);
		assert_int_equal(utf8_next(bytes, n, &got), n);
		assert_int_equal(got, ch);
		assert_int_equal(utf8_next(bytes, n - 1, &got), 0);
	}
}

static void
test_cut(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(utf8_cut(text, i), want[i]);
	assert_int_equal(utf8_characters(text, sizeof(text) - 1), 4);
}

static void
test_plain(void **state)
{
	static const char *const pairs[][2] = {
	    {"", ""},
	    {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\\"",
		"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\\\""},
	    {"a\033[2J\r\n\t\x7f", "a\\x1B[2J\\x0D\\x0A\\x09\\x7F"},
	    {"\xc2\x9b\xc2\xa0", "\\xC2\\x9B\xc2\xa0"},
	    {"\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6",
		"\\xE2\\x80\\xAE\\xE2\\x80\\xA8\\xE2\\x81\\xA6"},
	    {"\xff\xed\xa0\x80z", "\\xFF\\xED\\xA0\\x80z"},
	};
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		utf8_plain(pairs[i][0], out, sizeof(out));
		assert_string_equal(out, pairs[i][1]);
	}
	/* Whole characters, and room for the NUL. */
	utf8_plain("ab", out, 2);
	assert_string_equal(out, "a");
	utf8_plain("a\xe2\x82\xac", out, 4);
	assert_string_equal(out, "a");
	utf8_plain("a\n", out, 5);
	assert_string_equal(out, "a");
	utf8_plain("a\n", out, 6);
	assert_string_equal(out, "a\\x0A");
}

static void
test_clock(void **state)
{
	char text[CLOCK_TEXT], want[CLOCK_TEXT];
	int64_t before = clock_mono_ms(), day;

	(void)state;
	clock_text(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_text(INT64_C(1767323045678), text);
	assert_string_equal(text, "2026-01-02T03:04:05.678Z");
	clock_text(INT64_C(951782399999), text);
	assert_string_equal(text, "2000-02-28T23:59:59.999Z");
	clock_text(INT64_C(253402300799999), text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	/* Each day of eight centuries, by libc. */
	for (day = 0; day < 2 * 146097; day++) {
		time_t at = (time_t)(day * 86400 + day % 86400);
		struct tm tm;

		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z",
		    gmtime_r(&at, &tm));
		clock_text((int64_t)at * 1000, text);
		assert_string_equal(text, want);
	}
	assert_true(clock_mono_ms() >= before);
	assert_true(clock_utc_ms() > INT64_C(1700000000000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_valid),
	    cmocka_unit_test(test_invalid),
	    cmocka_unit_test(test_round),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_clock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
