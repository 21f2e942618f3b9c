/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "push-relay/rate.h"

/* How many times out of N it may be done at NOW. */
static int
taken(struct rate *r, int64_t now, int n)
{
	int i, count = 0;

	for (i = 0; i < n; i++)
		count += rate_take(r, now, 40, 80);
	return count;
}

static void
test_burst(void **state)
{
	struct rate r = {0};

	(void)state;
	assert_int_equal(taken(&r, 5, 200), 80);
	assert_int_equal(taken(&r, 5, 1), 0);
	/* A fortieth of a second later there is one more. */
	assert_int_equal(taken(&r, 29, 1), 0);
	assert_int_equal(taken(&r, 30, 9), 1);
	assert_int_equal(taken(&r, 1030, 200), 40);
	/* A rest is worth a burst and no more. */
	assert_int_equal(taken(&r, 3600000, 200), 80);
}

static void
test_steady(void **state)
{
	struct rate r = {0};
	int64_t now;
	int count = 0;

	(void)state;
	for (now = 1000; now < 11000; now++)
		count += rate_take(&r, now, 40, 80);
	assert_in_range(count, 40 * 10 + 78, 40 * 10 + 80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_burst),
	    cmocka_unit_test(test_steady),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
