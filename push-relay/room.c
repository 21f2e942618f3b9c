/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "room-list.h"
#include "room.h"
#include "shared/json.h"
#include "shared/log.h"

static void room_tick(void *, int64_t);
static void room_window(void *, int64_t);
static void room_states_tick(void *, int64_t);

/* An array of pointers with room for one more. */
static void *
grown(void *array, unsigned count, unsigned *size)
{
	if (count < *size)
		return array;
	*size = *size == 0 ? 16 : *size * 2;
	if ((array = realloc(array, *size * sizeof(void *))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	return array;
}

struct room *
room_new(const char *name, struct timers *timers, struct stats *stats)
{
	struct room *r;
	size_t len = strlen(name);

	assert(len < sizeof(r->name));
	if ((r = calloc(1, sizeof(*r))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	memcpy(r->name, name, len + 1);
	r->version = r->told = 1;
	r->timers = timers;
	r->stats = stats;
	r->tick = (struct timer){.fn = room_tick, .arg = r};
	r->window = (struct timer){.fn = room_window, .arg = r};
	r->states = (struct timer){.fn = room_states_tick, .arg = r};
	return r;
}

void
room_free(struct room *r)
{
	unsigned i;

	assert(r->first == NULL && r->subs == NULL && r->leases.count == 0);
	timer_stop(r->timers, &r->tick);
	timer_stop(r->timers, &r->window);
	timer_stop(r->timers, &r->states);
	for (i = 0; i < r->held_count; i++)
		frame_drop(r->held[i]);
	frame_drop(r->list);
	buf_reset(&r->lease_text);
	free(r->due);
	free(r);
}

void
room_add(struct room *r, struct member *m)
{
	assert(m->room == NULL);
	m->room = r;
	m->room_next = NULL;
	m->room_prev = r->last;
	if (r->last != NULL)
		r->last->room_next = m;
	else
		r->first = m;
	r->last = m;
	r->members++;
}

void
room_undue(struct room *r, struct member *m)
{
	unsigned i, kept = 0;

	if (!m->cursor_due)
		return;
	for (i = 0; i < r->due_count; i++) {
		if (r->due[i] != m)
			r->due[kept++] = r->due[i];
	}
	r->due_count = kept;
	m->cursor_due = false;
}

void
room_remove(struct room *r, struct member *m)
{
	assert(m->room == r);
	room_undue(r, m);
	if (m->room_prev != NULL)
		m->room_prev->room_next = m->room_next;
	else
		r->first = m->room_next;
	if (m->room_next != NULL)
		m->room_next->room_prev = m->room_prev;
	else
		r->last = m->room_prev;
	m->room = NULL;
	m->room_next = m->room_prev = NULL;
	r->members--;
}

void
room_subscribe(struct room *r, struct subscriber *sub)
{
	assert(sub->room == NULL);
	sub->room = r;
	sub->since = r->version; /* it was given the list of now */
	sub->room_prev = NULL;
	sub->room_next = r->subs;
	if (r->subs != NULL)
		r->subs->room_prev = sub;
	r->subs = sub;
}

void
room_unsubscribe(struct subscriber *sub)
{
	if (sub->room == NULL)
		return;
	if (sub->room_prev != NULL)
		sub->room_prev->room_next = sub->room_next;
	else
		sub->room->subs = sub->room_next;
	if (sub->room_next != NULL)
		sub->room_next->room_prev = sub->room_prev;
	sub->room = NULL;
	sub->room_next = sub->room_prev = NULL;
}

/* A frame for all listeners, at once.  Its hold goes to the room. */
static void
room_send(struct room *r, struct frame *f)
{
	struct subscriber *sub, *next;

	for (sub = r->subs; sub != NULL; sub = next) {
		next = sub->room_next;
		sub->ops->deliver(sub, f);
	}
	frame_drop(f);
}

/* A presence frame for all who do not know it yet, likewise. */
static void
room_tell(struct room *r, struct frame *f)
{
	struct subscriber *sub, *next;

	assert(f->version >= r->told);
	r->told = f->version;
	for (sub = r->subs; sub != NULL; sub = next) {
		next = sub->room_next;
		if (sub->since < f->version)
			sub->ops->deliver(sub, f);
	}
	frame_drop(f);
}

/* Send what the window holds: what comes next may rest on it. */
static void
room_flush(struct room *r)
{
	unsigned i;

	for (i = 0; i < r->held_count; i++)
		room_tell(r, r->held[i]);
	r->spent += r->held_count;
	r->held_count = 0;
}

/* Hold a frame until the window ends; too many become a list. */
static void
room_hold(struct room *r, struct frame *f)
{
	if (!r->storm && r->held_count < ROOM_STORM) {
		r->held[r->held_count++] = f;
		return;
	}
	r->storm = true;
	frame_drop(f);
	while (r->held_count > 0)
		frame_drop(r->held[--r->held_count]);
}

static int64_t
room_window_ms(const struct room *r)
{
	int64_t ms = ROOM_WINDOW;

	if (r->listed > ROOM_FEW)
		ms = ms * r->listed / ROOM_FEW;
	return ms < ROOM_WINDOW_MAX ? ms : ROOM_WINDOW_MAX;
}

/* Send what the window holds before its end; false: it had enough. */
static bool
room_hurry(struct room *r)
{
	if (r->storm || r->spent + r->held_count > ROOM_STORM)
		return false;
	room_flush(r);
	return true;
}

/* Send at once if the window has not had MOST frames, else at its end. */
static void
room_present(struct room *r, struct frame *f, unsigned most, int64_t now)
{
	assert(f->version == r->version);
	if (r->window.place == 0) {
		timer_set(r->timers, &r->window, now + room_window_ms(r));
		r->spent = 0;
	}
	if (r->storm || r->spent + r->held_count >= most) {
		room_hold(r, f);
		return;
	}
	room_flush(r);
	room_tell(r, f);
	r->spent++;
}

void
room_announce(struct room *r, struct frame *f, int64_t now)
{
	room_present(r, f, 1, now);
}

void
room_announce_now(struct room *r, struct frame *f, int64_t now)
{
	room_present(r, f, ROOM_STORM, now);
}

/* The list of now for all: what is held is part of it. */
static void
room_tell_list(struct room *r, int64_t now)
{
	if (!r->storm)
		room_flush(r);
	r->storm = false;
	r->told = r->version;
	room_send(r, r->listed > ROOM_FEW ? room_list_brief(r, now)
					  : frame_hold(room_list(r)));
}

static void
room_window(void *arg, int64_t now)
{
	struct room *r = arg;

	r->spent = 0;
	if (r->storm) {
		room_tell_list(r, now);
		r->spent = 1;
	} else {
		room_flush(r);
	}
	if (r->spent > 0)
		timer_set(r->timers, &r->window, now + room_window_ms(r));
	if (r->due_count > 0 && r->tick.place == 0)
		room_tick(r, now);
}

static int64_t
room_tick_ms(const struct room *r)
{
	int64_t ms = ROOM_TICK + r->members / ROOM_TICK_MORE;

	return ms < ROOM_TICK_BIG ? ms : ROOM_TICK_BIG;
}

/* Send places of pointers, which are emptied. */
static void
room_send_cursors(struct room *r, const char *event, struct buf *places)
{
	room_send(
	    r, frame_new(LANE_CURSOR, event, NULL, places->data, places->len));
	buf_reset(places);
}

void
room_cursor(struct room *r, struct member *m, int64_t now)
{
	struct buf b = {0};

	r->list_version = 0;
	/* It does not overtake the coming of its page. */
	if (r->tick.place == 0 && (m->since <= r->told || room_hurry(r))) {
		timer_set(r->timers, &r->tick, now + room_tick_ms(r));
		member_put_cursor(m, &b);
		room_send_cursors(r, "cursor_updated", &b);
		return;
	}
	/* A newer place goes to the end: the newest are kept in a crowd. */
	room_undue(r, m);
	r->due = grown(r->due, r->due_count, &r->due_size);
	r->due[r->due_count++] = m;
	m->cursor_due = true;
}

/* Leave those that are due, but not to go out: of pages yet to be told. */
static void
room_due_clear(struct room *r)
{
	unsigned i, kept = 0;

	for (i = 0; i < r->due_count; i++) {
		if (r->due[i]->since > r->told)
			r->due[kept++] = r->due[i];
		else
			r->due[i]->cursor_due = false;
	}
	r->due_count = kept;
}

static void
room_tick(void *arg, int64_t now)
{
	struct room *r = arg;
	struct buf b = {0};
	unsigned i, most = r->due_count;

	if (r->members > ROOM_BIG && most > ROOM_BIG / 2)
		most = ROOM_BIG / 2;
	for (i = r->due_count - most; i < r->due_count; i++) {
		if (r->due[i]->since > r->told)
			continue;
		buf_puts(&b, b.len == 0 ? "[" : ",");
		member_put_cursor(r->due[i], &b);
	}
	room_due_clear(r);
	if (b.len == 0)
		return;
	buf_puts(&b, "]");
	timer_set(r->timers, &r->tick, now + room_tick_ms(r));
	room_send_cursors(r, "cursors", &b);
}

void
room_states(struct room *r, int64_t now)
{
	if (r->states.place != 0) {
		r->states_due = true;
		return;
	}
	timer_set(r->timers, &r->states, now + ROOM_STATE_WINDOW);
	room_tell_list(r, now);
}

static void
room_states_tick(void *arg, int64_t now)
{
	struct room *r = arg;

	if (!r->states_due)
		return;
	r->states_due = false;
	room_states(r, now);
}

struct frame *
room_list_for(struct subscriber *sub)
{
	sub->since = sub->room->version;
	return room_list(sub->room);
}

int64_t
room_told(const struct subscriber *sub)
{
	return sub->since > sub->room->told ? sub->since : sub->room->told;
}
