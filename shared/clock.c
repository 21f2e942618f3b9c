/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "clock.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;
	int failed = clock_gettime(id, &ts);

	assert(!failed);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_utc_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

void
clock_text(int64_t utc_ms, char out[CLOCK_TEXT])
{
	struct tm tm;
	time_t seconds = (time_t)(utc_ms / 1000);
	int n;

	assert(utc_ms >= 0 && utc_ms < INT64_C(253402300800000));
	gmtime_r(&seconds, &tm);
	n = snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000,
	    (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
	    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
	    (unsigned)tm.tm_sec % 100, (unsigned)(utc_ms % 1000) % 1000);
	assert(n == CLOCK_TEXT - 1);
}
