/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "gate.h"
#include "hash.h"
#include "shared/log.h"

struct gate_verified {
	struct ticket ticket;
	size_t len;
	char text[];
};

struct gate_revoked {
	struct gate_revoked *next;
	int64_t user_id; /* 0: by session */
	int64_t at;      /* UTC ms */
	int64_t until;   /* UTC ms: to be forgotten */
	char session[33];
};

bool
gate_load(struct gate *g)
{
	if (g->ready)
		return true;
	g->ready = ticket_keys_load_public(&g->keys, g->key_file) == ST_OK;
	if (g->ready)
		log_info("have the ticket key");
	else if (!g->said)
		log_info("waiting for the ticket key %s.pub", g->key_file);
	g->said = true;
	return g->ready;
}

void
gate_reset(struct gate *g)
{
	struct gate_revoked *rv;
	unsigned i;

	for (i = 0; i < GATE_CACHE; i++)
		free(g->cache[i]);
	while ((rv = g->revoked) != NULL) {
		g->revoked = rv->next;
		free(rv);
	}
	ticket_keys_reset(&g->keys);
	memset(g, 0, sizeof(*g));
}

/* Verify, or find among those verified before. */
static enum status
gate_verify(struct gate *g, const char *text, size_t len, struct ticket *out)
{
	struct gate_verified **slot, *v;
	enum status st;

	slot = &g->cache[hash_bytes(text, len) % GATE_CACHE];
	if (*slot != NULL && (*slot)->len == len &&
	    memcmp((*slot)->text, text, len) == 0) {
		*out = (*slot)->ticket;
		return ST_OK;
	}
	if ((st = ticket_verify(text, len, &g->keys, out)) != ST_OK)
		return st;
	if ((v = malloc(sizeof(*v) + len)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	v->ticket = *out;
	v->len = len;
	memcpy(v->text, text, len);
	free(*slot);
	*slot = v;
	return ST_OK;
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
		if (t->issued <= rv->at &&
		    (rv->session[0] != '\0'
			    ? strcmp(rv->session, t->session) == 0
			    : rv->user_id == t->user_id))
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
	if ((st = gate_verify(g, text, len, &t)) != ST_OK)
		return st;
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

	if (gate_verify(g, text, len, &t) != ST_OK || !gate_fresh(&t, utc))
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
