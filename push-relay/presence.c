/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "presence.h"
#include "room-lease.h"
#include "shared/clock.h"
#include "shared/conf.h"
#include "shared/log.h"

static void presence_gone(void *, int64_t);

void
presence_init(struct presence *p, const char *palette, unsigned most,
    struct timers *timers, struct stats *stats)
{
	char word[16];

	memset(p, 0, sizeof(*p));
	p->timers = timers;
	p->stats = stats;
	p->most = most;
	while (p->colors < ROOM_COLORS &&
	       conf_word(palette, p->colors, word, sizeof(word))) {
		assert(strlen(word) == 7);
		memcpy(p->palette[p->colors++], word, 8);
	}
	assert(p->colors > 0);
}

struct member *
presence_find(const struct presence *p, const char *sid)
{
	return roster_find(&p->roster, sid);
}

struct room *
presence_room(const struct presence *p, const char *name)
{
	struct room *r = p->rooms;

	while (r != NULL && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

unsigned
presence_streams(const struct presence *p, int64_t user_id)
{
	return roster_count(&p->roster, user_id, true);
}

unsigned
presence_pages(const struct presence *p, int64_t user_id)
{
	return roster_count(&p->roster, user_id, false);
}

/* The place of a colour in the palette; p->colors: it is not in it. */
static unsigned
presence_hue(const struct presence *p, const char *color)
{
	unsigned i = 0;

	while (i < p->colors && strcasecmp(p->palette[i], color) != 0)
		i++;
	return i;
}

/* Whether nobody in the room has this colour. */
static bool
presence_free_color(
    const struct presence *p, const struct room *r, const char *color)
{
	const struct member *m;
	unsigned hue = presence_hue(p, color);

	if (hue < p->colors)
		return r->worn[hue] == 0;
	for (m = r->first; m != NULL; m = m->room_next) {
		if (m->listed && strcasecmp(m->color, color) == 0)
			return false;
	}
	return true;
}

/*
 * The colour that a member gets in its room: the one that the same person
 * has there already; else its wish unless somebody else has that; else the
 * first of those of the palette that the fewest pages have.
 */
static void
presence_color(struct presence *p, struct member *m)
{
	const struct member *twin = roster_twin(&p->roster, m);
	const struct room *r = m->room;
	const char *color;
	unsigned i, best = 0;

	if (twin != NULL) {
		color = twin->color;
	} else if (m->who.color[0] != '\0' &&
		   presence_free_color(p, r, m->who.color)) {
		color = m->who.color;
	} else {
		for (i = 1; i < p->colors; i++) {
			if (r->worn[i] < r->worn[best])
				best = i;
		}
		color = p->palette[best];
	}
	memcpy(m->color, color, sizeof(m->color));
	m->hue = presence_hue(p, color);
}

/* Show a member to the others. */
static void
presence_list(struct presence *p, struct member *m, int64_t now)
{
	struct room *r = m->room;
	bool first;

	assert(!m->listed && r != NULL);
	first = roster_twin(&p->roster, m) == NULL;
	presence_color(p, m);
	m->listed = true;
	m->leaving = false;
	r->listed++;
	if (m->hue < p->colors)
		r->worn[m->hue]++;
	r->people += first;
	m->since = ++r->version;
	member_touch(m);
	room_announce(
	    r, member_frame(m, "user_joined", "first", first, r->version), now);
}

/* Take a member from the others' sight; EXPIRED: nothing is heard of it. */
static void
presence_unlist(struct presence *p, struct member *m, bool expired, int64_t now)
{
	struct room *r = m->room;
	bool last;

	if (!m->listed)
		return;
	room_lease_leave(r, m, expired, now);
	last = roster_twin(&p->roster, m) == NULL;
	m->listed = false;
	m->leaving = false;
	r->listed--;
	if (m->hue < p->colors)
		r->worn[m->hue]--;
	r->people -= last;
	r->version++;
	member_place(m, NULL);
	room_undue(r, m);
	room_announce(
	    r, member_frame(m, "user_left", "last", last, r->version), now);
}

/* Free a room that nobody needs; the rest of the window goes with it. */
static void
presence_close_room(struct presence *p, struct room *r)
{
	struct room **at = &p->rooms;

	if (r->first != NULL || r->subs != NULL)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	room_free(r);
}

static void
presence_move(struct presence *p, struct member *m, const char *name)
{
	struct room *old = m->room, *r;

	if ((r = presence_room(p, name)) == NULL) {
		r = room_new(name, p->timers, p->stats);
		r->next = p->rooms;
		p->rooms = r;
	}
	if (old != NULL)
		room_remove(old, m);
	m->serial = ++p->serial; /* a room is in the order of these */
	room_add(r, m);
	if (old != NULL)
		presence_close_room(p, old);
}

static void
presence_free(struct presence *p, struct member *m)
{
	struct room *r = m->room;

	assert(!m->listed && m->sub == NULL);
	timer_stop(p->timers, &m->gone);
	room_remove(r, m);
	presence_close_room(p, r);
	roster_remove(&p->roster, m);
	member_free(m);
	p->members--;
}

/* When a member will be gone, if nothing happens. */
static int64_t
presence_deadline(const struct member *m)
{
	int64_t at;

	at = m->beat_at + (m->away ? PRESENCE_AWAY : PRESENCE_SILENT);
	if (m->sub == NULL && m->beat_at <= m->closed_at &&
	    m->closed_at + PRESENCE_GRACE < at)
		at = m->closed_at + PRESENCE_GRACE;
	if (m->leaving && m->left_at + PRESENCE_LEAVE < at)
		at = m->left_at + PRESENCE_LEAVE;
	return at;
}

static void
presence_gone(void *arg, int64_t now)
{
	struct member *m = arg;

	presence_unlist(m->presence, m, !m->leaving, now);
	if (m->sub == NULL)
		presence_free(m->presence, m);
}

static void
presence_arm(struct presence *p, struct member *m)
{
	if (m->listed)
		timer_set(p->timers, &m->gone, presence_deadline(m));
	else
		timer_stop(p->timers, &m->gone);
}

static void
presence_alive(struct member *m, int64_t now)
{
	m->beat_at = now;
	m->seen = clock_utc_ms();
	member_touch(m);
}

/* Whether its page is hidden; the others are told when that is new. */
static void
presence_state(struct member *m, bool away, int64_t now)
{
	if (m->away == away)
		return;
	m->away = away;
	member_touch(m);
	m->room->version++;
	/* A crowd reads states when it asks for the list. */
	if (m->room->listed <= ROOM_FEW)
		room_states(m->room, now);
}

static struct member *
presence_new(struct presence *p, const struct ticket *who)
{
	struct member *m;

	if (p->members >= p->most)
		return NULL;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	p->members++;
	m->presence = p;
	member_take(m, who);
	m->gone = (struct timer){.fn = presence_gone, .arg = m};
	roster_add(&p->roster, m);
	presence_move(p, m, who->room);
	return m;
}

/*
 * The member of a ticket that counts from now on, made when there is none;
 * NULL: the relay is full.  It may have to be listed.
 */
static struct member *
presence_admit(struct presence *p, const struct ticket *who, int64_t now)
{
	struct member *m;
	bool moved;

	if ((m = presence_find(p, who->sid)) == NULL &&
	    (m = presence_new(p, who)) == NULL)
		return NULL;
	assert(m->who.user_id == who->user_id);
	moved = strcmp(m->room->name, who->room) != 0;
	if (moved || strcmp(m->who.name, who->name) != 0 ||
	    strcmp(m->who.username, who->username) != 0)
		presence_unlist(p, m, false, now);
	member_take(m, who);
	if (moved)
		presence_move(p, m, who->room);
	m->leaving = false;
	return m;
}

/* End the stream of a page that opens another one. */
static void
presence_replace(struct member *m)
{
	struct subscriber *old = m->sub;

	m->sub = NULL;
	old->member = NULL;
	old->ops->end(
	    old, "replaced", "This page has opened another stream", 0);
}

enum status
presence_open(struct presence *p, const struct ticket *who,
    struct subscriber *sub, int64_t now)
{
	struct member *m = presence_find(p, who->sid);

	if (m != NULL && m->sub != NULL)
		presence_replace(m);
	if ((m = presence_admit(p, who, now)) == NULL)
		return ST_TOO_MANY;
	m->sub = sub;
	sub->member = m;
	presence_beat(p, m, false, now);
	return ST_OK;
}

enum status
presence_enter(
    struct presence *p, const struct ticket *who, bool away, int64_t now)
{
	struct member *m;

	if ((m = presence_admit(p, who, now)) == NULL)
		return ST_TOO_MANY;
	presence_beat(p, m, away, now);
	return ST_OK;
}

void
presence_close(struct presence *p, struct subscriber *sub, int64_t now)
{
	struct member *m = sub->member;

	if (m == NULL)
		return;
	assert(m->sub == sub);
	sub->member = NULL;
	m->sub = NULL;
	m->closed_at = now;
	if (m->listed)
		presence_arm(p, m);
	else
		presence_free(p, m);
}

void
presence_beat(struct presence *p, struct member *m, bool away, int64_t now)
{
	presence_alive(m, now);
	if (m->listed) {
		presence_state(m, away, now);
	} else {
		m->away = away;
		presence_list(p, m, now);
	}
	presence_arm(p, m);
}

void
presence_return(struct presence *p, struct member *m, int64_t now)
{
	m->leaving = false;
	presence_beat(p, m, m->away, now);
}

/* A is NULL for nowhere. */
static bool
cursor_equal(const struct member_cursor *a, const struct member_cursor *b)
{
	static const struct member_cursor nowhere;

	if (a == NULL)
		a = &nowhere;
	return a->has_xy == b->has_xy && a->x == b->x && a->y == b->y &&
	       a->mode == b->mode && strcmp(a->row, b->row) == 0 &&
	       strcmp(a->field, b->field) == 0;
}

void
presence_cursor(struct presence *p, struct member *m,
    const struct member_cursor *c, int64_t now)
{
	presence_beat(p, m, false, now);
	if (cursor_equal(m->cursor, c))
		return;
	member_place(m, c);
	member_touch(m);
	room_cursor(m->room, m, now);
}

void
presence_leave(struct presence *p, struct member *m, int64_t now)
{
	if (m->leaving || !m->listed)
		return;
	m->leaving = true;
	m->left_at = now;
	presence_arm(p, m);
}

/* Which members are meant, and what they are told. */
struct expulsion {
	bool (*meant)(const struct member *, const struct expulsion *);
	const char *reason;
	const char *session; /* of meant */
	int64_t user_id;
	int64_t at;
	const struct ticket_keys *keys;
};

static void
presence_expel(struct presence *p, const struct expulsion *ex, int64_t now)
{
	struct room *r, *next_room;
	struct member *m, *next;
	struct subscriber *sub;

	for (r = p->rooms; r != NULL; r = next_room) {
		next_room = r->next;
		for (m = r->first; m != NULL; m = next) {
			next = m->room_next;
			if (!ex->meant(m, ex))
				continue;
			presence_unlist(p, m, false, now);
			if ((sub = m->sub) == NULL) {
				presence_free(p, m);
				continue;
			}
			/* Its end leaves the room, and frees the member. */
			sub->ops->end(sub, "ticket", ex->reason, 0);
		}
	}
}

static bool
is_revoked(const struct member *m, const struct expulsion *ex)
{
	if (ex->session[0] != '\0')
		return m->who.issued <= ex->at &&
		       strcmp(m->who.session, ex->session) == 0;
	return m->who.rights < ex->at && m->who.user_id == ex->user_id;
}

void
presence_revoke(struct presence *p, const char *session, int64_t user_id,
    int64_t at, int64_t now)
{
	struct expulsion ex = {.meant = is_revoked,
	    .reason = "Signed out",
	    .session = session,
	    .user_id = user_id,
	    .at = at};

	presence_expel(p, &ex, now);
}

static bool
is_unsigned(const struct member *m, const struct expulsion *ex)
{
	return ticket_keys_until(ex->keys, m->who.key) == 0;
}

void
presence_rekey(struct presence *p, const struct ticket_keys *keys, int64_t now)
{
	struct expulsion ex = {.meant = is_unsigned,
	    .reason = "The ticket's key is no longer good",
	    .keys = keys};

	presence_expel(p, &ex, now);
}

void
presence_list_all(struct presence *p, int64_t now)
{
	struct room *r;

	for (r = p->rooms; r != NULL; r = r->next)
		room_states(r, now);
}

void
presence_reset(struct presence *p)
{
	struct room *r;
	struct member *m;

	/* A room has someone in it: the last one closes it. */
	while ((r = p->rooms) != NULL) {
		m = r->first;
		assert(m != NULL && m->sub == NULL);
		room_lease_leave(r, m, false, 0);
		m->listed = false;
		presence_free(p, m);
	}
	memset(p, 0, sizeof(*p));
}
