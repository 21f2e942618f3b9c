/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Presence and rooms with streams that only note what they are given, and a
 * clock that the test turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/presence.h"
#include "push-relay/room-list.h"

#define ROOM    "inventory_management"
#define PALETTE "#111111,#222222,#333333"

static struct timers timers;
static struct stats stats;
static struct presence presence;
static int64_t now;

/* A stream that notes. */
struct fake {
	struct subscriber sub;
	char got[65536]; /* texts of the frames, one after the other */
	char ended[16];  /* code of its end, or "" */
};

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

static struct ticket
who(const char *sid, int64_t user, const char *name, const char *color)
{
	struct ticket t = {.user_id = user, .issued = 1000};

	snprintf(t.sid, sizeof(t.sid), "%s", sid);
	snprintf(t.username, sizeof(t.username), "user%lld", (long long)user);
	snprintf(t.name, sizeof(t.name), "%s", name);
	snprintf(t.color, sizeof(t.color), "%s", color);
	snprintf(t.room, sizeof(t.room), "%s", ROOM);
	snprintf(t.session, sizeof(t.session), "s%lld", (long long)user);
	return t;
}

/* Open a stream and listen in the room, as a transport does. */
static struct member *
enter(struct fake *k, struct ticket t)
{
	struct member *m;

	memset(k, 0, sizeof(*k));
	k->sub.ops = &fake_ops;
	assert_int_equal(presence_open(&presence, &t, &k->sub, now), ST_OK);
	m = presence_find(&presence, t.sid);
	assert_non_null(m);
	assert_ptr_equal(m->sub, &k->sub);
	room_subscribe(m->room, &k->sub);
	return m;
}

static void
leave(struct fake *k)
{
	room_unsubscribe(&k->sub);
	presence_close(&presence, &k->sub, now);
}

/* Turn the clock to an instant, timer by timer. */
static void
wait_until(int64_t until)
{
	while (timers_next(&timers) <= until) {
		now = timers_next(&timers);
		timers_run(&timers, now);
	}
	now = until;
}

static int
count(const struct fake *k, const char *text)
{
	const char *p = k->got;
	int n = 0;

	while ((p = strstr(p, text)) != NULL) {
		n++;
		p += strlen(text);
	}
	return n;
}

/* Whether the list of the room has this text. */
static bool
in_list(struct room *r, const char *text)
{
	struct frame *f = room_list(r);

	return memmem(f->text, f->len, text, strlen(text)) != NULL;
}

static int
setup(void **state)
{
	(void)state;
	now = 1000000;
	memset(&stats, 0, sizeof(stats));
	presence_init(&presence, PALETTE, 100, &timers, &stats);
	return 0;
}

static int
teardown(void **state)
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

static struct fake a, b, c, d, e, f;

static void
test_first_last(void **state)
{
	(void)state;
	enter(&a, who("a", 1, "", ""));
	enter(&b, who("b", 2, "", ""));
	wait_until(now + 200);
	assert_int_equal(count(&a, "\"first\":true"), 1);
	/* A second page of the same person, and one under another name. */
	enter(&c, who("c", 2, "", ""));
	wait_until(now + 200);
	assert_int_equal(count(&a, "\"first\":false"), 1);
	assert_int_equal(presence.rooms->people, 2);
	assert_int_equal(presence.rooms->listed, 3);
	leave(&c);
	wait_until(now + PRESENCE_GRACE + 200);
	assert_int_equal(count(&a, "\"last\":false"), 1);
	enter(&c, who("d", 2, "other", ""));
	wait_until(now + 200);
	assert_int_equal(count(&a, "\"first\":true"), 2);
	assert_int_equal(presence.rooms->people, 3);
	presence_leave(&presence, presence_find(&presence, "b"), now);
	wait_until(now + PRESENCE_LEAVE + 200);
	assert_int_equal(count(&a, "\"last\":true"), 1);
	assert_int_equal(presence.rooms->people, 2);
}

static void
test_leave(void **state)
{
	struct member *m;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	m = enter(&b, who("b", 2, "", ""));
	wait_until(now + 200);
	/* A reload: it says that it goes, closes, and comes back in time. */
	presence_leave(&presence, m, now);
	leave(&b);
	wait_until(now + PRESENCE_LEAVE - 1);
	m = enter(&b, who("b", 2, "", ""));
	wait_until(now + PRESENCE_GRACE);
	assert_int_equal(count(&a, "user_left"), 0);
	assert_int_equal(count(&a, "user_joined"), 1);
	/* A late beat does not hold one who goes. */
	presence_leave(&presence, m, now);
	presence_beat(&presence, m, false, now);
	leave(&b);
	wait_until(now + PRESENCE_LEAVE - 1);
	assert_non_null(presence_find(&presence, "b"));
	wait_until(now + 1);
	assert_null(presence_find(&presence, "b"));
	wait_until(now + 200);
	assert_int_equal(count(&a, "user_left"), 1);
}

static void
test_grace(void **state)
{
	(void)state;
	enter(&a, who("a", 1, "", ""));
	enter(&b, who("b", 2, "", ""));
	wait_until(now + 200);
	leave(&b);
	wait_until(now + PRESENCE_GRACE - 1);
	assert_int_equal(count(&a, "user_left"), 0);
	wait_until(now + 1);
	assert_int_equal(count(&a, "user_left"), 1);
	assert_null(presence_find(&presence, "b"));
	assert_int_equal(presence.members, 1);
}

/* A page without a stream stays while it beats, as often as pings come. */
static void
test_rest(void **state)
{
	struct member *m;
	struct ticket tab = who("c", 3, "", "");

	(void)state;
	enter(&a, who("a", 1, "", ""));
	m = enter(&b, who("b", 2, "", ""));
	wait_until(now + 200);
	leave(&b);
	wait_until(now + 1000);
	for (int i = 0; i < 5; i++) {
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
		presence_beat(&presence, m, false, now);
		wait_until(now + 15000);
		assert_ptr_equal(presence_find(&presence, "b"), m);
	}
	assert_int_equal(count(&a, "user_left"), 0);
	wait_until(now + PRESENCE_SILENT - 15001);
	assert_non_null(presence_find(&presence, "b"));
	wait_until(now + 1);
	assert_null(presence_find(&presence, "b"));
	/* One that has never had a stream is as good. */
	assert_int_equal(presence_enter(&presence, &tab, true, now), ST_OK);
	m = presence_find(&presence, "c");
	assert_true(m->away);
	assert_int_equal(presence_streams(&presence, 3), 0);
	assert_int_equal(presence_pages(&presence, 3), 1);
	presence_beat(&presence, m, false, now);
	wait_until(now + PRESENCE_SILENT - 1);
	assert_ptr_equal(presence_find(&presence, "c"), m);
	wait_until(now + 1);
	assert_null(presence_find(&presence, "c"));
	presence.most = presence.members;
	assert_int_equal(
	    presence_enter(&presence, &tab, false, now), ST_TOO_MANY);
}

static void
test_silence(void **state)
{
	struct member *m;
	int64_t start = now;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	m = enter(&b, who("b", 2, "", ""));
	enter(&c, who("c", 3, "", ""));
	presence_beat(&presence, presence_find(&presence, "c"), true, now);
	while (now < start + PRESENCE_SILENT - 1000) {
		wait_until(now + 1000);
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
	}
	assert_int_equal(count(&a, "user_left"), 0);
	wait_until(start + PRESENCE_SILENT);
	assert_int_equal(count(&a, "user_left"), 1);
	assert_false(m->listed);
	/* Its stream is open: when it wakes, it is here again. */
	presence_beat(&presence, m, false, now);
	assert_true(m->listed);
	while (now < start + PRESENCE_AWAY - 1) {
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
		presence_beat(&presence, m, false, now);
		wait_until(now + 9999 < start + PRESENCE_AWAY
			       ? now + 9999
			       : start + PRESENCE_AWAY - 1);
	}
	assert_int_equal(count(&a, "user_left"), 1);
	wait_until(start + PRESENCE_AWAY + 200);
	assert_int_equal(count(&a, "user_left"), 2);
	assert_false(presence_find(&presence, "c")->listed);
}

static void
test_colors(void **state)
{
	struct fake k[6];
	struct member *m;

	(void)state;
	assert_string_equal(
	    enter(&k[0], who("a", 1, "", "#222222"))->color, "#222222");
	/* Taken by somebody else: the palette's first free one. */
	assert_string_equal(
	    enter(&k[1], who("b", 2, "", "#222222"))->color, "#111111");
	/* The same person: the same colour, whatever the wish. */
	assert_string_equal(
	    enter(&k[2], who("c", 1, "", "#333333"))->color, "#222222");
	/* Another name of the same user is somebody else. */
	assert_string_equal(
	    enter(&k[3], who("d", 1, "x", "#222222"))->color, "#333333");
	/* All are taken: some colour of the palette; a wish beyond it is
	   granted. */
	m = enter(&k[4], who("e", 5, "", ""));
	assert_non_null(strstr(PALETTE, m->color));
	assert_int_equal(strlen(m->color), 7);
	assert_string_equal(
	    enter(&k[5], who("f", 6, "", "#abcdef"))->color, "#abcdef");
	wait_until(now + 500);
	teardown(state);
	setup(state);
}

static void
test_replaced(void **state)
{
	struct member *m;
	struct ticket t;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	m = enter(&b, who("b", 2, "", ""));
	wait_until(now + 200);
	assert_ptr_equal(enter(&c, who("b", 2, "", "")), m);
	assert_string_equal(b.ended, "replaced");
	assert_null(b.sub.member);
	assert_null(b.sub.room);
	wait_until(now + PRESENCE_GRACE + 200);
	assert_int_equal(count(&a, "user_joined"), 1);
	assert_int_equal(count(&a, "user_left"), 0);
	/* Under another name it is another person. */
	enter(&b, who("b", 2, "new", ""));
	wait_until(now + 200);
	assert_int_equal(count(&a, "user_joined"), 2);
	assert_int_equal(count(&a, "user_left"), 1);
	assert_string_equal(c.ended, "replaced");
	/* In another room it is gone from this one. */
	t = who("b", 2, "new", "");
	snprintf(t.room, sizeof(t.room), "elsewhere");
	enter(&c, t);
	wait_until(now + 200);
	assert_int_equal(count(&a, "user_left"), 2);
	assert_non_null(presence_room(&presence, "elsewhere"));
	leave(&c);
	wait_until(now + PRESENCE_GRACE);
	assert_null(presence_room(&presence, "elsewhere"));
}

static void
test_revoke(void **state)
{
	struct ticket t;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	enter(&b, who("b", 2, "", ""));
	t = who("c", 2, "", "");
	t.issued = 5000;
	enter(&c, t);
	wait_until(now + 200);
	presence_revoke(&presence, "", 2, 4000, now);
	assert_string_equal(b.ended, "ticket");
	assert_string_equal(c.ended, "");
	assert_null(presence_find(&presence, "b"));
	presence_revoke(&presence, "s2", 0, 9000, now);
	assert_string_equal(c.ended, "ticket");
	assert_string_equal(a.ended, "");
	wait_until(now + 200);
	assert_int_equal(count(&a, "user_left"), 2);
	/* In its grace time it is gone at once, too. */
	enter(&b, who("b", 2, "", ""));
	leave(&b);
	presence_revoke(&presence, "s2", 0, 9000, now);
	assert_null(presence_find(&presence, "b"));
	presence_revoke(&presence, "s1", 0, 9000, now);
	assert_string_equal(a.ended, "ticket");
	assert_null(presence.rooms);
}

static void
test_cursors(void **state)
{
	struct member_cursor cur = {.mode = MODE_HOVER};
	struct member *m, *o;
	int i;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	m = enter(&b, who("b", 2, "", ""));
	o = enter(&c, who("c", 3, "", ""));
	wait_until(now + 200);
	/* The first at once, then one batch with the newest of each. */
	for (i = 0; i < 10; i++) {
		snprintf(cur.row, sizeof(cur.row), "SKU-%d", i);
		presence_cursor(&presence, m, &cur, now);
		presence_cursor(&presence, o, &cur, now);
	}
	assert_int_equal(count(&a, "event: cursor_updated"), 1);
	assert_int_equal(count(&a, "SKU-0"), 1);
	assert_int_equal(count(&a, "event: cursors"), 0);
	wait_until(now + ROOM_TICK);
	assert_int_equal(count(&a, "event: cursors"), 1);
	assert_int_equal(count(&a, "SKU-9"), 2);
	assert_int_equal(count(&a, "SKU-5"), 0);
	/* Nothing new is nothing to say. */
	presence_cursor(&presence, m, &cur, now);
	wait_until(now + 10 * ROOM_TICK);
	assert_int_equal(count(&a, "event: cursor"), 2);
	/* One who goes takes its cursor with it, its stream open or not. */
	presence_leave(&presence, o, now);
	wait_until(now + PRESENCE_LEAVE - 10);
	snprintf(cur.row, sizeof(cur.row), "SKU-Y");
	presence_cursor(&presence, m, &cur, now);
	presence_cursor(&presence, o, &cur, now);
	wait_until(now + 200);
	assert_int_equal(count(&a, "user_left"), 1);
	assert_int_equal(count(&a, "event: cursor"), 3);
	presence_beat(&presence, o, false, now);
	wait_until(now + 200);
	snprintf(cur.row, sizeof(cur.row), "SKU-Z");
	presence_cursor(&presence, o, &cur, now);
	presence_cursor(&presence, m, &cur, now);
	leave(&b);
	presence_revoke(&presence, "", 2, 9000, now);
	wait_until(now + 200);
	assert_int_equal(count(&a, "SKU-Z"), 1);
}

static void
test_lists(void **state)
{
	static struct fake k[150];
	struct member_cursor cur = {.mode = MODE_EDIT};
	struct buf text = {0};
	struct room *r;
	char sid[23];
	int64_t next;
	int i;

	(void)state;
	presence.most = 150;
	for (i = 0; i < 150; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		enter(&k[i], who(sid, i + 1, "", ""));
		snprintf(cur.row, sizeof(cur.row), "R%d", i);
		presence_cursor(
		    &presence, presence_find(&presence, sid), &cur, now);
		k[i].got[0] = '\0';
		room_unsubscribe(&k[i].sub);
	}
	r = presence_room(&presence, ROOM);
	assert_int_equal(r->people, 150);
	next = room_entries(r, 0, &text);
	assert_int_equal(next, 101);
	assert_non_null(strstr(text.data, "\"sid99\""));
	assert_null(strstr(text.data, "\"sid100\""));
	buf_clear(&text);
	assert_true(in_list(r, "],\"more\":true,\"leases\":[]}"));
	buf_clear(&text);
	assert_int_equal(room_entries(r, next, &text), 0);
	assert_non_null(strstr(text.data, "\"sid100\""));
	assert_non_null(strstr(text.data, "\"sid149\""));
	buf_reset(&text);
	/* Of a crowd, the newest fifty cursors go out. */
	wait_until(now + ROOM_WINDOW_MAX);
	room_subscribe(r, &k[0].sub);
	presence_cursor(&presence, presence_find(&presence, "sid0"), &cur, now);
	k[0].got[0] = '\0';
	for (i = 1; i < 150; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		snprintf(cur.row, sizeof(cur.row), "N%d", i);
		presence_cursor(
		    &presence, presence_find(&presence, sid), &cur, now);
	}
	wait_until(now + ROOM_TICK_BIG);
	assert_int_equal(count(&k[0], "\"editing_row\""), ROOM_BIG / 2);
	assert_int_equal(count(&k[0], "\"N149\""), 1);
	assert_int_equal(count(&k[0], "\"N100\""), 1);
	assert_int_equal(count(&k[0], "\"N99\""), 0);
	wait_until(now + ROOM_WINDOW_MAX);
	assert_int_equal(count(&k[0], "\"editing_row\""), ROOM_BIG / 2);
	room_unsubscribe(&k[0].sub);
	/* And then it is full. */
	memset(&a, 0, sizeof(a));
	a.sub.ops = &fake_ops;
	{
		struct ticket t = who("more", 999, "", "");

		assert_int_equal(
		    presence_open(&presence, &t, &a.sub, now), ST_TOO_MANY);
	}
	for (i = 0; i < 150; i++)
		presence_close(&presence, &k[i].sub, now);
}

static void
test_window(void **state)
{
	struct member_cursor cur = {.mode = MODE_EDIT};
	static struct fake k[20];
	char sid[23];
	int i;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	wait_until(now + 200);
	a.got[0] = '\0';
	for (i = 0; i < 20; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		enter(&k[i], who(sid, i + 2, "", ""));
	}
	assert_int_equal(count(&a, "user_joined"), 1);
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "user_joined"), 20);
	/* States go out as a list, at most one a second. */
	for (i = 0; i < 20; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		presence_beat(
		    &presence, presence_find(&presence, sid), true, now);
	}
	assert_int_equal(count(&a, "event: presence_update"), 1);
	assert_int_equal(count(&a, "\"away\""), 1);
	wait_until(now + ROOM_STATE_WINDOW);
	assert_int_equal(count(&a, "event: presence_update"), 2);
	assert_int_equal(count(&a, "\"away\""), 21);
	/* A cursor does not overtake the joining of its page. */
	wait_until(now + 10 * ROOM_STATE_WINDOW);
	a.got[0] = '\0';
	enter(&b, who("b", 100, "", ""));
	enter(&c, who("c", 101, "", ""));
	assert_int_equal(count(&a, "user_joined"), 1);
	presence_cursor(&presence, presence_find(&presence, "c"), &cur, now);
	assert_int_equal(count(&a, "user_joined"), 2);
	assert_true(
	    strstr(a.got, "user_joined") < strstr(a.got, "cursor_updated"));
	enter(&d, who("d", 102, "", ""));
	presence_cursor(&presence, presence_find(&presence, "d"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	wait_until(now + ROOM_TICK);
	assert_int_equal(count(&a, "event: cursors"), 1);
	assert_int_equal(count(&a, "\"d\""), 0);
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "user_joined"), 3);
	assert_int_equal(count(&a, "event: cursors"), 2);
	assert_int_equal(count(&a, "\"d\""), 2);
	/* One that waits goes out, too, when something hurried its page. */
	enter(&e, who("e", 103, "", ""));
	enter(&f, who("f", 104, "", ""));
	cur.mode = MODE_HOVER;
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "f"), &cur, now);
	wait_until(now + ROOM_TICK);
	a.got[0] = '\0';
	presence_beat(&presence, presence_find(&presence, "b"), true, now);
	assert_int_equal(count(&a, "user_joined"), 2);
	assert_int_equal(count(&a, "event: cursor"), 0);
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "event: cursors"), 1);
	presence_beat(&presence, presence_find(&presence, "b"), false, now);
	/* Nor does one come after its page's going. */
	wait_until(now + ROOM_STATE_WINDOW);
	a.got[0] = '\0';
	cur.mode = MODE_SELECT;
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "c"), &cur, now);
	presence_revoke(&presence, "", 101, 9000, now);
	assert_int_equal(count(&a, "user_left"), 1);
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "\"c\""), 1);
	leave(&b);
	assert_int_equal(presence_streams(&presence, 5), 1);
	assert_int_equal(presence_streams(&presence, 500), 0);
	for (i = 0; i < 20; i++)
		leave(&k[i]);
}

/* A list for one does not hurry the others' frames, nor repeat them to it. */
static void
test_since(void **state)
{
	struct room *r;

	(void)state;
	enter(&a, who("a", 1, "", ""));
	enter(&b, who("b", 2, "", ""));
	r = presence.rooms;
	assert_int_equal(count(&a, "user_joined"), 0);
	assert_int_equal(r->version, 3);
	assert_int_equal(room_told(&a.sub), 2);
	assert_int_equal(room_told(&b.sub), 3);
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "user_joined"), 1);
	assert_int_equal(count(&b, "user_joined"), 0);
	assert_int_equal(room_told(&a.sub), 3);
	enter(&c, who("c", 3, "", ""));
	assert_int_equal(count(&a, "user_joined"), 1);
	assert_non_null(strstr(room_list_for(&a.sub)->text, "\"c\""));
	wait_until(now + ROOM_WINDOW);
	assert_int_equal(count(&a, "user_joined"), 1);
	assert_int_equal(count(&b, "user_joined"), 1);
	/* The end of settling is said to all, also who has the list. */
	enter(&d, who("d", 4, "", ""));
	presence_list_all(&presence, now);
	assert_int_equal(count(&d, "presence_update"), 1);
}

/* Many at once are one list, brief in a big room, after a longer window. */
static void
test_storm(void **state)
{
	static struct fake k[ROOM_FEW + 100];
	struct room *r;
	char sid[23];
	int i, n;

	(void)state;
	presence.most = ROOM_FEW + 101;
	enter(&a, who("a", 1, "", ""));
	wait_until(now + 200);
	for (i = 0; i < ROOM_FEW + 100; i++) {
		if (i == ROOM_STORM + 1 || i == ROOM_STORM + 3 ||
		    i == ROOM_FEW) {
			a.got[0] = '\0';
			wait_until(now + 2 * ROOM_WINDOW);
			n = i == ROOM_STORM + 1 ? 20 : i == ROOM_FEW ? 0 : 1;
			assert_int_equal(count(&a, "user_joined"), n);
			n = i == ROOM_FEW;
			assert_int_equal(count(&a, "presence_update"), n);
			assert_int_equal(room_told(&a.sub), i + 2);
		}
		snprintf(sid, sizeof(sid), "sid%d", i);
		enter(&k[i], who(sid, i + 2, "", ""));
		room_unsubscribe(&k[i].sub);
	}
	a.got[0] = '\0';
	r = presence.rooms;
	wait_until(r->window.at);
	assert_int_equal(count(&a, "presence_update"), 1);
	assert_int_equal(count(&a, "\"username\""), ROOM_BRIEF);
	assert_int_equal(count(&a, "\"count\":201"), 1);
	assert_int_equal(count(&a, "\"more\":true"), 1);
	presence_revoke(&presence, "", 2, 9000, now);
	presence_revoke(&presence, "", 3, 9000, now);
	/* A hundredth more for each page: 201 are here. */
	wait_until(now + 201 - 1);
	assert_int_equal(count(&a, "user_left"), 0);
	wait_until(now + 1);
	assert_int_equal(count(&a, "user_left"), 2);
	/* The end of settling is said to all, also who knows the version. */
	wait_until(now + 2 * ROOM_WINDOW);
	a.got[0] = '\0';
	presence_list_all(&presence, now);
	assert_int_equal(count(&a, "presence_update"), 1);
	assert_int_equal(count(&a, "\"username\""), ROOM_BRIEF);
	for (i = 0; i < ROOM_FEW + 100; i++)
		presence_close(&presence, &k[i].sub, now);
}

static void
test_rate(void **state)
{
	struct member *m;
	int i;

	(void)state;
	m = enter(&a, who("a", 1, "", ""));
	for (i = 0; i < 80; i++)
		assert_true(member_may_post(m, now));
	assert_false(member_may_post(m, now));
	assert_false(member_may_post(m, now + 24));
	assert_true(member_may_post(m, now + 25));
	assert_false(member_may_post(m, now + 25));
	for (i = 0; i < 40; i++)
		assert_true(member_may_post(m, now + 1025));
	assert_false(member_may_post(m, now + 1025));
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_first_last),
	    T(test_leave),
	    T(test_grace),
	    T(test_rest),
	    T(test_silence),
	    T(test_colors),
	    T(test_replaced),
	    T(test_revoke),
	    T(test_cursors),
	    T(test_lists),
	    T(test_window),
	    T(test_since),
	    T(test_storm),
	    T(test_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
