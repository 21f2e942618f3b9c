/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Who is in a room, as text: the lists that listeners and the app get.  The
 * list of now is made once and used for all who need it, until somebody in
 * the room changes.
 */
#ifndef PUSH_RELAY_ROOM_LIST_H
#define PUSH_RELAY_ROOM_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "room.h"
#include "shared/buf.h"

#define ROOM_LIST_MAX   100   /* entries of a list of users, at most */
#define ROOM_LIST_BYTES 40000 /* bytes of them, at most */
#define ROOM_LIST_AGE   1000  /* ms that a list with leases is used again */
#define ROOM_BRIEF      20    /* entries of a brief list, at most */

/*
 * The presence_update of now, borrowed until the next one: who is here, and
 * what they lease.  It has "more" when not all entries fit.
 */
struct frame *room_list(struct room *);

/* The same with few entries, new: for everybody in a big room. */
struct frame *room_list_brief(struct room *, int64_t now);

/*
 * The end of room_list(), `,"users":[...],"leases":[...]}`, borrowed likewise:
 * other events have it, too.
 */
const char *room_users(struct room *, size_t *len);

/*
 * Append the listed entries from serial FROM on, separated by commas, as
 * many as fit a list.  Returns the serial to go on from, 0: that was all.
 */
int64_t room_entries(struct room *, int64_t from, struct buf *out);

#endif
