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
#include "metrics.h"
#include "remote-user.h"
#include "session.h"
#include "shared/clock.h"
#include "shared/origin.h"
#include "site.h"
#include "token.h"

#define HASH_MOST  4  /* hashes at once, on however many cores */
#define HASH_QUEUE 16 /* of each kind that may wait for a turn */

/* What an unknown user's password is checked against, to take as long. */
static const char dummy_hash[] =
    "$argon2id$v=19$m=65536,t=2,p=1$"
    "dCme4vgpmzN8gzn7zko6Yg$vZPDTdhirDkOOuJIrsBmwkG1mB5kFk9WpKd8/8ursY8";

/* --- Whether the page that asks is ours --- */

enum status
auth_origin(struct req *rq)
{
	const char *origin = req_env(rq, "HTTP_ORIGIN");

	if (rq->who.token_name[0] != '\0' || site_is_same_origin(rq))
		return ST_OK;
	if (origin == NULL || origin[0] == '\0')
		return req_fail(rq, ST_FORBIDDEN,
		    "a write needs a token, or"
		    " the Origin header of a page of this site");
	if (site_is_own_origin(rq, origin))
		return ST_OK;
	return req_fail(rq, ST_FORBIDDEN,
	    "pages of that origin may not write here without a token");
}

/* --- Who it is --- */

/*
 * The bearer token into secret; ST_OK with "" when no header came.  Where the
 * web server signs people in, all other headers are its own affair.
 */
static enum status
read_bearer(struct req *rq)
{
	const char *text = req_env(rq, "HTTP_AUTHORIZATION");
	bool remote = app_trusts_server(rq->app);

	rq->secret[0] = '\0';
	if (text == NULL || *text == '\0')
		return ST_OK;
	if (strncasecmp(text, "Bearer ", 7) != 0)
		return remote ? ST_OK
			      : req_fail(rq, ST_UNAUTHORIZED,
				    "only Bearer tokens are known here");
	text += 7 + strspn(text + 7, " ");
	if (remote && strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
		return ST_OK;
	if (strncmp(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0 ||
	    strlen(text) != TOKEN_LEN)
		return req_fail(rq, ST_UNAUTHORIZED, "that is no token");
	snprintf(rq->secret, sizeof(rq->secret), "%s", text);
	return ST_OK;
}

/* FIRST: before any write, so that a user may be made. */
static enum status
identify(struct req *rq, bool first)
{
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
	/* A browser adds what follows by itself, whoever makes it ask. */
	if (site_is_foreign(rq))
		return ST_OK;
	if (app_trusts_server(rq->app))
		return remote_user_identify(rq, first);
	site_read_cookie(rq);
	if (rq->secret[0] == '\0')
		return ST_OK;
	st = session_find(rq->db, rq->secret, &rq->who);
	return st == ST_UNAUTHORIZED ? ST_OK : st;
}

enum status
auth_identify(struct req *rq)
{
	int64_t now = clock_utc_ms();
	enum status st = identify(rq, true);

	rq->who.at = now;
	return st;
}

enum status
auth_again(struct req *rq)
{
	bool token;
	int64_t idle, now = clock_utc_ms();
	enum status st;

	st = identify(rq, false);
	rq->who.at = now;
	if (st != ST_OK || rq->who.user_id == 0 || rq->who.remote)
		return st;
	token = rq->who.token_name[0] != '\0';
	idle = now - rq->who.seen;
	if (token && idle >= TOKEN_SEEN_MS)
		return token_used(rq->db, rq->secret);
	if (!token && idle >= SESSION_SEEN_MS)
		return session_seen(rq->db, rq->secret);
	return ST_OK;
}

/*
 * No token came with a page of another origin.  Not 401 for one that is not
 * allowed: it may be our own page under a name that we do not know, which
 * would go to the sign-in, be signed in, come back, and so on.
 */
static enum status
refuse_foreign(struct req *rq)
{
	if (origin_allowed(&rq->app->conf, req_env(rq, "HTTP_ORIGIN")))
		return req_fail(rq, ST_UNAUTHORIZED,
		    "pages of other origins need a bearer token");
	return req_fail(rq, ST_FORBIDDEN,
	    "the Origin header names neither this site (STOCKROOM_ORIGIN) "
	    "nor an origin that is allowed");
}

enum status
auth_role(struct req *rq, enum role least)
{
	if (rq->who.role >= least)
		return ST_OK;
	if (rq->who.user_id != 0)
		return req_fail(rq, ST_FORBIDDEN,
		    "this needs the role %s; yours is %s",
		    user_role_name(least), user_role_name(rq->who.role));
	if (site_is_foreign(rq))
		return refuse_foreign(rq);
	if (app_trusts_server(rq->app))
		return req_fail(
		    rq, ST_UNAUTHORIZED, "the web server has signed nobody in");
	return ST_UNAUTHORIZED;
}

/*
 * --- Turns: a hash takes 64 MiB and a core for 100 ms ---
 *
 * Whoever signs in where the account has done so before, or is signed in, goes
 * first and waits in a queue of their own, so that a flood of strangers'
 * guesses keeps only strangers waiting.
 */

enum kind { STRANGER, KNOWN };

static struct {
	pthread_mutex_t mu;
	pthread_cond_t cond;
	int running, waiting[2];
} turns = {.mu = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

/* Half of the cores; and memory for more of them is not there to be had. */
static int
turns_at_once(void)
{
	long half = sysconf(_SC_NPROCESSORS_ONLN) / 2;

	return half < 1 ? 1 : half > HASH_MOST ? HASH_MOST : (int)half;
}

static enum status
turn_take(enum kind kind)
{
	int most = turns_at_once();
	enum status st = ST_OK;

	pthread_mutex_lock(&turns.mu);
	if (turns.running >= most && turns.waiting[kind] >= HASH_QUEUE) {
		st = ST_TOO_MANY;
	} else {
		turns.waiting[kind]++;
		while (turns.running >= most ||
		       (kind == STRANGER && turns.waiting[KNOWN] > 0))
			pthread_cond_wait(&turns.cond, &turns.mu);
		turns.waiting[kind]--;
		turns.running++;
		/* The last of the known ones may have kept others waiting. */
		pthread_cond_broadcast(&turns.cond);
	}
	pthread_mutex_unlock(&turns.mu);
	return st;
}

static void
turn_give(void)
{
	pthread_mutex_lock(&turns.mu);
	turns.running--;
	pthread_cond_broadcast(&turns.cond);
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

	if (turn_take(try->known ? KNOWN : STRANGER) != ST_OK) {
		rq->limit = (struct limit){0};
		return req_fail(
		    rq, ST_TOO_MANY, "too many people sign in at once");
	}
	if ((st = limit_try_count(try, &rq->limit)) == ST_OK)
		st = user_verify(
		    known ? user->hash : dummy_hash, password, len, good);
	turn_give();
	*good = *good && known;
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
	metrics_signin(good);
	if (!good)
		return req_fail(
		    rq, ST_UNAUTHORIZED, "wrong user name or password");
	limit_try_good(&try, &rq->limit);
	*out = user;
	return ST_OK;
}

enum status
auth_hash(
    struct req *rq, const char *password, size_t len, char out[USER_HASH_MAX])
{
	enum status st;

	if (turn_take(KNOWN) != ST_OK)
		return req_fail(
		    rq, ST_TOO_MANY, "too many people sign in at once");
	st = user_hash(password, len, out);
	turn_give();
	return st;
}
