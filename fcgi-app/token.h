/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Tokens: what a script signs in with, "Authorization: Bearer sr_...".  A
 * token acts as its user, at most with its own role; the database keeps only
 * a digest of the secret.
 */
#ifndef FCGI_APP_TOKEN_H
#define FCGI_APP_TOKEN_H

#include <stdint.h>

#include "db.h"
#include "user.h"

#define TOKEN_PREFIX   "sr_"
#define TOKEN_LEN      (3 + USER_SECRET_LEN) /* characters of the secret */
#define TOKEN_NAME_MAX 40                    /* characters of the name */
#define TOKEN_SEEN_MS  60000 /* last_used_at is noted so often */

/* A row for token_list(); all texts are borrowed during the call. */
struct token {
	const char *name; /* "label printer" */
	const char *username;
	enum role role;
	const char *created_at; /* RFC 3339 */
	int64_t expires_at;     /* ms since 1970; 0: never */
	int64_t last_used_at;   /* ms since 1970; 0: not yet */
};

/* 1 to TOKEN_NAME_MAX characters, by the rules of user names. */
bool token_name_valid(const char *);

/*
 * Make one; SECRET is shown once and never again.  EXPIRES_AT is ms since
 * 1970, 0: never.  ST_CONFLICT when the name is taken.
 */
enum status token_add(struct db *, const char *name, int64_t user_id, enum role,
    int64_t expires_at, char secret[TOKEN_LEN + 1]);

/* Call EACH for all tokens by name, with ARG. */
enum status token_list(
    struct db *, void (*each)(const struct token *, void *), void *arg);

/* Revoke by name: it and its streams end.  ST_NOT_FOUND. */
enum status token_revoke(struct db *, const char *name);

/*
 * Who a secret is.  ST_UNAUTHORIZED when it is unknown or expired, or its
 * user disabled.
 */
enum status token_find(struct db *, const char *secret, struct identity *out);

/* Note the use. */
enum status token_used(struct db *, const char *secret);

#endif
