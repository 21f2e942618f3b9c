/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Presence: who is here, and when one is gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "t/unit/fake.h"

static struct fake a, b, c;

static void
test_first_last(void **state)
{
	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "\"first\":true"), 1);
	/* A second page of the same person, and one under another name. */
	fake_enter(&c, fake_who("c", 2, "", ""));
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "\"first\":false"), 1);
	assert_int_equal(presence.rooms->people, 2);
	assert_int_equal(presence.rooms->listed, 3);
	fake_leave(&c);
	fake_wait(now + PRESENCE_GRACE + 200);
	assert_int_equal(fake_count(&a, "\"last\":false"), 1);
	fake_enter(&c, fake_who("d", 2, "other", ""));
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "\"first\":true"), 2);
	assert_int_equal(presence.rooms->people, 3);
	presence_leave(&presence, presence_find(&presence, "b"), now);
	fake_wait(now + PRESENCE_LEAVE + 200);
	assert_int_equal(fake_count(&a, "\"last\":true"), 1);
	assert_int_equal(presence.rooms->people, 2);
}

static void
test_leave(void **state)
{
	struct member *m;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + 200);
	/* A reload: it says that it goes, closes, and comes back in time. */
	presence_leave(&presence, m, now);
	fake_leave(&b);
	fake_wait(now + PRESENCE_LEAVE - 1);
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + PRESENCE_GRACE);
	assert_int_equal(fake_count(&a, "user_left"), 0);
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	/* A late beat does not hold one who goes. */
	presence_leave(&presence, m, now);
	presence_beat(&presence, m, false, now);
	fake_leave(&b);
	fake_wait(now + PRESENCE_LEAVE - 1);
	assert_non_null(presence_find(&presence, "b"));
	fake_wait(now + 1);
	assert_null(presence_find(&presence, "b"));
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "user_left"), 1);
}

static void
test_grace(void **state)
{
	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + 200);
	fake_leave(&b);
	fake_wait(now + PRESENCE_GRACE - 1);
	assert_int_equal(fake_count(&a, "user_left"), 0);
	fake_wait(now + 1);
	assert_int_equal(fake_count(&a, "user_left"), 1);
	assert_null(presence_find(&presence, "b"));
	assert_int_equal(presence.members, 1);
}

/* A page without a stream stays while it beats, as often as pings come. */
static void
test_rest(void **state)
{
	struct member *m;
	struct ticket tab = fake_who("c", 3, "", "");

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + 200);
	fake_leave(&b);
	fake_wait(now + 1000);
	for (int i = 0; i < 5; i++) {
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
		presence_beat(&presence, m, false, now);
		fake_wait(now + 15000);
		assert_ptr_equal(presence_find(&presence, "b"), m);
	}
	assert_int_equal(fake_count(&a, "user_left"), 0);
	fake_wait(now + PRESENCE_SILENT - 15001);
	assert_non_null(presence_find(&presence, "b"));
	fake_wait(now + 1);
	assert_null(presence_find(&presence, "b"));
	/* One that has never had a stream is as good. */
	assert_int_equal(presence_enter(&presence, &tab, true, now), ST_OK);
	m = presence_find(&presence, "c");
	assert_true(m->away);
	assert_int_equal(presence_streams(&presence, 3), 0);
	assert_int_equal(presence_pages(&presence, 3), 1);
	presence_beat(&presence, m, false, now);
	fake_wait(now + PRESENCE_SILENT - 1);
	assert_ptr_equal(presence_find(&presence, "c"), m);
	fake_wait(now + 1);
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
	fake_enter(&a, fake_who("a", 1, "", ""));
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	fake_enter(&c, fake_who("c", 3, "", ""));
	presence_beat(&presence, presence_find(&presence, "c"), true, now);
	while (now < start + PRESENCE_SILENT - 1000) {
		fake_wait(now + 1000);
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
	}
	assert_int_equal(fake_count(&a, "user_left"), 0);
	fake_wait(start + PRESENCE_SILENT);
	assert_int_equal(fake_count(&a, "user_left"), 1);
	assert_false(m->listed);
	/* Its stream is open: when it wakes, it is here again. */
	presence_beat(&presence, m, false, now);
	assert_true(m->listed);
	while (now < start + PRESENCE_AWAY - 1) {
		presence_beat(
		    &presence, presence_find(&presence, "a"), false, now);
		presence_beat(&presence, m, false, now);
		fake_wait(now + 9999 < start + PRESENCE_AWAY
			      ? now + 9999
			      : start + PRESENCE_AWAY - 1);
	}
	assert_int_equal(fake_count(&a, "user_left"), 1);
	fake_wait(start + PRESENCE_AWAY + 200);
	assert_int_equal(fake_count(&a, "user_left"), 2);
	assert_false(presence_find(&presence, "c")->listed);
}

static void
test_colors(void **state)
{
	struct fake k[9];

	(void)state;
	assert_string_equal(
	    fake_enter(&k[0], fake_who("a", 1, "", "#222222"))->color,
	    "#222222");
	/* Taken by somebody else: the palette's first free one. */
	assert_string_equal(
	    fake_enter(&k[1], fake_who("b", 2, "", "#222222"))->color,
	    "#111111");
	/* The same person: the same colour, whatever the wish. */
	assert_string_equal(
	    fake_enter(&k[2], fake_who("c", 1, "", "#333333"))->color,
	    "#222222");
	/* Another name of the same user is somebody else. */
	assert_string_equal(
	    fake_enter(&k[3], fake_who("d", 1, "x", "#222222"))->color,
	    "#333333");
	/* All are taken: the one that the fewest have, the first of them. */
	assert_string_equal(
	    fake_enter(&k[4], fake_who("e", 5, "", ""))->color, "#111111");
	assert_string_equal(
	    fake_enter(&k[5], fake_who("f", 6, "", "#222222"))->color,
	    "#333333");
	/* A wish beyond the palette is granted, but to one alone. */
	assert_string_equal(
	    fake_enter(&k[6], fake_who("g", 7, "", "#abcdef"))->color,
	    "#abcdef");
	assert_string_equal(
	    fake_enter(&k[7], fake_who("h", 8, "", "#ABCDEF"))->color,
	    "#111111");
	/* One who goes leaves it to the next. */
	presence_leave(&presence, presence_find(&presence, "d"), now);
	fake_wait(now + PRESENCE_LEAVE + 200);
	assert_string_equal(
	    fake_enter(&k[8], fake_who("i", 9, "", ""))->color, "#333333");
	fake_wait(now + 500);
	fake_teardown(state);
	fake_setup(state);
}

static void
test_replaced(void **state)
{
	struct member *m;
	struct ticket t;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	m = fake_enter(&b, fake_who("b", 2, "", ""));
	fake_wait(now + 200);
	assert_ptr_equal(fake_enter(&c, fake_who("b", 2, "", "")), m);
	assert_string_equal(b.ended, "replaced");
	assert_null(b.sub.member);
	assert_null(b.sub.room);
	fake_wait(now + PRESENCE_GRACE + 200);
	assert_int_equal(fake_count(&a, "user_joined"), 1);
	assert_int_equal(fake_count(&a, "user_left"), 0);
	/* Under another name it is another person. */
	fake_enter(&b, fake_who("b", 2, "new", ""));
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "user_joined"), 2);
	assert_int_equal(fake_count(&a, "user_left"), 1);
	assert_string_equal(c.ended, "replaced");
	/* In another room it is gone from this one. */
	t = fake_who("b", 2, "new", "");
	snprintf(t.room, sizeof(t.room), "elsewhere");
	fake_enter(&c, t);
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "user_left"), 2);
	assert_non_null(presence_room(&presence, "elsewhere"));
	fake_leave(&c);
	fake_wait(now + PRESENCE_GRACE);
	assert_null(presence_room(&presence, "elsewhere"));
}

static void
test_revoke(void **state)
{
	struct ticket t;

	(void)state;
	fake_enter(&a, fake_who("a", 1, "", ""));
	fake_enter(&b, fake_who("b", 2, "", ""));
	t = fake_who("c", 2, "", "");
	t.rights = 4000;
	fake_enter(&c, t);
	fake_wait(now + 200);
	presence_revoke(&presence, "", 2, 4000, now);
	assert_string_equal(b.ended, "ticket");
	assert_string_equal(c.ended, "");
	assert_null(presence_find(&presence, "b"));
	presence_revoke(&presence, "s2", 0, 9000, now);
	assert_string_equal(c.ended, "ticket");
	assert_string_equal(a.ended, "");
	fake_wait(now + 200);
	assert_int_equal(fake_count(&a, "user_left"), 2);
	/* In its grace time it is gone at once, too. */
	fake_enter(&b, fake_who("b", 2, "", ""));
	fake_leave(&b);
	presence_revoke(&presence, "s2", 0, 9000, now);
	assert_null(presence_find(&presence, "b"));
	presence_revoke(&presence, "s1", 0, 9000, now);
	assert_string_equal(a.ended, "ticket");
	assert_null(presence.rooms);
}

static void
test_rate(void **state)
{
	struct member *m;
	int i;

	(void)state;
	m = fake_enter(&a, fake_who("a", 1, "", ""));
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
#define T(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_first_last),
	    T(test_leave),
	    T(test_grace),
	    T(test_rest),
	    T(test_silence),
	    T(test_colors),
	    T(test_replaced),
	    T(test_revoke),
	    T(test_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
