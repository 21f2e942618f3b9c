/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A room: who is in it and who listens.  It gathers what happens in short
 * windows, so that many changes reach a listener in one write: the first of
 * them goes out at once, those that follow it together when the window ends.
 * Of a member's cursor only the newest place goes out.
 *
 * More than ROOM_STORM who come or go in one window are a storm: all listeners
 * get one list instead of a frame for each.  Above ROOM_FEW pages the window
 * grows with their number and that list is brief: {count, version,
 * more:true} with the first few users; who wants all asks the app.  So in a
 * storm of N pages the relay sends some N frames, not N times N, and not more
 * bytes a second however many they are.
 *
 * A listener that was given a list of its own is not told again what is older
 * than that, so a list for one does not hurry the frames for all.
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

/* In ms, between two batches of cursors: the more members, the longer. */
#define ROOM_TICK      30 /* of none */
#define ROOM_TICK_MORE 3  /* members for one more */
#define ROOM_TICK_BIG  60 /* at most */
#define ROOM_BIG                                                               \
	100 /* members; of more, the newest that many                          \
	       cursors go out a tick, halved */

/* In ms: between two batches of presence, for the first ROOM_FEW pages. */
#define ROOM_WINDOW       100
#define ROOM_WINDOW_MAX   2000 /* the same, however many pages */
#define ROOM_STATE_WINDOW 1000 /* ms between two lists for mere states */
#define ROOM_FEW          100  /* pages; more make a big room */
#define ROOM_STORM        20   /* frames of one batch; more are a list */
#define ROOM_COLORS       64   /* colours of the palette, at most */

/* Owned by presence.c. */
struct room {
	char name[65];
	struct room *next;           /* of all rooms */
	struct member *first, *last; /* by serial */
	struct subscriber *subs;     /* who listens */
	unsigned members;            /* in the list, listed or not */
	unsigned listed;             /* members that are seen */
	unsigned people;             /* different persons among them */
	unsigned worn[ROOM_COLORS];  /* listed pages in each colour of the
					palette */
	int64_t version;             /* of the presence, from 1 */
	struct leases leases;
	struct buf lease_text; /* the list of them */
	int64_t lease_changes; /* that it is of */
	int64_t lease_at;      /* mono ms; that it is of */
	struct timers *timers; /* borrowed */
	struct stats *stats;   /* borrowed */
	struct timer tick;     /* cursors; waits: a tick runs */
	struct member **due;   /* cursors due, oldest first */
	unsigned due_count, due_size;
	int64_t told;                   /* version that all listeners know, or
					   their own since */
	struct timer window;            /* presence; waits: it is open */
	unsigned spent;                 /* frames sent in the window */
	bool storm;                     /* a list is due at its end */
	struct frame *held[ROOM_STORM]; /* until then, unless it is */
	unsigned held_count;
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

/*
 * A presence frame of the version of now, for all, in the window.  Its hold
 * goes to the room.
 */
void room_announce(struct room *, struct frame *, int64_t now);

/* The same at once, after what the window holds, unless there is a storm. */
void room_announce_now(struct room *, struct frame *, int64_t now);

/* The member's cursor has changed. */
void room_cursor(struct room *, struct member *, int64_t now);

/* Take a member from the cursors that are due; harmless when it is not. */
void room_undue(struct room *, struct member *);

/* Some state has changed: the list goes out now or soon. */
void room_states(struct room *, int64_t now);

/* The list of now for one listener, who is not told again what is older. */
struct frame *room_list_for(struct subscriber *);

/* The version that a listener of a room knows, once it has what it was sent. */
int64_t room_told(const struct subscriber *);

#endif
