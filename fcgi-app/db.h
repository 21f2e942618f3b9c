/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The database: connections, statements, and the one write transaction that
 * waiting writers share (group commit).  Only db.c and schema.c know SQLite.
 *
 * Statements are named in sql.def.  Errors stick to the query and surface
 * once, in db_done(), so that callers read as prose:
 *
 *	q = db_query(db, SQL_ITEM_LOAD);
 *	db_bind_text(q, ":sku", sku);
 *	if (db_row(q))
 *		it->id = db_int(q, 0);
 *	return db_done(q, ST_NOT_FOUND);
 */
#ifndef FCGI_APP_DB_H
#define FCGI_APP_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/metric.h"
#include "shared/status.h"

/* The program's statements, by name. */
enum sql {
#define SQL(name, flags, text) name,
#include "sql.def"
#undef SQL
	SQL__COUNT
};

/* The flags of a statement's row. */
enum sql_flags {
	SQL_WRITE = 1,  /* changes rows: only in the write transaction */
	SQL_SCAN_OK = 2 /* may read a whole table */
};

struct db;    /* a connection, used by one thread at a time */
struct query; /* a statement being run; owned by its connection */

/*
 * Open the database, made and migrated when needed, as the process' one
 * writer; then as many readers (read-only) as there are threads.  PATH is
 * refused on network file systems.  Ends the process on failure (bad start).
 */
void db_open_writer(const char *path);
struct db *db_open_reader(const char *path);
void db_close(struct db *);
/* The last to be called: checkpoints under the locks and closes the writer. */
void db_close_writer(void);

/* Start a statement; it is reset by db_done(), which must follow. */
struct query *db_query(struct db *, enum sql);
void db_bind_int(struct query *, const char *name, int64_t);
void db_bind_null(struct query *, const char *name);
/* NULL binds NULL; the text is copied. */
void db_bind_text(struct query *, const char *name, const char *);
void db_bind_blob(struct query *, const char *name, const void *, size_t);
/* Step: true when a row is there. */
bool db_row(struct query *);
/* Columns of the present row; texts are borrowed until the next db_row(). */
int64_t db_int(struct query *, int column);
const char *db_text(struct query *, int column); /* NULL for NULL */
/* The same into OUT, cut to SIZE with the NUL; "" for NULL. */
void db_copy(struct query *, int column, char *out, size_t size);
const void *db_blob(struct query *, int column, size_t *len);
bool db_is_null(struct query *, int column);
/* The row that this connection's last INSERT has made. */
int64_t db_new_id(struct db *);
/*
 * Run what is left and end.  ST_OK; NONE when no row was read or changed;
 * ST_CONFLICT on a UNIQUE violation; ST_UNAVAILABLE on busy, full, malformed
 * and I/O errors; ST_FAULT on all others (logged).
 */
enum status db_done(struct query *, enum status none);

/*
 * Reads of this connection are stopped MS from now, with ST_UNAVAILABLE; 0:
 * never, as at first.
 */
void db_limit_time(struct db *, int64_t ms);

/* Read transactions, so that several queries see one snapshot. */
enum status db_snapshot_begin(struct db *);
void db_snapshot_end(struct db *);

/*
 * Group commit: writers that come while one is at work share its COMMIT, at
 * most DB_BATCH_MAX of them.  db_write() runs WORK, maybe in another's thread
 * while this one waits, in the open transaction, from which what it changed
 * is taken out unless WORK returns true; then it waits for the COMMIT, and says
 * whether that came off: ST_OK, or ST_UNAVAILABLE for each of the batch.  A
 * request whose handler failed waits for the COMMIT too, since its answer may
 * rest on uncommitted rows.
 *
 * WORK may be run twice, the second time with nothing left in the database of
 * the first: it begins as if it had not been.
 */
#ifndef DB_BATCH_MAX
#define DB_BATCH_MAX 128
#endif
typedef bool db_work(struct db *writer, void *arg);
enum status db_write(db_work *, void *arg);

/*
 * The same in two steps, for work that goes on between them in this thread,
 * which holds the write lock meanwhile; *DB is the writer.
 */
enum status db_write_begin(struct db **);
enum status db_write_end(struct db *, bool keep);

/* Called with no lock held after each commit of this process. */
void db_after_commit(void (*wake)(void));

/* Empty the write-ahead log if nobody writes; to be called now and then. */
void db_tidy(void);

/* What the writers have done since the start. */
struct db_counts {
	int64_t commits; /* transactions committed */
	int64_t writes;  /* requests kept in them */
	int waiting;     /* requests that wait for the write lock now */
};
struct db_counts db_counts(void);

/* How many requests shared each commit; static, any thread may read. */
struct histogram *db_batch_sizes(void);

/* Changes whenever any process commits: PRAGMA data_version. */
int64_t db_data_version(struct db *);

#endif
