/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * How often something may be done: so many times a second, and so many at
 * once after a rest.
 */
#ifndef PUSH_RELAY_RATE_H
#define PUSH_RELAY_RATE_H

#include <stdbool.h>
#include <stdint.h>

/* All zeroes is one after a long rest. */
struct rate {
	int64_t tokens; /* times that are left, in 1/1000 */
	int64_t at;     /* mono ms; counted at; 0: never */
};

/*
 * Whether it may be done at NOW (mono ms, never going back), and count it:
 * PER_SECOND times a second, BURST at once.
 */
bool rate_take(struct rate *, int64_t now, int per_second, int burst);

#endif
