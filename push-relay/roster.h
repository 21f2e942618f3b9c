/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The roster: all members, found by their sid and by their user.
 */
#ifndef PUSH_RELAY_ROSTER_H
#define PUSH_RELAY_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "member.h"

#define ROSTER_BUCKETS 8192 /* of each hash table */

/* All zeroes is an empty one. */
struct roster {
	struct member *by_sid[ROSTER_BUCKETS];
	struct member *by_user[ROSTER_BUCKETS];
};

/* Put a member in, whose ticket is there; take it out. */
void roster_add(struct roster *, struct member *);
void roster_remove(struct roster *, struct member *);

/* The member with this sid; NULL: none. */
struct member *roster_find(const struct roster *, const char *sid);

/* Another listed member of the room who is the same person; NULL: none. */
struct member *roster_twin(const struct roster *, const struct member *);

/* How many members this user has; STREAMING: only those with a stream. */
unsigned roster_count(const struct roster *, int64_t user_id, bool streaming);

#endif
