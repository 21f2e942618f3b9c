/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The last EVENT_RING durable events of one epoch, in order and without a
 * hole, each encoded once.  Readers hold a cursor, the sequence number they
 * have, and read on from there; one that the ring has left behind finds
 * nothing at its cursor and knows.
 */
#ifndef PUSH_RELAY_RING_H
#define PUSH_RELAY_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "shared/event.h"

/* All zeroes but for head = target = -1 is the ring of no epoch yet. */
struct ring {
	char epoch[EVENT_EPOCH_LEN + 1]; /* "": none yet */
	int64_t head;                    /* newest event held, or that the next
					    one follows; -1: not known */
	int64_t oldest;                  /* oldest held; head + 1: none */
	int64_t target; /* newest event that an app announced */
	struct frame *slot[EVENT_RING];
};

/* A ring without an epoch. */
void ring_init(struct ring *);

/* Drop all; the next event is of this epoch; what follows is not known. */
void ring_start(struct ring *, const char *epoch);

/* Drop all; the next event has this number. */
void ring_skip_to(struct ring *, int64_t seq);

/* Add the event head + 1; the frame's hold goes to the ring. */
void ring_push(struct ring *, struct frame *);

/* The event, borrowed; NULL: not held. */
struct frame *ring_at(const struct ring *, int64_t seq);

/* Whether the ring holds all that an app has announced. */
bool ring_complete(const struct ring *);

/*
 * The cursor of a reader that has what is up to POS, NULL for nothing.  True:
 * reading on from *CURSOR misses nothing after POS.  False: it is the newest
 * place known, and what lies between is for the reader to get elsewhere.
 * The ring must have a head.
 */
bool ring_resolve(
    const struct ring *, const struct event_position *pos, int64_t *cursor);

/* The newest place as text; false, OUT untouched, when there is none. */
bool ring_position(const struct ring *, char out[EVENT_POSITION_MAX]);

/* Drop all and return to no epoch. */
void ring_reset(struct ring *);

#endif
