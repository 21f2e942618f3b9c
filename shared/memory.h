/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Memory that ends ends the process: memory.c stands before malloc(3).
 */
#ifndef SHARED_MEMORY_H
#define SHARED_MEMORY_H

#include <stdbool.h>

/*
 * What was asked for is done, and only the telling is left: memory that ends
 * from now on still ends the process, but with EX_OK, having said so.  No
 * more work may follow.
 */
void memory_done(void);

/* Whether that was said. */
bool memory_is_done(void);

#endif
