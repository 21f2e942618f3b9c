/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "db.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sqlite3.h>

#include "db-inner.h"
#include "schema.h"
#include "shared/clock.h"
#include "shared/log.h"

#define CLOCK_STEPS 10000 /* of SQLite between looks at the clock */
#define BUSY_MS     2000  /* wait for a foreign program inside the file */

/* The rows of sql.def. */
static const struct {
	const char *name;
	unsigned flags;
	const char *text;
} statements[] = {
#define SQL(name, flags, text) {#name, flags, text},
#include "sql.def"
#undef SQL
};

struct query {
	struct db *db;
	sqlite3_stmt *stmt; /* prepared at first use, then kept */
	enum sql name;
	int rc;      /* sticky: SQLITE_OK, ROW, DONE, error */
	bool active; /* between db_query() and db_done() */
	bool seen;   /* a row was read */
	int bound;   /* the parameter last bound */
};

struct db {
	sqlite3 *handle;
	int active;                  /* queries that db_done() has not ended */
	void (*wal_grew)(int pages); /* of the writer */
	int64_t stop_at;             /* a read, clock_mono_ms(); 0: never */
	struct query queries[SQL__COUNT];
};

/* --- Connections --- */

bool
db_exec(struct db *db, const char *text)
{
	if (sqlite3_exec(db->handle, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	log_warn("database: %s: %s", text, sqlite3_errmsg(db->handle));
	return false;
}

/* Trust nothing in the file, and never checkpoint on our own. */
static bool
harden(struct db *db)
{
	sqlite3 *h = db->handle;

	sqlite3_busy_timeout(h, BUSY_MS);
	sqlite3_limit(h, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(h, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
	sqlite3_limit(h, SQLITE_LIMIT_SQL_LENGTH, 64 * 1024);
	sqlite3_limit(h, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
	sqlite3_extended_result_codes(h, 1);
	return sqlite3_db_config(
		   h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) == SQLITE_OK &&
	       sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) ==
		   SQLITE_OK &&
	       sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) ==
		   SQLITE_OK &&
	       db_exec(db, "PRAGMA wal_autocheckpoint = 0") &&
	       db_exec(db, "PRAGMA foreign_keys = ON") &&
	       db_exec(db, "PRAGMA cell_size_check = ON") &&
	       db_exec(db, "PRAGMA mmap_size = 0") &&
	       db_exec(db, "PRAGMA temp_store = MEMORY");
}

/* SQLite's hook: PAGES are in the WAL after a commit. */
static int
after_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct db *db = arg;

	(void)handle;
	(void)name;
	db->wal_grew(pages);
	return SQLITE_OK;
}

/*
 * SQLite's own count of its memory, which nobody asks for, is guarded by one
 * lock: each allocation of a thread would wait for those of all others.
 */
static void
configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static struct db *
open_connection(const char *path, int flags)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct db *db;
	char why[256];

	pthread_once(&once, configure);
	if ((db = calloc(1, sizeof(*db))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	for (int i = 0; i < SQL__COUNT; i++) {
		db->queries[i].db = db;
		db->queries[i].name = (enum sql)i;
	}
	if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK ||
	    !harden(db)) {
		snprintf(why, sizeof(why), "%s", sqlite3_errmsg(db->handle));
		sqlite3_close(db->handle);
		free(db);
		log_fatal(
		    EX_NOINPUT, "database %s: cannot be opened: %s", path, why);
	}
	return db;
}

/* SQLite's hook, now and then in a long read: whether to end it. */
static int
is_late(void *arg)
{
	const struct db *db = arg;

	return db->stop_at != 0 && clock_mono_ms() >= db->stop_at;
}

void
db_limit_time(struct db *db, int64_t ms)
{
	db->stop_at = ms == 0 ? 0 : clock_mono_ms() + ms;
}

struct db *
db_open_reader(const char *path)
{
	struct db *db = open_connection(path, SQLITE_OPEN_READONLY);

	sqlite3_progress_handler(db->handle, CLOCK_STEPS, is_late, db);

	/* The files are opened by the first read: now, not in a request. */
	if (!db_exec(db, "SELECT key FROM meta LIMIT 1"))
		log_fatal(EX_DATAERR, "database %s: cannot be read", path);
	return db;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	assert(db->active == 0);
	for (int i = 0; i < SQL__COUNT; i++)
		sqlite3_finalize(db->queries[i].stmt);
	if (sqlite3_close(db->handle) != SQLITE_OK)
		log_warn("database: close: %s", sqlite3_errmsg(db->handle));
	free(db);
}

struct db *
db_open_migrated(const char *path, void (*wal_grew)(int pages))
{
	struct db *db;
	char why[256];

	db = open_connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	if (!schema_migrate(db->handle, why, sizeof(why)))
		log_fatal(EX_DATAERR, "database %s: %s", path, why);
	if (!db_exec(db, "PRAGMA journal_mode = WAL") ||
	    !db_exec(db, "PRAGMA synchronous = FULL"))
		log_fatal(EX_IOERR, "database %s: cannot be written", path);
	db->wal_grew = wal_grew;
	sqlite3_wal_hook(db->handle, after_commit, db);
	return db;
}

sqlite3 *
db_handle(struct db *db)
{
	return db->handle;
}

bool
db_in_transaction(struct db *db)
{
	return !sqlite3_get_autocommit(db->handle);
}

int
db_changes(struct db *db)
{
	return sqlite3_total_changes(db->handle);
}

bool
db_idle(struct db *db)
{
	return db->active == 0;
}

bool
db_checkpoint(struct db *db, bool empty)
{
	int rc;

	sqlite3_busy_timeout(db->handle, 0);
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    empty ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		log_warn(
		    "database: checkpoint: %s", sqlite3_errmsg(db->handle));
	return rc == SQLITE_OK;
}

/* --- Statements --- */

static bool
is_write(const struct query *q)
{
	return (statements[q->name].flags & SQL_WRITE) != 0;
}

struct query *
db_query(struct db *db, enum sql name)
{
	struct query *q = &db->queries[name];

	assert(!q->active);
	q->active = true;
	q->seen = false;
	q->bound = 0;
	q->rc = SQLITE_OK;
	db->active++;
	if (q->stmt == NULL) {
		q->rc = sqlite3_prepare_v3(db->handle, statements[name].text,
		    -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
		assert(q->rc != SQLITE_OK ||
		       is_write(q) == !sqlite3_stmt_readonly(q->stmt));
	}
	/*
	 * A full disk and the like can end the whole transaction under a
	 * handler; what it then still writes must not commit by itself.
	 */
	if (q->rc == SQLITE_OK && is_write(q) && !db_in_transaction(db))
		q->rc = SQLITE_ABORT;
	return q;
}

/*
 * A name that the statement lacks is a fault of ours.  Most are bound in the
 * order that the statement has them in, so that one comparison finds them.
 */
static int
parameter(struct query *q, const char *name)
{
	const char *next = sqlite3_bind_parameter_name(q->stmt, q->bound + 1);

	if (next != NULL && strcmp(next, name) == 0)
		q->bound++;
	else
		q->bound = sqlite3_bind_parameter_index(q->stmt, name);
	assert(q->bound > 0);
	return q->bound;
}

void
db_bind_int(struct query *q, const char *name, int64_t value)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_int64(q->stmt, parameter(q, name), value);
}

void
db_bind_null(struct query *q, const char *name)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_null(q->stmt, parameter(q, name));
}

void
db_bind_text(struct query *q, const char *name, const char *text)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_text(
		    q->stmt, parameter(q, name), text, -1, SQLITE_TRANSIENT);
}

void
db_bind_blob(struct query *q, const char *name, const void *data, size_t len)
{
	if (q->rc == SQLITE_OK)
		q->rc = sqlite3_bind_blob64(
		    q->stmt, parameter(q, name), data, len, SQLITE_TRANSIENT);
}

bool
db_row(struct query *q)
{
	assert(q->active);
	if (q->rc != SQLITE_OK && q->rc != SQLITE_ROW)
		return false;
	q->rc = sqlite3_step(q->stmt);
	if (q->rc == SQLITE_ROW)
		q->seen = true;
	return q->rc == SQLITE_ROW;
}

int64_t
db_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

const char *
db_text(struct query *q, int column)
{
	return (const char *)sqlite3_column_text(q->stmt, column);
}

void
db_copy(struct query *q, int column, char *out, size_t size)
{
	const char *text = db_text(q, column);
	size_t len = (size_t)sqlite3_column_bytes(q->stmt, column);

	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

const void *
db_blob(struct query *q, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(q->stmt, column);

	*len = (size_t)sqlite3_column_bytes(q->stmt, column);
	return data;
}

bool
db_is_null(struct query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

/* What an error of SQLite's means to a request; logged where it is news. */
static enum status
judge(const struct query *q)
{
	int rc = q->rc;

	if (rc == SQLITE_CONSTRAINT_UNIQUE ||
	    rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID)
		return ST_CONFLICT;
	log_error("database: %s: %s (%d)", statements[q->name].name,
	    rc == SQLITE_ABORT ? "outside of the transaction"
			       : sqlite3_errmsg(q->db->handle),
	    rc);
	switch (rc & 0xff) {
	case SQLITE_CORRUPT: /* so it says of a read that failed, too */
	case SQLITE_ABORT:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_NOMEM:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
	case SQLITE_READONLY:
		return ST_UNAVAILABLE;
	default:
		return ST_FAULT;
	}
}

enum status
db_done(struct query *q, enum status none)
{
	bool writes = is_write(q);
	enum status st = ST_OK;

	assert(q->active);
	/* A write runs to its end; a read may be left where it is. */
	while (q->rc == SQLITE_OK || (writes && q->rc == SQLITE_ROW))
		db_row(q);
	if (q->rc != SQLITE_DONE && q->rc != SQLITE_ROW)
		st = judge(q);
	else if (!q->seen && (!writes || sqlite3_changes(q->db->handle) == 0))
		st = none;
	if (q->stmt != NULL) {
		sqlite3_reset(q->stmt);
		sqlite3_clear_bindings(q->stmt);
	}
	q->active = false;
	q->db->active--;
	return st;
}

int64_t
db_new_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

/*
 * However late it is: interrupted, a BEGIN may have begun a transaction that
 * nobody ends, and a COMMIT have ended none.
 */
static enum status
run_whole(struct db *db, enum sql name)
{
	int64_t stop_at = db->stop_at;
	enum status st;

	db->stop_at = 0;
	st = db_done(db_query(db, name), ST_OK);
	db->stop_at = stop_at;
	return st;
}

enum status
db_snapshot_begin(struct db *db)
{
	return run_whole(db, SQL_SNAPSHOT_BEGIN);
}

void
db_snapshot_end(struct db *db)
{
	assert(db->active == 0);
	run_whole(db, SQL_SNAPSHOT_END);
}

int64_t
db_data_version(struct db *db)
{
	struct query *q;
	int64_t n = -1;

	q = db_query(db, SQL_DATA_VERSION);
	if (db_row(q))
		n = db_int(q, 0);
	return db_done(q, ST_OK) == ST_OK ? n : -1;
}
