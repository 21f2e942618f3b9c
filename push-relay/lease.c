/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "hash.h"
#include "lease.h"
#include "shared/log.h"

struct lease *
leases_own(const struct member *m, const char *row, const char *field)
{
	struct lease *l = m->leases;

	while (l != NULL &&
	       (strcmp(l->row, row) != 0 || strcmp(l->field, field) != 0))
		l = l->own_next;
	return l;
}

struct lease *
leases_rival(const struct leases *ls, const struct member *m, const char *row,
    const char *field)
{
	struct lease *l = ls->by_row[hash_text(row) % LEASE_BUCKETS];

	for (; l != NULL; l = l->row_next) {
		if (l->holder == m || strcmp(l->row, row) != 0)
			continue;
		if (l->field[0] == '\0' || field[0] == '\0' ||
		    strcmp(l->field, field) == 0)
			return l;
	}
	return NULL;
}

struct lease *
leases_add(
    struct leases *ls, struct member *m, const char *row, const char *field)
{
	struct lease *l, **bucket = &ls->by_row[hash_text(row) % LEASE_BUCKETS];
	size_t row_len = strlen(row), field_len = strlen(field);

	assert(ls->count < LEASE_ROOM_MAX);
	assert(m->lease_count < LEASE_PAGE_MAX);
	if ((l = calloc(1, sizeof(*l))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	assert(row_len < sizeof(l->row) && field_len < sizeof(l->field));
	memcpy(l->row, row, row_len + 1);
	memcpy(l->field, field, field_len + 1);
	l->holder = m;
	l->row_next = *bucket;
	*bucket = l;
	l->own_next = m->leases;
	m->leases = l;
	m->lease_count++;
	if ((l->older = ls->newest) != NULL)
		l->older->newer = l;
	ls->newest = l;
	ls->count++;
	ls->changes++;
	return l;
}

void
leases_remove(struct leases *ls, struct lease *l)
{
	struct lease **at = &ls->by_row[hash_text(l->row) % LEASE_BUCKETS];

	assert(l->end.place == 0);
	while (*at != l)
		at = &(*at)->row_next;
	*at = l->row_next;
	at = &l->holder->leases;
	while (*at != l)
		at = &(*at)->own_next;
	*at = l->own_next;
	l->holder->lease_count--;
	if (l->newer != NULL)
		l->newer->older = l->older;
	else
		ls->newest = l->older;
	if (l->older != NULL)
		l->older->newer = l->newer;
	ls->count--;
	ls->changes++;
	free(l);
}
