/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl demo fill: a small shop with a workshop, in an empty database.
 * Its items came in over the past weeks, by several people, and some were taken
 * or counted since: the log tells it all, as if it had been so.
 */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "ctl.h"
#include "field.h"
#include "item.h"
#include "shared/clock.h"

#define PASSWORD     "stockroom"
#define DAY_MS       INT64_C(86400000)
#define MINUTE_MS    INT64_C(60000)
#define RECENT_MS    (17 * MINUTE_MS) /* between the latest adjustments */
#define RECENT_COUNT 6                /* of them */
#define FILL_FROM    30               /* days ago: the first item came */
#define ADJUST_FROM  10               /* days ago: the first adjustment */

static const struct {
	const char *name;
	enum role role;
	const char *color;
} users[] = {
    {"ana", ROLE_EDITOR, "#FF6B6B"},
    {"ben", ROLE_EDITOR, "#4ECDC4"},
    {"vera", ROLE_VIEWER, "#45B7D1"},
    {"admin", ROLE_ADMIN, "#C3A6E8"},
};
#define USER_COUNT (int)(sizeof(users) / sizeof(users[0]))

/* Numbers are decimal text, as people write them. */
struct demo_item {
	const char *sku, *name, *location, *quantity, *unit, *ordered, *reorder,
	    *status, *jason, *notes;
};
struct demo_adjustment {
	int by; /* index of users */
	const char *sku, *delta, *reason;
};

enum { ANA, BEN, VERA, ADMIN };

#define ITEM(...) {__VA_ARGS__},
#define ADJUST(...)
static const struct demo_item items[] = {
#include "demo.def"
};
#undef ITEM
#undef ADJUST
#define ITEM(...)
#define ADJUST(...) {__VA_ARGS__},
static const struct demo_adjustment adjustments[] = {
#include "demo.def"
};
#undef ITEM
#undef ADJUST

#define ITEM_COUNT       (int)(sizeof(items) / sizeof(items[0]))
#define ADJUSTMENT_COUNT (int)(sizeof(adjustments) / sizeof(adjustments[0]))

/* What the demo is made with. */
struct demo {
	struct db *db;
	struct field_set set;
	int64_t now; /* ms since 1970 */
	int64_t user_id[USER_COUNT];
	char hash[USER_COUNT][USER_HASH_MAX];
};

/* The database's texts are as good as read ones: this is our own table. */
static int64_t
thousandths(const char *text)
{
	int64_t n = 0;

	json_in_parse_thousandths(text, strlen(text), &n);
	return n;
}

/* Somewhere in a working day of so many days ago: the Nth of PER_DAY. */
static int64_t
working_hour(const struct demo *demo, int days_ago, int n, int per_day)
{
	int64_t midnight = demo->now - demo->now % DAY_MS - days_ago * DAY_MS;

	/* From 07:30 on for 9.5 hours, and never on the dot. */
	return midnight +
	       (450 + n * 570 / per_day + (n * 7919 + days_ago * 37) % 23) *
		   MINUTE_MS +
	       (n * 7919 + days_ago * 41 + 7) % 59 * 1009;
}

static enum status
add_users(struct demo *demo)
{
	enum status st;
	int i;

	for (i = 0; i < USER_COUNT; i++)
		if ((st = user_add(demo->db, users[i].name, demo->hash[i],
			 users[i].role, users[i].color, &demo->user_id[i])) !=
		    ST_OK)
			return st;
	return ST_OK;
}

static enum status
add_field(struct demo *demo)
{
	struct query *q;

	q = db_query(demo->db, SQL_FIELD_ADD);
	db_bind_text(q, ":name", "qty_ordered_jason");
	db_bind_text(q, ":label", "Ordered (Jason)");
	db_bind_text(q, ":type", "number");
	db_bind_int(q, ":max_length", 0);
	db_bind_int(q, ":position", 1);
	return db_done(q, ST_FAULT);
}

static struct change
change_by(
    const struct demo *demo, int by, const char *update_type, const char *at)
{
	struct change what = {0};

	what.update_type = update_type;
	what.user_id = demo->user_id[by];
	what.username = users[by].name;
	what.changeset = "demo";
	what.source = "import";
	what.at = at;
	return what;
}

/* What an item had when it came in: before its adjustments. */
static int64_t
first_quantity(const struct demo_item *row)
{
	int64_t n = thousandths(row->quantity);
	int i;

	for (i = 0; i < ADJUSTMENT_COUNT; i++)
		if (strcmp(adjustments[i].sku, row->sku) == 0)
			n -= thousandths(adjustments[i].delta);
	return n;
}

static enum status
add_item(struct demo *demo, int i)
{
	static const int people[] = {ANA, BEN, ANA, ADMIN, BEN};
	const struct demo_item *row = &items[i];
	struct item it = {0};
	struct json_object *jason;
	struct change what;
	char at[CLOCK_TEXT];
	int per_day, days;
	enum status st;

	days = FILL_FROM - ADJUST_FROM;
	per_day = (ITEM_COUNT + days - 1) / days;
	clock_text(
	    working_hour(demo, FILL_FROM - i / per_day, i % per_day, per_day),
	    at);
	item_init(&it);
	item_set(&it.sku, row->sku);
	item_set(&it.name, row->name);
	item_set(&it.location, row->location);
	it.quantity = first_quantity(row);
	item_set(&it.unit, row->unit);
	it.qty_ordered = thousandths(row->ordered);
	it.reorder_level = thousandths(row->reorder);
	item_set(&it.status, row->status);
	item_set(&it.notes, row->notes);
	jason = json_out_thousandths(thousandths(row->jason));
	field_put(field_find(&demo->set, "qty_ordered_jason"), &it, jason);
	json_object_put(jason);
	what = change_by(demo, people[i / per_day % 5], "create", at);
	st = item_commit(demo->db, &demo->set, NULL, &it, &what);
	item_reset(&it);
	return st;
}

static enum status
adjust(struct demo *demo, int i)
{
	const struct demo_adjustment *row = &adjustments[i];
	struct item it = {0}, after = {0};
	struct change what;
	char at[CLOCK_TEXT];
	int old, per_day;
	enum status st;

	/* The last few are of today, the others of the days before. */
	old = ADJUSTMENT_COUNT - RECENT_COUNT;
	per_day = (old + ADJUST_FROM - 2) / (ADJUST_FROM - 1);
	if (i < old)
		clock_text(working_hour(demo, ADJUST_FROM - i / per_day,
			       i % per_day, per_day),
		    at);
	else
		clock_text(demo->now - (ADJUSTMENT_COUNT - i) * RECENT_MS, at);
	what = change_by(demo, row->by, "adjust", at);
	what.reason = row->reason;
	if ((st = item_load(demo->db, row->sku, &it)) == ST_OK) {
		item_copy(&it, &after);
		after.quantity += thousandths(row->delta);
		st = item_commit(demo->db, &demo->set, &it, &after, &what);
	}
	item_reset(&after);
	item_reset(&it);
	return st;
}

static enum status
fill(struct demo *demo)
{
	enum status st;
	int i;

	if ((st = add_users(demo)) != ST_OK ||
	    (st = add_field(demo)) != ST_OK ||
	    (st = field_set_load(demo->db, &demo->set)) != ST_OK)
		return st;
	for (i = 0; i < ITEM_COUNT && st == ST_OK; i++)
		st = add_item(demo, i);
	for (i = 0; i < ADJUSTMENT_COUNT && st == ST_OK; i++)
		st = adjust(demo, i);
	return st;
}

static void
count_user(const struct user *user, void *arg)
{
	(void)user;
	++*(int *)arg;
}

/* How much is there already: items, users, changes. */
static enum status
look(struct db *db, struct item_counts *counts, int *user_count,
    struct change_log *log)
{
	enum status st;

	*user_count = 0;
	if ((st = item_counts(db, counts)) != ST_OK ||
	    (st = user_list(db, count_user, user_count)) != ST_OK)
		return st;
	return change_log_read(db, log);
}

static struct json_object *
made_json(int64_t item_count, int64_t user_count, bool made)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_int(obj, "items", item_count);
	ctl_put_int(obj, "users", user_count);
	ctl_put_bool(obj, "made", made);
	return obj;
}

/* Under the write lock: fill the database if it is still empty. */
static int
fill_if_empty(struct ctl *ctl, struct demo *demo, bool if_empty)
{
	struct item_counts counts = {0, 0, 0, 0};
	struct change_log log;
	int user_count;
	enum status st;

	if ((st = db_write_begin(&demo->db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = look(demo->db, &counts, &user_count, &log);
	if (st == ST_OK && (counts.all > 0 || user_count > 0 || log.head > 0)) {
		db_write_end(demo->db, false);
		if (!if_empty)
			return ctl_fail(ctl, EX_CANTCREAT,
			    "%s is not empty: it has %lld items and %d users",
			    ctl->conf.db, (long long)counts.all, user_count);
		return ctl_answer(ctl, made_json(counts.all, user_count, false),
		    "already there: %lld items and %d users in %s",
		    (long long)counts.all, user_count, ctl->conf.db);
	}
	if (st == ST_OK)
		st = fill(demo);
	if ((st = ctl_write_last(demo->db, st)) != ST_OK)
		return ctl_fail_status(ctl, st);
	return ctl_answer(ctl, made_json(ITEM_COUNT, USER_COUNT, true),
	    "made %d items, the column qty_ordered_jason, and the users ana, "
	    "ben (editor), vera (viewer), admin (admin) with the "
	    "password " PASSWORD " in %s",
	    ITEM_COUNT, ctl->conf.db);
}

int
ctl_demo_fill(struct ctl *ctl, int argc, char **argv)
{
	struct demo demo = {0};
	struct item_counts counts;
	struct change_log log;
	bool if_empty = false;
	const struct ctl_option options[] = {
	    {"if-empty", NULL, &if_empty}, {NULL, NULL, NULL}};
	int i, user_count, code;

	if (!ctl_parse(ctl, argc, argv, options, 0, 0, NULL))
		return EX_USAGE;
	demo.now = clock_utc_ms();
	/* Hashing is slow: outside the lock, and only if there is a point. */
	if (look(ctl->reader, &counts, &user_count, &log) == ST_OK &&
	    counts.all == 0 && user_count == 0)
		for (i = 0; i < USER_COUNT; i++)
			if (user_hash(PASSWORD, strlen(PASSWORD),
				demo.hash[i]) != ST_OK)
				return ctl_fail(ctl, EX_OSERR,
				    "the passwords cannot be hashed: is there "
				    "64 MiB of memory?");
	code = fill_if_empty(ctl, &demo, if_empty);
	field_set_reset(&demo.set);
	return code;
}
