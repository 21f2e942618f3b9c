/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a transport gives to the rest of the relay: a subscriber, one open
 * stream (or later a poll that waits) of one member.  Rooms and presence know
 * subscribers only through this interface.
 */
#ifndef PUSH_RELAY_SUBSCRIBER_H
#define PUSH_RELAY_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

struct feed;
struct member;
struct room;
struct subscriber;

/* What each transport implements; none of these frees the subscriber. */
struct subscriber_ops {
	/* A passing event of the room; the transport holds what it keeps. */
	void (*deliver)(struct subscriber *, struct frame *);
	/*
	 * The ring has something new, or has begun anew: at the end of a turn,
	 * so the transport may write at once.  Nobody but this one may end.
	 */
	void (*wake)(struct subscriber *);
	/*
	 * Say `disconnect` with this code and reason, ask to come back after
	 * RETRY ms, and end.  The subscriber has left member and room when
	 * this returns.  Harmless when it ends already.
	 */
	void (*end)(struct subscriber *, const char *code, const char *reason,
	    int64_t retry);
};

/* The part of a stream that rooms and presence work with. */
struct subscriber {
	struct member *member;        /* whose it is; NULL: it ends */
	struct room *room;            /* listens there; or NULL */
	struct subscriber *room_next; /* of the room's listeners */
	struct subscriber *room_prev;
	int64_t since;     /* presence version of the newest list that it alone
			      was given */
	struct feed *feed; /* is in its list; or NULL */
	struct subscriber *feed_prev;
	/* From here on, what each delivery needs. */
	struct subscriber *feed_next; /* of all */
	const struct subscriber_ops *ops;
	bool begun; /* was told its room */
};

#endif
