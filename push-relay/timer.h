/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Timers of the loop: a binary min-heap of timers that live inside what they
 * time.  Setting one that already waits moves it; a timer that runs no longer
 * waits.  Times are milliseconds of clock_mono_ms().
 */
#ifndef PUSH_RELAY_TIMER_H
#define PUSH_RELAY_TIMER_H

#include <stddef.h>
#include <stdint.h>

/* One thing to do later.  All zeroes but for fn and arg is one at rest. */
struct timer {
	void (*fn)(void *arg, int64_t now); /* may free the timer */
	void *arg;                          /* borrowed */
	int64_t at;                         /* when it is due */
	size_t place; /* in the heap, from 1; 0: at rest */
};

/* The heap.  All zeroes is an empty one. */
struct timers {
	struct timer **heap; /* owned array of borrowed timers */
	size_t len;          /* timers that wait */
	size_t size;         /* room in heap */
};

/* Let it run at AT, whether it waits already or not. */
void timer_set(struct timers *, struct timer *, int64_t at);

/* Put it at rest; harmless when it is. */
void timer_stop(struct timers *, struct timer *);

/* When the next one is due; INT64_MAX: none waits. */
int64_t timers_next(const struct timers *);

/* Run those that are due at NOW; one set again for NOW runs next time. */
void timers_run(struct timers *, int64_t now);

/* Forget all timers and free the heap. */
void timers_reset(struct timers *);

#endif
