/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Idempotency keys: the answer to a write is kept with it, in the same
 * transaction, so that a client that never heard it may ask again.  Only what
 * was done is kept: who was refused for want of stock sends the same again
 * when there is some, and keys often are names of their own, such as a sale's.
 * An earlier copy of a refused request could thus be done behind it, therefore
 * route.c does nothing for a client that has gone.
 */
#ifndef FCGI_APP_IDEM_H
#define FCGI_APP_IDEM_H

#include "request.h"
#include "response.h"

/*
 * The request's Idempotency-Key, NULL when it has none.  ST_BAD_REQUEST when
 * it is not 1 to REQ_KEY_MAX visible ASCII characters.
 */
enum status idem_key(struct req *, const char **key);

/*
 * Look up an earlier answer.  ST_OK with *FOUND true and RS filled with it;
 * ST_KEY_USED when the key was used for something else.
 */
enum status idem_find(
    struct req *, const char *key, struct resp *, bool *found);

/* Keep the answer, a success with status ST. */
enum status idem_keep(
    struct req *, const char *key, struct resp *, enum status st);

/* Forget the answers that are older than 30 days. */
enum status idem_prune(struct db *);

#endif
