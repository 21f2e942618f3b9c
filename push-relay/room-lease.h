/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Edit leases as the room lives them: taken, renewed, released, stolen, and
 * ended by time or with their page's presence.  The room is told of each but
 * the renewals, at once unless they are a storm, and in order with who comes
 * and goes; each counts in the version of the presence.
 */
#ifndef PUSH_RELAY_ROOM_LEASE_H
#define PUSH_RELAY_ROOM_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "lease.h"
#include "room.h"
#include "shared/buf.h"
#include "shared/status.h"

#define ROOM_LEASES      100   /* leases in a list, at most */
#define ROOM_LEASE_BYTES 20000 /* bytes of them in a list, at most */
#define ROOM_LEASE_AGE   1000  /* ms that their text is used again */

/*
 * Take a row (FIELD "") or a field of it for a member who is listed, or renew
 * the member's own lease of it.  STEAL: whoever else has it loses it.  ST_OK
 * and OUT is the lease; ST_LOCKED and OUT is the other's; ST_CONFLICT: the
 * page has too many, or ST_TOO_MANY: the room has.  All or nothing.
 */
enum status room_lease_take(struct room *, struct member *, const char *row,
    const char *field, bool steal, int64_t now, struct lease **out);

/* Give up the member's own lease of exactly this, if it has one. */
void room_lease_release(struct room *, struct member *, const char *row,
    const char *field, int64_t now);

/*
 * End all leases of a member who goes; EXPIRED: since nothing was heard of
 * it.
 */
void room_lease_leave(
    struct room *, struct member *, bool expired, int64_t now);

/* A lease as others see it, new: what, whose, and for how many ms yet. */
struct json_object *room_lease_json(const struct lease *, int64_t now);

/* Append the newest leases as a JSON array. */
void room_lease_list(struct room *, int64_t now, struct buf *out);

#endif
