/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "token.h"

#include <stdio.h>
#include <string.h>

#include "session.h"

bool
token_name_valid(const char *name)
{
	size_t chars = 0;

	for (const char *p = name; *p != '\0'; p++)
		chars += (*p & 0xc0) != 0x80;
	return chars <= TOKEN_NAME_MAX && user_name_valid(name);
}

enum status
token_add(struct db *db, const char *name, int64_t user_id, enum role role,
    int64_t expires_at, char secret[TOKEN_LEN + 1])
{
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];
	char public_id[USER_PUBLIC_LEN + 1], now[CLOCK_TEXT];

	memcpy(secret, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	user_new_secret(secret + strlen(TOKEN_PREFIX));
	user_digest(secret, digest);
	user_new_public_id(public_id);
	clock_text(clock_utc_ms(), now);

	q = db_query(db, SQL_TOKEN_ADD);
	db_bind_text(q, ":public_id", public_id);
	db_bind_text(q, ":name", name);
	db_bind_text(q, ":secret_hash", digest);
	db_bind_int(q, ":user_id", user_id);
	db_bind_text(q, ":role", user_role_name(role));
	db_bind_text(q, ":at", now);
	if (expires_at != 0)
		db_bind_int(q, ":expires_at", expires_at);
	return db_done(q, ST_FAULT);
}

enum status
token_list(struct db *db, void (*each)(const struct token *, void *), void *arg)
{
	struct query *q;
	struct token token;

	q = db_query(db, SQL_TOKEN_LIST);
	while (db_row(q)) {
		token = (struct token){
		    .name = db_text(q, 0),
		    .username = db_text(q, 1),
		    .role = user_role_parse(db_text(q, 2)),
		    .created_at = db_text(q, 3),
		    .expires_at = db_int(q, 4),
		    .last_used_at = db_int(q, 5),
		};
		each(&token, arg);
	}
	return db_done(q, ST_OK);
}

enum status
token_revoke(struct db *db, const char *name)
{
	struct query *q;
	char public_id[USER_PUBLIC_LEN + 1] = "";
	enum status st;

	q = db_query(db, SQL_TOKEN_DROP);
	db_bind_text(q, ":name", name);
	if (db_row(q))
		db_copy(q, 0, public_id, sizeof(public_id));
	if ((st = db_done(q, ST_NOT_FOUND)) != ST_OK)
		return st;
	return session_note_revoked(db, public_id);
}

enum status
token_find(struct db *db, const char *secret, struct identity *out)
{
	struct identity who = {.ends = INT64_MAX};
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];
	enum role role;
	enum status st;

	user_digest(secret, digest);
	q = db_query(db, SQL_TOKEN_FIND);
	db_bind_text(q, ":secret_hash", digest);
	db_bind_int(q, ":now", clock_utc_ms());
	if (db_row(q) && db_int(q, 4) == 0) {
		session_read_identity(q, &who);
		if (!db_is_null(q, 6))
			who.ends = db_int(q, 6);
		db_copy(q, 9, who.token_name, sizeof(who.token_name));
		snprintf(who.display, sizeof(who.display), "%s (%s)",
		    who.username, who.token_name);
		role = user_role_parse(db_text(q, 10));
		who.role = role < who.role ? role : who.role;
	}
	if ((st = db_done(q, ST_UNAUTHORIZED)) != ST_OK)
		return st;
	if (who.user_id == 0)
		return ST_UNAUTHORIZED;
	*out = who;
	return ST_OK;
}

enum status
token_used(struct db *db, const char *secret)
{
	struct query *q;
	char digest[USER_DIGEST_LEN + 1];

	user_digest(secret, digest);
	q = db_query(db, SQL_TOKEN_USED);
	db_bind_int(q, ":now", clock_utc_ms());
	db_bind_text(q, ":secret_hash", digest);
	return db_done(q, ST_OK);
}
