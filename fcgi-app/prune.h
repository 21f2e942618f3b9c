/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Rows that have had their time are deleted, so many at once, so that nobody
 * waits for long.  Of the log only its oldest part goes: what is left has no
 * holes.
 */
#ifndef FCGI_APP_PRUNE_H
#define FCGI_APP_PRUNE_H

#include <stdint.h>

#include "db.h"

#define PRUNE_IDEM_MS ((int64_t)30 * 24 * 3600 * 1000) /* answers kept */
#define PRUNE_LOG_MIN 4096 /* newest changes, which the relay replays */

/* What can be pruned. */
enum prune_kind {
	PRUNE_SESSIONS,
	PRUNE_REVOKED,
	PRUNE_ANSWERS, /* for an Idempotency-Key */
	PRUNE_CHANGES,
	PRUNE__COUNT
};

/* Its name as a member of an answer; static. */
const char *prune_name(enum prune_kind);

/*
 * The newest change that may go: all up to it are older than BEFORE, ms
 * since 1970, none is among the newest PRUNE_LOG_MIN, and none comes after
 * RELAY_HAS, where that is not negative.  0: none.
 */
enum status prune_last_change(
    struct db *, int64_t before, int64_t relay_has, int64_t *last);

/*
 * Delete at most LIMIT rows in the transaction under way; *COUNT is how many
 * they were.  NOW is ms since 1970; LAST is for PRUNE_CHANGES.
 */
enum status prune_some(struct db *, enum prune_kind, int64_t now, int64_t last,
    int limit, int64_t *count);

#endif
