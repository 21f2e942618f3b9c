/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A member: one sid, that is one page or tab, with what it shows of itself to
 * the others of its room, and that as JSON.
 */
#ifndef PUSH_RELAY_MEMBER_H
#define PUSH_RELAY_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rate.h"
#include "shared/ticket.h"
#include "subscriber.h"
#include "timer.h"

#define MEMBER_ROW_MAX 64 /* characters of editing_row, editing_field */

/* What the pointer does; MODE_NONE is null to the others. */
enum member_mode { MODE_NONE, MODE_HOVER, MODE_SELECT, MODE_EDIT };

/* Where a member is on the page. */
struct member_cursor {
	bool has_xy;                        /* cursor_position is given */
	int x, y;                           /* CSS pixels */
	char row[MEMBER_ROW_MAX * 4 + 1];   /* a SKU, or "" */
	char field[MEMBER_ROW_MAX * 4 + 1]; /* a column, or "" */
	enum member_mode mode;
};

struct lease;
struct presence;

/* What stays of the newest ticket accepted: there are thousands. */
struct member_who {
	char sid[TICKET_SID_LEN + 1];
	char session[33];
	char color[8]; /* wish */
	int64_t user_id;
	int64_t issued; /* UTC ms */
	int64_t rights; /* the same */
	uint64_t key;
	char *username;   /* owned, with the name behind it */
	const char *name; /* in it */
};

/* Owned by presence.c; the lists are its and room.c's. */
struct member {
	struct presence *presence; /* whose it is */
	struct member_who who;
	char color[8];     /* granted, "#RRGGBB" */
	unsigned hue;      /* its place in the palette, or beyond */
	int64_t serial;    /* order of joining, from 1 */
	struct room *room; /* NULL only in between */
	struct member *room_next, *room_prev;
	struct member *sid_next;      /* of its hash bucket */
	struct member *user_next;     /* of its hash bucket */
	struct subscriber *sub;       /* its stream; or NULL */
	struct member_cursor *cursor; /* owned; NULL: nowhere */
	bool cursor_due;              /* changed since the tick */
	bool listed;                  /* the others see it */
	bool leaving;                 /* it said so, at left_at */
	bool away;                    /* its page is hidden */
	int64_t left_at;              /* mono ms */
	int64_t closed_at;            /* mono ms; its stream ended */
	int64_t beat_at;              /* mono ms; last sign of life */
	int64_t seen;                 /* the same in UTC ms */
	int64_t since;                /* presence version of its joining */
	struct timer gone;            /* when it will be unlisted */
	struct rate posts;            /* that it makes */
	struct lease *leases;         /* its own, newest first */
	unsigned lease_count;
	char *json; /* its entry; NULL: make anew */
	size_t json_len;
};

/* Take what the ticket says of the member, instead of what was there. */
void member_take(struct member *, const struct ticket *);

/* Put it to a place, NULL for nowhere. */
void member_place(struct member *, const struct member_cursor *);

/* Free all that it owns, and it. */
void member_free(struct member *);

/* Whether both are the same person: user and name are equal. */
bool member_same_person(const struct member *, const struct member *);

/* The entry in users[], borrowed until the next change. */
const char *member_entry(struct member *, size_t *len);

/* Something in the entry has changed: the text is to be made again. */
void member_touch(struct member *);

/* Who it is, new: sid, user_id, username, name and color. */
struct json_object *member_who(const struct member *);

/*
 * A presence frame of this event: the entry with a flag ("first", "last") and
 * the room's version.  The hold is the caller's.
 */
struct frame *member_frame(const struct member *, const char *event,
    const char *key, bool flag, int64_t version);

/* Append the payload of cursor_updated. */
void member_put_cursor(const struct member *, struct buf *out);

/* The mode's word to the mode; false when there is none such. */
bool member_mode_parse(const char *word, enum member_mode *out);

/* Whether a post may be made at NOW, and count it: 40/s, 80 in a burst. */
bool member_may_post(struct member *, int64_t now);

#endif
