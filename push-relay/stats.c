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
	/* What was there before the stream says nothing about speed. */
	if (f->taken < began) {
		st->replays++;
		return;
	}
	histogram_add(&st->fanout, &metric_times, clock_mono_us() - f->taken);
	if (f->at > 0)
		histogram_add(&st->delivery, &metric_times,
		    (clock_utc_ms() - f->at) * 1000);
}
