/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "rate.h"

bool
rate_take(struct rate *r, int64_t now, int per_second, int burst)
{
	int64_t most = (int64_t)burst * 1000;

	/* A millisecond is worth PER_SECOND thousandths of a time. */
	if (r->at == 0 || now - r->at > most / per_second)
		r->tokens = most;
	else
		r->tokens += (now - r->at) * per_second;
	if (r->tokens > most)
		r->tokens = most;
	r->at = now;
	if (r->tokens < 1000)
		return false;
	r->tokens -= 1000;
	return true;
}
