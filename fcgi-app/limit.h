/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * How often: leaky buckets that hold a quota and fill again evenly over a
 * window.  Those of the sign-in are in the database, so that they hold for
 * all processes together; one of writes is in memory under FastCGI, in the
 * database under plain CGI.  Both are bounded; what makes room is the bucket
 * that is nearest to full.
 *
 * A password is tried against three: the account from this address (tight),
 * all accounts from this address, and the account from all addresses (loose).
 * An address that the account has signed in from before does not count for
 * the last one, so that guesses from elsewhere never lock its owner out
 * there.  A try is counted before the password is looked at, so that many at
 * once get no further than one after the other.
 */
#ifndef FCGI_APP_LIMIT_H
#define FCGI_APP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "shared/conf.h"
#include "shared/status.h"
#include "user.h"

#define LIMIT_SUBJECT_MAX 72 /* bytes of a bucket's name, with the NUL */
#define LIMIT_ADDRESS_MAX 56 /* bytes of an address, with the NUL */

/* What RateLimit says of a bucket (draft-ietf-httpapi-ratelimit-headers). */
struct limit {
	const char *name; /* of the policy, static; NULL: no limit applies */
	long quota;       /* how many ... */
	long window_s;    /* ... in so many seconds */
	long left;        /* of them now */
	long reset_s;     /* until it is full again */
	long retry_s;     /* until the next is let in; 0: at once */
};

/* The buckets of a try to sign in. */
enum limit_kind { LIMIT_PAIR, LIMIT_ADDRESS, LIMIT_ACCOUNT, LIMIT_KINDS };

/* A try to sign in. */
struct limit_try {
	const struct conf *conf; /* borrowed */
	int64_t user_id;         /* of the account; 0: there is none */
	bool known;              /* it has signed in from this address */
	char address[LIMIT_ADDRESS_MAX];
	char subject[LIMIT_KINDS][LIMIT_SUBJECT_MAX];
};

/*
 * A client's address as limits see it: IPv4 as it is, IPv6 by its /64, ""
 * for what is none (NULL, "unix:").
 */
void limit_address(const char *text, char out[LIMIT_ADDRESS_MAX]);

/*
 * Begin a try to sign in as USERNAME, whose account is USER_ID or 0, from
 * the web server's REMOTE_ADDR (may be NULL).  Only reads: ST_OK,
 * ST_TOO_MANY with OUT telling the bucket, ST_UNAVAILABLE.
 */
enum status limit_try_begin(struct limit_try *, struct db *reader,
    const struct conf *, const char *username, int64_t user_id,
    const char *remote_addr, struct limit *out);

/*
 * Count it, in a write transaction of its own; the same results.  OUT tells
 * what is left for this account from this address.
 */
enum status limit_try_count(struct limit_try *, struct limit *out);

/*
 * The password was right: take the try back, forget those before it for this
 * account from this address, and know the address from now on.
 */
void limit_try_good(const struct limit_try *, struct limit *out);

/*
 * A write of that user, or of that token, whose bucket is its own: ST_OK,
 * counted, or ST_TOO_MANY.  DURABLE: count in the database, in a transaction
 * of its own; ST_UNAVAILABLE when it cannot be.
 */
enum status limit_write(struct db *reader, const struct conf *,
    const struct identity *, bool durable, struct limit *out);

/* Forget full buckets and addresses not seen for 90 days. */
enum status limit_prune(struct db *writer);

#endif
