/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Writes of all kinds to items that many share: creates, edits that are
 * merged, adjustments, deletes.  Which comes next is up to the dice and to
 * what the answers have told; what is answered goes into the ledger.
 */
#ifndef BENCH_MIX_H
#define BENCH_MIX_H

#include <stdint.h>

#include "dice.h"
#include "ledger.h"
#include "shared/buf.h"

#define MIX_SLOTS 256 /* items, at most */

/* What is known of an item, by the newest answer. */
struct mix_slot {
	unsigned item;   /* its number in the ledger */
	int64_t version; /* 0: it is not there */
	int64_t older;   /* one that it has had before; 0: none */
};

/* All zeroes but for what mix_init sets. */
struct mix {
	struct ledger ledger;
	struct dice *dice; /* borrowed */
	unsigned size;     /* slots; 0: nothing is mixed */
	struct mix_slot slot[MIX_SLOTS];
};

/* A write; all zeroes before the first. */
struct mix_write {
	struct mix *mix;
	unsigned slot;
	int64_t known; /* the slot's version when it began */
	struct entry entry;
	const char *method;
	char path[160];
	char match[32]; /* If-Match; "": none */
	struct buf body;
};

/* SIZE items whose SKUs begin with PREFIX. */
void mix_init(struct mix *, struct dice *, unsigned size, const char *prefix);

/* Think up the next write, the SERIALth of all; BASE is the site's prefix. */
void mix_begin(
    struct mix *, struct mix_write *, const char *base, int64_t serial);

/*
 * It is answered.  0: it is done, and in the ledger; 1: it is to be sent
 * again; -1: no such answer should come.
 */
int mix_answered(struct mix_write *, int status, const char *body, size_t len);

void mix_reset(struct mix *);

#endif
