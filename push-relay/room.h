/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A room: who is in it and who listens.  It gathers what happens in short
 * windows, so that many changes reach a listener in one write: the first of
 * them goes out at once, those that follow it together when the window ends.
 * Of a member's cursor only the newest place goes out.
 */
#ifndef PUSH_RELAY_ROOM_H
#define PUSH_RELAY_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease.h"
#include "member.h"
#include "shared/buf.h"
#include "stats.h"
#include "subscriber.h"
#include "timer.h"

#define ROOM_LIST_MAX   100   /* entries of one list of users, at most */
#define ROOM_LIST_BYTES 40000 /* bytes of one list of users, at most */
#define ROOM_LIST_AGE   1000  /* ms that a list with leases is used again */
#define ROOM_TICK       30    /* ms between two batches of cursors */
#define ROOM_TICK_BIG   50    /* the same above ROOM_BIG members */
#define ROOM_BIG                                                               \
	100                    /* members; of more, the newest that many       \
				  cursors go out a tick, halved */
#define ROOM_WINDOW       100  /* ms between two batches of presence */
#define ROOM_STATE_WINDOW 1000 /* ms between two lists for mere states */

/* Owned by presence.c. */
struct room {
	char name[65];
	struct room *next;           /* of all rooms */
	struct member *first, *last; /* by serial */
	struct subscriber *subs;     /* who listens */
	unsigned members;            /* in the list, listed or not */
	unsigned listed;             /* members that are seen */
	unsigned people;             /* different persons among them */
	int64_t version;             /* of the presence, from 1 */
	struct leases leases;
	struct timers *timers; /* borrowed */
	struct stats *stats;   /* borrowed */
	struct timer tick;     /* cursors; waits: a tick runs */
	struct member **due;   /* cursors due, oldest first */
	unsigned due_count, due_size;
	struct timer window; /* presence; waits: it is open */
	struct frame **held; /* until the window ends */
	unsigned held_count, held_size;
	struct timer states; /* lists for states */
	bool states_due;
	struct frame *list;   /* presence_update of version */
	int64_t list_version; /* 0: to be made anew */
	int64_t list_at;      /* mono ms; its leases are of */
	size_t list_users;    /* where `,"users"` begins */
};

/* A new empty room; the name is at most 64 bytes. */
struct room *room_new(const char *name, struct timers *, struct stats *);

/* Free a room that nobody is in and nobody listens to. */
void room_free(struct room *);

/* Put a member at the end, take it out.  It must be out when freed. */
void room_add(struct room *, struct member *);
void room_remove(struct room *, struct member *);

/* Begin and end to listen.  room_unsubscribe is harmless when it does not. */
void room_subscribe(struct room *, struct subscriber *);
void room_unsubscribe(struct subscriber *);

/* A frame for all listeners, at once.  Its hold goes to the room. */
void room_send(struct room *, struct frame *);

/* A presence frame for all, in the window.  Its hold goes to the room. */
void room_announce(struct room *, struct frame *, int64_t now);

/* The same at once, after what the window holds. */
void room_announce_now(struct room *, struct frame *, int64_t now);

/* The member's cursor has changed. */
void room_cursor(struct room *, struct member *, int64_t now);

/* Some state has changed: the list goes out now or soon. */
void room_states(struct room *, int64_t now);

/*
 * The presence_update of now, borrowed until the next one: who is here, and
 * what they lease.  It has "more" when not all entries fit.  What the window
 * holds goes out first, so that nothing older comes after the list.
 */
struct frame *room_list(struct room *);

/* Its end, `,"users":[…],"leases":[…]}`, borrowed likewise: for other events.
 */
const char *room_users(struct room *, size_t *len);

/*
 * Append the listed entries from serial FROM on, separated by commas, as
 * many as fit a list.  Returns the serial to go on from, 0: that was all.
 */
int64_t room_entries(struct room *, int64_t from, struct buf *out);

#endif
