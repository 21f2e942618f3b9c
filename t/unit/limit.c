/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Limits in a real database: what an address is, how many are remembered,
 * and that buckets never grow without bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "fcgi-app/limit.h"
#include "shared/clock.h"
#include "t/unit/temp-db.h"

static const char *path;
static struct db *reader;
static int64_t ana;
static const struct conf conf = {
    .signin_failures = 3,
    .signin_address = 1000,
    .signin_account = 5,
    .signin_window = 900,
    .user_writes = 10,
};

static int
setup(void **state)
{
	struct db *db;

	(void)state;
	if (sodium_init() == -1 || (path = temp_db_open()) == NULL)
		return -1;
	if (db_write_begin(&db) != ST_OK ||
	    user_add(db, "ana", "no hash", ROLE_EDITOR, "", &ana) != ST_OK ||
	    db_write_end(db, true) != ST_OK)
		return -1;
	reader = db_open_reader(path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	db_close(reader);
	return temp_db_remove();
}

/* A try that is counted, and taken for right if GOOD. */
static enum status
try(const char *name, int64_t user, const char *from, bool good,
    struct limit *limit)
{
	struct limit_try t;
	enum status st;

	st = limit_try_begin(&t, reader, &conf, name, user, from, limit);
	if (st == ST_OK)
		st = limit_try_count(&t, limit);
	if (st == ST_OK && good)
		limit_try_good(&t, limit);
	return st;
}

static void
addresses(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {NULL, ""},
	    {"", ""},
	    {"unix:", ""},
	    {"192.0.2.7", "192.0.2.7"},
	    {"192.0.2.7:80", ""},
	    {"192.0.2.7, 10.0.0.1", ""},
	    {"::ffff:192.0.2.7", "192.0.2.7"},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
	    {"::1", "::/64"},
	    {"[::1]", ""},
	};
	char out[LIMIT_ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		limit_address(rows[i].text, out);
		assert_string_equal(out, rows[i].want);
	}
}

static void
tries_run_out_evenly(void **state)
{
	struct limit limit;

	(void)state;
	for (long n = 2; n >= 0; n--) {
		assert_int_equal(
		    try("bob", 0, "10.0.0.1", false, &limit), ST_OK);
		assert_string_equal(limit.name, "signin");
		assert_int_equal(limit.left, n);
		assert_int_equal(limit.retry_s, 0);
	}
	assert_int_equal(try("Bob", 0, "10.0.0.1", false, &limit), ST_TOO_MANY);
	assert_in_range(limit.retry_s, 298, 300);
	assert_in_range(limit.reset_s, 898, 900);
	assert_int_equal(try("bob", 0, "10.0.0.2", false, &limit), ST_OK);
}

/* The last 32 addresses of an account are known, and no more. */
static void
known_addresses_are_bounded(void **state)
{
	struct limit limit;
	char from[32];
	int known = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "10.1.0.%d", i);
		assert_int_equal(try("ana", ana, from, true, &limit), ST_OK);
		assert_int_equal(limit.left, 3);
		/* They are told apart by ms. */
		for (int64_t now = clock_utc_ms(); clock_utc_ms() == now;)
			continue;
	}
	for (int i = 0; i < 5; i++) {
		snprintf(from, sizeof(from), "10.2.0.%d", i);
		assert_int_equal(try("ana", ana, from, false, &limit), ST_OK);
	}
	assert_int_equal(
	    try("ana", ana, "10.2.0.9", false, &limit), ST_TOO_MANY);
	assert_string_equal(limit.name, "account");
	for (int i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "10.1.0.%d", i);
		known += try("ana", ana, from, false, &limit) == ST_OK;
	}
	assert_int_equal(known, 32);
}

/* However many are tried, the table keeps its size. */
static void
buckets_are_bounded(void **state)
{
	struct query *q;
	struct db *db;
	struct limit limit;
	int64_t later = (clock_utc_ms() + 600000) * 1000;
	char subject[32];
	int64_t n;

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	for (int i = 0; i < 66000; i++) {
		snprintf(subject, sizeof(subject), "test:%d", i);
		q = db_query(db, SQL_BUCKET_PUT);
		db_bind_text(q, ":subject", subject);
		db_bind_int(q, ":until", later + i);
		assert_int_equal(db_done(q, ST_OK), ST_OK);
	}
	assert_int_equal(db_write_end(db, true), ST_OK);
	assert_int_equal(try("eve", 0, "10.3.0.1", false, &limit), ST_OK);
	assert_int_equal(db_write_begin(&db), ST_OK);
	q = db_query(db, SQL_BUCKET_COUNT);
	assert_true(db_row(q));
	n = db_int(q, 0);
	assert_int_equal(db_done(q, ST_FAULT), ST_OK);
	assert_int_equal(n, 65536);
	/* What is nearest to full has made room. */
	q = db_query(db, SQL_BUCKET_GET);
	db_bind_text(q, ":subject", "test:65999");
	assert_int_equal(db_done(q, ST_NOT_FOUND), ST_OK);
	q = db_query(db, SQL_BUCKET_GET);
	db_bind_text(q, ":subject", "test:0");
	assert_int_equal(db_done(q, ST_NOT_FOUND), ST_NOT_FOUND);
	assert_int_equal(db_write_end(db, true), ST_OK);
}

/* A clock that is set back makes nobody wait for longer than the window. */
static void
clocks_may_jump(void **state)
{
	struct query *q;
	struct db *db;
	struct limit limit;
	struct identity who = {.user_id = 7};

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	q = db_query(db, SQL_BUCKET_PUT);
	db_bind_text(q, ":subject", "user:7");
	db_bind_int(q, ":until", INT64_MAX / 2);
	assert_int_equal(db_done(q, ST_OK), ST_OK);
	assert_int_equal(db_write_end(db, true), ST_OK);
	assert_int_equal(
	    limit_write(reader, &conf, &who, true, &limit), ST_TOO_MANY);
	assert_int_equal(limit.retry_s, 6);
	assert_int_equal(limit.reset_s, 60);
}

/* Writes in memory, of a user and of a token, each by itself. */
static void
writes_in_memory(void **state)
{
	struct identity user = {.user_id = 1}, token = {.user_id = 1};
	struct limit limit;

	(void)state;
	snprintf(token.token_name, sizeof(token.token_name), "printer");
	snprintf(token.session, sizeof(token.session), "abc");
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    limit_write(reader, &conf, &user, false, &limit), ST_OK);
	assert_int_equal(
	    limit_write(reader, &conf, &user, false, &limit), ST_TOO_MANY);
	assert_int_equal(limit.retry_s, 6);
	assert_int_equal(
	    limit_write(reader, &conf, &token, false, &limit), ST_OK);
	assert_int_equal(limit.left, 9);
	/* A crowd may make us forget, and never takes more memory. */
	for (int i = 100; i < 20100; i++) {
		user.user_id = i;
		assert_int_equal(
		    limit_write(reader, &conf, &user, false, &limit), ST_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(tries_run_out_evenly),
	    cmocka_unit_test(known_addresses_are_bounded),
	    cmocka_unit_test(writes_in_memory),
	    cmocka_unit_test(clocks_may_jump),
	    cmocka_unit_test(buckets_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
