/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "schema.h"

#include <stdio.h>

#include <sqlite3.h>

#include "shared/buf.h"
#include "shared/event.h"

#include "fcgi-app/schema-sql.h"

/* "Stkr" in the file's header: it is ours. */
#define APPLICATION_ID 0x53746b72

/* Row N migrates user_version N to N + 1. */
static const char *const *const migrations[] = {schema_1, schema_2, schema_3};
#define NEWEST ((int)(sizeof(migrations) / sizeof(migrations[0])))

int
schema_newest(void)
{
	return NEWEST;
}

/* One integer; false when the file cannot be read. */
static bool
read_int(sqlite3 *handle, const char *text, int *out)
{
	sqlite3_stmt *stmt = NULL;
	bool ok;

	ok = sqlite3_prepare_v2(handle, text, -1, &stmt, NULL) == SQLITE_OK &&
	     sqlite3_step(stmt) == SQLITE_ROW;
	if (ok)
		*out = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return ok;
}

static bool
run(sqlite3 *handle, const char *text)
{
	return sqlite3_exec(handle, text, NULL, NULL, NULL) == SQLITE_OK;
}

/* One migration and the mark that it is done. */
static bool
migrate_one(sqlite3 *handle, int from)
{
	struct buf text = {0};
	bool ok;

	for (const char *const *line = migrations[from]; *line != NULL; line++)
		buf_puts(&text, *line);
	buf_printf(&text, "PRAGMA user_version = %d;", from + 1);
	ok = run(handle, text.data);
	buf_reset(&text);
	return ok;
}

/* A fresh database begins a history of its own. */
static bool
begin_history(sqlite3 *handle)
{
	char epoch[EVENT_EPOCH_LEN + 1];
	char text[128];

	event_epoch_make(epoch);
	snprintf(text, sizeof(text),
	    "PRAGMA application_id = %d;"
	    "INSERT INTO meta (key, value) VALUES ('epoch', '%s');",
	    APPLICATION_ID, epoch);
	return run(handle, text);
}

static bool
migrate(sqlite3 *handle, int version)
{
	bool fresh = version == 0;

	if (!run(handle, "BEGIN IMMEDIATE"))
		return false;
	while (version < NEWEST && migrate_one(handle, version))
		version++;
	if (version == NEWEST && (!fresh || begin_history(handle)) &&
	    run(handle, "COMMIT"))
		return true;
	return false;
}

bool
schema_migrate(struct sqlite3 *handle, char *why, size_t size)
{
	int id, version, tables;

	if (!read_int(handle, "PRAGMA application_id", &id) ||
	    !read_int(handle, "PRAGMA user_version", &version) ||
	    !read_int(handle, "SELECT count(*) FROM sqlite_schema", &tables)) {
		snprintf(
		    why, size, "cannot be read: %s", sqlite3_errmsg(handle));
		return false;
	}
	if (id != APPLICATION_ID && (id != 0 || version != 0 || tables != 0)) {
		snprintf(why, size, "is not a Stockroom database");
		return false;
	}
	if (version > NEWEST) {
		snprintf(why, size,
		    "was made by a newer Stockroom (schema %d;"
		    " this program knows up to %d)",
		    version, NEWEST);
		return false;
	}
	if (version < NEWEST && !migrate(handle, version)) {
		snprintf(why, size, "cannot be migrated from schema %d: %s",
		    version, sqlite3_errmsg(handle));
		run(handle, "ROLLBACK");
		return false;
	}
	return true;
}
