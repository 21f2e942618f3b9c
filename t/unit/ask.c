/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/ask.h"

#define EPOCH "019a00000000abcd"

static void
test_nothing(void **state)
{
	struct ask ask;
	struct json_error err = {0};

	(void)state;
	assert_int_equal(ask_read(NULL, NULL, NULL, &ask, &err), ST_OK);
	assert_false(ask.has_position);
	assert_int_equal(ask.version, -1);
	assert_int_equal(ask.answer, 0);
	assert_int_equal(ask_read("", "", "", &ask, &err), ST_OK);
	assert_false(ask.has_position);
	assert_int_equal(ask.version, -1);
}

static void
test_all(void **state)
{
	struct ask ask;
	struct json_error err = {0};

	(void)state;
	assert_int_equal(
	    ask_read(EPOCH ":42", "0", "999999999999999", &ask, &err), ST_OK);
	assert_true(ask.has_position);
	assert_string_equal(ask.position.epoch, EPOCH);
	assert_int_equal(ask.position.seq, 42);
	assert_int_equal(ask.version, 0);
	assert_true(ask.answer == 999999999999999);
}

static void
refused(const char *position, const char *version, const char *answer,
    const char *pointer)
{
	struct ask ask = {.answer = 7};
	struct json_error err = {0};

	assert_int_equal(
	    ask_read(position, version, answer, &ask, &err), ST_BAD_REQUEST);
	assert_string_equal(err.pointer, pointer);
	assert_true(strlen(err.detail) > 0);
	assert_int_equal(ask.answer, 7);
}

static void
test_refused(void **state)
{
	(void)state;
	refused("x", NULL, NULL, "?position");
	refused(EPOCH, NULL, NULL, "?position");
	refused(EPOCH ":-1", NULL, NULL, "?position");
	refused(EPOCH ":1", "-1", NULL, "?presence_version");
	refused(NULL, "1 ", NULL, "?presence_version");
	refused(NULL, NULL, "1e3", "?answer");
	refused(NULL, NULL, "0x1", "?answer");
	refused(NULL, NULL, "+1", "?answer");
	refused(NULL, NULL, "1000000000000000", "?answer");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_all),
	    cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
