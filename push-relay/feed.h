/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The feed of durable events to everybody: the ring, all subscribers, and
 * whether the ring has what the app has, so that a stream that opens can be
 * told truly what it missed.  After a start, and after a new epoch, streams
 * wait for that, but no longer than FEED_SETTLE.
 */
#ifndef PUSH_RELAY_FEED_H
#define PUSH_RELAY_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "ring.h"
#include "stats.h"
#include "subscriber.h"
#include "timer.h"

#define FEED_SETTLE 2000 /* ms that streams wait for the ring */

/* One a relay. */
struct feed {
	struct ring ring;
	struct subscriber *subs; /* all, in no order */
	bool settled;            /* streams may begin */
	bool news;               /* wake all at the turn's end */
	struct timer settle;
	struct timers *timers; /* borrowed */
	struct stats *stats;   /* borrowed */
};

/* Begin to wait for the app. */
void feed_init(struct feed *, struct timers *, struct stats *, int64_t now);
void feed_reset(struct feed *);

/* A subscriber comes; it goes (harmless when it is not there). */
void feed_join(struct feed *, struct subscriber *);
void feed_part(struct feed *, struct subscriber *);

/*
 * An app is of this epoch, its newest event is HEAD.  A later epoch than the
 * ring's empties the ring and ends all streams that have begun.  False: the
 * epoch is earlier than the ring's, and nothing is done.
 */
bool feed_announce(struct feed *, const char *epoch, int64_t head, int64_t now);

/* The event that the feed lacks next, given that the app has OLDEST on. */
int64_t feed_wanted(const struct feed *, int64_t oldest);

/*
 * Take the next event; its number must be the one wanted, or any where the
 * ring has no head yet.  The object, without its epoch, is what the streams
 * get; borrowed, and its "epoch" member removed.
 */
void feed_take(struct feed *, int64_t seq, struct json_object *body);

/* The app no longer has what is before OLDEST: go on from there. */
void feed_pruned(struct feed *, int64_t oldest);

/* The end of a turn of the loop: wake the streams if there is news. */
void feed_flush(struct feed *);

#endif
