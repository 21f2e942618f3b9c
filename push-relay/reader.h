/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What one receiver still has to get, whatever its transport: a subscriber
 * that was told its room, a place in the log of durable events, a bounded
 * queue of the passing ones, and its end.  Every transport takes its frames
 * from here, so all of them give the same events in the same order with the
 * same positions.
 *
 * Durable events are read from the ring by a cursor, so these are never
 * dropped and never reordered.  Of the passing ones a receiver that does not
 * keep up loses the cursors first and gets one list instead when it has caught
 * up; when that is not enough it loses them all, for the same list.
 */
#ifndef PUSH_RELAY_READER_H
#define PUSH_RELAY_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "queue.h"
#include "relay.h"
#include "shared/event.h"
#include "shared/ticket.h"
#include "subscriber.h"
#include "timer.h"

#define READER_PING 15000 /* ms between two pings */
#define READER_AT   250   /* those due within so many ms go together */
#define READER_BACK 1000  /* ms to come back within after a stream's life */

/* Embedded in what a transport keeps for a receiver, as its first member. */
struct reader {
	struct subscriber sub; /* first: ops get this */
	bool blind;            /* began without a ring */
	bool list_due;         /* passing things were dropped */
	bool cursors_lost;     /* cursors were */
	bool ending;           /* it has parted; bye is left */
	bool drains;           /* and what it had to get before */
	struct relay *relay;   /* borrowed */
	int64_t cursor;        /* last event read; -1: none is to be read yet */
	int64_t began;         /* mono µs */
	struct queue queue;    /* passing events and control */
	/* From here on, what it needs now and then. */
	void (*ready)(struct reader *);
	int64_t life; /* mono ms: when a stream ends; 0: it is no stream */
	struct timer timer;         /* ping, or an end */
	int64_t ends;               /* UTC ms: the session's end */
	bool has_wish;              /* wish is given */
	struct event_position wish; /* what the client has */
	int64_t version;            /* of the presence, that the frames taken
				       tell */
	struct frame *bye;          /* held; or NULL */
};

/*
 * Make one of zeroes ready to be opened.  WISH is the position that the
 * client has, NULL for none.  READY is called when there is something to
 * take, or new that it ends, but not for the ring's events, of which OPS
 * hears; it may be called without need.
 */
void reader_init(struct reader *, struct relay *, const struct subscriber_ops *,
    const struct event_position *wish, void (*ready)(struct reader *));

/*
 * Make it one that stays open: it hears pings, and ends after a life of about
 * STOCKROOM_STREAM_LIFE, so that a web server that is told to end its workers
 * does not wait for ever.
 */
void reader_stay(struct reader *);

/* The reader that a subscriber is: there is no other kind. */
struct reader *reader_of(struct subscriber *);

/*
 * Begin, for the ticket's sid, which the caller has judged: an older reader
 * of the sid ends.  Where the relay is full this one ends at once.
 */
void reader_open(struct reader *, const struct ticket *);

/* What reader_take would do now: true when it gives a frame. */
bool reader_has(const struct reader *);

/*
 * The next frame, held by the caller now; NULL: nothing to say.  What is
 * about the connection itself comes first, then the durable events, then the
 * passing ones.
 */
struct frame *reader_take(struct reader *);

/* Append a frame about the connection; its hold goes to the reader. */
void reader_push(struct reader *, struct frame *);

/* Drop what waits of the passing things: one list will say it all. */
void reader_list(struct reader *);

/*
 * Leave the feed, the room and the member, whose connection was last there
 * at SINCE (mono ms).  Harmless when it has.
 */
void reader_part(struct reader *, int64_t since);

/* Part, and drop what was not taken. */
void reader_reset(struct reader *);

/*
 * Tell all readers to come back, each at a time of its own, after what they
 * have to get yet.
 */
void reader_shutdown(struct relay *);

/*
 * There are other keys: no reader goes on for longer than the key of its
 * ticket is good.  Those whose key is not among them have ended before.
 */
void reader_rekey(struct relay *);

/* Bytes of passing frames that wait for a subscriber. */
size_t reader_queued(const struct subscriber *);

/*
 * What a transport's operations rest on.  After reader_wake, which begins a
 * reader when the ring has settled, the transport looks for what is new.
 */
void reader_deliver(struct subscriber *, struct frame *);
void reader_wake(struct subscriber *);
void reader_end(
    struct subscriber *, const char *code, const char *reason, int64_t retry);

#endif
