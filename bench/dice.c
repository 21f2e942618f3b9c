/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "dice.h"

void
dice_seed(struct dice *d, uint64_t seed)
{
	/* Neighbouring seeds must not look alike. */
	d->state = (seed + 1) * 0x9E3779B97F4A7C15ULL;
	d->state ^= d->state >> 31;
	if (d->state == 0)
		d->state = 1;
}

/* xorshift64* */
uint64_t
dice_roll(struct dice *d, uint64_t n)
{
	uint64_t x = d->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	d->state = x;
	return n == 0 ? 0 : ((x * 0x2545F4914F6CDD1DULL) >> 11) % n;
}
