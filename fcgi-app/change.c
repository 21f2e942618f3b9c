/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The change log in the database, and its rows as events.
 */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"

enum status
change_append(struct db *db, const struct change *ch, int64_t *seq)
{
	struct query *q;
	char now[CLOCK_TEXT];
	enum status st;

	if (ch->at == NULL)
		clock_text(clock_utc_ms(), now);
	q = db_query(db, SQL_CHANGE_ADD);
	db_bind_text(q, ":at", ch->at != NULL ? ch->at : now);
	db_bind_text(q, ":changeset", ch->changeset);
	db_bind_int(q, ":user_id", ch->user_id);
	db_bind_text(q, ":username", ch->username);
	db_bind_text(q, ":update_type", ch->update_type);
	if (ch->item_id != 0)
		db_bind_int(q, ":item_id", ch->item_id);
	db_bind_text(q, ":sku", ch->sku);
	db_bind_int(q, ":version", ch->version);
	db_bind_text(q, ":changes", json_out_text(ch->changes, NULL));
	db_bind_text(q, ":after", ch->after);
	db_bind_text(q, ":reason", ch->reason);
	db_bind_text(q, ":room", ch->room);
	db_bind_text(q, ":source", ch->source);
	if ((st = db_done(q, ST_FAULT)) == ST_OK)
		*seq = db_new_id(db);
	return st;
}

/* One number, or NONE when no row is there. */
static enum status
read_int(struct db *db, enum sql sql, int64_t none, int64_t *out)
{
	struct query *q;

	*out = none;
	q = db_query(db, sql);
	if (db_row(q))
		*out = db_int(q, 0);
	return db_done(q, ST_OK);
}

enum status
change_log_read(struct db *db, struct change_log *out)
{
	struct query *q;
	enum status st;

	memset(out, 0, sizeof(*out));
	q = db_query(db, SQL_META_GET);
	db_bind_text(q, ":key", "epoch");
	if (db_row(q))
		db_copy(q, 0, out->epoch, sizeof(out->epoch));
	if ((st = db_done(q, ST_FAULT)) != ST_OK ||
	    (st = read_int(db, SQL_CHANGE_HEAD, 0, &out->head)) != ST_OK)
		return st;
	return read_int(db, SQL_CHANGE_OLDEST, out->head + 1, &out->oldest);
}

void
change_position(
    const struct change_log *log, int64_t seq, char out[EVENT_POSITION_MAX])
{
	struct event_position pos = {.seq = seq};

	memcpy(pos.epoch, log->epoch, sizeof(pos.epoch));
	event_position_text(&pos, out);
}

/* field, old_value and new_value of the first of changes, at the top. */
static void
put_first(struct buf *out, struct json_object *changes)
{
	static const char *const keys[] = {"field", "old_value", "new_value"};
	struct json_object *first, *value;
	size_t i;

	first = json_object_array_get_idx(changes, 0);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = NULL;
		if (first != NULL)
			json_object_object_get_ex(first, keys[i], &value);
		buf_printf(
		    out, ",\"%s\":%s", keys[i], json_out_text(value, NULL));
	}
}

/* The present row, but with these changes. */
static void
put_event(struct query *q, const char *epoch, struct json_object *changes,
    bool truncated, struct buf *out)
{
	buf_printf(out, "{\"seq\":%lld", (long long)db_int(q, 0));
	if (epoch != NULL)
		json_out_put_member(out, "epoch", epoch);
	buf_printf(out, ",\"user_id\":%lld", (long long)db_int(q, 2));
	json_out_put_member(out, "username", db_text(q, 3));
	json_out_put_member(out, "update_type", db_text(q, 4));
	json_out_put_member(out, "sku", db_text(q, 5));
	buf_printf(out, ",\"version\":%lld", (long long)db_int(q, 6));
	put_first(out, changes);
	buf_puts(out, ",\"changes\":");
	buf_puts(out, json_out_text(changes, NULL));
	json_out_put_member(out, "timestamp", db_text(q, 1));
	if (db_text(q, 8) != NULL)
		json_out_put_member(out, "reason", db_text(q, 8));
	json_out_put_member(out, "room", db_text(q, 9));
	json_out_put_member(out, "source", db_text(q, 10));
	buf_puts(out, truncated ? ",\"truncated\":true}" : "}");
}

/* Too long for an event: keep what changed, not from what to what. */
static void
drop_values(struct json_object *changes)
{
	struct json_object *ch;
	size_t i;

	for (i = 0; i < json_object_array_length(changes); i++) {
		ch = json_object_array_get_idx(changes, i);
		json_object_object_add(ch, "old_value", NULL);
		json_object_object_add(ch, "new_value", NULL);
	}
}

/* The changes of the present row, the caller's; what we wrote can be read. */
static struct json_object *
read_changes(struct query *q)
{
	struct json_object *changes;
	struct json_error err;
	const char *text = db_text(q, 7);

	if (json_in_parse(text, strlen(text), &changes, &err) == ST_OK)
		return changes;
	log_error("change %lld cannot be read: %s", (long long)db_int(q, 0),
	    err.detail);
	return json_object_new_array();
}

/* The present row as an event. */
static void
read_event(struct query *q, const char *epoch, struct buf *out)
{
	struct json_object *changes = read_changes(q);

	buf_clear(out);
	put_event(q, epoch, changes, false, out);
	if (out->len > EVENT_DATA_MAX) {
		drop_values(changes);
		buf_clear(out);
		put_event(q, epoch, changes, true, out);
	}
	json_object_put(changes);
}

/* Run a bound query to its end. */
static enum status
read_events(struct query *q, const char *epoch, change_each *each, void *arg)
{
	struct buf text = {0};

	while (db_row(q)) {
		read_event(q, epoch, &text);
		each(db_int(q, 0), text.data, text.len, arg);
	}
	buf_reset(&text);
	return db_done(q, ST_OK);
}

enum status
change_list(struct db *db, int64_t since, int limit, const char *epoch,
    change_each *each, void *arg)
{
	struct query *q;

	q = db_query(db, SQL_CHANGE_LIST);
	db_bind_int(q, ":since", since);
	db_bind_int(q, ":limit", limit);
	return read_events(q, epoch, each, arg);
}

enum status
change_history(struct db *db, int64_t item_id, int64_t before, int limit,
    change_each *each, void *arg)
{
	struct query *q;

	q = db_query(db, SQL_CHANGE_HISTORY);
	db_bind_int(q, ":item_id", item_id);
	db_bind_int(q, ":before", before > 0 ? before : INT64_MAX);
	db_bind_int(q, ":limit", limit);
	return read_events(q, NULL, each, arg);
}

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

/* The present row for a merge. */
static struct json_object *
row_json(struct query *q)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "username", db_text(q, 3));
	json_object_object_add(
	    o, "version", json_object_new_int64(db_int(q, 6)));
	json_object_object_add(o, "changes", read_changes(q));
	add_text(o, "timestamp", db_text(q, 1));
	return o;
}

enum status
change_of_item(
    struct db *db, int64_t item_id, int64_t since, struct json_object **out)
{
	struct query *q;
	struct json_object *array = json_object_new_array();
	size_t rows = 0, bytes = 0;
	bool fits = true;
	enum status st;

	q = db_query(db, SQL_CHANGE_SINCE);
	db_bind_int(q, ":item_id", item_id);
	db_bind_int(q, ":since", since);
	db_bind_int(q, ":limit", CHANGE_ITEM_ROWS + 1);
	while (fits && db_row(q)) {
		rows++;
		bytes += strlen(db_text(q, 7));
		fits = rows <= CHANGE_ITEM_ROWS && bytes <= CHANGE_ITEM_BYTES;
		if (fits)
			json_object_array_add(array, row_json(q));
	}
	st = db_done(q, ST_OK);
	*out = st == ST_OK && fits ? array : NULL;
	if (*out == NULL)
		json_object_put(array);
	return st;
}

enum status
change_item(struct db *db, int64_t seq, int64_t *item_id)
{
	struct query *q;

	q = db_query(db, SQL_CHANGE_ITEM);
	db_bind_int(q, ":seq", seq);
	*item_id = db_row(q) ? db_int(q, 0) : 0;
	return db_done(q, ST_OK);
}

enum status
change_item_by_sku(struct db *db, const char *sku, int64_t *item_id)
{
	struct query *q;

	q = db_query(db, SQL_CHANGE_LAST_OF);
	db_bind_text(q, ":sku", sku);
	if (db_row(q))
		*item_id = db_int(q, 0);
	return db_done(q, ST_NOT_FOUND);
}
