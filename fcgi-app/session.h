/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Sessions: what a browser has after signing in.  The cookie holds a secret,
 * the database a digest of it; a public id names the session where others
 * may read along.
 */
#ifndef FCGI_APP_SESSION_H
#define FCGI_APP_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "db.h"
#include "user.h"

#define SESSION_SEEN_MS   60000 /* seen_at is noted so often */
#define SESSION_KEEP      64    /* of one user; the least used ones end first */
#define SESSION_REVOKE_MS 90000 /* revokes are told again for so long */
/*
 * And known for so long, to be told to a relay that heard nothing of us
 * meanwhile: as a ticket may last, the most of STOCKROOM_SESSION_HOURS.
 */
#define SESSION_REVOKED_KEEP_MS (INT64_C(8760) * 3600 * 1000)

/* Begin one; SECRET goes into the cookie, PUBLIC_ID into tickets. */
enum status session_add(struct db *, int64_t user_id, int64_t expires_at,
    char secret[USER_SECRET_LEN + 1], char public_id[USER_PUBLIC_LEN + 1]);

/*
 * Who a secret is.  ST_UNAUTHORIZED when it is unknown or expired, or its
 * user disabled.
 */
enum status session_find(struct db *, const char *secret, struct identity *out);

/* Note that it is in use. */
enum status session_seen(struct db *, const char *secret);

/* Sign out: end it, and void its tickets. */
enum status session_end(struct db *, const char *public_id);

/*
 * After a new password: the session goes on until EXPIRES_AT, under a new
 * SECRET and public id; all others of the user end.  The tickets of all of
 * them are void, its own too: somebody else may have had its old secret.
 * ST_UNAUTHORIZED when it has ended itself.
 */
enum status session_renew(struct db *, int64_t user_id, const char *public_id,
    int64_t expires_at, char secret[USER_SECRET_LEN + 1]);

/* Note that tickets of a session or token are void from now on. */
enum status session_note_revoked(struct db *, const char *public_id);

/*
 * What the tickets of a user whom the web server signs in name as their
 * session: the same for all of the user's browsers, since only the web server
 * can tell them apart.
 */
void session_remote(int64_t user_id, char out[USER_PUBLIC_LEN + 1]);

/* Whether that is such a name: signing out ends it, and it may come again. */
bool session_is_remote(const char *public_id);

/* Call EACH with what was revoked after SINCE, ms since 1970: a public id, or
 * NULL and a user. */
enum status session_revoked_since(struct db *, int64_t since,
    void (*each)(const char *public_id, int64_t user_id, int64_t at, void *arg),
    void *arg);

/* Forget what has expired. */
enum status session_prune(struct db *);

/* Read the columns that SQL_SESSION_FIND and SQL_TOKEN_FIND share. */
void session_read_identity(struct query *, struct identity *);

#endif
