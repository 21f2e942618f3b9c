/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The handlers of the change log: the history of one item, and catching up
 * with all that happened after a position.
 */
#include <string.h>

#include "api.h"
#include "change.h"
#include "item-list.h"
#include "item.h"
#include "shared/event.h"

#define CHANGES_MAX     1000 /* rows of a page of the log */
#define CHANGES_DEFAULT 500

/* The item that bears the SKU, or the last one that did. */
static enum status
find_bearer(struct req *rq, int64_t *item_id)
{
	struct item it = {0};
	enum status st;

	if ((st = item_load(rq->db, rq->sku, &it)) == ST_OK)
		*item_id = it.id;
	else if (st == ST_NOT_FOUND)
		st = change_item_by_sku(rq->db, rq->sku, item_id);
	item_reset(&it);
	if (st == ST_NOT_FOUND)
		return req_fail(rq, st, "no item ever had the SKU %s", rq->sku);
	return st;
}

/* Events as they go into an answer: of LIMIT and one more, LIMIT. */
struct events {
	struct buf text;
	int64_t limit, count;
	int64_t last; /* number of the last that was put */
	bool more;
};

static void
put_event(int64_t seq, const char *text, size_t len, void *arg)
{
	struct events *events = arg;

	if (events->count == events->limit) {
		events->more = true;
		return;
	}
	if (events->count++ > 0)
		buf_puts(&events->text, ",");
	buf_add(&events->text, text, len);
	events->last = seq;
}

/* GET /inventory/items/{sku}/history: newest first; deleted items too. */
enum status
item_history(struct req *rq, struct resp *rs)
{
	struct events events = {0};
	int64_t before = 0, limit = LIST_LIMIT_DEFAULT, id;
	enum status st;

	if ((st = list_param_int(rq, "before", 1, INT64_MAX, &before)) !=
		ST_OK ||
	    (st = list_param_int(rq, "limit", 1, LIST_LIMIT_MAX, &limit)) !=
		ST_OK ||
	    (st = req_params_end(rq)) != ST_OK ||
	    (st = db_snapshot_begin(rq->db)) != ST_OK)
		return st;
	events.limit = limit;
	if ((st = find_bearer(rq, &id)) == ST_OK)
		st = change_history(
		    rq->db, id, before, (int)limit + 1, put_event, &events);
	db_snapshot_end(rq->db);
	if (st == ST_OK) {
		buf_puts(&rs->raw, "{\"sku\":");
		json_out_put_text(&rs->raw, rq->sku);
		buf_printf(&rs->raw, ",\"more\":%s,\"changes\":[",
		    events.more ? "true" : "false");
		buf_add(&rs->raw, events.text.data, events.text.len);
		buf_puts(&rs->raw, "]}");
	}
	buf_reset(&events.text);
	return st;
}

/* ?since= as a number, or as a position, whose epoch must be ours. */
static enum status
read_since(struct req *rq, const struct change_log *log, int64_t *since)
{
	struct event_position pos;
	const char *text = req_param(rq, "since");
	enum status st;

	if (text != NULL && strchr(text, ':') != NULL) {
		if (!event_position_parse(text, &pos))
			return req_fail_at(rq, ST_BAD_REQUEST, "?since",
			    "is neither a number nor a position");
		if (strcmp(pos.epoch, log->epoch) != 0)
			return req_fail(rq, ST_GONE,
			    "that is another history; read all items again");
		*since = pos.seq;
	} else if ((st = list_param_int(rq, "since", 0, INT64_MAX, since)) !=
		   ST_OK)
		return st;
	if (*since > log->head)
		return req_fail_at(rq, ST_BAD_REQUEST, "?since",
		    "is after the newest change, %lld", (long long)log->head);
	if (*since + 1 < log->oldest)
		return req_fail(rq, ST_GONE,
		    "changes before %lld are no longer kept; read all items "
		    "again",
		    (long long)log->oldest);
	return ST_OK;
}

/* GET /inventory/changes: what happened after ?since=, in order. */
enum status
change_since(struct req *rq, struct resp *rs)
{
	struct change_log log;
	struct events events = {0};
	int64_t since = 0, limit = CHANGES_DEFAULT;
	char text[EVENT_POSITION_MAX];
	enum status st;

	if ((st = list_param_int(rq, "limit", 1, CHANGES_MAX, &limit)) !=
		ST_OK ||
	    (st = db_snapshot_begin(rq->db)) != ST_OK)
		return st;
	if ((st = change_log_read(rq->db, &log)) == ST_OK &&
	    (st = read_since(rq, &log, &since)) == ST_OK &&
	    (st = req_params_end(rq)) == ST_OK) {
		events.limit = limit;
		events.last = since;
		st = change_list(
		    rq->db, since, (int)limit + 1, NULL, put_event, &events);
	}
	db_snapshot_end(rq->db);
	if (st == ST_OK) {
		change_position(&log, events.last, text);
		buf_puts(&rs->raw, "{\"changes\":[");
		buf_add(&rs->raw, events.text.data, events.text.len);
		buf_printf(&rs->raw, "],\"position\":\"%s\",\"more\":%s}", text,
		    events.more ? "true" : "false");
	}
	buf_reset(&events.text);
	return st;
}
