/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Buffers: growth, the limit and its sticky error, taking from the front.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared/buf.h"

static void
test_append(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_add(&b, "", 0);
	assert_string_equal(b.data, "");
	buf_puts(&b, "one ");
	buf_add(&b, "two\0 ", 5);
	buf_printf(&b, "%d", 3);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "one two\0 3", 11);
	assert_false(b.full);
	buf_reset(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	buf_reset(&b);
}

static void
test_growth(void **state)
{
	struct buf b = {0};
	int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		buf_printf(&b, "%05d\n", i);
	assert_int_equal(b.len, 60000);
	assert_memory_equal(b.data + 6 * 9876, "09876\n", 6);
	assert_int_equal(strlen(b.data), b.len);
	buf_reset(&b);
}

/* What would pass the limit is left out whole, and so is all after it. */
static void
test_limit(void **state)
{
	struct buf b = {.max = 8};

	(void)state;
	buf_puts(&b, "1234");
	buf_puts(&b, "5678");
	assert_false(b.full);
	buf_puts(&b, "");
	assert_false(b.full);
	buf_consume(&b, 4);
	buf_puts(&b, "too long");
	assert_true(b.full);
	buf_printf(&b, "%s", "x");
	assert_string_equal(b.data, "5678");
	buf_clear(&b);
	assert_false(b.full);
	buf_printf(&b, "%s", "12345678");
	assert_string_equal(b.data, "12345678");
	buf_printf(&b, "%d", 9);
	assert_true(b.full);
	assert_string_equal(b.data, "12345678");
	buf_reset(&b);
	assert_int_equal(b.max, 8);
}

static void
test_consume(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_consume(&b, 3);
	buf_puts(&b, "first\nsecond\n");
	buf_consume(&b, 6);
	assert_string_equal(b.data, "second\n");
	buf_consume(&b, 0);
	assert_int_equal(b.len, 7);
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buf_reset(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_append),
	    cmocka_unit_test(test_growth),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_consume),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
