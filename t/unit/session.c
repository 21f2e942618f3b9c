/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Sessions and tokens in a real database: how long they last, whom they
 * name, and what ends them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include "fcgi-app/session.h"
#include "fcgi-app/token.h"
#include "shared/clock.h"
#include "t/unit/temp-db.h"

#define HOUR_MS 3600000

static struct db *db; /* in a write transaction during each test */
static int64_t ana;

static int
setup(void **state)
{
	(void)state;
	if (sodium_init() == -1 || temp_db_open() == NULL)
		return -1;
	if (db_write_begin(&db) != ST_OK ||
	    user_add(db, "ana", "no hash", ROLE_EDITOR, "", &ana) != ST_OK)
		return -1;
	return db_write_end(db, true) == ST_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return temp_db_remove();
}

/* Each test in a transaction that leaves nothing behind. */
static int
begin(void **state)
{
	(void)state;
	return db_write_begin(&db) == ST_OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	return db_write_end(db, false) == ST_OK ? 0 : -1;
}

static void
test_session(void **state)
{
	struct identity who = {0};
	char secret[USER_SECRET_LEN + 1], id[USER_PUBLIC_LEN + 1];
	int64_t ends = clock_utc_ms() + HOUR_MS;

	(void)state;
	assert_int_equal(session_add(db, ana, ends, secret, id), ST_OK);
	assert_int_equal(strlen(secret), USER_SECRET_LEN);
	assert_int_equal(session_find(db, secret, &who), ST_OK);
	assert_int_equal(who.user_id, ana);
	assert_string_equal(who.display, "ana");
	assert_string_equal(who.session, id);
	assert_int_equal(who.role, ROLE_EDITOR);
	assert_int_equal(who.ends, ends);
	/* Its public name opens nothing. */
	assert_int_equal(session_find(db, id, &who), ST_UNAUTHORIZED);
	secret[0] = secret[0] == 'A' ? 'B' : 'A';
	assert_int_equal(session_find(db, secret, &who), ST_UNAUTHORIZED);
}

static void
test_session_expires(void **state)
{
	struct identity who = {0};
	char old[USER_SECRET_LEN + 1], young[USER_SECRET_LEN + 1];
	char id[USER_PUBLIC_LEN + 1];
	int64_t now = clock_utc_ms();

	(void)state;
	assert_int_equal(session_add(db, ana, now - 1, old, id), ST_OK);
	assert_int_equal(session_add(db, ana, now + HOUR_MS, young, id), ST_OK);
	assert_int_equal(session_find(db, old, &who), ST_UNAUTHORIZED);
	assert_int_equal(who.user_id, 0);
	assert_int_equal(session_prune(db), ST_OK);
	assert_int_equal(session_find(db, young, &who), ST_OK);
}

static void
test_session_ends(void **state)
{
	struct identity who;
	char one[USER_SECRET_LEN + 1], two[USER_SECRET_LEN + 1];
	char id[USER_PUBLIC_LEN + 1], other[USER_PUBLIC_LEN + 1];
	int64_t ends = clock_utc_ms() + HOUR_MS;

	(void)state;
	assert_int_equal(session_add(db, ana, ends, one, id), ST_OK);
	assert_int_equal(session_add(db, ana, ends, two, other), ST_OK);
	assert_int_equal(session_end(db, id), ST_OK);
	assert_int_equal(session_find(db, one, &who), ST_UNAUTHORIZED);
	assert_int_equal(session_find(db, two, &who), ST_OK);
	/* Another role, password or state ends them all. */
	assert_int_equal(user_set_role(db, ana, ROLE_VIEWER), ST_OK);
	assert_int_equal(session_find(db, two, &who), ST_UNAUTHORIZED);
}

static void
test_session_disabled(void **state)
{
	struct identity who;
	char secret[USER_SECRET_LEN + 1], id[USER_PUBLIC_LEN + 1];
	int64_t ends = clock_utc_ms() + HOUR_MS;

	(void)state;
	assert_int_equal(user_set_disabled(db, ana, true), ST_OK);
	assert_int_equal(session_add(db, ana, ends, secret, id), ST_OK);
	assert_int_equal(session_find(db, secret, &who), ST_UNAUTHORIZED);
}

/* Signing in again and again drops the sessions least used. */
static void
note_revoked(const char *public_id, int64_t user_id, int64_t at, void *arg)
{
	(void)at;
	*(int *)arg += public_id != NULL && user_id == 0;
}

static void
test_session_trim(void **state)
{
	struct identity who;
	char first[USER_SECRET_LEN + 1], last[USER_SECRET_LEN + 1];
	char id[USER_PUBLIC_LEN + 1];
	int64_t ends = clock_utc_ms() + HOUR_MS, start;
	int i, seen;

	(void)state;
	assert_int_equal(session_add(db, ana, ends, first, id), ST_OK);
	for (start = clock_utc_ms(); clock_utc_ms() == start;)
		;
	for (i = 0; i < SESSION_KEEP; i++)
		assert_int_equal(session_add(db, ana, ends, last, id), ST_OK);
	assert_int_equal(session_find(db, last, &who), ST_OK);
	assert_int_equal(session_find(db, first, &who), ST_UNAUTHORIZED);
	/* Its tickets go with it. */
	seen = 0;
	assert_int_equal(
	    session_revoked_since(db, start - 1, note_revoked, &seen), ST_OK);
	assert_int_equal(seen, 1);
}

static void
test_token(void **state)
{
	struct identity who = {0};
	char secret[TOKEN_LEN + 1];

	(void)state;
	assert_int_equal(
	    token_add(db, "printer", ana, ROLE_VIEWER, 0, secret), ST_OK);
	assert_int_equal(strncmp(secret, TOKEN_PREFIX, 3), 0);
	assert_int_equal(token_find(db, secret, &who), ST_OK);
	assert_int_equal(who.user_id, ana);
	assert_string_equal(who.token_name, "printer");
	assert_string_equal(who.display, "ana (printer)");
	assert_int_equal(who.role, ROLE_VIEWER);
	assert_int_equal(token_revoke(db, "printer"), ST_OK);
	assert_int_equal(token_find(db, secret, &who), ST_UNAUTHORIZED);
	assert_int_equal(token_revoke(db, "printer"), ST_NOT_FOUND);
}

static void
test_token_expires(void **state)
{
	struct identity who = {0};
	char old[TOKEN_LEN + 1], young[TOKEN_LEN + 1];
	int64_t now = clock_utc_ms();

	(void)state;
	assert_int_equal(
	    token_add(db, "old", ana, ROLE_EDITOR, now - 1, old), ST_OK);
	assert_int_equal(
	    token_add(db, "young", ana, ROLE_EDITOR, now + HOUR_MS, young),
	    ST_OK);
	assert_int_equal(token_find(db, old, &who), ST_UNAUTHORIZED);
	assert_int_equal(who.user_id, 0);
	assert_int_equal(token_find(db, young, &who), ST_OK);
	/* Its streams end with it. */
	assert_int_equal(who.ends, now + HOUR_MS);
}

/* A token may never more than its user. */
static void
test_token_role(void **state)
{
	struct identity who;
	char secret[TOKEN_LEN + 1];

	(void)state;
	assert_int_equal(
	    token_add(db, "editor", ana, ROLE_EDITOR, 0, secret), ST_OK);
	assert_int_equal(user_set_role(db, ana, ROLE_VIEWER), ST_OK);
	assert_int_equal(token_find(db, secret, &who), ST_OK);
	assert_int_equal(who.role, ROLE_VIEWER);
	assert_int_equal(user_set_disabled(db, ana, true), ST_OK);
	assert_int_equal(token_find(db, secret, &who), ST_UNAUTHORIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_session, begin, end),
	    cmocka_unit_test_setup_teardown(test_session_expires, begin, end),
	    cmocka_unit_test_setup_teardown(test_session_ends, begin, end),
	    cmocka_unit_test_setup_teardown(test_session_disabled, begin, end),
	    cmocka_unit_test_setup_teardown(test_session_trim, begin, end),
	    cmocka_unit_test_setup_teardown(test_token, begin, end),
	    cmocka_unit_test_setup_teardown(test_token_expires, begin, end),
	    cmocka_unit_test_setup_teardown(test_token_role, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
