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

#include "frame.h"
#include "shared/metric.h"

/* Why streams are ended, and "other". */
#define STATS_CODES 10

/* Since the start, but for streams and held. */
struct stats {
	int64_t streams; /* open now, and pages that poll */
	int64_t streams_opened;
	int64_t streams_replayed;  /* opened with nothing missed */
	int64_t polls;             /* polls answered */
	int64_t held;              /* polls that wait now */
	int64_t events;            /* durable events taken */
	int64_t repeats;           /* durable events that were known already */
	int64_t frames;            /* frames given to streams */
	int64_t replays;           /* of them, events older than the stream */
	int64_t bytes;             /* of these frames */
	int64_t dropped;           /* passing frames dropped for slow streams */
	int64_t cursors;           /* of them, cursors */
	int64_t stalls;            /* times that a socket had no room */
	int64_t slow;              /* streams that fell out of the ring */
	int64_t posts;             /* requests to /push/ other than streams */
	int64_t refused;           /* requests answered with 4xx or 5xx */
	int64_t unauthorized;      /* of them, those with a bad ticket */
	int64_t limited;           /* of them, those that came too often */
	int64_t revocations;       /* told by the app */
	int64_t byes[STATS_CODES]; /* streams ended, by code */

	/*
	 * From the change, and from its arrival here, until a stream that was
	 * open then is given it to write; in µs.
	 */
	struct histogram delivery, fanout;
};

/* The codes of byes: "slow", ..., and "other" as the last.  Static. */
const char *stats_code(int i);

/* A stream is ended, with this code. */
void stats_bye(struct stats *, const char *code);

/*
 * A durable frame is given to a stream that is there since BEGAN, mono µs,
 * to be written now.
 */
void stats_deliver(struct stats *, const struct frame *, int64_t began);

#endif
