/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What the relay counts for its operator.
 */
#ifndef PUSH_RELAY_STATS_H
#define PUSH_RELAY_STATS_H

#include <stdint.h>

/* Since the start, but for streams. */
struct stats {
	int64_t streams; /* open now, and pages that poll */
	int64_t streams_opened;
	int64_t streams_replayed; /* opened with nothing missed */
	int64_t polls;            /* polls answered */
	int64_t held;             /* polls that wait now */
	int64_t events;           /* durable events taken */
	int64_t repeats;          /* durable events that were known already */
	int64_t frames;           /* frames given to streams */
	int64_t dropped;          /* passing frames dropped for slow streams */
	int64_t slow;             /* streams that fell out of the ring */
	int64_t posts;            /* requests to /push/ other than streams */
	int64_t refused;          /* requests answered with 4xx or 5xx */
};

#endif
