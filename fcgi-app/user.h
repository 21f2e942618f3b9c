/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Users: who they are, what they may, their passwords.  Whatever takes
 * rights from a user also ends the user's sessions and voids the stream
 * tickets issued until then.  Secrets of sessions and tokens are made here.
 */
#ifndef FCGI_APP_USER_H
#define FCGI_APP_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db.h"
#include "shared/clock.h"

#define USER_NAME_MAX     64   /* characters of a user name */
#define USER_PASSWORD_MAX 1024 /* bytes of a password; at least 1 */
#define USER_HASH_MAX     128  /* bytes of Argon2id's text, with the NUL */
#define USER_SECRET_LEN   43   /* characters of a secret: base64url, 256 bits */
#define USER_DIGEST_LEN   64   /* hex digits of a secret's digest */
#define USER_PUBLIC_LEN   32   /* hex digits of an id that revokes name */

/* Roles in rising order; ROLE_NONE needs no sign-in. */
enum role { ROLE_NONE, ROLE_VIEWER, ROLE_EDITOR, ROLE_ADMIN };

/* "viewer", "editor", "admin"; "none" for ROLE_NONE.  Static. */
const char *user_role_name(enum role);
/* The role of that name, ROLE_NONE when there is none. */
enum role user_role_parse(const char *);

/* Who asks, as read from the session or the token. */
struct identity {
	int64_t user_id; /* 0: nobody */
	char username[257];
	char color[8];                     /* the user's wish or "" */
	enum role role;                    /* the token's where there is one */
	char session[USER_PUBLIC_LEN + 1]; /* names the session or
			       the token in a revoke */
	int64_t ends;                      /* of the session or token, ms since
					      1970; INT64_MAX: never */
	int64_t seen;                      /* last use noted, ms since 1970 */
	int64_t rights; /* when what the user may changed last, the same */
	int64_t at;     /* when this was read, or just before, the same */
	bool remote;    /* the web server has said so */
	char token_name[161]; /* "" for sessions */
	char display[424];    /* "ana" or "ana (label printer)" */
};

struct user {
	int64_t id;
	char username[257];
	char hash[USER_HASH_MAX]; /* Argon2id; "": no password matches */
	enum role role;
	char color[8]; /* "#RRGGBB" or "" */
	bool disabled;
	char created_at[CLOCK_TEXT];
	int64_t rights; /* when the role, or else, changed last */
};

/* 1 to USER_NAME_MAX characters of UTF-8, no controls, no spaces outside. */
bool user_name_valid(const char *);

/* Add; ST_CONFLICT when the name (in any case) is taken. */
enum status user_add(struct db *, const char *username, const char *hash,
    enum role, const char *color, int64_t *id);

/* Find by name, in any case, or by id; ST_NOT_FOUND. */
enum status user_by_name(struct db *, const char *username, struct user *out);
enum status user_by_id(struct db *, int64_t id, struct user *out);

/* ST_OK when there is a user at all; ST_NOT_FOUND. */
enum status user_any(struct db *);

/*
 * Call EACH for all users by name, with ARG; the struct is borrowed during
 * the call.
 */
enum status user_list(
    struct db *, void (*each)(const struct user *, void *), void *arg);

/* Change; the user's sessions end.  ST_NOT_FOUND. */
enum status user_set_password(struct db *, int64_t id, const char *hash);
enum status user_set_role(struct db *, int64_t id, enum role);
enum status user_set_disabled(struct db *, int64_t id, bool);

/* Replace a hash made with weaker parameters, if it is still OLD. */
enum status user_rehash(
    struct db *, int64_t id, const char *old, const char *hash);

/*
 * Hash a password: about 100 ms and 64 MiB, never under the write lock.
 * ST_INVALID when it is empty or too long; ST_UNAVAILABLE without memory.
 */
enum status user_hash(
    const char *password, size_t len, char out[USER_HASH_MAX]);
/* Whether the password is the hash's; as slow, and ends as that does. */
enum status user_verify(
    const char *hash, const char *password, size_t len, bool *good);
/* Whether the hash was made with weaker parameters than today's. */
bool user_hash_is_old(const char *hash);

/* A fresh secret; what the database keeps of it; a fresh public id. */
void user_new_secret(char out[USER_SECRET_LEN + 1]);
void user_digest(const char *secret, char out[USER_DIGEST_LEN + 1]);
void user_new_public_id(char out[USER_PUBLIC_LEN + 1]);

#endif
