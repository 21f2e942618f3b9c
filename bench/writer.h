/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Writes items through the REST interface, several at once, each write
 * exactly once: what is not answered is sent again under the same key.  What
 * is written says when it was sent.  Each hand edits an item of its own, or
 * all of them the same ones in every way (mix.h).
 */
#ifndef BENCH_WRITER_H
#define BENCH_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "crowd.h"
#include "mix.h"

#define WRITER_HANDS 64 /* writes under way, at most */

struct writer;

/* One write at a time. */
struct writer_hand {
	struct writer *writer;
	unsigned n;
	bool busy;
	bool made;   /* its item is there */
	int64_t due; /* mono us: to be sent again; 0: under way */
	char key[64];
	char body[96];
	struct mix_write mixed; /* where writes are mixed */
};

/* All zeroes but for what writer_init sets. */
struct writer {
	struct crowd *crowd;
	struct rest rest; /* connections of its own */
	unsigned hands;   /* of those below, in use */
	struct writer_hand hand[WRITER_HANDS];
	struct mix mix;  /* of no size: each has an item of its own */
	int64_t serial;  /* of the last write */
	int64_t wanted;  /* writes not begun */
	int64_t rate;    /* writes a second, at most; 0: as fast as can be */
	int64_t next;    /* mono us: the next may begin */
	int64_t done;    /* answered with success */
	int64_t again;   /* sent again */
	int64_t refused; /* answers that should not be */
	char run[24];    /* makes keys and items unlike those of other runs */
};

void writer_init(struct writer *, struct crowd *, const struct http_address *,
    unsigned hands);

/* From the first write on, write to SIZE items in common, in all ways. */
void writer_mix(struct writer *, unsigned size);

/* COUNT more writes, RATE a second. */
void writer_add(struct writer *, int64_t count, int64_t rate);

/* Do what is due; NOW in us of the monotonic clock. */
void writer_tick(struct writer *, int64_t now);

/* Whether all that was wanted is done. */
bool writer_idle(const struct writer *);

void writer_reset(struct writer *);

#endif
