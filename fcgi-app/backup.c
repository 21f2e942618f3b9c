/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "backup.h"

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "db-inner.h"
#include "shared/event.h"
#include "shared/log.h"

#define PAGES 256 /* copied at once */

/* Copy page by page; what was begun and failed is taken back by SQLite. */
static enum status
copy(sqlite3 *to, sqlite3 *from, backup_step *step, void *arg)
{
	sqlite3_backup *b;
	int rc;

	if ((b = sqlite3_backup_init(to, "main", from, "main")) == NULL) {
		log_error("database: copy: %s", sqlite3_errmsg(to));
		return ST_UNAVAILABLE;
	}
	while ((rc = sqlite3_backup_step(b, PAGES)) == SQLITE_OK)
		if (step != NULL)
			step(sqlite3_backup_pagecount(b) -
				 sqlite3_backup_remaining(b),
			    sqlite3_backup_pagecount(b), arg);
	sqlite3_backup_finish(b);
	if (rc != SQLITE_DONE) {
		log_error("database: copy: %s", sqlite3_errstr(rc));
		return ST_UNAVAILABLE;
	}
	return ST_OK;
}

enum status
backup_copy(struct db *from, const char *path, backup_step *step, void *arg)
{
	sqlite3 *to = NULL;
	enum status st = ST_UNAVAILABLE;

	if (sqlite3_open_v2(path, &to,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		log_error("database: %s: %s", path, sqlite3_errmsg(to));
	/* In a snapshot: else each commit of others would begin it anew. */
	else if ((st = db_snapshot_begin(from)) == ST_OK) {
		sqlite3_exec(to,
		    "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL,
		    NULL, NULL);
		st = copy(to, db_handle(from), step, arg);
		db_snapshot_end(from);
	}
	/* The header says that there is a log beside it: there is none. */
	if (st == ST_OK && sqlite3_exec(to, "PRAGMA journal_mode = DELETE",
			       NULL, NULL, NULL) != SQLITE_OK) {
		log_error("database: %s: %s", path, sqlite3_errmsg(to));
		st = ST_UNAVAILABLE;
	}
	sqlite3_close(to);
	return st;
}

/* What backup_replace() was asked, for under the locks. */
struct order {
	struct db *from;
	const char *epoch;
	backup_last *last;
	backup_step *step;
	void *arg;
};

static enum status
run_last(const struct order *order, struct db *to)
{
	enum status st;

	if (!db_exec(order->from, "BEGIN IMMEDIATE"))
		return ST_UNAVAILABLE;
	if ((st = order->last(order->from, to)) == ST_OK &&
	    !db_exec(order->from, "COMMIT"))
		st = ST_UNAVAILABLE;
	return st;
}

static enum status
replace(struct db *to, void *arg)
{
	const struct order *order = arg;
	char epoch[EVENT_EPOCH_LEN + 1] = "";
	struct query *q;
	enum status st;

	q = db_query(to, SQL_META_GET);
	db_bind_text(q, ":key", "epoch");
	if (db_row(q))
		db_copy(q, 0, epoch, sizeof(epoch));
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	if (strcmp(epoch, order->epoch) >= 0)
		return ST_CONFLICT;
	if ((st = run_last(order, to)) != ST_OK)
		return st;
	return copy(
	    db_handle(to), db_handle(order->from), order->step, order->arg);
}

/* The copy's log goes with the copy. */
static void
ignore_growth(int pages)
{
	(void)pages;
}

enum status
backup_replace(const char *path, const char *epoch, backup_last *last,
    backup_step *step, void *arg)
{
	struct order order = {NULL, epoch, last, step, arg};
	enum status st;

	order.from = db_open_migrated(path, ignore_growth);
	st = db_write_alone(replace, &order);
	db_close(order.from);
	return st;
}
