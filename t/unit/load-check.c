/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The checker of the load program finds what it is there to find.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/check.h"

#define EPOCH "019a00000000abcd"

/* A client that begins after event 10. */
struct fixture {
	struct check_faults faults;
	struct truth truth;
	struct check check;
};

static int
setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.check.faults = &f.faults;
	f.check.truth = &f.truth;
	truth_start(&f.truth, EPOCH, 10);
	check_start(&f.check, 10);
	check_connected(&f.check);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	check_reset(&f->check);
	truth_reset(&f->truth);
	return 0;
}

/* What event SEQ says, when nothing is wrong. */
static uint64_t
says(int64_t seq)
{
	return (uint64_t)seq * 1000;
}

static enum check_verdict
event(struct fixture *f, int64_t seq)
{
	return check_event(&f->check, seq, says(seq));
}

static void
assert_faults(
    struct fixture *f, int64_t holes, int64_t repeats, int64_t disorder)
{
	assert_int_equal(f->faults.holes, holes);
	assert_int_equal(f->faults.repeats, repeats);
	assert_int_equal(f->faults.disorder, disorder);
}

static void
test_good(void **state)
{
	struct fixture *f = *state;
	int64_t seq;

	assert_int_equal(
	    check_promised(&f->check, true, 10, 12), CHECK_APPLIED);
	for (seq = 11; seq <= 15; seq++)
		assert_int_equal(event(f, seq), CHECK_APPLIED);
	check_upto(&f->check, 15);
	assert_faults(f, 0, 0, 0);
	assert_int_equal(f->check.last, 15);
	assert_int_equal(f->check.applied, 5);
}

/* A hole counts though the client's rule mends it. */
static void
test_hole(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 10, 10);
	assert_int_equal(event(f, 11), CHECK_APPLIED);
	assert_int_equal(event(f, 14), CHECK_GAP);
	assert_int_equal(event(f, 15), CHECK_GAP);
	assert_int_equal(f->check.last, 11);
	check_page(&f->check, 12, says(12));
	check_page(&f->check, 13, says(13));
	assert_int_equal(check_closed(&f->check), CHECK_APPLIED);
	assert_int_equal(f->check.last, 15);
	assert_faults(f, 2, 0, 0);
}

/* So does one right after the promise, and one at the end. */
static void
test_hole_at_the_ends(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 10, 12);
	event(f, 12);
	assert_faults(f, 1, 0, 0);
	check_upto(&f->check, 14);
	assert_faults(f, 3, 0, 0);
}

static void
test_repeat(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 10, 10);
	event(f, 11);
	assert_int_equal(event(f, 11), CHECK_DROPPED);
	assert_faults(f, 0, 1, 0);
	assert_int_equal(f->check.applied, 1);
}

static void
test_disorder(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 10, 10);
	event(f, 11);
	event(f, 12);
	event(f, 13);
	assert_int_equal(event(f, 11), CHECK_DROPPED);
	assert_faults(f, 0, 0, 1);
}

/* Where nothing was promised, the client reads the log, and that is right. */
static void
test_not_recovered(void **state)
{
	struct fixture *f = *state;
	int64_t seq;

	assert_int_equal(check_promised(&f->check, false, 10, 20), CHECK_GAP);
	assert_int_equal(event(f, 21), CHECK_GAP);
	for (seq = 11; seq <= 21; seq++)
		check_page(&f->check, seq, says(seq));
	assert_int_equal(check_closed(&f->check), CHECK_APPLIED);
	assert_int_equal(event(f, 22), CHECK_APPLIED);
	assert_faults(f, 0, 0, 0);
	assert_int_equal(f->check.last, 22);
	assert_int_equal(f->check.dropped, 1);
}

/* It promised to go on from what it told, and does not. */
static void
test_not_recovered_hole(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, false, 10, 20);
	event(f, 22);
	assert_faults(f, 1, 0, 0);
}

static void
test_log_hole(void **state)
{
	struct fixture *f = *state;

	check_page(&f->check, 11, says(11));
	check_page(&f->check, 13, says(13));
	assert_faults(f, 1, 0, 0);
}

/* A gap that a page does not close stays one. */
static void
test_gap_stays(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 10, 10);
	event(f, 14);
	check_page(&f->check, 11, says(11));
	assert_int_equal(check_closed(&f->check), CHECK_GAP);
	assert_int_equal(f->check.last, 11);
}

static void
test_wrong_place(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, true, 9, 12);
	assert_int_equal(f->faults.broken, 1);
}

static void
test_differs(void **state)
{
	struct fixture *f = *state;
	struct check other = {.faults = &f->faults, .truth = &f->truth};

	check_promised(&f->check, true, 10, 10);
	event(f, 11);
	check_start(&other, 10);
	check_connected(&other);
	check_event(&other, 11, says(11) + 1);
	assert_int_equal(f->faults.differs, 1);
	check_reset(&other);
}

/* A new connection goes on from what was applied, not from what was held. */
static void
test_cut_in_a_gap(void **state)
{
	struct fixture *f = *state;

	check_promised(&f->check, false, 10, 12);
	assert_int_equal(event(f, 13), CHECK_GAP);
	check_connected(&f->check);
	assert_int_equal(f->check.wish, 10);
	check_promised(&f->check, true, 10, 13);
	assert_int_equal(event(f, 11), CHECK_APPLIED);
	assert_int_equal(event(f, 12), CHECK_APPLIED);
	assert_int_equal(event(f, 13), CHECK_APPLIED);
	assert_faults(f, 0, 0, 0);
}

static uint64_t
hash_of(const char *text)
{
	struct json_object *obj = json_tokener_parse(text);
	uint64_t h = content_hash(obj);

	json_object_put(obj);
	return h;
}

static void
test_content(void **state)
{
	uint64_t h = hash_of("{\"seq\":1,\"sku\":\"A\",\"changes\":[1]}");

	(void)state;
	assert_true(h != 0);
	assert_true(h == hash_of("{\"changes\":[1],\"sku\":\"A\",\"seq\":1}"));
	assert_true(h != hash_of("{\"seq\":2,\"sku\":\"A\",\"changes\":[1]}"));
	assert_true(h != hash_of("{\"seq\":1,\"sku\":\"A\",\"changes\":[2]}"));
	assert_true(h != hash_of("{\"seq\":1,\"sku\":\"A\"}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_good, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hole, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_hole_at_the_ends, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_repeat, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_disorder, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_not_recovered, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_not_recovered_hole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_log_hole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_gap_stays, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrong_place, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_differs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cut_in_a_gap, setup, teardown),
	    cmocka_unit_test(test_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
