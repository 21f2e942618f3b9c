/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A hash of bytes for the relay's tables (FNV-1a).  It is no guard against
 * those who choose what is hashed: the tables stay right, if slow, then, and
 * bounds on what they hold keep that harmless.
 */
#ifndef PUSH_RELAY_HASH_H
#define PUSH_RELAY_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const char *text, size_t len);

/* The same of a whole string. */
uint64_t hash_text(const char *text);

#endif
