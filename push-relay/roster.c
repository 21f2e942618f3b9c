/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "hash.h"
#include "roster.h"

static unsigned
hash_user(int64_t user_id)
{
	uint64_t h = (uint64_t)user_id * 0x9e3779b97f4a7c15ULL;

	return (unsigned)(h >> 32) % ROSTER_BUCKETS;
}

void
roster_add(struct roster *ro, struct member *m)
{
	struct member **bucket;

	bucket = &ro->by_sid[hash_text(m->who.sid) % ROSTER_BUCKETS];
	m->sid_next = *bucket;
	*bucket = m;
	bucket = &ro->by_user[hash_user(m->who.user_id)];
	m->user_next = *bucket;
	*bucket = m;
}

void
roster_remove(struct roster *ro, struct member *m)
{
	struct member **at =
	    &ro->by_sid[hash_text(m->who.sid) % ROSTER_BUCKETS];

	while (*at != m)
		at = &(*at)->sid_next;
	*at = m->sid_next;
	at = &ro->by_user[hash_user(m->who.user_id)];
	while (*at != m)
		at = &(*at)->user_next;
	*at = m->user_next;
}

struct member *
roster_find(const struct roster *ro, const char *sid)
{
	struct member *m = ro->by_sid[hash_text(sid) % ROSTER_BUCKETS];

	while (m != NULL && strcmp(m->who.sid, sid) != 0)
		m = m->sid_next;
	return m;
}

struct member *
roster_twin(const struct roster *ro, const struct member *m)
{
	struct member *o = ro->by_user[hash_user(m->who.user_id)];

	for (; o != NULL; o = o->user_next) {
		if (o != m && o->listed && o->room == m->room &&
		    member_same_person(o, m))
			return o;
	}
	return NULL;
}

unsigned
roster_count(const struct roster *ro, int64_t user_id, bool streaming)
{
	const struct member *m = ro->by_user[hash_user(user_id)];
	unsigned count = 0;

	for (; m != NULL; m = m->user_next)
		count +=
		    m->who.user_id == user_id && (!streaming || m->sub != NULL);
	return count;
}
