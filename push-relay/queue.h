/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What one receiver still has to get of the passing things: frames in order,
 * held but not copied, with a bound on their bytes.  Durable events do not
 * come here; they are read from the ring.
 */
#ifndef PUSH_RELAY_QUEUE_H
#define PUSH_RELAY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "frame.h"

#define QUEUE_MAX 65536 /* bytes of waiting frames, control frames apart */

/* All zeroes is an empty queue. */
struct queue {
	struct frame **slot; /* owned ring of held frames */
	unsigned first;      /* where the oldest is */
	unsigned count;      /* frames that wait */
	unsigned size;       /* slots; a power of two, or 0 */
	size_t bytes;        /* of the frames that are not control */
};

/*
 * Append a frame (one more hold of it).  False, and nothing done, when it
 * would pass the bound; a control frame always fits, and so does a frame into
 * a queue without any that counts.
 */
bool queue_push(struct queue *, struct frame *);

/* The same whatever the bound: for frames that were in a queue before. */
void queue_keep(struct queue *, struct frame *);

/*
 * Put frames that were taken back before those that wait, whatever the
 * bound; TAKEN is empty afterwards.
 */
void queue_put_back(struct queue *, struct queue *taken);

/* The oldest frame, borrowed; NULL: none. */
struct frame *queue_first(const struct queue *);

/* Take the oldest; the hold goes to the caller.  NULL: none. */
struct frame *queue_pop(struct queue *);

/* Drop the frames of a lane, keep the order; returns how many. */
unsigned queue_purge(struct queue *, enum lane);

/* Drop all and free the memory. */
void queue_reset(struct queue *);

#endif
