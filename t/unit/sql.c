/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Every statement of sql.def: SQLite takes it, it changes rows only if its
 * row says so, and it reads a whole table or sorts only if it may.  And what
 * is written most often writes no index that it need not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "fcgi-app/db.h"
#include "fcgi-app/schema.h"

static const struct {
	const char *name;
	unsigned flags;
	const char *text;
} rows[] = {
#define SQL(name, flags, text) {#name, flags, text},
#include "fcgi-app/sql.def"
#undef SQL
};

static sqlite3 *handle;

static int
setup(void **state)
{
	char why[200];

	(void)state;
	if (sqlite3_open(":memory:", &handle) != SQLITE_OK)
		return -1;
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return schema_migrate(handle, why, sizeof(why)) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return sqlite3_close(handle) == SQLITE_OK ? 0 : -1;
}

static void
test_prepare(void **state)
{
	sqlite3_stmt *stmt;
	const char *rest;

	(void)state;
	for (int i = 0; i < SQL__COUNT; i++) {
		if (sqlite3_prepare_v2(
			handle, rows[i].text, -1, &stmt, &rest) != SQLITE_OK)
			fail_msg(
			    "%s: %s", rows[i].name, sqlite3_errmsg(handle));
		if (*rest != '\0')
			fail_msg("%s: more than one statement", rows[i].name);
		if (sqlite3_stmt_readonly(stmt) ==
		    ((rows[i].flags & SQL_WRITE) != 0))
			fail_msg("%s: SQL_WRITE is wrong", rows[i].name);
		for (int p = 1; p <= sqlite3_bind_parameter_count(stmt); p++)
			if (sqlite3_bind_parameter_name(stmt, p) == NULL)
				fail_msg("%s: a parameter has no name",
				    rows[i].name);
		sqlite3_finalize(stmt);
	}
}

/* Whether a line of the plan reads a table that is no subquery's or list's. */
static int
is_scan(const char *line)
{
	return strncmp(line, "SCAN ", 5) == 0 &&
	       strstr(line, "SCAN json_each") == NULL &&
	       strstr(line, "VIRTUAL TABLE") == NULL &&
	       strstr(line, "CONSTANT ROW") == NULL &&
	       strstr(line, "USING INDEX") == NULL &&
	       strstr(line, "USING COVERING INDEX") == NULL;
}

static void
test_plan(void **state)
{
	sqlite3_stmt *stmt;
	const char *line;
	char text[16384];

	(void)state;
	for (int i = 0; i < SQL__COUNT; i++) {
		if ((rows[i].flags & SQL_SCAN_OK) != 0)
			continue;
		assert_true(
		    (size_t)snprintf(text, sizeof(text),
			"EXPLAIN QUERY PLAN %s", rows[i].text) < sizeof(text));
		assert_int_equal(
		    sqlite3_prepare_v2(handle, text, -1, &stmt, NULL),
		    SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			line = (const char *)sqlite3_column_text(stmt, 3);
			if (is_scan(line))
				fail_msg("%s: %s", rows[i].name, line);
			if (strstr(line, "TEMP B-TREE") != NULL)
				fail_msg("%s: %s", rows[i].name, line);
		}
		sqlite3_finalize(stmt);
	}
}

/* How many indexes of items a statement opens for writing. */
static int
indexes_written(enum sql name)
{
	sqlite3_stmt *stmt, *find;
	char text[4096];
	int n = 0;

	snprintf(text, sizeof(text), "EXPLAIN %s", rows[name].text);
	assert_int_equal(
	    sqlite3_prepare_v2(handle, text, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(handle,
		"SELECT name FROM sqlite_schema WHERE type = 'index'"
		" AND tbl_name = 'item' AND rootpage = ?",
		-1, &find, NULL),
	    SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (strcmp((const char *)sqlite3_column_text(stmt, 1),
			"OpenWrite") != 0)
			continue;
		sqlite3_bind_int(find, 1, sqlite3_column_int(stmt, 3));
		n += sqlite3_step(find) == SQLITE_ROW;
		sqlite3_reset(find);
	}
	sqlite3_finalize(find);
	sqlite3_finalize(stmt);
	return n;
}

static void
test_indexes(void **state)
{
	(void)state;
	/* By quantity and by time; the SKU is in each of them. */
	assert_int_equal(indexes_written(SQL_ITEM_SAVE), 2);
	assert_int_equal(indexes_written(SQL_ITEM_NAME), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prepare),
	    cmocka_unit_test(test_plan),
	    cmocka_unit_test(test_indexes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
