/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A frame: one event, encoded once as the bytes of a Server-Sent Event and
 * shared by everybody who is to get it.  It knows where its name and its data
 * lie, so that another transport can wrap them differently.
 */
#ifndef PUSH_RELAY_FRAME_H
#define PUSH_RELAY_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "shared/buf.h"

/* How a frame is treated when its receiver cannot keep up. */
enum lane {
	LANE_CONTROL,  /* about the stream itself: kept, goes first */
	LANE_DURABLE,  /* from the ring, by a cursor: never dropped */
	LANE_PRESENCE, /* dropped after the cursors; a list comes later */
	LANE_CURSOR    /* dropped first, likewise; of a crowd not all are sent
			  anyway */
};

/* Immutable, once made, but for its count of users. */
struct frame {
	unsigned refs; /* who holds it */
	enum lane lane;
	const char *event; /* the event's name, static; NULL: none */
	size_t id_len;     /* bytes of the id, at text + 4; 0: none */
	size_t data;       /* where the JSON begins in text */
	size_t data_len;   /* bytes of the JSON */
	size_t len;        /* bytes of text */
	int64_t version;   /* of the presence: who has this knows it;
			      0: it tells none */
	int64_t taken;     /* durable: mono µs when it came here */
	int64_t age;       /* and how old it was, µs; < 0: not known */
	char text[];       /* "id: …\nevent: …\ndata: …\n\n" */
};

/*
 * Encode an event; the caller holds the one reference.  ID goes into the
 * `id:` field, NULL for none; DATA is LEN bytes of JSON on one line.
 */
struct frame *frame_new(
    enum lane, const char *event, const char *id, const char *data, size_t len);

/*
 * The same from an object, which is consumed; a presence frame tells the
 * version that is the object's "version".
 */
struct frame *frame_json(enum lane, const char *event, struct json_object *);

/*
 * The last one that a receiver gets: disconnect, for the reason given.  RETRY
 * is how long to wait before coming back, in ms, 0 for nothing said; a plain
 * EventSource heeds it, too.
 */
struct frame *frame_bye(const char *code, const char *reason, int64_t retry);

/* A frame that says only how long a plain EventSource waits, in ms. */
struct frame *frame_retry(int64_t ms);

/*
 * Append it as an object of JSON, {"event","id"?,"data"}: another transport's
 * wrapping.  Not for one without an event.
 */
void frame_put_json(const struct frame *, struct buf *out);

/* One more holder; returns the frame. */
struct frame *frame_hold(struct frame *);

/* One holder less; the last one frees it.  NULL is harmless. */
void frame_drop(struct frame *);

#endif
