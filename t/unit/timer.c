/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "push-relay/timer.h"

/* What ran, in order. */
static int ran[512];
static int count;

struct thing {
	struct timer timer;
	int id;
	struct timers *again; /* sets itself anew there */
};

static void
run(void *arg, int64_t now)
{
	struct thing *t = arg;

	ran[count++] = t->id;
	if (t->again != NULL)
		timer_set(t->again, &t->timer, now);
}

static void
test_order(void **state)
{
	static struct thing t[500];
	struct timers ts = {0};
	unsigned long x = 1;
	int i;
	int64_t last = 0;

	(void)state;
	count = 0;
	for (i = 0; i < 500; i++) {
		x = x * 1103515245 + 12345;
		t[i].id = i;
		t[i].timer = (struct timer){.fn = run, .arg = &t[i]};
		timer_set(&ts, &t[i].timer, (int64_t)(x >> 16) % 1000);
	}
	/* Moved, both ways, and put at rest. */
	for (i = 0; i < 500; i += 3)
		timer_set(&ts, &t[i].timer, 999 - t[i].timer.at);
	for (i = 0; i < 500; i += 5)
		timer_stop(&ts, &t[i].timer);
	timer_stop(&ts, &t[0].timer);
	timers_run(&ts, 499);
	for (i = 0; i < count; i++) {
		assert_true(t[ran[i]].timer.at >= last);
		assert_true(t[ran[i]].timer.at <= 499);
		assert_int_not_equal(ran[i] % 5, 0);
		last = t[ran[i]].timer.at;
	}
	assert_true(timers_next(&ts) > 499);
	timers_run(&ts, 2000);
	assert_int_equal(count, 400);
	assert_true(timers_next(&ts) == INT64_MAX);
	timers_reset(&ts);
}

static void
test_again(void **state)
{
	struct timers ts = {0};
	struct thing t = {.id = 7, .again = &ts};

	(void)state;
	count = 0;
	t.timer = (struct timer){.fn = run, .arg = &t};
	timer_set(&ts, &t.timer, 10);
	timers_run(&ts, 9);
	assert_int_equal(count, 0);
	/* One that is due again at once waits for the next run. */
	timers_run(&ts, 10);
	assert_int_equal(count, 1);
	assert_true(timers_next(&ts) == 10);
	timers_reset(&ts);
	assert_int_equal(t.timer.place, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
