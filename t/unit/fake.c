/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/room-list.h"
#include "shared/clock.h"
#include "t/unit/fake.h"

struct timers timers;
struct presence presence;
int64_t now;

static struct stats stats;

static void
fake_deliver(struct subscriber *sub, struct frame *f)
{
	struct fake *k = (struct fake *)(void *)sub;
	size_t len = strlen(k->got);

	assert_true(len + f->len < sizeof(k->got));
	memcpy(k->got + len, f->text, f->len);
	k->got[len + f->len] = '\0';
}

static void
fake_wake(struct subscriber *sub)
{
	(void)sub;
}

static void
fake_end(
    struct subscriber *sub, const char *code, const char *reason, int64_t retry)
{
	struct fake *k = (struct fake *)(void *)sub;

	(void)reason;
	(void)retry;
	snprintf(k->ended, sizeof(k->ended), "%s", code);
	room_unsubscribe(sub);
	presence_close(&presence, sub, now);
}

static const struct subscriber_ops fake_ops = {
    .deliver = fake_deliver,
    .wake = fake_wake,
    .end = fake_end,
};

struct ticket
fake_who(const char *sid, int64_t user, const char *name, const char *color)
{
	struct ticket t = {.user_id = user, .issued = 1000};

	snprintf(t.sid, sizeof(t.sid), "%s", sid);
	snprintf(t.username, sizeof(t.username), "user%lld", (long long)user);
	snprintf(t.name, sizeof(t.name), "%s", name);
	snprintf(t.color, sizeof(t.color), "%s", color);
	snprintf(t.room, sizeof(t.room), "%s", FAKE_ROOM);
	snprintf(t.session, sizeof(t.session), "s%lld", (long long)user);
	return t;
}

struct member *
fake_enter(struct fake *k, struct ticket t)
{
	struct member *m;

	memset(k, 0, sizeof(*k));
	k->sub.ops = &fake_ops;
	assert_int_equal(presence_open(&presence, &t, &k->sub, now), ST_OK);
	m = presence_find(&presence, t.sid);
	assert_non_null(m);
	assert_ptr_equal(m->sub, &k->sub);
	k->m = m;
	room_subscribe(m->room, &k->sub);
	return m;
}

void
fake_leave(struct fake *k)
{
	room_unsubscribe(&k->sub);
	presence_close(&presence, &k->sub, now);
}

void
fake_wait(int64_t until)
{
	while (timers_next(&timers) <= until) {
		now = timers_next(&timers);
		timers_run(&timers, now);
	}
	now = until;
}

int
fake_count(const struct fake *k, const char *text)
{
	const char *p = k->got;
	int n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strlen(text);
	}
	return n;
}

bool
fake_list_has(struct room *r, const char *text)
{
	struct frame *f = room_list(r);

	return memmem(f->text, f->len, text, strlen(text)) != NULL;
}

int
fake_setup(void **state)
{
	(void)state;
	now = clock_mono_ms();
	memset(&stats, 0, sizeof(stats));
	presence_init(&presence, FAKE_PALETTE, 100, &timers, &stats);
	return 0;
}

int
fake_teardown(void **state)
{
	struct room *r;
	struct member *m;

	(void)state;
	/* A test that failed may have left anybody here. */
	while ((r = presence.rooms) != NULL) {
		while (r->subs != NULL)
			room_unsubscribe(r->subs);
		m = r->first;
		if (m->sub != NULL)
			presence_close(&presence, m->sub, now);
		else
			presence_revoke(
			    &presence, "", m->who.user_id, INT64_MAX, now);
	}
	presence_reset(&presence);
	timers_reset(&timers);
	return 0;
}
