/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The status table: every row is whole and makes sense to HTTP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared/status.h"

static void
test_rows(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < ST__COUNT; i++) {
		enum status st = (enum status)i;

		assert_in_range(status_http(st), 200, 599);
		assert_true(strlen(status_type(st)) > 0);
		assert_int_equal(
		    strspn(status_type(st), "abcdefghijklmnopqrstuvwxyz-"),
		    strlen(status_type(st)));
		assert_true(strlen(status_title(st)) > 0);
	}
}

static void
test_codes(void **state)
{
	(void)state;
	assert_int_equal(ST_OK, 0);
	assert_int_equal(status_http(ST_OK), 200);
	assert_int_equal(status_http(ST_NOT_FOUND), 404);
	assert_int_equal(status_http(ST_INVALID), 422);
	assert_int_equal(status_http(ST_UNAVAILABLE), 503);
	assert_string_equal(status_type(ST_NOT_FOUND), "not-found");
	assert_string_equal(status_type(ST_STALE), "precondition-failed");
	assert_string_equal(status_title(ST_UNAUTHORIZED), "Sign in first");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_codes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
