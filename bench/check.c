/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "shared/log.h"

#define FNV_START 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

/* The members of a change that every way of hearing it must agree about. */
static const char *const members[] = {"seq", "user_id", "username",
    "update_type", "sku", "version", "field", "old_value", "new_value",
    "changes", "timestamp", "source", "room"};

static uint64_t
fnv(uint64_t h, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * FNV_PRIME;
	return h;
}

uint64_t
content_bytes(const char *data, size_t len)
{
	uint64_t h = fnv(FNV_START, data, len);

	return h == 0 ? 1 : h;
}

uint64_t
content_hash(struct json_object *change)
{
	struct json_object *value;
	const char *text;
	uint64_t h = FNV_START;
	size_t i, len;

	for (i = 0; i < sizeof(members) / sizeof(*members); i++) {
		value = NULL;
		json_object_object_get_ex(change, members[i], &value);
		text = json_object_to_json_string_length(
		    value, JSON_C_TO_STRING_PLAIN, &len);
		h = fnv(h, text, len);
		h = fnv(h, "\n", 1);
	}
	return h == 0 ? 1 : h;
}

static void
drop_effects(struct truth *t)
{
	size_t i;

	for (i = 0; i < t->size; i++)
		free(t->event[i].effect);
}

void
truth_start(struct truth *t, const char *epoch, int64_t seq)
{
	drop_effects(t);
	memset(t->epoch, 0, sizeof(t->epoch));
	memcpy(t->epoch, epoch, strlen(epoch));
	t->first = seq + 1;
	if (t->size > 0)
		memset(t->event, 0, t->size * sizeof(*t->event));
}

struct truth_event *
truth_at(struct truth *t, int64_t seq)
{
	size_t at, size = t->size;

	if (seq < t->first)
		return NULL;
	at = (size_t)(seq - t->first);
	while (at >= size)
		size = size == 0 ? 1024 : size * 2;
	if (size > t->size) {
		t->event = realloc(t->event, size * sizeof(*t->event));
		if (t->event == NULL)
			log_fatal(EX_OSERR, "out of memory");
		memset(t->event + t->size, 0,
		    (size - t->size) * sizeof(*t->event));
		t->size = size;
	}
	return &t->event[at];
}

void
truth_reset(struct truth *t)
{
	drop_effects(t);
	free(t->event);
	memset(t, 0, sizeof(*t));
}

void
check_start(struct check *c, int64_t seq)
{
	c->last = seq;
	c->next = -1;
	c->held_count = 0;
}

void
check_connected(struct check *c)
{
	c->wish = c->last;
	c->next = -1;
	c->held_count = 0;
}

enum check_verdict
check_promised(struct check *c, bool recovered, int64_t from, int64_t to)
{
	if (recovered && from != c->wish)
		c->faults->broken++;
	c->next = recovered ? c->wish + 1 : to < 0 ? -1 : to + 1;
	return !recovered && to > c->last ? CHECK_GAP : CHECK_APPLIED;
}

void
check_upto(struct check *c, int64_t seq)
{
	if (c->next >= 0 && seq >= c->next) {
		c->faults->holes += seq + 1 - c->next;
		c->next = seq + 1;
	}
}

static void
apply(struct check *c, int64_t seq, uint64_t content)
{
	struct truth_event *ev = truth_at(c->truth, seq);

	c->last = seq;
	c->applied++;
	if (ev == NULL)
		c->faults->broken++;
	else if (ev->content == 0)
		ev->content = content;
	else if (ev->content != content)
		c->faults->differs++;
	if (ev != NULL && ev->effect != NULL)
		(void)table_apply(&c->table, ev->effect);
}

static void
hold(struct check *c, int64_t seq, uint64_t content)
{
	if (c->held_count == c->held_size) {
		c->held_size = c->held_size == 0 ? 64 : c->held_size * 2;
		c->held = realloc(c->held, c->held_size * sizeof(*c->held));
		if (c->held == NULL)
			log_fatal(EX_OSERR, "out of memory");
	}
	c->held[c->held_count].seq = seq;
	c->held[c->held_count++].content = content;
}

/* Hold the connection to its word. */
static void
judge(struct check *c, int64_t seq)
{
	if (c->next >= 0 && seq > c->next)
		c->faults->holes += seq - c->next;
	else if (c->next >= 0 && seq == c->next - 1)
		c->faults->repeats++;
	else if (c->next >= 0 && seq < c->next)
		c->faults->disorder++;
	if (seq >= c->next)
		c->next = seq + 1;
}

enum check_verdict
check_event(struct check *c, int64_t seq, uint64_t content)
{
	judge(c, seq);
	if (seq <= c->last) {
		c->dropped++;
		return CHECK_DROPPED;
	}
	if (seq > c->last + 1 || c->held_count > 0) {
		hold(c, seq, content);
		return CHECK_GAP;
	}
	apply(c, seq, content);
	return CHECK_APPLIED;
}

void
check_page(struct check *c, int64_t seq, uint64_t content)
{
	if (seq <= c->last) {
		c->dropped++;
		return;
	}
	if (seq > c->last + 1)
		c->faults->holes += seq - c->last - 1;
	apply(c, seq, content);
}

enum check_verdict
check_closed(struct check *c)
{
	size_t i;

	for (i = 0; i < c->held_count; i++) {
		if (c->held[i].seq <= c->last)
			c->dropped++;
		else if (c->held[i].seq == c->last + 1)
			apply(c, c->held[i].seq, c->held[i].content);
		else
			break;
	}
	c->held_count -= i;
	if (c->held_count > 0)
		memmove(c->held, c->held + i, c->held_count * sizeof(*c->held));
	return c->held_count > 0 ? CHECK_GAP : CHECK_APPLIED;
}

void
check_skip(struct check *c, int64_t seq)
{
	if (c->held_count > 0 && c->held[0].seq - 1 > seq)
		seq = c->held[0].seq - 1;
	if (seq > c->last)
		c->last = seq;
	(void)check_closed(c);
}

void
check_reset(struct check *c)
{
	table_reset(&c->table);
	free(c->held);
	c->held = NULL;
	c->held_count = c->held_size = 0;
}
