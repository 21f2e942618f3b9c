/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Time in the two shapes that the programs need: a clock that never jumps,
 * for waiting, and UTC, for people and tickets.
 */
#ifndef SHARED_CLOCK_H
#define SHARED_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT 25 /* bytes of "2026-01-02T03:04:05.678Z" with the NUL */

/* Milliseconds of CLOCK_MONOTONIC: only differences mean something. */
int64_t clock_mono_ms(void);

/* The same in microseconds. */
int64_t clock_mono_us(void);

/* Milliseconds since 1970, UTC. */
int64_t clock_utc_ms(void);

/* RFC 3339 in UTC with milliseconds, of the years 1970 to 9999. */
void clock_text(int64_t utc_ms, char out[CLOCK_TEXT]);

/*
 * The time of such a text, ms since 1970; -1 when it is none.  Of the day only
 * the form is looked at.
 */
int64_t clock_parse(const char *text);

#endif
