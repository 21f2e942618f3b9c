/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "user.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "shared/json.h"

static const char *const role_names[] = {
    [ROLE_NONE] = "none",
    [ROLE_VIEWER] = "viewer",
    [ROLE_EDITOR] = "editor",
    [ROLE_ADMIN] = "admin",
};

const char *
user_role_name(enum role role)
{
	return role_names[role];
}

enum role
user_role_parse(const char *name)
{
	for (int i = ROLE_VIEWER; i <= ROLE_ADMIN; i++)
		if (strcmp(role_names[i], name) == 0)
			return (enum role)i;
	return ROLE_NONE;
}

bool
user_name_valid(const char *name)
{
	size_t len = strlen(name), chars = 0;

	if (len == 0 || len > USER_NAME_MAX * 4 || name[0] == ' ' ||
	    name[len - 1] == ' ' || !json_in_is_utf8(name, len))
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)p[1] < 0xa0))
			return false;
		chars += (c & 0xc0) != 0x80;
	}
	return chars <= USER_NAME_MAX;
}

enum status
user_add(struct db *db, const char *username, const char *hash, enum role role,
    const char *color, int64_t *id)
{
	struct query *q;
	char now[CLOCK_TEXT];
	enum status st;

	clock_text(clock_utc_ms(), now);
	q = db_query(db, SQL_USER_ADD);
	db_bind_text(q, ":username", username);
	db_bind_text(q, ":password_hash", hash);
	db_bind_text(q, ":role", user_role_name(role));
	db_bind_text(q, ":color", color);
	db_bind_text(q, ":at", now);
	if ((st = db_done(q, ST_FAULT)) == ST_OK)
		*id = db_new_id(db);
	return st;
}

/* The row at hand of one of the statements that select a whole user. */
static void
read_user(struct query *q, struct user *out)
{
	memset(out, 0, sizeof(*out));
	out->id = db_int(q, 0);
	db_copy(q, 1, out->username, sizeof(out->username));
	db_copy(q, 2, out->hash, sizeof(out->hash));
	out->role = user_role_parse(db_text(q, 3));
	db_copy(q, 4, out->color, sizeof(out->color));
	out->disabled = db_int(q, 5) != 0;
	db_copy(q, 6, out->created_at, sizeof(out->created_at));
	out->rights = db_int(q, 7);
}

enum status
user_by_name(struct db *db, const char *username, struct user *out)
{
	struct query *q;

	q = db_query(db, SQL_USER_BY_NAME);
	db_bind_text(q, ":username", username);
	if (db_row(q))
		read_user(q, out);
	return db_done(q, ST_NOT_FOUND);
}

enum status
user_by_id(struct db *db, int64_t id, struct user *out)
{
	struct query *q;

	q = db_query(db, SQL_USER_BY_ID);
	db_bind_int(q, ":id", id);
	if (db_row(q))
		read_user(q, out);
	return db_done(q, ST_NOT_FOUND);
}

enum status
user_any(struct db *db)
{
	struct query *q;

	q = db_query(db, SQL_USER_ANY);
	db_row(q);
	return db_done(q, ST_NOT_FOUND);
}

enum status
user_list(struct db *db, void (*each)(const struct user *, void *), void *arg)
{
	struct query *q;
	struct user user;

	q = db_query(db, SQL_USER_LIST);
	while (db_row(q)) {
		read_user(q, &user);
		each(&user, arg);
	}
	return db_done(q, ST_OK);
}

/*
 * Finish Q, which changes what user ID may: tickets issued until now are void,
 * and the sessions end.
 */
static enum status
change_rights(struct db *db, struct query *q, int64_t id)
{
	enum status st;

	db_bind_int(q, ":at", clock_utc_ms());
	db_bind_int(q, ":id", id);
	if ((st = db_done(q, ST_NOT_FOUND)) != ST_OK)
		return st;
	q = db_query(db, SQL_SESSION_END_USER);
	db_bind_int(q, ":user_id", id);
	return db_done(q, ST_OK);
}

enum status
user_set_password(struct db *db, int64_t id, const char *hash)
{
	struct query *q;

	q = db_query(db, SQL_USER_PASSWD);
	db_bind_text(q, ":password_hash", hash);
	return change_rights(db, q, id);
}

enum status
user_set_role(struct db *db, int64_t id, enum role role)
{
	struct query *q;

	q = db_query(db, SQL_USER_ROLE);
	db_bind_text(q, ":role", user_role_name(role));
	return change_rights(db, q, id);
}

enum status
user_set_disabled(struct db *db, int64_t id, bool disabled)
{
	struct query *q;

	q = db_query(db, SQL_USER_DISABLE);
	db_bind_int(q, ":disabled", disabled);
	return change_rights(db, q, id);
}

enum status
user_rehash(struct db *db, int64_t id, const char *old, const char *hash)
{
	struct query *q;

	q = db_query(db, SQL_USER_REHASH);
	db_bind_text(q, ":password_hash", hash);
	db_bind_int(q, ":id", id);
	db_bind_text(q, ":old", old);
	return db_done(q, ST_OK);
}

_Static_assert(USER_HASH_MAX >= crypto_pwhash_STRBYTES, "hashes fit");

enum status
user_hash(const char *password, size_t len, char out[USER_HASH_MAX])
{
	if (len == 0 || len > USER_PASSWORD_MAX)
		return ST_INVALID;
	if (crypto_pwhash_str(out, password, len,
		crypto_pwhash_OPSLIMIT_INTERACTIVE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
		return ST_UNAVAILABLE;
	return ST_OK;
}

/* The parts of what crypto_pwhash_str() makes. */
struct hash_parts {
	size_t kib;      /* of memory */
	unsigned passes; /* over it */
	unsigned char salt[crypto_pwhash_SALTBYTES];
	unsigned char hash[32];
};

static bool
hash_split(const char *text, struct hash_parts *out)
{
	char salt[23], hash[44];
	size_t len;
	int end = 0;

	return sscanf(text, "$argon2id$v=19$m=%7zu,t=%3u,p=1$%22[^$]$%43[^$]%n",
		   &out->kib, &out->passes, salt, hash, &end) == 4 &&
	       text[end] == '\0' &&
	       sodium_base642bin(out->salt, sizeof(out->salt), salt,
		   strlen(salt), NULL, &len, NULL,
		   sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       len == sizeof(out->salt) &&
	       sodium_base642bin(out->hash, sizeof(out->hash), hash,
		   strlen(hash), NULL, &len, NULL,
		   sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       len == sizeof(out->hash);
}

/* crypto_pwhash_str_verify() calls it a mismatch when memory ends. */
enum status
user_verify(const char *hash, const char *password, size_t len, bool *good)
{
	struct hash_parts p;
	unsigned char made[sizeof(p.hash)];

	*good = false;
	if (len > USER_PASSWORD_MAX || !hash_split(hash, &p))
		return ST_OK;
	if (crypto_pwhash(made, sizeof(made), password, len, p.salt, p.passes,
		p.kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ST_UNAVAILABLE;
	*good = sodium_memcmp(made, p.hash, sizeof(made)) == 0;
	sodium_memzero(made, sizeof(made));
	return ST_OK;
}

bool
user_hash_is_old(const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash,
		   crypto_pwhash_OPSLIMIT_INTERACTIVE,
		   crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
}

void
user_new_secret(char out[USER_SECRET_LEN + 1])
{
	unsigned char bytes[32];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(out, USER_SECRET_LEN + 1, bytes, sizeof(bytes),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

void
user_digest(const char *secret, char out[USER_DIGEST_LEN + 1])
{
	unsigned char bytes[USER_DIGEST_LEN / 2];

	crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)secret,
	    strlen(secret), NULL, 0);
	sodium_bin2hex(out, USER_DIGEST_LEN + 1, bytes, sizeof(bytes));
}

void
user_new_public_id(char out[USER_PUBLIC_LEN + 1])
{
	unsigned char bytes[USER_PUBLIC_LEN / 2];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, USER_PUBLIC_LEN + 1, bytes, sizeof(bytes));
}
