/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "auth.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app.h"
#include "limit.h"
#include "session.h"
#include "shared/clock.h"
#include "token.h"

#define HASH_QUEUE 16 /* sign-ins that may wait for a turn */

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

/* --- Passwords --- */

/*
 * Count the try, then look.  The try is counted within the turn: while a
 * hash is waited for, nobody else's is held up by what is not yet counted.
 */
static enum status
verify(struct req *rq, struct limit_try *try, const struct user *user,
    const char *password, size_t len, bool *good)
{
	bool known = try->user_id != 0 && user->hash[0] != '\0';
	enum status st;

	if (turn_take() != ST_OK) {
		rq->limit = (struct limit){0};
		return req_fail(
		    rq, ST_TOO_MANY, "too many people sign in at once");
	}
	if ((st = limit_try_count(try, &rq->limit)) == ST_OK)
		*good = user_verify(
			    known ? user->hash : dummy_hash, password, len) &&
			known;
	turn_give();
	return st;
}

enum status
auth_password(struct req *rq, const char *username, const char *password,
    size_t len, struct user *out)
{
	struct user user = {0};
	struct limit_try try;
	bool good = false;
	enum status st;

	st = user_by_name(rq->db, username, &user);
	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	if (user.disabled)
		user.id = 0;
	if ((st = limit_try_begin(&try, rq->db, &rq->app->conf, username,
		 user.id, req_env(rq, "REMOTE_ADDR"), &rq->limit)) == ST_OK)
		st = verify(rq, &try, &user, password, len, &good);
	if (st == ST_TOO_MANY && rq->limit.name != NULL)
		return req_fail(rq, st,
		    "too many wrong passwords; try again in %ld seconds",
		    rq->limit.retry_s);
	if (st != ST_OK)
		return st;
	if (!good)
		return req_fail(
		    rq, ST_UNAUTHORIZED, "wrong user name or password");
	limit_try_good(&try, &rq->limit);
	*out = user;
	return ST_OK;
}
