/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Who asks, and whether the page that asks is ours: cookies, tokens, the web
 * server's word, the origin check, and sign-in with its limits.
 */
#ifndef FCGI_APP_AUTH_H
#define FCGI_APP_AUTH_H

#include "request.h"
#include "response.h"

/*
 * Read the bearer token, else the cookie or the web server's word, and fill
 * who.  ST_OK also for nobody, and for a page of another origin without a
 * token; ST_UNAUTHORIZED for a token that does not hold, whatever the rest
 * says; ST_FORBIDDEN for one whom the web server knows and we do not let in.
 */
enum status auth_identify(struct req *);

/*
 * The same again inside the write transaction, and note the use once a
 * minute.
 */
enum status auth_again(struct req *);

/* ST_OK when who has that role; ST_UNAUTHORIZED, ST_FORBIDDEN. */
enum status auth_role(struct req *, enum role least);

/*
 * ST_OK when a write comes from a page of ours or with a token;
 * ST_FORBIDDEN.
 */
enum status auth_origin(struct req *);

/*
 * Check a password; about 100 ms.  ST_UNAUTHORIZED, in the same time, for a
 * wrong one and for nobody; ST_TOO_MANY after too many failures and when too
 * many sign in at once.
 */
enum status auth_password(struct req *, const char *username,
    const char *password, size_t len, struct user *out);

/*
 * Hash a new password, when it is our turn; as slow.  ST_TOO_MANY when too
 * many others wait; ST_UNAVAILABLE without memory.
 */
enum status auth_hash(
    struct req *, const char *password, size_t len, char out[USER_HASH_MAX]);

#endif
