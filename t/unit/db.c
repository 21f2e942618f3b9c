/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The database: statements, savepoints, and group commit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/file.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi-app/db-inner.h"
#include "fcgi-app/db.h"
#include "shared/clock.h"

#define WRITERS 32

static char dir[] = "/tmp/stockroom-db-XXXXXX";
static char path[64], lock_path[80];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/test.db", dir);
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	db_open_writer(path);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	db_close_writer();
	unlink(path);
	unlink(lock_path);
	for (int i = 0; i < 2; i++) {
		char name[80];

		snprintf(
		    name, sizeof(name), "%s-%s", path, i == 0 ? "wal" : "shm");
		unlink(name);
	}
	return rmdir(dir);
}

static enum status
put(struct db *db, const char *key, const char *value)
{
	struct query *q;

	q = db_query(db, SQL_META_PUT);
	db_bind_text(q, ":key", key);
	db_bind_text(q, ":value", value);
	return db_done(q, ST_FAULT);
}

static enum status
get(struct db *db, const char *key, char *out, size_t size)
{
	struct query *q;

	q = db_query(db, SQL_META_GET);
	db_bind_text(q, ":key", key);
	if (db_row(q))
		snprintf(out, size, "%s", db_text(q, 0));
	return db_done(q, ST_NOT_FOUND);
}

static enum status
add_user(struct db *db, const char *name)
{
	struct query *q;

	q = db_query(db, SQL_USER_ADD);
	db_bind_text(q, ":username", name);
	db_bind_text(q, ":password_hash", "x");
	db_bind_text(q, ":role", "viewer");
	db_bind_text(q, ":color", "");
	db_bind_text(q, ":at", "2026-01-01T00:00:00.000Z");
	return db_done(q, ST_FAULT);
}

static void
test_fresh(void **state)
{
	struct db *db;
	char epoch[64];

	(void)state;
	db = db_open_reader(path);
	assert_int_equal(get(db, "epoch", epoch, sizeof(epoch)), ST_OK);
	assert_int_equal(strlen(epoch), 16);
	assert_int_equal(
	    get(db, "nothing", epoch, sizeof(epoch)), ST_NOT_FOUND);
	db_close(db);
}

static void
test_keep_or_not(void **state)
{
	struct db *db, *reader;
	char text[64];

	(void)state;
	reader = db_open_reader(path);
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_int_equal(put(db, "a", "1"), ST_OK);
	assert_int_equal(db_write_end(db, true), ST_OK);
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_int_equal(put(db, "a", "2"), ST_OK);
	assert_int_equal(db_write_end(db, false), ST_OK);
	assert_int_equal(get(reader, "a", text, sizeof(text)), ST_OK);
	assert_string_equal(text, "1");
	db_close(reader);
}

static void
test_unique(void **state)
{
	struct db *db;

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_int_equal(add_user(db, "ana"), ST_OK);
	assert_int_equal(add_user(db, "ANA"), ST_CONFLICT);
	assert_int_equal(add_user(db, "ben"), ST_OK);
	assert_int_equal(db_write_end(db, true), ST_OK);
}

/* A write outside of the write transaction is refused, not committed. */
static void
test_write_outside(void **state)
{
	struct db *db;
	char text[64];

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_int_equal(db_write_end(db, false), ST_OK);
	assert_int_equal(put(db, "outside", "1"), ST_UNAVAILABLE);
	assert_int_equal(get(db, "outside", text, sizeof(text)), ST_NOT_FOUND);
}

static void *
write_one(void *arg)
{
	struct db *db;
	char key[32];
	intptr_t n = (intptr_t)arg;
	enum status st;

	snprintf(key, sizeof(key), "w%d", (int)n);
	if ((st = db_write_begin(&db)) != ST_OK)
		return (void *)(intptr_t)st;
	/* Every third one fails by itself and leaves nothing. */
	st = put(db, key, "1");
	return (
	    void *)(intptr_t)(st != ST_OK ? st : db_write_end(db, n % 3 != 0));
}

/* The same in one step, in whose thread ever. */
struct one {
	char key[32];
	bool keep;
	pthread_t caller;
	bool elsewhere;
};

static bool
put_one(struct db *db, void *arg)
{
	struct one *one = arg;

	one->elsewhere = !pthread_equal(pthread_self(), one->caller);
	return put(db, one->key, "1") == ST_OK && one->keep;
}

static atomic_int elsewhere;

static void *
write_one_step(void *arg)
{
	intptr_t n = (intptr_t)arg;
	struct one one = {.keep = n % 3 != 0, .caller = pthread_self()};
	enum status st;

	snprintf(one.key, sizeof(one.key), "w%d", (int)n);
	st = db_write(put_one, &one);
	atomic_fetch_add(&elsewhere, one.elsewhere);
	return (void *)(intptr_t)st;
}

static void *
write_some_way(void *arg)
{
	return (intptr_t)arg % 4 == 0 ? write_one(arg) : write_one_step(arg);
}

/* All of them at once, behind a lock that somebody else holds at first. */
static void
write_group(void *(*write)(void *))
{
	pthread_t threads[WRITERS];
	struct db_counts before = db_counts(), after;
	struct db *reader, *db;
	char key[32], text[64];
	int64_t deadline = clock_mono_ms() + 10000;
	int fd;
	void *result;

	assert_true((fd = open(lock_path, O_RDWR)) != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (intptr_t i = 0; i < WRITERS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write, (void *)i), 0);
	while (db_counts().waiting < WRITERS - 1 && clock_mono_ms() < deadline)
		sched_yield();
	assert_int_equal(db_counts().waiting, WRITERS - 1);
	close(fd);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, ST_OK);
	}
	after = db_counts();
	assert_in_range(after.commits - before.commits, 1, 4);
	reader = db_open_reader(path);
	for (int i = 0; i < WRITERS; i++) {
		snprintf(key, sizeof(key), "w%d", i);
		assert_int_equal(get(reader, key, text, sizeof(text)),
		    i % 3 != 0 ? ST_OK : ST_NOT_FOUND);
	}
	db_close(reader);
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_true(db_exec(db, "DELETE FROM meta WHERE key GLOB 'w*'"));
	assert_int_equal(db_write_end(db, true), ST_OK);
}

static void
test_group(void **state)
{
	(void)state;
	write_group(write_one);
}

/* Works are run by whoever holds the lock, among those who want it. */
static void
test_group_steps(void **state)
{
	(void)state;
	elsewhere = 0;
	write_group(write_one_step);
	assert_true(elsewhere > 0);
	write_group(write_some_way);
}

/* Both ways, one after the other and all at once: nobody is told too early. */
#define STORM 200

static void *
write_many(void *arg)
{
	intptr_t n = (intptr_t)arg, st = ST_OK;

	for (intptr_t i = 0; i < STORM && st == ST_OK; i++)
		st = (intptr_t)((n + i) % 2 == 0 ? write_one : write_one_step)(
		    (void *)(n * STORM + i));
	return (void *)st;
}

static void
test_storm(void **state)
{
	pthread_t threads[WRITERS];
	struct db_counts before = db_counts(), after;
	void *result;

	(void)state;
	for (intptr_t i = 0; i < WRITERS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, write_many, (void *)i),
		    0);
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, ST_OK);
	}
	after = db_counts();
	/* Every third is rolled back. */
	assert_int_equal(after.writes - before.writes,
	    WRITERS * STORM - (WRITERS * STORM + 2) / 3);
}

/* Fill the database to its brim: the whole transaction is rolled back. */
static void *
write_too_much(void *arg)
{
	struct db *db;
	char key[32];
	enum status st = ST_OK;

	(void)arg;
	if (db_write_begin(&db) != ST_OK)
		return (void *)(intptr_t)ST_FAULT;
	if (!db_exec(db, "PRAGMA max_page_count = 1"))
		return (void *)(intptr_t)ST_FAULT;
	for (int i = 0; i < 10000 && st == ST_OK; i++) {
		snprintf(key, sizeof(key), "full%d", i);
		st = put(db, key, "a value that takes some room in a page");
	}
	/* What comes after must not commit by itself. */
	if (st != ST_UNAVAILABLE || put(db, "after", "1") != ST_UNAVAILABLE)
		return (void *)(intptr_t)ST_FAULT;
	return (void *)(intptr_t)db_write_end(db, false);
}

/* One that is well shares the fate of the transaction that it ran in. */
static void
test_full(void **state)
{
	pthread_t second;
	struct db *db;
	int64_t deadline = clock_mono_ms() + 10000;
	char text[64];
	void *result;

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_int_equal(
	    pthread_create(&second, NULL, write_too_much, NULL), 0);
	while (db_counts().waiting < 1 && clock_mono_ms() < deadline)
		sched_yield();
	assert_int_equal(put(db, "first", "1"), ST_OK);
	assert_int_equal(db_write_end(db, true), ST_UNAVAILABLE);
	pthread_join(second, &result);
	assert_int_equal((intptr_t)result, ST_UNAVAILABLE);

	assert_int_equal(db_write_begin(&db), ST_OK);
	assert_true(db_exec(db, "PRAGMA max_page_count = 1000000"));
	assert_int_equal(get(db, "first", text, sizeof(text)), ST_NOT_FOUND);
	assert_int_equal(get(db, "full0", text, sizeof(text)), ST_NOT_FOUND);
	assert_int_equal(get(db, "after", text, sizeof(text)), ST_NOT_FOUND);
	assert_int_equal(put(db, "well", "1"), ST_OK);
	assert_int_equal(db_write_end(db, true), ST_OK);
	assert_int_equal(get(db, "well", text, sizeof(text)), ST_OK);
}

/* A long read ends when its time is over, and leaves the connection sound. */
static void
test_limit_time(void **state)
{
	struct db *db, *reader;
	struct query *q;
	char name[32];
	int64_t then;

	(void)state;
	assert_int_equal(db_write_begin(&db), ST_OK);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "user %d", i);
		q = db_query(db, SQL_USER_ADD);
		db_bind_text(q, ":username", name);
		db_bind_text(q, ":password_hash", "none");
		db_bind_text(q, ":role", "viewer");
		db_bind_text(q, ":color", "");
		db_bind_text(q, ":at", "now");
		assert_int_equal(db_done(q, ST_FAULT), ST_OK);
	}
	assert_int_equal(db_write_end(db, true), ST_OK);

	reader = db_open_reader(path);
	db_limit_time(reader, 1);
	for (then = clock_mono_ms(); clock_mono_ms() - then < 2;)
		continue;
	q = db_query(reader, SQL_USER_REVOKED_SINCE);
	db_bind_int(q, ":since", 1);
	assert_int_equal(db_done(q, ST_OK), ST_UNAVAILABLE);
	db_limit_time(reader, 0);
	q = db_query(reader, SQL_USER_REVOKED_SINCE);
	db_bind_int(q, ":since", 1);
	assert_int_equal(db_done(q, ST_NOT_FOUND), ST_NOT_FOUND);
	db_close(reader);
}

/*
 * SQLite looks at the clock every so many steps of a statement, all of its
 * runs taken together: sooner or later it does so in a BEGIN and in a COMMIT,
 * which must neither leave a snapshot open nor fail.
 */
static void
test_limit_snapshot(void **state)
{
	struct db *reader;

	(void)state;
	reader = db_open_reader(path);
	db_limit_time(reader, -1);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(db_snapshot_begin(reader), ST_OK);
		assert_true(db_in_transaction(reader));
		db_snapshot_end(reader);
		assert_false(db_in_transaction(reader));
	}
	db_close(reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fresh),
	    cmocka_unit_test(test_keep_or_not),
	    cmocka_unit_test(test_unique),
	    cmocka_unit_test(test_write_outside),
	    cmocka_unit_test(test_group),
	    cmocka_unit_test(test_group_steps),
	    cmocka_unit_test(test_storm),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_limit_time),
	    cmocka_unit_test(test_limit_snapshot),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
