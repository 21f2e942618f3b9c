/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REMOTE "remote-" /* other public ids are hex digits */

/* End those of a user that are noted as revoked. */
static enum status
end_noted(struct db *db, int64_t user_id)
{
	struct query *q;

	q = db_query(db, SQL_SESSION_END_REVOKED);
	db_bind_int(q, ":user_id", user_id);
	return db_done(q, ST_OK);
}

/* End those of a user that are too many. */
static enum status
trim(struct db *db, int64_t user_id)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_REVOKED_ADD_TRIMMED);
	db_bind_int(q, ":user_id", user_id);
	db_bind_int(q, ":keep", SESSION_KEEP);
	db_bind_int(q, ":at", clock_utc_ms());
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return end_noted(db, user_id);
}

enum status
session_add(struct db *db, int64_t user_id, int64_t expires_at,
    char secret[USER_SECRET_LEN + 1], char public_id[USER_PUBLIC_LEN + 1])
{
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];
	enum status st;

	user_new_secret(secret);
	user_digest(secret, digest);
	user_new_public_id(public_id);
	q = db_query(db, SQL_SESSION_ADD);
	db_bind_text(q, ":id_hash", digest);
	db_bind_text(q, ":public_id", public_id);
	db_bind_int(q, ":user_id", user_id);
	db_bind_int(q, ":expires_at", expires_at);
	db_bind_int(q, ":now", clock_utc_ms());
	if ((st = db_done(q, ST_FAULT)) != ST_OK)
		return st;
	return trim(db, user_id);
}

void
session_read_identity(struct query *q, struct identity *who)
{
	who->user_id = db_int(q, 0);
	db_copy(q, 1, who->username, sizeof(who->username));
	db_copy(q, 1, who->display, sizeof(who->display));
	who->role = user_role_parse(db_text(q, 2));
	db_copy(q, 3, who->color, sizeof(who->color));
	db_copy(q, 5, who->session, sizeof(who->session));
	who->seen = db_int(q, 7);
	who->rights = db_int(q, 8);
}

enum status
session_find(struct db *db, const char *secret, struct identity *out)
{
	struct identity who = {0};
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];
	enum status st;

	user_digest(secret, digest);
	q = db_query(db, SQL_SESSION_FIND);
	db_bind_text(q, ":id_hash", digest);
	db_bind_int(q, ":now", clock_utc_ms());
	if (db_row(q) && db_int(q, 4) == 0) {
		session_read_identity(q, &who);
		who.ends = db_int(q, 6);
	}
	if ((st = db_done(q, ST_UNAUTHORIZED)) != ST_OK)
		return st;
	if (who.user_id == 0)
		return ST_UNAUTHORIZED;
	*out = who;
	return ST_OK;
}

enum status
session_seen(struct db *db, const char *secret)
{
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];

	user_digest(secret, digest);
	q = db_query(db, SQL_SESSION_SEEN);
	db_bind_int(q, ":now", clock_utc_ms());
	db_bind_text(q, ":id_hash", digest);
	return db_done(q, ST_OK);
}

enum status
session_note_revoked(struct db *db, const char *public_id)
{
	struct query *q;

	q = db_query(db, SQL_REVOKED_ADD);
	db_bind_text(q, ":public_id", public_id);
	db_bind_int(q, ":at", clock_utc_ms());
	return db_done(q, ST_OK);
}

enum status
session_end(struct db *db, const char *public_id)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_SESSION_END);
	db_bind_text(q, ":public_id", public_id);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return session_note_revoked(db, public_id);
}

static enum status
end_others(struct db *db, int64_t user_id, const char *keep)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_REVOKED_ADD_OTHERS);
	db_bind_int(q, ":user_id", user_id);
	db_bind_text(q, ":keep", keep);
	db_bind_int(q, ":at", clock_utc_ms());
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return end_noted(db, user_id);
}

enum status
session_renew(struct db *db, int64_t user_id, const char *public_id,
    int64_t expires_at, char secret[USER_SECRET_LEN + 1])
{
	struct query *q;
	char digest[USER_DIGEST_LEN + 1], renewed[USER_PUBLIC_LEN + 1];
	enum status st;

	user_new_secret(secret);
	user_digest(secret, digest);
	user_new_public_id(renewed);
	q = db_query(db, SQL_SESSION_RENEW);
	db_bind_text(q, ":renewed", renewed);
	db_bind_text(q, ":id_hash", digest);
	db_bind_int(q, ":expires_at", expires_at);
	db_bind_int(q, ":now", clock_utc_ms());
	db_bind_text(q, ":public_id", public_id);
	db_bind_int(q, ":user_id", user_id);
	if ((st = db_done(q, ST_UNAUTHORIZED)) != ST_OK ||
	    (st = session_note_revoked(db, public_id)) != ST_OK)
		return st;
	return end_others(db, user_id, renewed);
}

void
session_remote(int64_t user_id, char out[USER_PUBLIC_LEN + 1])
{
	snprintf(out, USER_PUBLIC_LEN + 1, REMOTE "%" PRId64, user_id);
}

bool
session_is_remote(const char *public_id)
{
	return strncmp(public_id, REMOTE, strlen(REMOTE)) == 0;
}

enum status
session_revoked_since(struct db *db, int64_t since,
    void (*each)(const char *public_id, int64_t user_id, int64_t at, void *arg),
    void *arg)
{
	struct query *q;
	enum status st;

	q = db_query(db, SQL_REVOKED_SINCE);
	db_bind_int(q, ":since", since);
	while (db_row(q))
		each(db_text(q, 0), 0, db_int(q, 1), arg);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(db, SQL_USER_REVOKED_SINCE);
	db_bind_int(q, ":since", since);
	while (db_row(q))
		each(NULL, db_int(q, 0), db_int(q, 1), arg);
	return db_done(q, ST_OK);
}

enum status
session_prune(struct db *db)
{
	struct query *q;
	int64_t now = clock_utc_ms();
	enum status st;

	q = db_query(db, SQL_SESSION_PRUNE);
	db_bind_int(q, ":now", now);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(db, SQL_REVOKED_PRUNE);
	db_bind_int(q, ":before", now - SESSION_REVOKED_KEEP_MS);
	return db_done(q, ST_OK);
}
