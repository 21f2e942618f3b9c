/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "prune.h"

#include <string.h>

#include "change.h"
#include "session.h"
#include "shared/clock.h"

/* clang-format off */
static const struct {
	const char	*name;
	enum sql	 sql;
	int64_t		 age;	/* ms that a row is kept past its time */
} kinds[PRUNE__COUNT] = {
	[PRUNE_SESSIONS] = { "sessions", SQL_PRUNE_SESSION, 0 },
	[PRUNE_REVOKED] = { "revoked", SQL_PRUNE_REVOKED,
	    SESSION_REVOKED_KEEP_MS },
	[PRUNE_ANSWERS] = { "answers", SQL_PRUNE_IDEM, PRUNE_IDEM_MS },
	[PRUNE_CHANGES] = { "changes", SQL_PRUNE_CHANGE, 0 },
};
/* clang-format on */

const char *
prune_name(enum prune_kind kind)
{
	return kinds[kind].name;
}

/* The last of the oldest rows that are all older than TIME. */
static enum status
last_older(struct db *db, const char *time, int64_t *last)
{
	struct query *q;

	*last = 0;
	q = db_query(db, SQL_PRUNE_OLDEST);
	while (db_row(q) && strcmp(db_text(q, 1), time) < 0)
		*last = db_int(q, 0);
	return db_done(q, ST_OK);
}

enum status
prune_last_change(
    struct db *db, int64_t before, int64_t relay_has, int64_t *last)
{
	struct change_log log;
	char time[CLOCK_TEXT];
	enum status st;

	clock_text(before, time);
	if ((st = change_log_read(db, &log)) != ST_OK ||
	    (st = last_older(db, time, last)) != ST_OK)
		return st;
	if (*last > log.head - PRUNE_LOG_MIN)
		*last = log.head - PRUNE_LOG_MIN;
	if (relay_has >= 0 && *last > relay_has)
		*last = relay_has;
	if (*last < 0)
		*last = 0;
	return ST_OK;
}

enum status
prune_some(struct db *db, enum prune_kind kind, int64_t now, int64_t last,
    int limit, int64_t *count)
{
	struct query *q;

	*count = 0;
	q = db_query(db, kinds[kind].sql);
	if (kind == PRUNE_CHANGES)
		db_bind_int(q, ":last", last);
	else
		db_bind_int(q, ":before", now - kinds[kind].age);
	db_bind_int(q, ":limit", limit);
	while (db_row(q))
		++*count;
	return db_done(q, ST_OK);
}
