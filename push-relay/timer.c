/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "shared/log.h"
#include "timer.h"

static void
timer_put(struct timers *ts, struct timer *t, size_t place)
{
	ts->heap[place - 1] = t;
	t->place = place;
}

static void
timer_up(struct timers *ts, struct timer *t)
{
	size_t place = t->place;

	while (place > 1 && ts->heap[place / 2 - 1]->at > t->at) {
		timer_put(ts, ts->heap[place / 2 - 1], place);
		place /= 2;
	}
	timer_put(ts, t, place);
}

static void
timer_down(struct timers *ts, struct timer *t)
{
	size_t place = t->place, child;

	while ((child = place * 2) <= ts->len) {
		if (child < ts->len &&
		    ts->heap[child]->at < ts->heap[child - 1]->at)
			child++;
		if (ts->heap[child - 1]->at >= t->at)
			break;
		timer_put(ts, ts->heap[child - 1], place);
		place = child;
	}
	timer_put(ts, t, place);
}

void
timer_set(struct timers *ts, struct timer *t, int64_t at)
{
	assert(t->fn != NULL);
	t->at = at;
	if (t->place == 0) {
		if (ts->len == ts->size) {
			ts->size = ts->size == 0 ? 64 : ts->size * 2;
			ts->heap =
			    realloc(ts->heap, ts->size * sizeof(*ts->heap));
			if (ts->heap == NULL)
				log_fatal(EX_OSERR, "out of memory");
		}
		timer_put(ts, t, ++ts->len);
	}
	timer_up(ts, t);
	timer_down(ts, t);
}

void
timer_stop(struct timers *ts, struct timer *t)
{
	struct timer *last;
	size_t place = t->place;

	if (place == 0)
		return;
	assert(place <= ts->len && ts->heap[place - 1] == t);
	last = ts->heap[--ts->len];
	t->place = 0;
	if (last == t)
		return;
	timer_put(ts, last, place);
	timer_up(ts, last);
	timer_down(ts, last);
}

int64_t
timers_next(const struct timers *ts)
{
	return ts->len == 0 ? INT64_MAX : ts->heap[0]->at;
}

void
timers_run(struct timers *ts, int64_t now)
{
	struct timer *t;
	size_t most = ts->len;

	/* At most those that waited: one that sets itself anew cannot spin. */
	while (most-- > 0 && ts->len > 0 && ts->heap[0]->at <= now) {
		t = ts->heap[0];
		timer_stop(ts, t);
		t->fn(t->arg, now);
	}
}

void
timers_reset(struct timers *ts)
{
	size_t i;

	for (i = 0; i < ts->len; i++)
		ts->heap[i]->place = 0;
	free(ts->heap);
	memset(ts, 0, sizeof(*ts));
}
