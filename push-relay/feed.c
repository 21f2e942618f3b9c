/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "shared/clock.h"
#include "shared/json.h"

#define FEED_FETCH 320 /* bytes of a subscriber and the stream it is of */

static void
feed_give_up(void *arg, int64_t now)
{
	struct feed *fd = arg;

	(void)now;
	fd->settled = true;
	fd->news = true;
}

void
feed_init(
    struct feed *fd, struct timers *timers, struct stats *stats, int64_t now)
{
	memset(fd, 0, sizeof(*fd));
	ring_init(&fd->ring);
	fd->timers = timers;
	fd->stats = stats;
	fd->settle = (struct timer){.fn = feed_give_up, .arg = fd};
	timer_set(timers, &fd->settle, now + FEED_SETTLE);
}

void
feed_reset(struct feed *fd)
{
	assert(fd->subs == NULL);
	timer_stop(fd->timers, &fd->settle);
	ring_reset(&fd->ring);
}

void
feed_join(struct feed *fd, struct subscriber *sub)
{
	sub->feed = fd;
	sub->feed_prev = NULL;
	sub->feed_next = fd->subs;
	if (fd->subs != NULL)
		fd->subs->feed_prev = sub;
	fd->subs = sub;
}

void
feed_part(struct feed *fd, struct subscriber *sub)
{
	if (sub->feed == NULL)
		return;
	if (sub->feed_prev != NULL)
		sub->feed_prev->feed_next = sub->feed_next;
	else
		fd->subs = sub->feed_next;
	if (sub->feed_next != NULL)
		sub->feed_next->feed_prev = sub->feed_prev;
	sub->feed = NULL;
	sub->feed_next = sub->feed_prev = NULL;
}

/* The log begins anew: what the streams have is of another history. */
static void
feed_start(struct feed *fd, const char *epoch, int64_t now)
{
	struct subscriber *sub, *next;
	int64_t window = fd->stats->streams + 1; /* a thousand a second */
	bool again = fd->ring.epoch[0] != '\0';

	ring_start(&fd->ring, epoch);
	if (!again)
		return;
	fd->settled = false;
	timer_set(fd->timers, &fd->settle, now + FEED_SETTLE);
	for (sub = fd->subs; sub != NULL; sub = next) {
		next = sub->feed_next;
		if (sub->begun)
			sub->ops->end(sub, "epoch",
			    "The inventory was restored",
			    (int64_t)random() % window);
	}
}

bool
feed_announce(struct feed *fd, const char *epoch, int64_t head, int64_t now)
{
	int order = strcmp(epoch, fd->ring.epoch);

	if (order < 0)
		return false;
	if (order > 0)
		feed_start(fd, epoch, now);
	if (fd->ring.target < head)
		fd->ring.target = head;
	/* An app without any event: the first one will be 1. */
	if (fd->ring.head < 0 && fd->ring.target == 0)
		ring_skip_to(&fd->ring, 1);
	fd->news = true;
	return true;
}

int64_t
feed_wanted(const struct feed *fd, int64_t oldest)
{
	int64_t from;

	if (fd->ring.head >= 0)
		return fd->ring.head + 1;
	from = fd->ring.target - EVENT_RING + 1;
	if (from < oldest)
		from = oldest;
	return from < 1 ? 1 : from;
}

/* µs since UTC ms MADE; clocks are set, so not below 0. */
static int64_t
feed_age(int64_t made)
{
	int64_t ms = clock_utc_ms() - made;

	return ms < 0 ? 0 : ms * 1000;
}

void
feed_take(struct feed *fd, int64_t seq, struct json_object *body)
{
	struct event_position pos = {.seq = seq};
	struct json_object *when;
	struct frame *f;
	const char *text;
	char id[EVENT_POSITION_MAX];
	int64_t made = -1;
	size_t len;

	if (json_object_object_get_ex(body, "timestamp", &when) &&
	    json_object_is_type(when, json_type_string))
		made = clock_parse(json_object_get_string(when));
	if (fd->ring.head < 0)
		ring_skip_to(&fd->ring, seq);
	assert(seq == fd->ring.head + 1);
	memcpy(pos.epoch, fd->ring.epoch, sizeof(pos.epoch));
	event_position_text(&pos, id);
	json_object_object_del(body, "epoch");
	text = json_out_text(body, &len);
	f = frame_new(LANE_DURABLE, "inventory_changed", id, text, len);
	f->taken = clock_mono_us();
	f->age = made < 1 ? -1 : feed_age(made);
	ring_push(&fd->ring, f);
	fd->stats->events++;
	fd->news = true;
}

void
feed_pruned(struct feed *fd, int64_t oldest)
{
	if (oldest < 1 || (fd->ring.head >= 0 && fd->ring.head + 1 >= oldest))
		return;
	ring_skip_to(&fd->ring, oldest);
	fd->news = true;
}

/*
 * Fetch what the next delivery looks at while this one's is under way: in a
 * crowd it has gone from the caches since the last event.
 */
static void
feed_fetch(const struct subscriber *sub)
{
	const char *p = (const char *)sub;
	size_t i;

	for (i = 0; i < FEED_FETCH; i += 64)
		__builtin_prefetch(p + i);
}

void
feed_flush(struct feed *fd)
{
	struct subscriber *sub, *next;

	if (!fd->news)
		return;
	fd->news = false;
	if (!fd->settled && ring_complete(&fd->ring)) {
		fd->settled = true;
		timer_stop(fd->timers, &fd->settle);
	}
	for (sub = fd->subs; sub != NULL; sub = next) {
		if ((next = sub->feed_next) != NULL)
			feed_fetch(next);
		sub->ops->wake(sub);
	}
}
