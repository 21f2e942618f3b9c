/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/ring.h"

#define EPOCH "019a00000000abcd"
#define OTHER "019b00000000abcd"

static struct ring ring;

static void
fill(int64_t upto)
{
	char data[32];
	int len;

	while (ring.head < upto) {
		len = snprintf(
		    data, sizeof(data), "%lld", (long long)ring.head + 1);
		ring_push(&ring,
		    frame_new(LANE_DURABLE, "x", NULL, data, (size_t)len));
	}
}

static int
setup(void **state)
{
	(void)state;
	ring_init(&ring);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ring_reset(&ring);
	return 0;
}

/* The event at SEQ is what was pushed as that. */
static bool
holds(int64_t seq)
{
	struct frame *f = ring_at(&ring, seq);
	char want[32];

	if (f == NULL)
		return false;
	snprintf(want, sizeof(want), "%lld", (long long)seq);
	assert_memory_equal(f->text + f->data, want, strlen(want));
	return true;
}

static void
test_range(void **state)
{
	char pos[EVENT_POSITION_MAX];

	(void)state;
	assert_false(ring_position(&ring, pos));
	assert_false(ring_complete(&ring));
	assert_null(ring_at(&ring, 0));
	ring_start(&ring, EPOCH);
	assert_false(ring_position(&ring, pos));
	ring_skip_to(&ring, 1);
	assert_true(ring_position(&ring, pos));
	assert_string_equal(pos, EPOCH ":0");
	assert_null(ring_at(&ring, 0));
	assert_null(ring_at(&ring, 1));
	fill(EVENT_RING);
	assert_true(holds(1));
	assert_true(holds(EVENT_RING));
	fill(EVENT_RING + 1);
	assert_false(holds(1));
	assert_true(holds(2));
	fill(3 * EVENT_RING);
	assert_int_equal(ring.oldest, 2 * EVENT_RING + 1);
	assert_false(holds(2 * EVENT_RING));
	assert_true(holds(2 * EVENT_RING + 1));
	assert_false(holds(3 * EVENT_RING + 1));
	assert_true(ring_complete(&ring));
	ring.target = 3 * EVENT_RING + 1;
	assert_false(ring_complete(&ring));
}

/* Whether a reader at this place misses nothing, and where it reads on. */
static bool
resolves(const char *epoch, int64_t seq, int64_t *cursor)
{
	struct event_position pos = {.seq = seq};

	memcpy(pos.epoch, epoch, sizeof(pos.epoch));
	*cursor = -7;
	return ring_resolve(&ring, &pos, cursor);
}

static void
test_resolve(void **state)
{
	int64_t at;

	(void)state;
	ring_start(&ring, EPOCH);
	ring_skip_to(&ring, 101);
	fill(200);
	assert_true(resolves(EPOCH, 100, &at));
	assert_int_equal(at, 100);
	assert_true(resolves(EPOCH, 200, &at));
	assert_int_equal(at, 200);
	assert_true(resolves(EPOCH, 200 + EVENT_RING, &at));
	assert_int_equal(at, 200 + EVENT_RING);
	assert_false(resolves(EPOCH, 99, &at));
	assert_int_equal(at, 200);
	assert_false(resolves(EPOCH, 0, &at));
	assert_false(resolves(EPOCH, 201 + EVENT_RING, &at));
	assert_int_equal(at, 200);
	assert_false(resolves(OTHER, 150, &at));
	assert_int_equal(at, 200);
	assert_false(ring_resolve(&ring, NULL, &at));
	assert_int_equal(at, 200);
	/* What is announced and on its way is not new to who begins now. */
	ring.target = 250;
	assert_false(ring_resolve(&ring, NULL, &at));
	assert_int_equal(at, 250);
}

static void
test_skip(void **state)
{
	(void)state;
	ring_start(&ring, EPOCH);
	ring_skip_to(&ring, 1);
	fill(10);
	ring_skip_to(&ring, 50);
	assert_false(holds(10));
	assert_int_equal(ring.head, 49);
	fill(60);
	assert_true(holds(50));
	assert_false(holds(49));
	ring_start(&ring, OTHER);
	assert_false(holds(50));
	assert_int_equal(ring.head, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_range, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_resolve, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_skip, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
