/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The list's cursors: there and back, and nothing else taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/cursor.h"

static void
check(const char *key, const char *sku)
{
	struct cursor in, out;
	char text[CURSOR_MAX];

	snprintf(in.key, sizeof(in.key), "%s", key);
	snprintf(in.sku, sizeof(in.sku), "%s", sku);
	cursor_encode(&in, 42, text);
	assert_int_equal(strlen(text),
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "abcdefghijklmnopqrstuvwxyz0123456789-_"));
	assert_true(cursor_decode(text, 42, &out));
	assert_string_equal(out.key, key);
	assert_string_equal(out.sku, sku);
	assert_false(cursor_decode(text, 43, &out));
}

static void
test_round_trip(void **state)
{
	char key[CURSOR_KEY_MAX + 1], sku[CURSOR_SKU_MAX + 1];
	size_t i;

	(void)state;
	check("", "A");
	check("12500", "FAS-0042");
	check("Wood screw 6 \xc3\x97 80", "FAS-0042");
	/* All remainders of three. */
	check("a", "A");
	check("ab", "A");
	check("abc", "A");
	for (i = 0; i < CURSOR_KEY_MAX; i += 2)
		memcpy(key + i, "\xc3\xbf", 2);
	key[CURSOR_KEY_MAX] = '\0';
	memset(sku, 'Z', CURSOR_SKU_MAX);
	sku[CURSOR_SKU_MAX] = '\0';
	check(key, sku);
}

static void
test_tampered(void **state)
{
	struct cursor in = {"Wood screw", "FAS-0042"}, out;
	char text[CURSOR_MAX], bad[CURSOR_MAX + 2];
	size_t i, len;

	(void)state;
	cursor_encode(&in, 1, text);
	len = strlen(text);
	for (i = 0; i < len; i++) {
		snprintf(bad, sizeof(bad), "%s", text);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		assert_false(cursor_decode(bad, 1, &out));
		snprintf(bad, sizeof(bad), "%.*s", (int)i, text);
		assert_false(cursor_decode(bad, 1, &out));
	}
	snprintf(bad, sizeof(bad), "%sA", text);
	assert_false(cursor_decode(bad, 1, &out));
	snprintf(bad, sizeof(bad), "%s=", text);
	assert_false(cursor_decode(bad, 1, &out));
}

static void
test_malformed(void **state)
{
	struct cursor out;
	char text[4096];

	(void)state;
	assert_false(cursor_decode("", 0, &out));
	assert_false(cursor_decode("A", 0, &out));
	assert_false(cursor_decode("AAAA", 0, &out));
	assert_false(cursor_decode("a b", 0, &out));
	assert_false(cursor_decode("\xc3\xbc", 0, &out));
	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(cursor_decode(text, 0, &out));
}

static void
test_question(void **state)
{
	uint64_t ab, ba;

	(void)state;
	ab = cursor_question(cursor_question(0, "sort", "name"), "q", "x");
	ba = cursor_question(cursor_question(0, "q", "x"), "sort", "name");
	assert_true(ab == ba);
	assert_true(
	    cursor_question(0, "a", "bc") != cursor_question(0, "ab", "c"));
	assert_true(ab != cursor_question(0, "sort", "name"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_tampered),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_question),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
