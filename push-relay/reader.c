/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <config.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "reader.h"
#include "room-list.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/json.h"

#define FULL_RETRY 2000 /* ms to wait where too many are here */

static void reader_tick(void *, int64_t);

void
reader_init(struct reader *r, struct relay *rl,
    const struct subscriber_ops *ops, const struct event_position *wish,
    void (*ready)(struct reader *))
{
	r->sub.ops = ops;
	r->relay = rl;
	r->ready = ready;
	r->cursor = -1;
	r->timer = (struct timer){.fn = reader_tick, .arg = r};
	if (wish != NULL) {
		r->has_wish = true;
		r->wish = *wish;
	}
}

void
reader_stay(struct reader *r)
{
	int64_t life = r->relay->conf.stream_life * 1000;

	/* A fifth more or less: not all at the hour at which all came. */
	r->life =
	    clock_mono_ms() + life * 4 / 5 + random() % (life * 2 / 5 + 1);
}

struct reader *
reader_of(struct subscriber *sub)
{
	return (struct reader *)(void *)sub;
}

void
reader_push(struct reader *r, struct frame *f)
{
	(void)queue_push(&r->queue, f);
	frame_drop(f);
	r->ready(r);
}

void
reader_part(struct reader *r, int64_t since)
{
	timer_stop(&r->relay->loop.timers, &r->timer);
	feed_part(&r->relay->feed, &r->sub);
	room_unsubscribe(&r->sub);
	presence_close(&r->relay->presence, &r->sub, since);
}

void
reader_reset(struct reader *r)
{
	reader_part(r, clock_mono_ms());
	queue_reset(&r->queue);
	frame_drop(r->bye);
	r->bye = NULL;
}

void
reader_end(
    struct subscriber *sub, const char *code, const char *reason, int64_t retry)
{
	struct reader *r = reader_of(sub);

	if (r->ending)
		return;
	r->ending = true;
	r->bye = frame_bye(code, reason, retry);
	stats_bye(&r->relay->stats, code);
	if (!r->drains)
		queue_reset(&r->queue);
	reader_part(r, clock_mono_ms());
	r->ready(r);
}

static void
reader_drop_cursors(struct reader *r)
{
	unsigned n = queue_purge(&r->queue, LANE_CURSOR);

	r->relay->stats.dropped += n;
	r->relay->stats.cursors += n;
}

void
reader_list(struct reader *r)
{
	r->list_due = true;
	reader_drop_cursors(r);
	r->relay->stats.dropped += queue_purge(&r->queue, LANE_PRESENCE);
}

/*
 * Put a passing frame into the queue.  What a receiver that cannot keep up
 * loses is what it needs least: first the cursors, then all.  False: the frame
 * is lost, and the list to come will say it.
 */
static bool
reader_queue(struct reader *r, struct frame *f)
{
	if (r->list_due || (r->cursors_lost && f->lane == LANE_CURSOR))
		return false;
	if (queue_push(&r->queue, f))
		return true;
	r->cursors_lost = true;
	reader_drop_cursors(r);
	if (f->lane == LANE_CURSOR)
		return false;
	if (queue_push(&r->queue, f))
		return true;
	reader_list(r);
	return false;
}

void
reader_deliver(struct subscriber *sub, struct frame *f)
{
	struct reader *r = reader_of(sub);

	if (r->ending)
		return;
	if (!reader_queue(r, f)) {
		r->relay->stats.dropped++;
		r->relay->stats.cursors += f->lane == LANE_CURSOR;
	}
	r->ready(r);
}

static void
put_position(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(
	    obj, key, text == NULL ? NULL : json_object_new_string(text));
}

/* Most readers are told the same, so the last ping is kept for the next one. */
static struct frame *
reader_ping(struct reader *r)
{
	struct relay *rl = r->relay;
	struct json_object *obj;
	int64_t version = r->sub.room == NULL ? 0 : room_told(&r->sub);
	char pos[EVENT_POSITION_MAX] = "";

	(void)ring_position(&rl->feed.ring, pos);
	if (rl->ping != NULL && rl->ping_version == version &&
	    strcmp(rl->ping_position, pos) == 0)
		return frame_hold(rl->ping);
	obj = json_object_new_object();
	put_position(obj, "position", *pos == '\0' ? NULL : pos);
	json_object_object_add(
	    obj, "presence_version", json_object_new_int64(version));
	frame_drop(rl->ping);
	rl->ping = frame_json(LANE_CONTROL, "ping", obj);
	rl->ping_version = version;
	memcpy(rl->ping_position, pos, sizeof(pos));
	return frame_hold(rl->ping);
}

/*
 * Set the timer to the next ping, or to an end before it.  Pings go together
 * where they can: they, and the beats that answer them, wake all that is on
 * the way once, and not each alone.
 */
static void
reader_arm(struct reader *r, int64_t now)
{
	int64_t left = r->ends - clock_utc_ms();

	if (left > READER_PING)
		left = READER_PING - now % READER_AT;
	if (r->life > 0 && left > r->life - now)
		left = r->life - now;
	timer_set(
	    &r->relay->loop.timers, &r->timer, now + (left > 0 ? left : 0));
}

static void
reader_tick(void *arg, int64_t now)
{
	struct reader *r = arg;
	const struct frame *first;

	if (clock_utc_ms() >= r->ends) {
		reader_end(&r->sub, "ticket", "The session has ended", 0);
		return;
	}
	if (r->life > 0 && now >= r->life) {
		reader_end(&r->sub, "life", "Open the stream again",
		    random() % READER_BACK);
		return;
	}
	/* One that has not read the last ping needs no other. */
	first = queue_first(&r->queue);
	if (r->life > 0 && (first == NULL || first->lane != LANE_CONTROL))
		reader_push(r, reader_ping(r));
	reader_arm(r, now);
}

size_t
reader_queued(const struct subscriber *sub)
{
	return ((const struct reader *)(const void *)sub)->queue.bytes;
}

/* The members of room_joined but for the users. */
static struct json_object *
reader_joined_head(struct reader *r, struct room *room, bool recovered)
{
	struct json_object *obj = json_object_new_object();
	struct ring *ring = &r->relay->feed.ring;
	struct event_position to = r->wish;
	char from[EVENT_POSITION_MAX];
	char pos[EVENT_POSITION_MAX];
	char text[EVENT_POSITION_MAX];
	bool known;

	known = ring_position(ring, pos);
	if (r->has_wish)
		event_position_text(&r->wish, from);
	if (known) {
		memcpy(to.epoch, ring->epoch, sizeof(to.epoch));
		to.seq = r->cursor > ring->head ? r->cursor : ring->head;
		event_position_text(&to, text);
	}
	json_object_object_add(obj, "room", json_object_new_string(room->name));
	json_object_object_add(
	    obj, "count", json_object_new_int64(room->people));
	json_object_object_add(
	    obj, "recovered", json_object_new_boolean(recovered));
	put_position(obj, "from", r->has_wish ? from : NULL);
	put_position(obj, "to", known ? text : NULL);
	put_position(obj, "position", known ? pos : NULL);
	json_object_object_add(obj, "settling",
	    json_object_new_boolean(
		clock_mono_ms() - r->relay->started < RELAY_SETTLING));
	json_object_object_add(
	    obj, "build", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(
	    obj, "presence_version", json_object_new_int64(room->version));
	return obj;
}

/* The room_joined of now. */
static struct frame *
reader_joined(struct reader *r, struct room *room, bool recovered)
{
	struct json_object *obj = reader_joined_head(r, room, recovered);
	struct frame *f;
	struct buf b = {0};
	const char *text;
	size_t len;

	text = json_out_text(obj, &len);
	buf_add(&b, text, len - 1); /* the users close the object */
	/* In a big room the page itself is not in the list. */
	buf_puts(&b, ",\"me\":");
	text = member_entry(r->sub.member, &len);
	buf_add(&b, text, len);
	text = room_users(room, &len);
	buf_add(&b, text, len);
	f = frame_new(LANE_CONTROL, "room_joined", NULL, b.data, b.len);
	f->version = room->version;
	buf_reset(&b);
	json_object_put(obj);
	return f;
}

/* The ring has settled: the reader begins. */
static void
reader_begin(struct reader *r)
{
	struct ring *ring = &r->relay->feed.ring;
	struct room *room = r->sub.member->room;
	bool recovered = false;

	r->blind = ring->head < 0;
	if (!r->blind)
		recovered = ring_resolve(
		    ring, r->has_wish ? &r->wish : NULL, &r->cursor);
	r->relay->stats.streams_replayed += recovered;
	r->sub.begun = true;
	r->began = clock_mono_us();
	reader_push(r, reader_joined(r, room, recovered));
	room_subscribe(room, &r->sub);
}

void
reader_open(struct reader *r, const struct ticket *who)
{
	struct relay *rl = r->relay;
	struct json_object *hello = json_object_new_object();
	int64_t now = clock_mono_ms();

	r->ends = who->ends;
	json_object_object_add(hello, "sid", json_object_new_string(who->sid));
	reader_push(
	    r, frame_json(LANE_CONTROL, "connection_established", hello));
	if (presence_open(&rl->presence, who, &r->sub, now) != ST_OK) {
		r->sub.ops->end(
		    &r->sub, "full", "Too many are here", FULL_RETRY);
		return;
	}
	feed_join(&rl->feed, &r->sub);
	reader_arm(r, now);
	if (rl->feed.settled)
		reader_begin(r);
}

/*
 * One that began without a ring, since no app came in time, now gets its
 * place in it: after what the client has, if the ring goes back so far, else
 * at the newest event; the ping tells the client at once what it lacks.
 */
static void
reader_see(struct reader *r)
{
	struct ring *ring = &r->relay->feed.ring;

	r->blind = false;
	if (r->has_wish && strcmp(r->wish.epoch, ring->epoch) != 0) {
		r->sub.ops->end(
		    &r->sub, "epoch", "The inventory was restored", 0);
		return;
	}
	(void)ring_resolve(ring, r->has_wish ? &r->wish : NULL, &r->cursor);
	reader_push(r, reader_ping(r));
}

void
reader_wake(struct subscriber *sub)
{
	struct reader *r = reader_of(sub);

	if (r->ending)
		return;
	if (!sub->begun && r->relay->feed.settled)
		reader_begin(r);
	else if (r->blind && ring_complete(&r->relay->feed.ring))
		reader_see(r);
}

bool
reader_has(const struct reader *r)
{
	return r->queue.count > 0 || r->bye != NULL || r->list_due ||
	       r->cursors_lost ||
	       (r->cursor >= 0 && !r->ending &&
		   r->relay->feed.ring.head > r->cursor);
}

/* The next event of the ring; NULL: there is none, or the reader ends. */
static struct frame *
reader_durable(struct reader *r)
{
	struct ring *ring = &r->relay->feed.ring;
	struct frame *f;

	if (r->cursor < 0 || r->cursor >= ring->head)
		return NULL;
	if (r->cursor + 1 < ring->oldest) {
		r->relay->stats.slow++;
		r->sub.ops->end(&r->sub, "slow", "Too far behind", 0);
		return NULL;
	}
	f = frame_hold(ring_at(ring, r->cursor + 1));
	r->cursor++;
	stats_deliver(&r->relay->stats, f, r->began);
	return f;
}

static struct frame *
reader_next(struct reader *r)
{
	struct frame *f;

	f = queue_first(&r->queue);
	if (f != NULL && f->lane == LANE_CONTROL)
		return queue_pop(&r->queue);
	/* Nothing comes after the bye. */
	if ((!r->ending || (r->drains && r->bye != NULL)) &&
	    (f = reader_durable(r)) != NULL)
		return f;
	if (r->ending && r->queue.count == 0) {
		f = r->bye;
		r->bye = NULL;
		return f;
	}
	if ((f = queue_pop(&r->queue)) != NULL ||
	    (!r->list_due && !r->cursors_lost))
		return f;
	r->list_due = r->cursors_lost = false;
	return frame_hold(room_list_for(&r->sub));
}

struct frame *
reader_take(struct reader *r)
{
	struct frame *f;

	if ((f = reader_next(r)) == NULL)
		return NULL;
	if (f->version > 0)
		r->version = f->version;
	r->relay->stats.frames++;
	r->relay->stats.bytes += (int64_t)f->len;
	return f;
}

void
reader_shutdown(struct relay *rl)
{
	struct subscriber *sub, *next;
	int64_t window;

	/* A thousand a second come back; a few need not wait long. */
	window = rl->stats.streams > 500 ? rl->stats.streams : 500;
	for (sub = rl->feed.subs; sub != NULL; sub = next) {
		next = sub->feed_next;
		reader_of(sub)->drains = true;
		sub->ops->end(sub, "shutdown", "The server restarts",
		    (int64_t)random() % window);
	}
}

void
reader_rekey(struct relay *rl)
{
	struct subscriber *sub;
	struct reader *r;
	int64_t until, at, from_utc = clock_mono_ms() - clock_utc_ms();

	for (sub = rl->feed.subs; sub != NULL; sub = sub->feed_next) {
		r = reader_of(sub);
		until = ticket_keys_until(&rl->gate.keys, sub->member->who.key);
		if (r->ends <= until)
			continue;
		r->ends = until;
		at = until + from_utc;
		/* Later than the next ping: that looks at it. */
		if (at < r->timer.at)
			timer_set(&rl->loop.timers, &r->timer, at);
	}
}
