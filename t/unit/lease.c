/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Edit leases: who has which, who is told, and when one ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "push-relay/room-lease.h"
#include "t/unit/fake.h"

static struct fake a, b, c, d;

/* Open a stream with this sid, user and room. */
static void
enter(struct fake *k, const char *sid, int64_t user, const char *room)
{
	struct ticket t = fake_who(sid, user, "", "");

	snprintf(t.room, sizeof(t.room), "%s", room);
	fake_enter(k, t);
}

static struct lease *got; /* by the last take */

static enum status
take(struct fake *k, const char *row, const char *field)
{
	return room_lease_take(k->m->room, k->m, row, field, false, now, &got);
}

static enum status
steal(struct fake *k, const char *row, const char *field)
{
	return room_lease_take(k->m->room, k->m, row, field, true, now, &got);
}

static void
release(struct fake *k, const char *row, const char *field)
{
	room_lease_release(k->m->room, k->m, row, field, now);
}

/* Whether the list of the room has this text. */
static bool
in_list(const char *text)
{
	return fake_list_has(presence_room(&presence, FAKE_ROOM), text);
}

static int
setup(void **state)
{
	fake_setup(state);
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	memset(&c, 0, sizeof(c));
	memset(&d, 0, sizeof(d));
	enter(&a, "a", 1, FAKE_ROOM);
	enter(&b, "b", 2, FAKE_ROOM);
	enter(&c, "c", 2, FAKE_ROOM); /* another page of the same person */
	fake_wait(now + 200);
	a.got[0] = b.got[0] = c.got[0] = '\0';
	return 0;
}

static void
test_exclusion(void **state)
{
	(void)state;
	assert_int_equal(take(&a, "S1", "name"), ST_OK);
	assert_ptr_equal(got->holder, a.m);
	assert_int_equal(take(&b, "S1", "name"), ST_LOCKED);
	assert_ptr_equal(got->holder, a.m);
	/* Another field, another row, and a field of the same name there. */
	assert_int_equal(take(&b, "S1", "notes"), ST_OK);
	assert_int_equal(take(&b, "S2", "name"), ST_OK);
	/* A page of the same person is another holder. */
	assert_int_equal(take(&c, "S2", "name"), ST_LOCKED);
	assert_ptr_equal(got->holder, b.m);
	/* A row excludes its fields, a field its row; one's own do not. */
	assert_int_equal(take(&a, "S2", ""), ST_LOCKED);
	assert_int_equal(take(&a, "S3", ""), ST_OK);
	assert_int_equal(take(&b, "S3", "name"), ST_LOCKED);
	assert_int_equal(take(&a, "S3", "name"), ST_OK);
	assert_int_equal(take(&b, "S3", ""), ST_LOCKED);
	release(&a, "S3", "");
	assert_int_equal(take(&b, "S3", "notes"), ST_OK);
	assert_int_equal(take(&b, "S3", "name"), ST_LOCKED);
	assert_int_equal(presence.rooms->leases.count, 5);
	/* Nobody gives up what is another's. */
	release(&b, "S1", "name");
	assert_int_equal(take(&b, "S1", "name"), ST_LOCKED);
	assert_int_equal(fake_count(&c, "lease_changed"), 7);
	assert_int_equal(fake_count(&c, "\"action\":\"taken\""), 6);
	assert_int_equal(fake_count(&c, "\"action\":\"released\""), 1);
	assert_int_equal(fake_count(&c, "\"field\":null"), 2);
}

static void
test_life(void **state)
{
	(void)state;
	assert_int_equal(take(&a, "S1", "name"), ST_OK);
	assert_int_equal(fake_count(&b, "\"expires_in\":20000"), 1);
	fake_wait(now + LEASE_LIFE - 1);
	assert_int_equal(take(&b, "S1", "name"), ST_LOCKED);
	/* A renewal is no news, and counts from its own time. */
	presence_beat(&presence, a.m, false, now);
	presence_beat(&presence, b.m, false, now);
	assert_int_equal(take(&a, "S1", "name"), ST_OK);
	fake_wait(now + LEASE_LIFE - 1);
	assert_int_equal(fake_count(&b, "lease_changed"), 1);
	fake_wait(now + 1);
	assert_int_equal(fake_count(&b, "lease_changed"), 2);
	assert_int_equal(fake_count(&b, "\"action\":\"expired\""), 1);
	assert_int_equal(fake_count(&b, "\"expires_in\":0"), 1);
	assert_int_equal(presence.rooms->leases.count, 0);
	assert_int_equal(take(&b, "S1", "name"), ST_OK);
}

static void
test_steal(void **state)
{
	int64_t version = presence.rooms->version;
	char text[64];

	(void)state;
	assert_int_equal(take(&a, "S1", "name"), ST_OK);
	assert_int_equal(steal(&b, "S1", "name"), ST_OK);
	assert_ptr_equal(got->holder, b.m);
	assert_int_equal(fake_count(&a, "\"action\":\"stolen\""), 1);
	assert_int_equal(fake_count(&a, "\"from\":{\"sid\":\"a\""), 1);
	assert_int_equal(take(&a, "S1", "name"), ST_LOCKED);
	assert_int_equal(presence.rooms->version, version + 2);
	/* A row is stolen from all who have a field of it. */
	assert_int_equal(take(&a, "S1", "notes"), ST_OK);
	assert_int_equal(steal(&c, "S1", ""), ST_OK);
	assert_int_equal(presence.rooms->leases.count, 1);
	assert_int_equal(fake_count(&a, "\"from\":{\"sid\":\"a\""), 2);
	assert_int_equal(fake_count(&a, "\"from\":{\"sid\":\"b\""), 1);
	snprintf(
	    text, sizeof(text), "\"version\":%lld}", (long long)version + 5);
	assert_int_equal(fake_count(&a, text), 1);
	/* What is free is taken, what is one's own stays so. */
	assert_int_equal(steal(&a, "S9", ""), ST_OK);
	assert_int_equal(steal(&a, "S9", ""), ST_OK);
	assert_int_equal(fake_count(&b, "\"action\":\"stolen\""), 3);
	assert_int_equal(fake_count(&b, "\"action\":\"taken\""), 3);
}

static void
test_bounds(void **state)
{
	struct leases *ls = &presence.rooms->leases;
	char row[16];
	int i;

	(void)state;
	assert_int_equal(take(&b, "X", "name"), ST_OK);
	for (i = 0; i < LEASE_PAGE_MAX; i++) {
		snprintf(row, sizeof(row), "S%d", i);
		assert_int_equal(take(&a, row, ""), ST_OK);
	}
	assert_int_equal(take(&a, "more", ""), ST_CONFLICT);
	assert_int_equal(take(&a, "S0", ""), ST_OK);
	/* A steal that cannot be takes nothing away. */
	assert_int_equal(steal(&a, "X", ""), ST_CONFLICT);
	assert_int_equal(take(&a, "X", "name"), ST_LOCKED);
	release(&a, "S3", "");
	assert_int_equal(take(&a, "more", ""), ST_OK);
	assert_int_equal(a.m->lease_count, LEASE_PAGE_MAX);
	ls->count += LEASE_ROOM_MAX - 9;
	assert_int_equal(take(&b, "more2", ""), ST_TOO_MANY);
	ls->count -= LEASE_ROOM_MAX - 9;
}

static void
test_leaving(void **state)
{
	(void)state;
	/* A leave that is no reload releases, before the others see it go. */
	assert_int_equal(take(&a, "S1", ""), ST_OK);
	assert_int_equal(take(&a, "S2", ""), ST_OK);
	presence_leave(&presence, a.m, now);
	fake_wait(now + PRESENCE_LEAVE + 200);
	assert_int_equal(fake_count(&b, "\"action\":\"released\""), 2);
	assert_true(strstr(b.got, "\"action\":\"released\"") <
		    strstr(b.got, "user_left"));
	assert_int_equal(presence.rooms->leases.count, 0);
	/* Silence of any length. */
	assert_int_equal(take(&b, "S1", ""), ST_OK);
	fake_leave(&b);
	fake_wait(now + PRESENCE_GRACE + 200);
	assert_int_equal(fake_count(&c, "\"action\":\"expired\""), 1);
	assert_null(presence_find(&presence, "b"));
	assert_int_equal(presence.rooms->leases.count, 0);
	/* Another room, and the session's end. */
	assert_int_equal(take(&c, "S1", ""), ST_OK);
	presence_beat(&presence, a.m, false, now);
	a.got[0] = '\0';
	enter(&d, "c", 2, "elsewhere");
	assert_int_equal(fake_count(&a, "\"action\":\"released\""), 1);
	assert_int_equal(take(&a, "S1", ""), ST_OK);
	enter(&b, "b", 3, FAKE_ROOM);
	presence_revoke(&presence, "s1", 0, 9000, now);
	assert_int_equal(fake_count(&b, "\"action\":\"released\""), 1);
	assert_int_equal(take(&b, "S1", ""), ST_OK);
}

static void
test_lists(void **state)
{
	static struct fake k[15];
	char sid[16], row[16];
	int i, j;

	(void)state;
	assert_true(in_list(",\"leases\":[]}"));
	assert_int_equal(take(&b, "S1", "name"), ST_OK);
	assert_int_equal(take(&a, "S2", ""), ST_OK);
	assert_true(in_list("\"row\":\"S2\",\"field\":null,\"expires_in\":"));
	/* The newest first, and a hundred at most. */
	for (i = 0; i < 15; i++) {
		snprintf(sid, sizeof(sid), "k%d", i);
		memset(&k[i], 0, sizeof(k[i]));
		enter(&k[i], sid, i + 10, FAKE_ROOM);
		room_unsubscribe(&k[i].sub);
		a.got[0] = b.got[0] = c.got[0] = '\0';
		for (j = 0; j < 8; j++) {
			snprintf(row, sizeof(row), "R%d", i * 8 + j);
			assert_int_equal(take(&k[i], row, ""), ST_OK);
		}
	}
	assert_true(in_list(",\"leases\":[{\"sid\":\"k14\""));
	assert_true(in_list("\"R119\""));
	assert_true(in_list("\"R20\""));
	assert_false(in_list("\"R19\""));
	assert_false(in_list("\"S1\""));
	for (i = 0; i < 15; i++)
		presence_close(&presence, &k[i].sub, now);
}

/* Many in one window are a list, which has them all. */
static void
test_storm(void **state)
{
	static struct fake k[6];
	char sid[16], row[16];
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		snprintf(sid, sizeof(sid), "k%d", i);
		memset(&k[i], 0, sizeof(k[i]));
		enter(&k[i], sid, i + 10, FAKE_ROOM);
		room_unsubscribe(&k[i].sub);
	}
	fake_wait(now + 10 * ROOM_WINDOW);
	a.got[0] = '\0';
	for (i = 0; i < 48; i++) {
		snprintf(row, sizeof(row), "R%d", i);
		assert_int_equal(take(&k[i / 8], row, ""), ST_OK);
	}
	assert_int_equal(fake_count(&a, "lease_changed"), ROOM_STORM);
	fake_wait(now + ROOM_WINDOW);
	assert_int_equal(fake_count(&a, "lease_changed"), ROOM_STORM);
	assert_int_equal(fake_count(&a, "event: presence_update"), 1);
	assert_int_equal(room_told(&a.sub), presence.rooms->version);
	assert_int_equal(fake_count(&a, "\"R47\""), 1);
	assert_int_equal(fake_count(&a, "\"R0\""), 2);
	for (i = 0; i < 6; i++)
		presence_close(&presence, &k[i].sub, now);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fake_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_exclusion),
	    T(test_life),
	    T(test_steal),
	    T(test_bounds),
	    T(test_leaving),
	    T(test_lists),
	    T(test_storm),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
