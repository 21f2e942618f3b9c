/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Between the two halves of the sandbox.
 */
#ifndef SHARED_SANDBOX_INNER_H
#define SHARED_SANDBOX_INNER_H

#include <stdbool.h>

#include "sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#else
#define SANDBOX_SANITIZED 0
#endif

/*
 * Refuse the calls of the list from now on, in all threads.  False, with
 * errno, when the kernel cannot.
 */
bool sandbox_calls(enum sandbox_mode);

#endif
