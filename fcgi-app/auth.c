/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "auth.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sodium.h>

#include "app.h"
#include "session.h"
#include "shared/clock.h"
#include "token.h"

#define HASH_QUEUE 16     /* sign-ins that may wait for a turn */
#define FAIL_MAX   10     /* failures of an account ... */
#define FAIL_MS    300000 /* ... in so long close it for the rest */
#define FAIL_SETS  1024   /* accounts are remembered in sets ... */
#define FAIL_WAYS  4      /* ... of so many; the oldest makes room */

/* What an unknown user's password is checked against, to take as long. */
static const char dummy_hash[] =
    "$argon2id$v=19$m=65536,t=2,p=1$"
    "dCme4vgpmzN8gzn7zko6Yg$vZPDTdhirDkOOuJIrsBmwkG1mB5kFk9WpKd8/8ursY8";

/* --- Where a request comes from --- */

static bool
is_https(const struct req *rq)
{
	const char *https = req_env(rq, "HTTPS");

	if (rq->app->conf.origin[0] != '\0')
		return strncmp(rq->app->conf.origin, "https:", 6) == 0;
	return https != NULL && strcasecmp(https, "on") == 0;
}

/* A name that only a page of this very site can have set, where it can be. */
static const char *
cookie_name(const struct req *rq)
{
	if (!is_https(rq))
		return "stockroom_session";
	return rq->app->conf.base[0] == '\0' ? "__Host-stockroom_session"
					     : "__Secure-stockroom_session";
}

void
auth_set_cookie(
    const struct req *rq, struct resp *rs, const char *secret, long max_age)
{
	const char *base = rq->app->conf.base;
	struct buf text = {0};

	buf_printf(&text,
	    "%s=%s; Path=%s; Max-Age=%ld; HttpOnly; SameSite=Lax%s",
	    cookie_name(rq), secret, base[0] == '\0' ? "/" : base, max_age,
	    is_https(rq) ? "; Secure" : "");
	resp_header(rs, "Set-Cookie", text.data);
	buf_reset(&text);
}

/* Whether ORIGIN is the one that this request was sent to. */
static bool
is_own_origin(const struct req *rq, const char *origin)
{
	const char *host = req_env(rq, "HTTP_HOST");
	const char *scheme = is_https(rq) ? "https://" : "http://";

	if (rq->app->conf.origin[0] != '\0')
		return strcasecmp(origin, rq->app->conf.origin) == 0;
	return host != NULL && host[0] != '\0' &&
	       strncmp(origin, scheme, strlen(scheme)) == 0 &&
	       strcasecmp(origin + strlen(scheme), host) == 0;
}

enum status
auth_origin(struct req *rq)
{
	const char *site = req_env(rq, "HTTP_SEC_FETCH_SITE");
	const char *origin = req_env(rq, "HTTP_ORIGIN");
	char word[CONF_WORD_MAX];

	if (rq->who.token_name[0] != '\0' ||
	    (site != NULL && strcmp(site, "same-origin") == 0))
		return ST_OK;
	if (origin == NULL || origin[0] == '\0')
		return req_fail(rq, ST_FORBIDDEN,
		    "a write needs a token, or"
		    " the Origin header of a page of this site");
	if (is_own_origin(rq, origin))
		return ST_OK;
	for (unsigned i = 0;
	     conf_word(rq->app->conf.allow_origins, i, word, sizeof(word)); i++)
		if (strcasecmp(word, origin) == 0)
			return ST_OK;
	return req_fail(
	    rq, ST_FORBIDDEN, "pages of that origin may not write here");
}

/* --- Who it is --- */

/* The bearer token into secret; ST_OK with "" when no header came. */
static enum status
read_bearer(struct req *rq)
{
	const char *text = req_env(rq, "HTTP_AUTHORIZATION");

	rq->secret[0] = '\0';
	if (text == NULL || *text == '\0')
		return ST_OK;
	if (strncasecmp(text, "Bearer ", 7) != 0)
		return req_fail(
		    rq, ST_UNAUTHORIZED, "only Bearer tokens are known here");
	text += 7 + strspn(text + 7, " ");
	if (strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0 ||
	    strlen(text) != TOKEN_LEN)
		return req_fail(rq, ST_UNAUTHORIZED, "that is no token");
	snprintf(rq->secret, sizeof(rq->secret), "%s", text);
	return ST_OK;
}

enum status
auth_identify(struct req *rq)
{
	const char *cookies = req_env(rq, "HTTP_COOKIE");
	enum status st;

	memset(&rq->who, 0, sizeof(rq->who));
	if ((st = read_bearer(rq)) != ST_OK)
		return st;
	if (rq->secret[0] != '\0') {
		st = token_find(rq->db, rq->secret, &rq->who);
		return st == ST_UNAUTHORIZED
			   ? req_fail(rq, st,
				 "the token is unknown, expired or revoked")
			   : st;
	}
	if (cookies == NULL ||
	    !req_parse_cookie(
		cookies, cookie_name(rq), rq->secret, sizeof(rq->secret)) ||
	    strlen(rq->secret) != USER_SECRET_LEN)
		return ST_OK;
	st = session_find(rq->db, rq->secret, &rq->who);
	return st == ST_UNAUTHORIZED ? ST_OK : st;
}

enum status
auth_again(struct req *rq)
{
	bool token;
	int64_t idle;
	enum status st;

	if ((st = auth_identify(rq)) != ST_OK || rq->who.user_id == 0)
		return st;
	token = rq->who.token_name[0] != '\0';
	idle = clock_utc_ms() - rq->who.seen;
	if (token && idle >= TOKEN_SEEN_MS)
		return token_used(rq->db, rq->secret);
	if (!token && idle >= SESSION_SEEN_MS)
		return session_seen(rq->db, rq->secret);
	return ST_OK;
}

enum status
auth_role(struct req *rq, enum role least)
{
	if (rq->who.role >= least)
		return ST_OK;
	if (rq->who.user_id == 0)
		return ST_UNAUTHORIZED;
	return req_fail(rq, ST_FORBIDDEN, "this needs the role %s; yours is %s",
	    user_role_name(least), user_role_name(rq->who.role));
}

/* --- Turns: a hash takes 64 MiB and a core for 100 ms --- */

static struct {
	pthread_mutex_t mu;
	pthread_cond_t cond;
	int running, waiting;
} turns = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static enum status
turn_take(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int most = cores >= 4 ? (int)(cores / 2) : 1;
	enum status st = ST_OK;

	pthread_mutex_lock(&turns.mu);
	if (turns.running >= most && turns.waiting >= HASH_QUEUE) {
		st = ST_TOO_MANY;
	} else {
		turns.waiting++;
		while (turns.running >= most)
			pthread_cond_wait(&turns.cond, &turns.mu);
		turns.waiting--;
		turns.running++;
	}
	pthread_mutex_unlock(&turns.mu);
	return st;
}

static void
turn_give(void)
{
	pthread_mutex_lock(&turns.mu);
	turns.running--;
	pthread_cond_signal(&turns.cond);
	pthread_mutex_unlock(&turns.mu);
}

/* --- Failures: too many close an account for a while --- */

struct failures {
	uint64_t name; /* keyed hash of the name; 0: free */
	int64_t since; /* the first one, clock_mono_ms() */
	int count;
};

static struct {
	pthread_mutex_t mu;
	bool ready;
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct failures set[FAIL_SETS][FAIL_WAYS];
} failed = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* The name, in any case, as a number.  Called with mu held. */
static uint64_t
name_hash(const char *username)
{
	char lower[USER_NAME_MAX * 4 + 1];
	uint64_t hash = 0;
	size_t n;

	if (!failed.ready)
		crypto_shorthash_keygen(failed.key);
	failed.ready = true;
	for (n = 0; n < sizeof(lower) && username[n] != '\0'; n++)
		lower[n] = (char)tolower((unsigned char)username[n]);
	crypto_shorthash(
	    (unsigned char *)&hash, (unsigned char *)lower, n, failed.key);
	return hash == 0 ? 1 : hash;
}

/* The account's row, made when missing.  Called with mu held. */
static struct failures *
failures_of(const char *username)
{
	uint64_t name = name_hash(username);
	int64_t now = clock_mono_ms();
	struct failures *set = failed.set[name % FAIL_SETS], *row = &set[0];

	for (int i = 0; i < FAIL_WAYS; i++) {
		if (set[i].name == name) {
			row = &set[i];
			break;
		}
		if (set[i].name == 0 || set[i].since < row->since)
			row = &set[i];
	}
	if (row->name != name || now - row->since >= FAIL_MS)
		*row = (struct failures){name, now, 0};
	return row;
}

/*
 * Count an attempt as a failure before it is known, so that many at once get
 * no further than one after the other.
 */
static enum status
attempt_begin(const char *username)
{
	struct failures *row;
	enum status st = ST_TOO_MANY;

	pthread_mutex_lock(&failed.mu);
	row = failures_of(username);
	if (row->count < FAIL_MAX) {
		row->count++;
		st = ST_OK;
	}
	pthread_mutex_unlock(&failed.mu);
	return st;
}

/* Take it back: it was none of the caller's (GOOD: nor those before). */
static void
attempt_undo(const char *username, bool good)
{
	struct failures *row;

	pthread_mutex_lock(&failed.mu);
	row = failures_of(username);
	if (good)
		row->count = 0;
	else if (row->count > 0)
		row->count--;
	pthread_mutex_unlock(&failed.mu);
}

enum status
auth_password(struct req *rq, const char *username, const char *password,
    size_t len, struct user *out)
{
	struct user user = {0};
	bool known, good;
	enum status st;

	if (attempt_begin(username) != ST_OK)
		return req_fail(rq, ST_TOO_MANY,
		    "too many wrong passwords for"
		    " this account; try again in %d minutes",
		    FAIL_MS / 60000);
	st = user_by_name(rq->db, username, &user);
	if (st != ST_OK && st != ST_NOT_FOUND) {
		attempt_undo(username, false);
		return st;
	}
	known = st == ST_OK && !user.disabled;
	if (turn_take() != ST_OK) {
		attempt_undo(username, false);
		return req_fail(
		    rq, ST_TOO_MANY, "too many people sign in at once");
	}
	good =
	    user_verify(known ? user.hash : dummy_hash, password, len) && known;
	turn_give();
	if (!good)
		return req_fail(
		    rq, ST_UNAUTHORIZED, "wrong user name or password");
	attempt_undo(username, true);
	*out = user;
	return ST_OK;
}
