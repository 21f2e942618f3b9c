/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Dice that fall the same way for the same seed, so that a run can be had
 * again.  Nothing secret hangs on them.
 */
#ifndef BENCH_DICE_H
#define BENCH_DICE_H

#include <stdint.h>

/* All of their state; never zero after dice_seed. */
struct dice {
	uint64_t state;
};

/* Start them; any seed will do. */
void dice_seed(struct dice *, uint64_t seed);

/* A number from 0 to N - 1; 0 when N is 0. */
uint64_t dice_roll(struct dice *, uint64_t n);

#endif
