/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a room tells its listeners: lists, windows, storms, cursors.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/room-list.h"
#include "t/unit/fake.h"

static struct fake a, b, c, d, e, f;

static void
test_cursors(void **state)
{
	struct member_cursor cur = {.mode = MODE_HOVER};
	struct member *m, *o;
	int i;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	o = fake_enter(&c, fake_who("c", 3, "", ""));
	fake_wait(now + 200);
	/* The first at once, then one batch with the newest of each. */
	for (i = 0; i < 10; i++) {
		snprintf(cur.row, sizeof(cur.row), "SKU-%d", i);
		presence_cursor(&presence, m, &cur, now);
		presence_cursor(&presence, o, &cur, now);
	}
	assert_int_equal(fake_count(&a, "event: cursor_updated"), 1);
	assert_int_equal(fake_count(&a, "SKU-0"), 1);
	assert_int_equal(fake_count(&a, "event: cursors"), 0);
	fake_wait(now + ROOM_TICK + 3 / ROOM_TICK_MORE);
	assert_int_equal(fake_count(&a, "event: cursors"), 1);
	assert_int_equal(fake_count(&a, "SKU-9"), 2);
	assert_int_equal(fake_count(&a, "SKU-5"), 0);
	/* Nothing new is nothing to say. */
	presence_cursor(&presence, m, &cur, now);
	fake_wait(now + 10 * ROOM_TICK);
	assert_int_equal(fake_count(&a, "event: cursor"), 2);
	/* One who goes takes its cursor with it, its stream open or not. */
	presence_leave(&presence, o, now);
	fake_wait(now + PRESENCE_LEAVE - 10);
	snprintf(cur.row, sizeof(cur.row), "SKU-Y");
	presence_cursor(&presence, m, &cur, now);
	presence_cursor(&presence, o, &cur, now);
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "user_left"), 1);
	assert_int_equal(fake_count(&a, "event: cursor"), 3);
	presence_beat(&presence, o, false, now);
	fake_wait(now + 200);
	snprintf(cur.row, sizeof(cur.row), "SKU-Z");
	presence_cursor(&presence, o, &cur, now);
	presence_cursor(&presence, m, &cur, now);
	fake_leave(&b);
	presence_revoke(&presence, "", 2, 9000, now);
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "SKU-Z"), 1);
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
		fake_enter(&k[i], fake_who(sid, i + 1, "", ""));
		snprintf(cur.row, sizeof(cur.row), "R%d", i);
		presence_cursor(
		    &presence, presence_find(&presence, sid), &cur, now);
		k[i].got[0] = '\0';
		room_unsubscribe(&k[i].sub);
	}
	r = presence_room(&presence, FAKE_ROOM);
	assert_int_equal(r->people, 150);
	next = room_entries(r, 0, &text);
	assert_int_equal(next, 101);
	assert_non_null(strstr(text.data, "\"sid99\""));
	assert_null(strstr(text.data, "\"sid100\""));
	buf_clear(&text);
	assert_true(fake_list_has(r, "],\"more\":true,\"leases\":[]}"));
	buf_clear(&text);
	assert_int_equal(room_entries(r, next, &text), 0);
	assert_non_null(strstr(text.data, "\"sid100\""));
	assert_non_null(strstr(text.data, "\"sid149\""));
	buf_reset(&text);
	/* Of a crowd, the newest fifty cursors go out. */
	fake_wait(now + ROOM_WINDOW_MAX);
	room_subscribe(r, &k[0].sub);
	presence_cursor(&presence, presence_find(&presence, "sid0"), &cur, now);
	k[0].got[0] = '\0';
	for (i = 1; i < 150; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		snprintf(cur.row, sizeof(cur.row), "N%d", i);
		presence_cursor(
		    &presence, presence_find(&presence, sid), &cur, now);
	}
	fake_wait(now + ROOM_TICK_BIG);
	assert_int_equal(fake_count(&k[0], "\"editing_row\""), ROOM_BIG / 2);
	assert_int_equal(fake_count(&k[0], "\"N149\""), 1);
	assert_int_equal(fake_count(&k[0], "\"N100\""), 1);
	assert_int_equal(fake_count(&k[0], "\"N99\""), 0);
	fake_wait(now + ROOM_WINDOW_MAX);
	assert_int_equal(fake_count(&k[0], "\"editing_row\""), ROOM_BIG / 2);
	room_unsubscribe(&k[0].sub);
	/* And then it is full. */
	memset(&a, 0, sizeof(a));
	{
		struct ticket t = fake_who("more", 999, "", "");

		assert_int_equal(
		    presence_open(&presence, &t, &a.sub, now), ST_TOO_MANY);
	}
	for (i = 0; i < 150; i++)
		presence_close(&presence, &k[i].sub, now);
}

/* What many see costs much, so it comes less often. */
static void
test_tick(void **state)
{
	struct member_cursor cur = {.mode = MODE_HOVER, .row = "SKU-0"};
	static struct fake k[20];
	struct member *m = NULL;
	char sid[23];
	int i;

	(void)state;
	for (i = 0; i < 20; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		m = fake_enter(&k[i], fake_who(sid, i + 1, "", ""));
	}
	fake_wait(now + 200);
	presence_cursor(&presence, m, &cur, now);
	cur.x = 1;
	cur.has_xy = true;
	presence_cursor(&presence, m, &cur, now);
	assert_int_equal(fake_count(&k[0], "event: cursor_updated"), 1);
	fake_wait(now + ROOM_TICK + 20 / ROOM_TICK_MORE - 1);
	assert_int_equal(fake_count(&k[0], "event: cursors"), 0);
	fake_wait(now + 1);
	assert_int_equal(fake_count(&k[0], "event: cursors"), 1);
	for (i = 0; i < 20; i++) {
		room_unsubscribe(&k[i].sub);
		presence_close(&presence, &k[i].sub, now);
	}
}

static void
test_window(void **state)
{
	struct member_cursor cur = {.mode = MODE_EDIT};
	static struct fake k[20];
	char sid[23];
	int i;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_wait(now + 200);
	a.got[0] = '\0';
	for (i = 0; i < 20; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		fake_enter(&k[i], fake_who(sid, i + 2, "", ""));
	}
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "user_joined"), 20);
	/* States go out as a list, at most one a second. */
	for (i = 0; i < 20; i++) {
		snprintf(sid, sizeof(sid), "sid%d", i);
		presence_beat(
		    &presence, presence_find(&presence, sid), true, now);
	}
	assert_int_equal(fake_count(&a, "event: presence_update"), 1);
	assert_int_equal(fake_count(&a, "\"away\""), 1);
	fake_wait(now + ROOM_STATE_WINDOW);
	assert_int_equal(fake_count(&a, "event: presence_update"), 2);
	assert_int_equal(fake_count(&a, "\"away\""), 21);
	/* A cursor does not overtake the joining of its page. */
	fake_wait(now + 10 * ROOM_STATE_WINDOW);
	a.got[0] = '\0';
	fake_enter(&b, fake_who("b", 100, "", ""));
	fake_enter(&c, fake_who("c", 101, "", ""));
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	presence_cursor(&presence, presence_find(&presence, "c"), &cur, now);
	assert_int_equal(fake_count(&a, "user_joined"), 2);
	assert_true(
	    strstr(a.got, "user_joined") < strstr(a.got, "cursor_updated"));
	fake_enter(&d, fake_who("d", 102, "", ""));
	presence_cursor(&presence, presence_find(&presence, "d"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	fake_wait(now + ROOM_TICK + 25 / ROOM_TICK_MORE);
	assert_int_equal(fake_count(&a, "event: cursors"), 1);
	assert_int_equal(fake_count(&a, "\"d\""), 0);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "user_joined"), 3);
	assert_int_equal(fake_count(&a, "event: cursors"), 2);
	assert_int_equal(fake_count(&a, "\"d\""), 2);
	/* One that waits goes out, too, when something hurried its page. */
	fake_enter(&e, fake_who("e", 103, "", ""));
	fake_enter(&f, fake_who("f", 104, "", ""));
	cur.mode = MODE_HOVER;
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "f"), &cur, now);
	fake_wait(now + ROOM_TICK + 25 / ROOM_TICK_MORE);
	a.got[0] = '\0';
	presence_beat(&presence, presence_find(&presence, "b"), true, now);
	assert_int_equal(fake_count(&a, "user_joined"), 2);
	assert_int_equal(fake_count(&a, "event: cursor"), 0);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "event: cursors"), 1);
	presence_beat(&presence, presence_find(&presence, "b"), false, now);
	/* Nor does one come after its page's going. */
	fake_wait(now + ROOM_STATE_WINDOW);
	a.got[0] = '\0';
	cur.mode = MODE_SELECT;
	presence_cursor(&presence, presence_find(&presence, "b"), &cur, now);
	presence_cursor(&presence, presence_find(&presence, "c"), &cur, now);
	presence_revoke(&presence, "", 101, 9000, now);
	assert_int_equal(fake_count(&a, "user_left"), 1);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "\"c\""), 1);
	fake_leave(&b);
	assert_int_equal(presence_streams(&presence, 5), 1);
	assert_int_equal(presence_streams(&presence, 500), 0);
	for (i = 0; i < 20; i++)
		fake_leave(&k[i]);
}

/* A list for one does not hurry the others' frames, nor repeat them to it. */
static void
test_since(void **state)
{
	struct room *r;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_enter(&b, fake_who("b", 2, "", ""));
	r = presence.rooms;
	assert_int_equal(fake_count(&a, "user_joined"), 0);
	assert_int_equal(r->version, 3);
	assert_int_equal(room_told(&a.sub), 2);
	assert_int_equal(room_told(&b.sub), 3);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	assert_int_equal(fake_count(&b, "user_joined"), 0);
	assert_int_equal(room_told(&a.sub), 3);
	fake_enter(&c, fake_who("c", 3, "", ""));
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	assert_non_null(strstr(room_list_for(&a.sub)->text, "\"c\""));
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	assert_int_equal(fake_count(&b, "user_joined"), 1);
	/* The end of settling is said to all, also who has the list. */
	fake_enter(&d, fake_who("d", 4, "", ""));
	presence_list_all(&presence, now);
	assert_int_equal(fake_count(&d, "presence_update"), 1);
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
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_wait(now + 200);
	for (i = 0; i < ROOM_FEW + 100; i++) {
		if (i == ROOM_STORM + 1 || i == ROOM_STORM + 3 ||
		    i == ROOM_FEW) {
			a.got[0] = '\0';
			fake_wait(now + 2 * ROOM_WINDOW);
			n = i == ROOM_STORM + 1 ? 20 : i == ROOM_FEW ? 0 : 1;
			assert_int_equal(fake_count(&a, "user_joined"), n);
			n = i == ROOM_FEW;
			assert_int_equal(fake_count(&a, "presence_update"), n);
			assert_int_equal(room_told(&a.sub), i + 2);
		}
		snprintf(sid, sizeof(sid), "sid%d", i);
		fake_enter(&k[i], fake_who(sid, i + 2, "", ""));
		room_unsubscribe(&k[i].sub);
	}
	a.got[0] = '\0';
	r = presence.rooms;
	fake_wait(r->window.at);
	assert_int_equal(fake_count(&a, "presence_update"), 1);
	assert_int_equal(fake_count(&a, "\"username\""), ROOM_BRIEF);
	assert_int_equal(fake_count(&a, "\"count\":201"), 1);
	assert_int_equal(fake_count(&a, "\"more\":true"), 1);
	presence_revoke(&presence, "", 2, 9000, now);
	presence_revoke(&presence, "", 3, 9000, now);
	/* A hundredth more for each page: 201 are here. */
	fake_wait(now + 201 - 1);
	assert_int_equal(fake_count(&a, "user_left"), 0);
	fake_wait(now + 1);
	assert_int_equal(fake_count(&a, "user_left"), 2);
	/* The end of settling is said to all, also who knows the version. */
	fake_wait(now + 2 * ROOM_WINDOW);
	a.got[0] = '\0';
	presence_list_all(&presence, now);
	assert_int_equal(fake_count(&a, "presence_update"), 1);
	assert_int_equal(fake_count(&a, "\"username\""), ROOM_BRIEF);
	for (i = 0; i < ROOM_FEW + 100; i++)
		presence_close(&presence, &k[i].sub, now);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_cursors),
	    T(test_lists),
	    T(test_tick),
	    T(test_window),
	    T(test_since),
	    T(test_storm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
