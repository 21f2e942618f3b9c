/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The median of what was timed, for programs that print only that.
 */
#ifndef BENCH_MEDIAN_H
#define BENCH_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

/* Of COUNT values, at least one, which are put in order. */
int64_t median(int64_t *values, size_t count);

#endif
