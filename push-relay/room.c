/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "room-lease.h"
#include "room.h"
#include "shared/clock.h"
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
	r->version = 1;
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
	free(r->held);
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

/* Take a member from the cursors that are due. */
static void
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

void
room_send(struct room *r, struct frame *f)
{
	struct subscriber *sub, *next;

	for (sub = r->subs; sub != NULL; sub = next) {
		next = sub->room_next;
		sub->ops->deliver(sub, f);
	}
	frame_drop(f);
}

void
room_announce(struct room *r, struct frame *f, int64_t now)
{
	if (r->window.place == 0) {
		timer_set(r->timers, &r->window, now + ROOM_WINDOW);
		room_send(r, f);
		return;
	}
	r->held = grown(r->held, r->held_count, &r->held_size);
	r->held[r->held_count++] = f;
}

/* Send what the window holds: what comes next may rest on it. */
static void
room_flush(struct room *r)
{
	unsigned i;

	for (i = 0; i < r->held_count; i++)
		room_send(r, r->held[i]);
	r->held_count = 0;
}

void
room_announce_now(struct room *r, struct frame *f, int64_t now)
{
	(void)now;
	room_flush(r);
	room_send(r, f);
}

static void
room_window(void *arg, int64_t now)
{
	struct room *r = arg;

	if (r->held_count == 0)
		return;
	room_flush(r);
	timer_set(r->timers, &r->window, now + ROOM_WINDOW);
}

static int64_t
room_tick_ms(const struct room *r)
{
	return r->members > ROOM_BIG ? ROOM_TICK_BIG : ROOM_TICK;
}

void
room_cursor(struct room *r, struct member *m, int64_t now)
{
	r->list_version = 0;
	if (r->tick.place == 0) {
		timer_set(r->timers, &r->tick, now + room_tick_ms(r));
		room_flush(r);
		room_send(r, frame_json(LANE_CURSOR, "cursor_updated",
				 member_cursor_json(m)));
		return;
	}
	/* A newer place goes to the end: the newest are kept in a crowd. */
	room_undue(r, m);
	r->due = grown(r->due, r->due_count, &r->due_size);
	r->due[r->due_count++] = m;
	m->cursor_due = true;
}

static void
room_tick(void *arg, int64_t now)
{
	struct room *r = arg;
	struct json_object *batch;
	unsigned i, from = 0;

	if (r->due_count == 0)
		return;
	if (r->members > ROOM_BIG && r->due_count > ROOM_BIG / 2)
		from = r->due_count - ROOM_BIG / 2;
	batch = json_object_new_array();
	for (i = 0; i < r->due_count; i++) {
		r->due[i]->cursor_due = false;
		if (i >= from)
			json_object_array_add(
			    batch, member_cursor_json(r->due[i]));
	}
	r->due_count = 0;
	timer_set(r->timers, &r->tick, now + room_tick_ms(r));
	room_flush(r);
	room_send(r, frame_json(LANE_CURSOR, "cursors", batch));
}

void
room_states(struct room *r, int64_t now)
{
	if (r->states.place != 0) {
		r->states_due = true;
		return;
	}
	timer_set(r->timers, &r->states, now + ROOM_STATE_WINDOW);
	room_send(r, frame_hold(room_list(r)));
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

int64_t
room_entries(struct room *r, int64_t from, struct buf *out)
{
	struct member *m;
	const char *text;
	size_t len, start = out->len;
	unsigned count = 0;

	for (m = r->first; m != NULL; m = m->room_next) {
		if (!m->listed || m->serial < from)
			continue;
		text = member_entry(m, &len);
		if (count == ROOM_LIST_MAX ||
		    (count > 0 && out->len - start + len > ROOM_LIST_BYTES))
			return m->serial;
		if (count++ > 0)
			buf_puts(out, ",");
		buf_add(out, text, len);
	}
	return 0;
}

/* Whether the list at hand is of now: its leases say how long they last. */
static bool
room_list_good(const struct room *r, int64_t now)
{
	return r->list != NULL && r->list_version == r->version &&
	       (r->leases.count == 0 || now - r->list_at < ROOM_LIST_AGE);
}

struct frame *
room_list(struct room *r)
{
	int64_t now = clock_mono_ms();
	struct json_object *obj;
	struct buf b = {0};
	const char *text;
	size_t len;

	room_flush(r);
	if (room_list_good(r, now))
		return r->list;
	frame_drop(r->list);
	obj = json_object_new_object();
	json_object_object_add(obj, "room", json_object_new_string(r->name));
	json_object_object_add(obj, "count", json_object_new_int64(r->people));
	json_object_object_add(
	    obj, "version", json_object_new_int64(r->version));
	text = json_out_text(obj, &len);
	/* The list is put in as text: its entries are encoded already. */
	buf_add(&b, text, len - 1);
	r->list_users = b.len;
	buf_puts(&b, ",\"users\":[");
	buf_puts(&b, room_entries(r, 0, &b) == 0 ? "]" : "],\"more\":true");
	buf_puts(&b, ",\"leases\":");
	room_lease_list(r, now, &b);
	buf_puts(&b, "}");
	r->list =
	    frame_new(LANE_PRESENCE, "presence_update", NULL, b.data, b.len);
	r->list_users += r->list->data;
	r->list->version = r->version;
	r->list_version = r->version;
	r->list_at = now;
	buf_reset(&b);
	json_object_put(obj);
	return r->list;
}

const char *
room_users(struct room *r, size_t *len)
{
	struct frame *f = room_list(r);

	*len = f->data + f->data_len - r->list_users;
	return f->text + r->list_users;
}
