/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl data restore: a backup becomes the database, in place and in
 * one transaction, while others have it open.  It is made ready in a file of
 * its own first: verified, brought to the newest schema, and given the epoch
 * of a new history, by which pages know to read everything again.  The
 * sessions of today come last, when nobody can write any more, so that nobody
 * need sign in again and nobody who signed out is back.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backup.h"
#include "change.h"
#include "ctl-data.h"
#include "ctl-file.h"
#include "progress.h"
#include "session.h"
#include "shared/memory.h"

static void
step(int64_t done, int64_t total, void *arg)
{
	struct progress *progress = arg;

	progress->total = total;
	progress_step(progress, done);
}

/* One of today's sessions, if its user is in the backup, too. */
static enum status
keep_session(struct db *to, struct query *from)
{
	struct user user;
	struct query *q;

	if (user_by_id(to, db_int(from, 2), &user) != ST_OK ||
	    strcmp(user.username, db_text(from, 5)) != 0)
		return ST_OK;
	q = db_query(to, SQL_SESSION_ADD);
	db_bind_text(q, ":id_hash", db_text(from, 0));
	db_bind_text(q, ":public_id", db_text(from, 1));
	db_bind_int(q, ":user_id", user.id);
	db_bind_int(q, ":expires_at", db_int(from, 3));
	db_bind_int(q, ":now", db_int(from, 4));
	return db_done(q, ST_FAULT);
}

static enum status
keep_sessions(struct db *to, struct db *live)
{
	struct query *q;
	enum status st, read;

	q = db_query(to, SQL_SESSION_DROP_ALL);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(live, SQL_SESSION_ALL);
	while (st == ST_OK && db_row(q))
		st = keep_session(to, q);
	read = db_done(q, ST_OK);
	return st != ST_OK ? st : read;
}

/* An epoch above all that were, whatever the clocks say. */
static void
next_epoch(const char *a, const char *b, char out[EVENT_EPOCH_LEN + 1])
{
	const char *top = strcmp(a, b) > 0 ? a : b;
	unsigned long long n;

	event_epoch_make(out);
	if (strcmp(out, top) > 0 || sscanf(top, "%16llx", &n) != 1)
		return;
	snprintf(out, EVENT_EPOCH_LEN + 1, "%016llx", n + 0x10000);
}

/* In the copy's own transaction. */
static enum status
make_ready(struct db *to, struct db *live, char epoch[EVENT_EPOCH_LEN + 1])
{
	struct change_log old, now;
	struct query *q;
	enum status st;

	if ((st = change_log_read(to, &old)) != ST_OK ||
	    (st = change_log_read(live, &now)) != ST_OK)
		return st;
	next_epoch(old.epoch, now.epoch, epoch);
	q = db_query(to, SQL_META_PUT);
	db_bind_text(q, ":key", "epoch");
	db_bind_text(q, ":value", epoch);
	return db_done(q, ST_FAULT);
}

/* The copy at PATH, migrated and made ready; EX_OK or having said why not. */
static int
prepare(struct ctl *ctl, const char *path, char epoch[EVENT_EPOCH_LEN + 1])
{
	struct db *db;
	enum status st;

	db_open_writer(path);
	if ((st = db_write_begin(&db)) == ST_OK)
		st = ctl_write_end(db, make_ready(db, ctl->reader, epoch));
	db_close_writer();
	return st == ST_OK ? EX_OK : ctl_fail_status(ctl, st);
}

/* The copy becomes the database. */
static int
replace(struct ctl *ctl, const char *path, const char *epoch)
{
	struct progress progress;
	enum status st;

	db_open_writer(ctl->conf.db);
	progress_begin(&progress, "restoring page", 0);
	st = backup_replace(path, epoch, keep_sessions, step, &progress);
	progress_end(&progress);
	if (st == ST_CONFLICT)
		return ctl_fail(ctl, EX_TEMPFAIL,
		    "another restore came first; nothing is changed");
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	memory_done();
	return EX_OK;
}

/* All that is done with the copy, which lies beside the database. */
static int
restore(struct ctl *ctl, struct db *from, char epoch[EVENT_EPOCH_LEN + 1])
{
	struct progress progress;
	struct ctl_file file;
	enum status st;
	int code;

	code = ctl_file_begin(ctl, &file, ctl->conf.db, true);
	if (code != EX_OK)
		return code;
	progress_begin(&progress, "copying page", 0);
	st = backup_copy(from, file.temp, step, &progress);
	progress_end(&progress);
	if (st != ST_OK)
		code = ctl_fail(ctl, EX_IOERR,
		    "there is no room for a copy beside %s", ctl->conf.db);
	db_close_writer();
	if (code == EX_OK)
		code = prepare(ctl, file.temp, epoch);
	if (code == EX_OK)
		code = replace(ctl, file.temp, epoch);
	ctl_file_drop(&file);
	return code;
}

static int
answer(struct ctl *ctl, struct json_object *obj, const char *path,
    const char *epoch)
{
	struct json_object *items;

	json_object_object_del(obj, "findings");
	json_object_object_get_ex(obj, "items", &items);
	ctl_put_text(obj, "epoch", epoch);
	return ctl_answer(ctl, obj,
	    "%s is restored from %s: %lld items; pages read everything again",
	    ctl->conf.db, path, (long long)json_object_get_int64(items));
}

int
ctl_data_restore(struct ctl *ctl, int argc, char **argv)
{
	const char *path;
	bool yes = false;
	const struct ctl_option options[] = {
	    {"yes", NULL, &yes}, {NULL, NULL, NULL}};
	char epoch[EVENT_EPOCH_LEN + 1] = "", question[300];
	struct json_object *obj;
	struct db *from;
	int code;

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &path))
		return EX_USAGE;
	if ((code = ctl_open_file(ctl, path, &from)) != EX_OK)
		return code;
	code = ctl_verify(ctl, from, path, &obj);
	if (code != EX_OK) {
		db_close(from);
		ctl_fail(
		    ctl, code, "%s is not restored: it is in trouble", path);
		return ctl_answer_code(ctl, obj, code);
	}
	snprintf(question, sizeof(question),
	    "Replace all items, users and tokens of %.200s?", ctl->conf.db);
	if (!yes && !ctl_confirm(ctl, question, "--yes"))
		code = EX_USAGE;
	if (code == EX_OK)
		code = restore(ctl, from, epoch);
	db_close(from);
	if (code == EX_OK)
		return answer(ctl, obj, path, epoch);
	json_object_put(obj);
	return code;
}
