/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "stats.h"

#include <assert.h>
#include <string.h>

#include "shared/clock.h"

static const char *const codes[STATS_CODES] = {"epoch", "full", "life",
    "position", "replaced", "shutdown", "slow", "starting", "ticket", "other"};

const char *
stats_code(int i)
{
	assert(i >= 0 && i < STATS_CODES);
	return codes[i];
}

void
stats_bye(struct stats *st, const char *code)
{
	int i = 0;

	while (i < STATS_CODES - 1 && strcmp(codes[i], code) != 0)
		i++;
	st->byes[i]++;
}

void
stats_deliver(struct stats *st, const struct frame *f, int64_t began)
{
	int64_t us;

	/* What was there before the stream says nothing about speed. */
	if (f->taken < began) {
		st->replays++;
		return;
	}
	us = clock_mono_us() - f->taken;
	histogram_add(&st->fanout, &metric_times, us);
	if (f->age >= 0)
		histogram_add(&st->delivery, &metric_times, f->age + us);
}
