/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "limit.h"

#include <arpa/inet.h>

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

#define SECOND        INT64_C(1000000)         /* in µs, as buckets count */
#define ROWS_MAX      65536                    /* buckets in the database */
#define KNOWN_MAX     32                       /* addresses of an account */
#define KNOWN_MS      (90 * INT64_C(86400000)) /* they are known so long */
#define WRITES_WINDOW 60                       /* seconds */
#define SETS          1024 /* buckets in memory are in sets ... */
#define WAYS          4    /* ... of so many; the fullest makes room */

/* --- A bucket: UNTIL is when it will be full, in µs --- */

/* How long one more takes to come back. */
static int64_t
step_of(const struct limit *limit)
{
	return limit->window_s * SECOND / limit->quota;
}

static long
seconds(int64_t us)
{
	return (long)((us + SECOND - 1) / SECOND);
}

/* Fill in what a bucket has left. */
static void
tell(struct limit *limit, int64_t now, int64_t until)
{
	int64_t room = now + limit->window_s * SECOND - until;

	limit->left = (long)(room / step_of(limit));
	if (limit->left > limit->quota)
		limit->left = limit->quota;
	limit->reset_s = seconds(until - now);
}

/*
 * Take one.  A clock that was set back makes nobody wait longer than the
 * window.
 */
static bool
take(struct limit *limit, int64_t now, int64_t *until)
{
	int64_t full = now + limit->window_s * SECOND, after;

	if (*until < now)
		*until = now;
	if (*until > full)
		*until = full;
	after = *until + step_of(limit);
	limit->retry_s = after <= full ? 0 : seconds(after - full);
	if (after <= full)
		*until = after;
	tell(limit, now, *until);
	return after <= full;
}

/* Give one back. */
static void
give(struct limit *limit, int64_t now, int64_t *until)
{
	*until -= step_of(limit);
	if (*until < now)
		*until = now;
	tell(limit, now, *until);
}

/* --- Buckets in the database --- */

static int64_t
utc_us(void)
{
	return clock_utc_ms() * 1000;
}

static enum status
load(struct db *db, const char *subject, int64_t *until)
{
	struct query *q = db_query(db, SQL_BUCKET_GET);

	*until = 0;
	db_bind_text(q, ":subject", subject);
	if (db_row(q))
		*until = db_int(q, 0);
	return db_done(q, ST_OK);
}

static enum status
save(struct db *db, const char *subject, int64_t until)
{
	struct query *q = db_query(db, SQL_BUCKET_PUT);

	db_bind_text(q, ":subject", subject);
	db_bind_int(q, ":until", until);
	return db_done(q, ST_OK);
}

/* Drop some that are full again, and what is too much. */
static enum status
make_room(struct db *db, int64_t now)
{
	struct query *q = db_query(db, SQL_BUCKET_PRUNE);
	enum status st;

	db_bind_int(q, ":now", now);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(db, SQL_BUCKET_TRIM);
	db_bind_int(q, ":keep", ROWS_MAX);
	return db_done(q, ST_OK);
}

/* --- Sign-in --- */

void
limit_address(const char *text, char out[LIMIT_ADDRESS_MAX])
{
	struct in6_addr six;
	struct in_addr four;
	char net[INET6_ADDRSTRLEN];

	out[0] = '\0';
	if (text == NULL)
		return;
	if (inet_pton(AF_INET, text, &four) == 1) {
		inet_ntop(AF_INET, &four, out, LIMIT_ADDRESS_MAX);
	} else if (inet_pton(AF_INET6, text, &six) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&six)) {
			inet_ntop(
			    AF_INET, &six.s6_addr[12], out, LIMIT_ADDRESS_MAX);
			return;
		}
		memset(&six.s6_addr[8], 0, 8);
		inet_ntop(AF_INET6, &six, net, sizeof(net));
		snprintf(out, LIMIT_ADDRESS_MAX, "%s/64", net);
	}
}

/*
 * Names of buckets are digests: people type passwords where their name
 * belongs.
 */
static void
name_bucket(struct limit_try *t, enum limit_kind kind, const char *account,
    const char *address)
{
	static const char *const words[LIMIT_KINDS] = {
	    [LIMIT_PAIR] = "pair",
	    [LIMIT_ADDRESS] = "from",
	    [LIMIT_ACCOUNT] = "name",
	};
	char text[USER_NAME_MAX * 4 + LIMIT_ADDRESS_MAX + 2];
	char digest[USER_DIGEST_LEN + 1];

	snprintf(text, sizeof(text), "%s\n%s", address, account);
	user_digest(text, digest);
	snprintf(t->subject[kind], sizeof(t->subject[kind]), "%s:%s",
	    words[kind], digest);
}

/* The settings of a kind. */
static struct limit
policy_of(const struct limit_try *t, enum limit_kind kind)
{
	const struct conf *conf = t->conf;
	struct limit limit = {.window_s = conf->signin_window};

	switch (kind) {
	case LIMIT_ACCOUNT:
		limit.name = "account";
		limit.quota = conf->signin_account;
		break;
	case LIMIT_ADDRESS:
		limit.name = "address";
		limit.quota = conf->signin_address;
		break;
	case LIMIT_PAIR:
	case LIMIT_KINDS:
		limit.name = "signin";
		limit.quota = conf->signin_failures;
		break;
	}
	return limit;
}

/* Whether a bucket counts for this try. */
static bool
applies(const struct limit_try *t, enum limit_kind kind)
{
	return kind != LIMIT_ACCOUNT || !t->known;
}

/*
 * Take one of each; of those that refuse, OUT is the one that does so for
 * the longest, else the account's from this address.
 */
static enum status
try_take(const struct limit_try *t, struct db *db, bool keep, struct limit *out)
{
	int64_t until[LIMIT_KINDS], now = utc_us();
	struct limit limit, worst = {0};
	enum status st = ST_OK;

	for (int i = 0; i < LIMIT_KINDS; i++) {
		if (!applies(t, (enum limit_kind)i))
			continue;
		if ((st = load(db, t->subject[i], &until[i])) != ST_OK)
			return st;
		limit = policy_of(t, (enum limit_kind)i);
		take(&limit, now, &until[i]);
		if (worst.name == NULL || limit.retry_s > worst.retry_s)
			worst = limit;
	}
	*out = worst;
	if (worst.retry_s > 0)
		return ST_TOO_MANY;
	for (int i = 0; keep && st == ST_OK && i < LIMIT_KINDS; i++)
		if (applies(t, (enum limit_kind)i))
			st = save(db, t->subject[i], until[i]);
	return keep && st == ST_OK ? make_room(db, now) : st;
}

enum status
limit_try_begin(struct limit_try *t, struct db *reader, const struct conf *conf,
    const char *username, int64_t user_id, const char *remote_addr,
    struct limit *out)
{
	char account[USER_NAME_MAX * 4 + 1];
	size_t n;
	struct query *q;
	enum status st;

	*t = (struct limit_try){.conf = conf, .user_id = user_id};
	limit_address(remote_addr, t->address);
	/* In the case that the user table ignores: ASCII. */
	for (n = 0; n < sizeof(account) - 1 && username[n] != '\0'; n++)
		account[n] = username[n] >= 'A' && username[n] <= 'Z'
				 ? (char)(username[n] + ('a' - 'A'))
				 : username[n];
	account[n] = '\0';
	name_bucket(t, LIMIT_PAIR, account, t->address);
	name_bucket(t, LIMIT_ADDRESS, "", t->address);
	name_bucket(t, LIMIT_ACCOUNT, account, "");
	q = db_query(reader, SQL_KNOWN_FIND);
	db_bind_int(q, ":user_id", user_id);
	db_bind_text(q, ":address", t->address);
	t->known = db_row(q);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return try_take(t, reader, false, out);
}

enum status
limit_try_count(struct limit_try *t, struct limit *out)
{
	struct db *db;
	enum status st, committed;

	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	st = try_take(t, db, true, out);
	committed = db_write_end(db, st == ST_OK);
	return committed != ST_OK ? committed : st;
}

/* Know the address, and forget the account's oldest ones. */
static enum status
know(const struct limit_try *t, struct db *db)
{
	struct query *q = db_query(db, SQL_KNOWN_PUT);
	enum status st;

	db_bind_int(q, ":user_id", t->user_id);
	db_bind_text(q, ":address", t->address);
	db_bind_int(q, ":now", clock_utc_ms());
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	q = db_query(db, SQL_KNOWN_TRIM);
	db_bind_int(q, ":user_id", t->user_id);
	db_bind_int(q, ":keep", KNOWN_MAX);
	return db_done(q, ST_OK);
}

static enum status
forgive(const struct limit_try *t, struct db *db)
{
	int64_t until, now = utc_us();
	struct limit limit;
	struct query *q;
	enum status st = ST_OK;

	for (int i = 0; st == ST_OK && i < LIMIT_KINDS; i++) {
		if (i == LIMIT_PAIR || !applies(t, (enum limit_kind)i))
			continue;
		limit = policy_of(t, (enum limit_kind)i);
		if ((st = load(db, t->subject[i], &until)) != ST_OK)
			return st;
		give(&limit, now, &until);
		st = save(db, t->subject[i], until);
	}
	if (st != ST_OK)
		return st;
	q = db_query(db, SQL_BUCKET_DROP);
	db_bind_text(q, ":subject", t->subject[LIMIT_PAIR]);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return know(t, db);
}

void
limit_try_good(const struct limit_try *t, struct limit *out)
{
	struct db *db;

	*out = policy_of(t, LIMIT_PAIR);
	out->left = out->quota;
	if (db_write_begin(&db) != ST_OK)
		return;
	db_write_end(db, forgive(t, db) == ST_OK);
}

/* --- Writes --- */

struct bucket {
	char subject[LIMIT_SUBJECT_MAX]; /* "": free */
	int64_t until;                   /* of clock_mono_ms(), in µs */
};

static struct {
	pthread_mutex_t mu;
	struct bucket set[SETS][WAYS];
} memory = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* The subject's bucket, made when missing.  Called with mu held. */
static struct bucket *
find(const char *subject)
{
	uint32_t hash = 2166136261u;
	struct bucket *set, *row;

	for (const char *p = subject; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u; /* FNV-1a */
	set = memory.set[hash % SETS];
	row = &set[0];
	for (int i = 0; i < WAYS; i++) {
		if (strcmp(set[i].subject, subject) == 0)
			return &set[i];
		if (set[i].until < row->until)
			row = &set[i];
	}
	*row = (struct bucket){0};
	snprintf(row->subject, sizeof(row->subject), "%s", subject);
	return row;
}

static bool
take_in_memory(const char *subject, struct limit *limit)
{
	bool good;

	pthread_mutex_lock(&memory.mu);
	good = take(limit, clock_mono_ms() * 1000, &find(subject)->until);
	pthread_mutex_unlock(&memory.mu);
	return good;
}

/* What is over the limit is refused by the reader, without a write. */
static enum status
take_in_database(struct db *reader, const char *subject, struct limit *limit)
{
	int64_t until, now = utc_us();
	struct db *db;
	enum status st, committed;

	if ((st = load(reader, subject, &until)) != ST_OK)
		return st;
	if (!take(limit, now, &until))
		return ST_TOO_MANY;
	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	if ((st = load(db, subject, &until)) == ST_OK) {
		st = take(limit, now, &until) ? save(db, subject, until)
					      : ST_TOO_MANY;
		if (st == ST_OK)
			st = make_room(db, now);
	}
	committed = db_write_end(db, st == ST_OK);
	return committed != ST_OK ? committed : st;
}

enum status
limit_write(struct db *reader, const struct conf *conf,
    const struct identity *who, bool durable, struct limit *out)
{
	char subject[LIMIT_SUBJECT_MAX];

	*out = (struct limit){0};
	if (conf->user_writes == 0)
		return ST_OK;
	*out = (struct limit){.name = "writes",
	    .quota = conf->user_writes,
	    .window_s = WRITES_WINDOW};
	if (who->token_name[0] != '\0')
		snprintf(subject, sizeof(subject), "token:%s", who->session);
	else
		snprintf(
		    subject, sizeof(subject), "user:%" PRId64, who->user_id);
	if (durable)
		return take_in_database(reader, subject, out);
	return take_in_memory(subject, out) ? ST_OK : ST_TOO_MANY;
}

enum status
limit_prune(struct db *writer)
{
	struct query *q = db_query(writer, SQL_KNOWN_PRUNE);
	enum status st;

	db_bind_int(q, ":before", clock_utc_ms() - KNOWN_MS);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	return make_room(writer, utc_us());
}
