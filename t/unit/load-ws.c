/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The load program's end of a WebSocket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/ws-in.h"

static char heard[1024]; /* the texts, each with a | after it */

static void
hear(void *arg, const char *text, size_t len)
{
	size_t at = strlen(heard);

	assert_null(arg);
	assert_int_equal(strlen(text), len);
	assert_true(at + len + 2 < sizeof(heard));
	memcpy(heard + at, text, len);
	memcpy(heard + at + len, "|", 2);
}

static struct ws_in
fresh(void)
{
	heard[0] = '\0';
	return (struct ws_in){.text_fn = hear};
}

#define FRAMES "\x81\x02hi\x89\x01p\x81\x00\x81\x7e\x00\x80" /* 128 bytes */

static void
test_frames(void **state)
{
	struct ws_in in = fresh();
	char all[sizeof(FRAMES) - 1 + 128];
	size_t step, i, n;

	(void)state;
	memcpy(all, FRAMES, sizeof(FRAMES) - 1);
	memset(all + sizeof(FRAMES) - 1, 'x', 128);
	for (step = 1; step <= sizeof(all); step++) {
		heard[0] = '\0';
		for (i = 0; i < sizeof(all); i += n) {
			n = sizeof(all) - i < step ? sizeof(all) - i : step;
			assert_true(ws_in_take(&in, all + i, n));
		}
		assert_int_equal(strlen(heard), 3 + 1 + 129);
		assert_memory_equal(heard, "hi||xxx", 7);
		assert_int_equal(in.frame.len, 0);
	}
	ws_in_reset(&in);
}

static void
test_end(void **state)
{
	struct ws_in in = fresh();

	(void)state;
	assert_false(ws_in_take(&in, "\x81\x01y\x88\x00", 5));
	assert_string_equal(heard, "y|");
	ws_in_clear(&in);
	/* A text in parts, and a frame larger than any of ours. */
	assert_false(ws_in_take(&in, "\x01\x01y", 3));
	ws_in_clear(&in);
	assert_false(ws_in_take(&in, "\x81\x7f", 2));
	ws_in_reset(&in);
}

static void
test_out(void **state)
{
	struct buf b = {0};
	char text[300];

	(void)state;
	ws_out(&b, "40", 2);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data,
	    "\x81\x82\0\0\0\0"
	    "40",
	    8);
	buf_clear(&b);
	memset(text, 'z', sizeof(text));
	ws_out(&b, text, sizeof(text));
	assert_int_equal(b.len, 308);
	assert_memory_equal(b.data, "\x81\xfe\x01\x2c\0\0\0\0z", 9);
	buf_reset(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_frames),
	    cmocka_unit_test(test_end),
	    cmocka_unit_test(test_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
