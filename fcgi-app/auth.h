/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Who asks, and whether the page that asks is ours: cookies, tokens, the
 * origin check, and sign-in with its limits.
 */
#ifndef FCGI_APP_AUTH_H
#define FCGI_APP_AUTH_H

#include "request.h"
#include "response.h"

/*
 * Read the cookie or the bearer token and fill who.  ST_OK also for nobody;
 * ST_UNAUTHORIZED for a token that does not hold, whatever the cookie says.
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

/* Set the session's cookie for MAX_AGE seconds; 0 takes it away. */
void auth_set_cookie(
    const struct req *, struct resp *, const char *secret, long max_age);

#endif
