/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What db.c, which alone knows SQLite's connections, lends to db-write.c,
 * which owns the write transaction, and to backup.c.  Nobody else includes it.
 */
#ifndef FCGI_APP_DB_INNER_H
#define FCGI_APP_DB_INNER_H

#include <stdbool.h>

#include "db.h"

struct sqlite3;

/*
 * Open for writing, made and migrated when needed; the caller holds the lock
 * beside the file.  WAL_GREW is told the log's pages after each commit.  Ends
 * the process on failure.
 */
struct db *db_open_migrated(const char *path, void (*wal_grew)(int pages));

/* Run constant SQL without parameters; false, logged, when it fails. */
bool db_exec(struct db *, const char *text);

/* Whether BEGIN was run and nothing has ended it. */
bool db_in_transaction(struct db *);

/* Rows changed since the connection was opened; wraps. */
int db_changes(struct db *);

/* Whether every query was ended by db_done(). */
bool db_idle(struct db *);

/*
 * Move the write-ahead log's pages into the file, and cut it to nothing if
 * EMPTY.  Never waits for readers.  True when all was moved.
 */
bool db_checkpoint(struct db *, bool empty);

/* SQLite's own connection, for backup.c. */
struct sqlite3 *db_handle(struct db *);

/*
 * Run WORK on the writer under both locks, but in no transaction of ours, and
 * empty the write-ahead log afterwards.  The process has no other thread
 * that writes.  What WORK returned, or ST_UNAVAILABLE when the locks are not to
 * be had.
 */
enum status db_write_alone(
    enum status (*work)(struct db *writer, void *arg), void *arg);

#endif
