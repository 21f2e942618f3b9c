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

#include "push-relay/queue.h"

static void
test_frame(void **state)
{
	struct frame *f;

	(void)state;
	f = frame_new(LANE_DURABLE, "inventory_changed", "e:1", "{\"a\":1}", 7);
	assert_int_equal(f->len,
	    strlen("id: e:1\nevent: inventory_changed\ndata: {\"a\":1}\n\n"));
	assert_memory_equal(f->text,
	    "id: e:1\nevent: inventory_changed\ndata: {\"a\":1}\n\n", f->len);
	assert_memory_equal(f->text + f->data, "{\"a\":1}", f->data_len);
	frame_drop(frame_hold(f));
	frame_drop(f);

	f = frame_new(LANE_CURSOR, "cursors", NULL, "[]", 2);
	assert_memory_equal(f->text, "event: cursors\ndata: []\n\n", f->len);
	frame_drop(f);

	f = frame_retry(1500);
	assert_int_equal(f->len, strlen("retry: 1500\n\n"));
	assert_memory_equal(f->text, "retry: 1500\n\n", f->len);
	frame_drop(f);
	frame_drop(NULL);
}

static void
test_wrapped(void **state)
{
	struct json_object *obj;
	struct buf b = {0};
	struct frame *f;

	(void)state;
	f = frame_new(LANE_DURABLE, "inventory_changed", "e:1", "{\"a\":1}", 7);
	frame_put_json(f, &b);
	assert_string_equal(b.data, "{\"event\":\"inventory_changed\","
				    "\"id\":\"e:1\",\"data\":{\"a\":1}}");
	frame_drop(f);

	buf_clear(&b);
	f = frame_bye("shutdown", "Going", 250);
	assert_memory_equal(
	    f->text, "retry: 250\nevent: disconnect\ndata: {\"code\":", 43);
	frame_put_json(f, &b);
	assert_string_equal(b.data,
	    "{\"event\":\"disconnect\",\"data\":{\"code\":\"shutdown\","
	    "\"reason\":\"Going\",\"retry\":250}}");
	frame_drop(f);
	f = frame_bye("ticket", "Over", 0);
	assert_memory_equal(f->text, "event: disconnect\n", 18);
	frame_drop(f);

	/* The version that it tells is the room's, not an item's. */
	obj = json_object_new_object();
	json_object_object_add(obj, "version", json_object_new_int(9));
	f = frame_json(LANE_PRESENCE, "user_left", json_object_get(obj));
	assert_int_equal(f->version, 9);
	frame_drop(f);
	f = frame_json(LANE_CURSOR, "x", obj);
	assert_int_equal(f->version, 0);
	frame_drop(f);
	buf_reset(&b);
}

/* A frame of a lane with so many bytes of data. */
static struct frame *
made(enum lane lane, size_t len)
{
	static char data[70000];

	memset(data, 'x', sizeof(data));
	return frame_new(lane, "x", NULL, data, len);
}

static bool
pushed(struct queue *q, enum lane lane, size_t len)
{
	struct frame *f = made(lane, len);
	bool ok;

	ok = queue_push(q, f);
	assert_int_equal(f->refs, ok ? 2 : 1);
	frame_drop(f);
	return ok;
}

static void
test_order(void **state)
{
	struct queue q = {0};
	struct frame *f;
	size_t i, out = 0;

	(void)state;
	assert_null(queue_pop(&q));
	assert_null(queue_first(&q));
	/* Around the ring, which grows on the way. */
	for (i = 0; i < 100; i++) {
		assert_true(pushed(&q, LANE_PRESENCE, 2 * i));
		assert_true(pushed(&q, LANE_PRESENCE, 2 * i + 1));
		f = queue_first(&q);
		assert_ptr_equal(queue_pop(&q), f);
		assert_int_equal(f->data_len, out++);
		frame_drop(f);
	}
	assert_int_equal(q.count, 100);
	queue_reset(&q);
}

static void
test_bound(void **state)
{
	struct queue q = {0};

	(void)state;
	/* One larger than all is taken when nothing waits. */
	assert_true(pushed(&q, LANE_PRESENCE, QUEUE_MAX + 1));
	assert_false(pushed(&q, LANE_CURSOR, 1));
	assert_true(pushed(&q, LANE_CONTROL, 1000));
	queue_reset(&q);
	assert_true(pushed(&q, LANE_CURSOR, QUEUE_MAX / 2));
	assert_true(pushed(&q, LANE_PRESENCE, QUEUE_MAX / 4));
	assert_true(pushed(&q, LANE_CONTROL, 10));
	assert_false(pushed(&q, LANE_PRESENCE, QUEUE_MAX / 2));
	assert_int_equal(queue_purge(&q, LANE_CURSOR), 1);
	assert_true(pushed(&q, LANE_PRESENCE, QUEUE_MAX / 2));
	assert_int_equal(q.count, 3);
	assert_int_equal(queue_purge(&q, LANE_PRESENCE), 2);
	assert_int_equal(q.bytes, 0);
	assert_int_equal(queue_first(&q)->lane, LANE_CONTROL);
	queue_reset(&q);
}

static void
test_put_back(void **state)
{
	struct queue q = {0}, taken = {0};
	struct frame *f;
	size_t i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_true(
		    pushed(&q, LANE_PRESENCE, QUEUE_MAX / 10 - 100 + i));
	for (i = 0; i < 5; i++) {
		f = queue_pop(&q);
		queue_keep(&taken, f);
		frame_drop(f);
	}
	for (i = 0; i < 5; i++)
		assert_true(pushed(&q, LANE_CURSOR, QUEUE_MAX / 10 - 90 + i));
	queue_put_back(&q, &taken);
	assert_int_equal(taken.count, 0);
	assert_null(taken.slot);
	assert_int_equal(q.count, 15);
	/* It is beyond the bound now, so nothing more is taken. */
	assert_true(q.bytes > QUEUE_MAX);
	assert_false(pushed(&q, LANE_PRESENCE, 1));
	for (i = 0; i < 15; i++) {
		f = queue_pop(&q);
		assert_int_equal(f->data_len, QUEUE_MAX / 10 - 100 + i);
		frame_drop(f);
	}
	assert_int_equal(q.bytes, 0);
	queue_put_back(&q, &taken);
	assert_null(queue_pop(&q));
	queue_reset(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frame),
	    cmocka_unit_test(test_wrapped),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_bound),
	    cmocka_unit_test(test_put_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
