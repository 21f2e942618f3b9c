/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The gate: which ticket may do what.  It holds the public keys, remembers
 * tickets that were verified (verifying takes some 70 us), those that were
 * used in an address, and those that were revoked.
 */
#ifndef PUSH_RELAY_GATE_H
#define PUSH_RELAY_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "member.h"
#include "shared/ticket.h"

#define GATE_ROWS 2048  /* of verified tickets, by their digest ... */
#define GATE_ROW  8     /* ... and how many a row remembers */
#define GATE_USED 16384 /* tickets used in an address that are remembered */
#define GATE_REVOKED                                                           \
	90000          /* ms that a revocation is remembered: longer           \
			  than a ticket opens a stream */
#define GATE_SKEW 5000 /* ms that a ticket may be from the future */

struct gate_verified;
struct gate_revoked;

/* All zeroes but for key_file is a gate that lets nobody in yet. */
struct gate {
	const char *key_file;      /* borrowed */
	struct ticket_keys keys;   /* only the public ones */
	struct ticket_stamp stamp; /* of their file */
	int64_t renewed;           /* UTC ms: since when they are these */
	bool ready;                /* keys are there */
	bool said;                 /* that they are not */
	bool news;                 /* there are others: see gate_news */
	bool warned;               /* of an app with a replaced key */
	/* In each row first what was used last, then NULL. */
	struct gate_verified *cache[GATE_ROWS][GATE_ROW];
	struct {
		uint64_t hash; /* of the ticket's text */
		int64_t until; /* UTC ms; 0: free */
	} used[GATE_USED];     /* a ring */
	unsigned used_next;
	struct gate_revoked *revoked; /* newest first */
};

/*
 * Look whether there are keys, or others than before, at UTC (ms); true when
 * there are any.  The first failure is logged.
 */
bool gate_load(struct gate *, int64_t utc);

/*
 * Whether keys have come since this was asked last: who is here by others is
 * to be judged again.  A ticket may bring them as well as gate_load.
 */
bool gate_news(struct gate *);
void gate_reset(struct gate *);

/*
 * Read a ticket: genuine, of a session that has not ended at UTC, and not
 * revoked.  ST_OK, ST_UNAUTHORIZED, or ST_UNAVAILABLE: no key yet.
 */
enum status gate_read(struct gate *, const char *text, size_t len, int64_t utc,
    struct ticket *out);

/*
 * Whether a ticket that was read opens a stream: a fresh one does, another
 * one only for the member M of its sid, which may be NULL, and when its key
 * was not replaced since: pages get tickets of the new key one after the other.
 * ST_OK, ST_UNAUTHORIZED, or ST_FORBIDDEN: the sid is another user's.
 */
enum status gate_opens(
    const struct ticket *, const struct member *m, int64_t utc);

/* Whether a ticket that was read serves the member; the same statuses. */
enum status gate_serves(const struct ticket *, const struct member *m);

/*
 * Count the use of a fresh ticket in an address: true only the first time.
 */
bool gate_use(struct gate *, const char *text, size_t len, int64_t utc);

/*
 * Refuse tickets of a session that were issued up to AT, or of a user, SESSION
 * being "", that know nothing of AT, when what the user may was changed.
 */
void gate_revoke(struct gate *, const char *session, int64_t user_id,
    int64_t at, int64_t utc);

#endif
