/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The change log: every change of the inventory is a row, written in the
 * same transaction as the change itself.  seq is gapless and is the one
 * order of the system; the publisher and the catch-up route read it.
 */
#ifndef FCGI_APP_CHANGE_H
#define FCGI_APP_CHANGE_H

#include <stdint.h>

#include <json-c/json.h>

#include "db.h"
#include "shared/event.h"

/* A row to append; all pointers are borrowed. */
struct change {
	const char *update_type; /* create, edit, adjust, delete;
				    a broadcast's own word */
	int64_t user_id;
	const char *username;  /* "ana", "ana (label printer)" */
	const char *changeset; /* the request id: rows made by
				  one request share it */
	int64_t item_id;       /* 0: none (broadcast) */
	const char *sku;
	int64_t version;             /* 0: take the new row's seq;
					broadcast: the item's own */
	struct json_object *changes; /* [{field,old_value,new_value}] */
	const char *after;           /* all that may be set of the
					item, as JSON, or NULL */
	const char *reason;          /* or NULL */
	const char *room;            /* or NULL: every room */
	const char *source;          /* api, broadcast, import */
	const char *at;              /* RFC 3339; NULL: now */
};

/* Append; *SEQ is the new row's number, before the commit. */
enum status change_append(struct db *, const struct change *, int64_t *seq);

/* The log as it stands in this connection's snapshot. */
struct change_log {
	char epoch[EVENT_EPOCH_LEN + 1]; /* of this history */
	int64_t head;   /* seq of the newest row ever; 0: none */
	int64_t oldest; /* seq of the oldest row kept; head + 1: none */
};
enum status change_log_read(struct db *, struct change_log *out);

/* Where in that log's history SEQ is, as "epoch:seq". */
void change_position(
    const struct change_log *, int64_t seq, char out[EVENT_POSITION_MAX]);

/* Called with each row: its number, and the text of its event, borrowed. */
typedef void change_each(int64_t seq, const char *text, size_t len, void *arg);

/*
 * Rows after SINCE in order, at most LIMIT, as the objects that
 * inventory_changed carries (at most EVENT_DATA_MAX encoded; larger
 * ones lose their values and say "truncated":true).  With EPOCH set each has
 * an "epoch" member, for the event socket.
 */
enum status change_list(struct db *, int64_t since, int limit,
    const char *epoch, change_each *, void *arg);

/*
 * The rows of one item, newest first, those before seq BEFORE (0: from the
 * newest), in the same way.
 */
enum status change_history(struct db *, int64_t item_id, int64_t before,
    int limit, change_each *, void *arg);

/* More than that of one item's log is not read at once, under the lock. */
#define CHANGE_ITEM_ROWS  1000
#define CHANGE_ITEM_BYTES (1024 * 1024) /* of what has changed, as JSON */

/*
 * The rows of one item after seq SINCE in order, with all their values, as
 * merge.h takes them.  *OUT is an array, the caller's; NULL when it would be
 * too much.
 */
enum status change_of_item(
    struct db *, int64_t item_id, int64_t since, struct json_object **out);

/* The item of row SEQ; 0: of none, or the log has no such row. */
enum status change_item(struct db *, int64_t seq, int64_t *item_id);

/* The item that bore this SKU last, deleted ones too; ST_NOT_FOUND. */
enum status change_item_by_sku(struct db *, const char *sku, int64_t *item_id);

#endif
