/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Presence: which sids are here, in which room, in which colour, and when
 * one is gone.  The rules, in ms of the monotonic clock:
 *
 *   a stream opens             here, at once, and active
 *   a beat with a new ticket   here, at once, without a stream
 *   a leave is said            gone after PRESENCE_LEAVE, unless a stream
 *                              opens before
 *   its stream ends            gone after PRESENCE_GRACE, unless it beats:
 *                              such a page rests, and keeps its place
 *   no sign of life            gone after PRESENCE_SILENT, or, when it said
 *                              that its page is hidden, PRESENCE_AWAY
 *   revoked                    gone at once
 *
 * A return within these is no leaving: the others see nothing of it.  The
 * others are told of a sid only while it is listed; a member whose stream
 * stays open without beats is not listed, and is again when it beats.
 */
#ifndef PUSH_RELAY_PRESENCE_H
#define PUSH_RELAY_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "member.h"
#include "room.h"
#include "roster.h"
#include "shared/ticket.h"
#include "stats.h"
#include "timer.h"

#define PRESENCE_LEAVE  1500
#define PRESENCE_GRACE  10000
#define PRESENCE_SILENT 30000
#define PRESENCE_AWAY   90000

/* Everybody who is here. */
struct presence {
	struct timers *timers; /* borrowed */
	struct stats *stats;   /* borrowed */
	char palette[ROOM_COLORS][8];
	unsigned colors;    /* in the palette, at least 1 */
	struct room *rooms; /* those that somebody is in */
	unsigned members;   /* all, listed or not */
	unsigned most;      /* members, at most */
	int64_t serial;     /* of the last who joined */
	struct roster roster;
};

/* PALETTE is a list of #RRGGBB separated by commas. */
void presence_init(struct presence *, const char *palette, unsigned most,
    struct timers *, struct stats *);

/* End all streams that are left without a word, and free everything. */
void presence_reset(struct presence *);

/* The member with this sid, listed or not; NULL: none. */
struct member *presence_find(const struct presence *, const char *sid);

/* The room of this name; NULL: nobody is in it. */
struct room *presence_room(const struct presence *, const char *name);

/* How many streams this user has open. */
unsigned presence_streams(const struct presence *, int64_t user_id);

/* How many pages of this user are here, with a stream or without. */
unsigned presence_pages(const struct presence *, int64_t user_id);

/*
 * A stream opens with this ticket, which the caller has judged: the sid is
 * here from now on, in the ticket's room, and SUB is its stream; an older
 * one of the same sid is ended.  ST_OK, or ST_TOO_MANY when the relay is
 * full.
 */
enum status presence_open(struct presence *, const struct ticket *,
    struct subscriber *sub, int64_t now);

/*
 * A page that follows another one's stream beats with this ticket, which the
 * caller has judged: the sid, which has no stream but perhaps that of the page
 * before a reload, is here from now on and does not leave.  AWAY: its page is
 * hidden.  ST_OK, or ST_TOO_MANY when the relay is full.
 */
enum status presence_enter(
    struct presence *, const struct ticket *, bool away, int64_t now);

/* The member's stream SUB has ended; harmless when it has another by now. */
void presence_close(struct presence *, struct subscriber *sub, int64_t now);

/* A sign of life; AWAY: its page is hidden. */
void presence_beat(struct presence *, struct member *, bool away, int64_t now);

/*
 * A poll of a member that polls has come: a sign of life of one who does not
 * leave after all; hidden or not as it was.
 */
void presence_return(struct presence *, struct member *, int64_t now);

/* The pointer or the edited cell has moved: a sign of life, and active. */
void presence_cursor(struct presence *, struct member *,
    const struct member_cursor *, int64_t now);

/* The page goes away, perhaps to come back at once. */
void presence_leave(struct presence *, struct member *, int64_t now);

/*
 * The session (when SESSION is not "") may no longer be here with tickets
 * issued up to AT, or the user with such as know nothing of AT: they are gone,
 * and their streams are told so.
 */
void presence_revoke(struct presence *, const char *session, int64_t user_id,
    int64_t at, int64_t now);

/*
 * There are other keys: who is here by a ticket of a key that is not among
 * them is gone, and the streams are told so.
 */
void presence_rekey(struct presence *, const struct ticket_keys *, int64_t now);

/* Send each room its whole list: who has not come back by now is not here. */
void presence_list_all(struct presence *, int64_t now);

#endif
