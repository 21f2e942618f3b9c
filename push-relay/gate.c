/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "gate.h"
#include "hash.h"
#include "shared/log.h"

#define GATE_HEAD offsetof(struct ticket, username) /* all but the names */

/* A ticket that was verified.  There are thousands, so it is kept short. */
struct gate_verified {
	unsigned char digest[TICKET_DIGEST]; /* of its text */
	char ticket[]; /* the head of the struct, username, name */
};

struct gate_revoked {
	struct gate_revoked *next;
	int64_t user_id; /* 0: by session */
	int64_t at;      /* UTC ms */
	int64_t until;   /* UTC ms: to be forgotten */
	char session[33];
};

/* What was verified with other keys is to be verified anew. */
static void
gate_forget(struct gate *g)
{
	unsigned row, i;

	for (row = 0; row < GATE_ROWS; row++) {
		for (i = 0; i < GATE_ROW; i++)
			free(g->cache[row][i]);
	}
	memset(g->cache, 0, sizeof(g->cache));
}

/* Read the keys if their file has changed; true when there are new ones. */
static bool
gate_look(struct gate *g, int64_t utc)
{
	struct ticket_keys keys;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s.pub", g->key_file) >=
		(int)sizeof(path) ||
	    !ticket_stamp_changed(&g->stamp, path))
		return false;
	/* What is wrong with it was logged, and what we have is good. */
	if (ticket_keys_load_public(&keys, g->key_file) != ST_OK)
		return false;
	g->keys = keys;
	gate_forget(g);
	g->renewed = utc;
	log_info(g->ready ? "have new ticket keys" : "have the ticket key");
	g->ready = g->news = true;
	g->warned = false;
	return true;
}

bool
gate_load(struct gate *g, int64_t utc)
{
	if (!gate_look(g, utc) && !g->ready && !g->said) {
		log_info("waiting for the ticket key %s.pub", g->key_file);
		g->said = true;
	}
	return g->ready;
}

bool
gate_news(struct gate *g)
{
	bool news = g->news;

	g->news = false;
	return news;
}

void
gate_reset(struct gate *g)
{
	struct gate_revoked *rv;

	gate_forget(g);
	while ((rv = g->revoked) != NULL) {
		g->revoked = rv->next;
		free(rv);
	}
	ticket_keys_reset(&g->keys);
	memset(g, 0, sizeof(*g));
}

static struct gate_verified *
verified_new(const unsigned char *digest, const struct ticket *t)
{
	size_t user = strlen(t->username) + 1, name = strlen(t->name) + 1;
	struct gate_verified *v;

	if ((v = malloc(sizeof(*v) + GATE_HEAD + user + name)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	memcpy(v->digest, digest, sizeof(v->digest));
	memcpy(v->ticket, t, GATE_HEAD);
	memcpy(v->ticket + GATE_HEAD, t->username, user);
	memcpy(v->ticket + GATE_HEAD + user, t->name, name);
	return v;
}

static void
verified_get(const struct gate_verified *v, struct ticket *out)
{
	const char *username = v->ticket + GATE_HEAD;
	size_t user = strlen(username) + 1;

	memset(out, 0, sizeof(*out));
	memcpy(out, v->ticket, GATE_HEAD);
	memcpy(out->username, username, user);
	memcpy(out->name, username + user, strlen(username + user) + 1);
}

/* Put a ticket before the I that were first in its row, in place of the next.
 */
static void
verified_first(struct gate_verified **row, unsigned i, struct gate_verified *v)
{
	memmove(row + 1, row, i * sizeof(*row));
	row[0] = v;
}

/* The ticket of this digest, from then on the first of its row; or NULL. */
static struct gate_verified *
verified_find(struct gate_verified **row, const unsigned char *digest)
{
	struct gate_verified *v;
	unsigned i;

	for (i = 0; i < GATE_ROW && (v = row[i]) != NULL; i++) {
		if (memcmp(v->digest, digest, sizeof(v->digest)) == 0) {
			verified_first(row, i, v);
			return v;
		}
	}
	return NULL;
}

/* Verify, or find among those verified before. */
static enum status
gate_verify(struct gate *g, const char *text, size_t len, int64_t utc,
    struct ticket *out)
{
	unsigned char digest[TICKET_DIGEST];
	struct gate_verified **row, *v;
	enum status st;
	uint32_t place;

	ticket_digest(text, len, digest);
	memcpy(&place, digest, sizeof(place));
	row = g->cache[place % GATE_ROWS];
	if ((v = verified_find(row, digest)) != NULL) {
		verified_get(v, out);
		return ST_OK;
	}
	st = ticket_verify(text, len, &g->keys, out);
	/* The app may have a newer key than we know. */
	if (st != ST_OK && gate_look(g, utc))
		st = ticket_verify(text, len, &g->keys, out);
	if (st != ST_OK)
		return st;
	free(row[GATE_ROW - 1]);
	verified_first(row, GATE_ROW - 1, verified_new(digest, out));
	return ST_OK;
}

/*
 * A replaced key signs tickets still: an app that was not told, as one that has
 * its key as a credential.  When the key ends there would be no streams.
 */
static void
gate_judge_key(struct gate *g, struct ticket *t)
{
	if (!t->replaced)
		return;
	if (t->issued <= g->renewed + GATE_SKEW)
		return;
	t->replaced = false;
	if (!g->warned)
		log_warn("an app signs with a ticket key that was replaced: "
			 "restart it");
	g->warned = true;
}

static bool
gate_is_revoked(struct gate *g, const struct ticket *t, int64_t utc)
{
	struct gate_revoked **at = &g->revoked, *rv;

	while ((rv = *at) != NULL) {
		if (rv->until < utc) {
			*at = rv->next;
			free(rv);
			continue;
		}
		if (rv->session[0] != '\0'
			? t->issued <= rv->at &&
			      strcmp(rv->session, t->session) == 0
			: t->rights < rv->at && rv->user_id == t->user_id)
			return true;
		at = &rv->next;
	}
	return false;
}

enum status
gate_read(struct gate *g, const char *text, size_t len, int64_t utc,
    struct ticket *out)
{
	struct ticket t = {0};
	enum status st;

	if (!g->ready)
		return ST_UNAVAILABLE;
	if (len == 0 || len >= TICKET_MAX)
		return ST_UNAUTHORIZED;
	if ((st = gate_verify(g, text, len, utc, &t)) != ST_OK)
		return st;
	gate_judge_key(g, &t);
	if (utc >= t.ends || t.issued > utc + GATE_SKEW ||
	    gate_is_revoked(g, &t, utc))
		return ST_UNAUTHORIZED;
	*out = t;
	return ST_OK;
}

static bool
gate_fresh(const struct ticket *t, int64_t utc)
{
	return utc - t->issued <= TICKET_OPEN_MS;
}

enum status
gate_opens(const struct ticket *t, const struct member *m, int64_t utc)
{
	if (m != NULL && m->who.user_id != t->user_id)
		return ST_FORBIDDEN;
	if (gate_fresh(t, utc))
		return ST_OK;
	/* Time for one of the new key. */
	if (t->replaced)
		return ST_UNAUTHORIZED;
	return m == NULL ? ST_UNAUTHORIZED : gate_serves(t, m);
}

enum status
gate_serves(const struct ticket *t, const struct member *m)
{
	if (m->who.user_id != t->user_id)
		return ST_FORBIDDEN;
	/*
	 * Not one that a newer one has replaced: the session that it names
	 * may have been signed out longer ago than is remembered.
	 */
	if (strcmp(m->who.session, t->session) != 0 ||
	    t->issued < m->who.issued)
		return ST_UNAUTHORIZED;
	return ST_OK;
}

bool
gate_use(struct gate *g, const char *text, size_t len, int64_t utc)
{
	struct ticket t = {0};
	uint64_t hash = hash_bytes(text, len);
	unsigned i;

	if (gate_verify(g, text, len, utc, &t) != ST_OK || !gate_fresh(&t, utc))
		return false;
	for (i = 0; i < GATE_USED; i++) {
		if (g->used[i].until >= utc && g->used[i].hash == hash)
			return false;
	}
	/* Full of those that still count: better refuse than forget one. */
	if (g->used[g->used_next].until >= utc)
		return false;
	g->used[g->used_next].hash = hash;
	g->used[g->used_next].until = t.issued + TICKET_OPEN_MS;
	g->used_next = (g->used_next + 1) % GATE_USED;
	return true;
}

void
gate_revoke(struct gate *g, const char *session, int64_t user_id, int64_t at,
    int64_t utc)
{
	struct gate_revoked *rv;
	size_t len = strlen(session);

	assert(len < sizeof(rv->session));
	for (rv = g->revoked; rv != NULL; rv = rv->next) {
		if (rv->user_id == user_id &&
		    strcmp(rv->session, session) == 0) {
			if (rv->at < at)
				rv->at = at;
			rv->until = utc + GATE_REVOKED;
			return;
		}
	}
	if ((rv = calloc(1, sizeof(*rv))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	rv->user_id = user_id;
	rv->at = at;
	rv->until = utc + GATE_REVOKED;
	memcpy(rv->session, session, len + 1);
	rv->next = g->revoked;
	g->revoked = rv;
}
