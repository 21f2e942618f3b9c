/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The event socket's lines: the only contract between the app and the
 * relay.  Newline-delimited JSON, one object with one leading kind a line,
 * at most EVENT_LINE_MAX bytes with the newline.  The app connects, the
 * relay listens.
 *
 *   app -> relay                               relay -> app
 *   {"app":{epoch,head,oldest,pid}} first      {"hello":{epoch|null,have|null,
 *                                                told?}}
 *   {"change":{seq,epoch,...}}                 {"replay_from":n}
 *   {"oldest":n}                               {"ack":n}
 *   {"query":"presence",room,cursor?,id}       {"presence":{...},id}
 *   {"revoke":{"session"|"user",at}}           {"stale_epoch":epoch}
 *   {"told":ms}
 *
 * A change travels as the very object that the streams carry as the data of
 * inventory_changed, plus "epoch".  A revoke voids the tickets of a session
 * that were issued up to "at", or those of a user that were issued without
 * knowing of "at", when the user's rights changed.  Told: all that was revoked
 * until then was sent; hello has the newest that the relay has heard.
 */
#ifndef SHARED_EVENT_H
#define SHARED_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "buf.h"
#include "status.h"

#define EVENT_LINE_MAX 65536 /* bytes of a line, newline included */
#define EVENT_DATA_MAX 16384 /* bytes of one encoded inventory_changed */
#define EVENT_RING     4096  /* durable events that the relay keeps */
/*
 * Hex digits of an epoch: 12 of its start in ms, 4 random ones; a later
 * epoch compares greater as text.
 */
#define EVENT_EPOCH_LEN 16

#define EVENT_EVER (INT64_MAX / 4) /* "at" of a revoke: for ever */

#define EVENT_POSITION_MAX 40 /* bytes of "epoch:seq" with the NUL */

/* A place in the durable log. */
struct event_position {
	char epoch[EVENT_EPOCH_LEN + 1];
	int64_t seq; /* >= 0 */
};

/* A fresh epoch, greater than any made in an earlier millisecond. */
void event_epoch_make(char epoch[EVENT_EPOCH_LEN + 1]);

/* "epoch:seq" to a position; false, *OUT untouched, when malformed. */
bool event_position_parse(const char *text, struct event_position *out);
void event_position_text(
    const struct event_position *, char out[EVENT_POSITION_MAX]);

enum event_kind {
	EVENT_APP,
	EVENT_CHANGE,
	EVENT_OLDEST,
	EVENT_QUERY,
	EVENT_REVOKE,
	EVENT_TOLD,
	EVENT_HELLO,
	EVENT_REPLAY_FROM,
	EVENT_ACK,
	EVENT_PRESENCE,
	EVENT_STALE_EPOCH
};

/* A line that was read; which members count depends on its kind. */
struct event {
	enum event_kind kind;

	/* app, change, hello ("" for null), stale_epoch */
	char epoch[EVENT_EPOCH_LEN + 1];

	/*
	 * change's seq; oldest's m; replay_from's and ack's n; app's head;
	 * hello's have (-1 for null)
	 */
	int64_t seq;

	int64_t oldest;   /* app */
	int64_t pid;      /* app */
	int64_t id;       /* query, presence */
	int64_t cursor;   /* query: first entry wanted */
	int64_t user_id;  /* revoke by user, else 0 */
	int64_t at;       /* revoke, told, hello (0: none): ms since 1970 */
	char session[33]; /* revoke by session, else "" */
	char room[65];    /* query; change's room or "" */

	/* change, presence: the inner object, owned by the event */
	struct json_object *body;
};

/* Read one line without its newline.  ST_OK or ST_BAD_REQUEST. */
enum status event_parse(const char *line, size_t len, struct event *out);
void event_reset(struct event *);

/*
 * Append one line to OUT.  Bodies are borrowed; a change's "epoch" member
 * must be there.  A line that would be longer than EVENT_LINE_MAX is not
 * written and sets the buffer's full.
 */
void event_put_app(
    struct buf *out, const char *epoch, int64_t head, int64_t oldest);
void event_put_change(struct buf *out, const char *body, size_t len);
void event_put_oldest(struct buf *out, int64_t oldest);
void event_put_query(
    struct buf *out, const char *room, int64_t cursor, int64_t id);
void event_put_revoke_session(struct buf *out, const char *session, int64_t at);
void event_put_revoke_user(struct buf *out, int64_t user_id, int64_t at);
void event_put_told(struct buf *out, int64_t at);
void event_put_hello(
    struct buf *out, const char *epoch, int64_t have, int64_t told);
void event_put_replay_from(struct buf *out, int64_t seq);
void event_put_ack(struct buf *out, int64_t seq);
void event_put_presence(struct buf *out, struct json_object *body, int64_t id);
void event_put_stale_epoch(struct buf *out, const char *epoch);

#endif
