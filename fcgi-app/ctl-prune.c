/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl data prune: what a timer runs once a day.
 */
#include <errno.h>
#include <string.h>

#include "change.h"
#include "ctl-relay.h"
#include "ctl.h"
#include "limit.h"
#include "progress.h"
#include "prune.h"
#include "shared/clock.h"
#include "shared/event.h"

#define BATCH    1000 /* rows of a transaction */
#define DAY_MS   INT64_C(86400000)
#define DAYS_MAX 36500

/*
 * The newest change that the relay has of our history; -1 when it does not
 * say.  A relay that is down, or of another history, starts anew from the
 * newest ones, which stay.
 */
static int64_t
relay_has(struct ctl *ctl)
{
	struct json_object *health, *value;
	struct event_position pos = {.seq = -1};
	struct change_log log;

	if (change_log_read(ctl->reader, &log) != ST_OK)
		return -1;
	if ((health = ctl_relay_health(ctl->conf.push_socket)) == NULL)
		return -1;
	if (!json_object_object_get_ex(health, "position", &value) ||
	    value == NULL ||
	    !event_position_parse(json_object_get_string(value), &pos) ||
	    strcmp(pos.epoch, log.epoch) != 0)
		pos.seq = -1;
	json_object_put(health);
	return pos.seq;
}

/* All rows of a kind, in transactions; *COUNT is how many they were. */
static enum status
prune(enum prune_kind kind, int64_t last, struct progress *progress,
    int64_t *count)
{
	int64_t now = clock_utc_ms(), n;
	struct db *db;
	enum status st;

	*count = 0;
	do {
		if ((st = db_write_begin(&db)) != ST_OK)
			return st;
		st = prune_some(db, kind, now, last, BATCH, &n);
		if ((st = ctl_write_end(db, st)) != ST_OK)
			return st;
		*count += n;
		progress_step(progress, *count);
	} while (n == BATCH);
	return ST_OK;
}

static enum status
prune_limits(void)
{
	struct db *db;
	enum status st;

	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	return ctl_write_last(db, limit_prune(db));
}

static enum status
prune_all(struct ctl *ctl, int64_t days, int64_t counts[PRUNE__COUNT])
{
	struct progress progress;
	int64_t last = 0;
	enum status st = ST_OK;
	int kind;

	if (days > 0)
		st = prune_last_change(ctl->reader,
		    clock_utc_ms() - days * DAY_MS, relay_has(ctl), &last);
	for (kind = 0; kind < PRUNE__COUNT && st == ST_OK; kind++) {
		progress_begin(&progress, prune_name(kind), 0);
		st = prune(kind, last, &progress, &counts[kind]);
		progress_end(&progress);
	}
	return st == ST_OK ? prune_limits() : st;
}

int
ctl_data_prune(struct ctl *ctl, int argc, char **argv)
{
	const char *text = NULL;
	const struct ctl_option options[] = {
	    {"days", &text, NULL}, {NULL, NULL, NULL}};
	int64_t days = ctl->conf.history_days, counts[PRUNE__COUNT] = {0};
	struct json_object *obj;
	enum status st;
	int kind;

	if (!ctl_parse(ctl, argc, argv, options, 0, 0, NULL) ||
	    !ctl_number(ctl, "days", text, 0, DAYS_MAX, &days))
		return EX_USAGE;
	if ((st = prune_all(ctl, days, counts)) != ST_OK)
		return ctl_fail_status(ctl, st);
	obj = json_object_new_object();
	ctl_put_int(obj, "days", days);
	for (kind = 0; kind < PRUNE__COUNT; kind++)
		ctl_put_int(obj, prune_name(kind), counts[kind]);
	return ctl_answer(ctl, obj,
	    "deleted %lld sessions, %lld revokes, %lld kept answers and %lld "
	    "changes",
	    (long long)counts[PRUNE_SESSIONS], (long long)counts[PRUNE_REVOKED],
	    (long long)counts[PRUNE_ANSWERS], (long long)counts[PRUNE_CHANGES]);
}
