/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The table of a room's edit leases: which page edits which row, or which
 * field of it.  A lease of a row excludes those of its fields, and the other
 * way round; pages of one person are different holders.  Here are the rules
 * alone: who is told of what is room-lease.c's.
 */
#ifndef PUSH_RELAY_LEASE_H
#define PUSH_RELAY_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "member.h"
#include "timer.h"

#define LEASE_LIFE     20000 /* ms that a lease lasts unless renewed */
#define LEASE_PAGE_MAX 8     /* leases of one page */
#define LEASE_ROOM_MAX 4096  /* leases of one room */
#define LEASE_BUCKETS  256   /* of the table, by row */

/* One lease; the lists are the table's. */
struct lease {
	struct member *holder;
	char row[MEMBER_ROW_MAX * 4 + 1];   /* a SKU */
	char field[MEMBER_ROW_MAX * 4 + 1]; /* a column; "": the whole row */
	struct timer end;                   /* when it ends: the room's */
	struct lease *newer, *older;        /* of the room, by their taking */
	struct lease *row_next;             /* of its bucket */
	struct lease *own_next;             /* of its holder */
};

/* The leases of a room.  All zeroes is an empty table. */
struct leases {
	struct lease *newest;
	unsigned count;
	int64_t changes; /* leases added and removed */
	struct lease *by_row[LEASE_BUCKETS];
};

/* The member's own lease of exactly this; NULL: it has none. */
struct lease *leases_own(
    const struct member *, const char *row, const char *field);

/* A lease of somebody else that excludes this one; NULL: it is free. */
struct lease *leases_rival(const struct leases *, const struct member *,
    const char *row, const char *field);

/*
 * A new lease for the member, which has none of exactly this, where nobody
 * else's excludes it, and the bounds allow one more.
 */
struct lease *leases_add(
    struct leases *, struct member *, const char *row, const char *field);

/* Take a lease, whose timer rests, out of the table and free it. */
void leases_remove(struct leases *, struct lease *);

#endif
