/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The gate: who may open a stream, who may post, and who was sent away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "push-relay/gate.h"

#define UTC INT64_C(1800000000000)

static struct ticket_keys keys;
static struct gate gate;
static char dir[] = "/tmp/stockroom-gate-XXXXXX";
static char path[64], pub[80];

static int
setup(void **state)
{
	(void)state;
	assert_int_not_equal(sodium_init(), -1);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	snprintf(pub, sizeof(pub), "%s.pub", path);
	gate.key_file = path;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	gate_reset(&gate);
	unlink(path);
	unlink(pub);
	rmdir(dir);
	return 0;
}

static struct ticket
who(const char *sid, int64_t user, const char *session, int64_t issued)
{
	struct ticket t = {
	    .user_id = user, .issued = issued, .ends = UTC + 3600000};

	snprintf(t.sid, sizeof(t.sid), "%.22s", "abcdefghijklmnopqrstuv");
	memcpy(t.sid, sid, strlen(sid));
	snprintf(t.username, sizeof(t.username), "u");
	snprintf(t.role, sizeof(t.role), "viewer");
	snprintf(t.room, sizeof(t.room), "r");
	snprintf(t.session, sizeof(t.session), "%s", session);
	return t;
}

static enum status
reads(const struct ticket *t, int64_t utc, struct ticket *out)
{
	char text[TICKET_MAX];

	ticket_sign(t, &keys, text);
	return gate_read(&gate, text, strlen(text), utc, out);
}

static void
test_key(void **state)
{
	struct ticket out;

	(void)state;
	assert_int_equal(
	    gate_read(&gate, "v1.x.y", 6, UTC, &out), ST_UNAVAILABLE);
	assert_false(gate_load(&gate, UTC));
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	assert_true(gate_load(&gate, UTC));
	assert_true(gate_load(&gate, UTC));
}

static void
test_read(void **state)
{
	struct ticket t = who("a", 1, "s1", UTC), out;
	char text[TICKET_MAX];
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) { /* the second is from memory */
		assert_int_equal(reads(&t, UTC, &out), ST_OK);
		assert_string_equal(out.sid, t.sid);
	}
	assert_int_equal(reads(&t, t.ends - 1, &out), ST_OK);
	assert_int_equal(reads(&t, t.ends, &out), ST_UNAUTHORIZED);
	assert_int_equal(reads(&t, UTC - GATE_SKEW - 1, &out), ST_UNAUTHORIZED);
	ticket_sign(&t, &keys, text);
	len = strlen(text);
	text[len - 2] = text[len - 2] == 'A' ? 'B' : 'A';
	assert_int_equal(
	    gate_read(&gate, text, len, UTC, &out), ST_UNAUTHORIZED);
	assert_int_equal(
	    gate_read(&gate, text, len - 1, UTC, &out), ST_UNAUTHORIZED);
	assert_int_equal(gate_read(&gate, "", 0, UTC, &out), ST_UNAUTHORIZED);
}

/* A room of pages that post by turns: each is remembered. */
static void
test_many(void **state)
{
	struct ticket_keys ours = gate.keys;
	struct ticket t, out;
	char sid[8];
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		/* What is read again cannot be verified any more. */
		if (i == 1000)
			memset(&gate.keys, 0, sizeof(gate.keys));
		snprintf(sid, sizeof(sid), "m%d", i % 1000);
		t = who(sid, 1, "s1", UTC);
		assert_int_equal(reads(&t, UTC, &out), ST_OK);
		assert_string_equal(out.sid, t.sid);
	}
	t = who("new", 1, "s1", UTC);
	assert_int_equal(reads(&t, UTC, &out), ST_UNAUTHORIZED);
	gate.keys = ours;
}

static void
test_opens(void **state)
{
	struct ticket t = who("a", 1, "s1", UTC);
	struct member m = {0};

	(void)state;
	member_take(&m, &t);
	assert_int_equal(gate_opens(&t, NULL, UTC + TICKET_OPEN_MS), ST_OK);
	assert_int_equal(
	    gate_opens(&t, NULL, UTC + TICKET_OPEN_MS + 1), ST_UNAUTHORIZED);
	assert_int_equal(gate_opens(&t, &m, UTC + TICKET_OPEN_MS + 1), ST_OK);
	assert_int_equal(gate_serves(&t, &m), ST_OK);
	/* One of another user never, however fresh. */
	t.user_id = 2;
	assert_int_equal(gate_opens(&t, &m, UTC), ST_FORBIDDEN);
	assert_int_equal(gate_serves(&t, &m), ST_FORBIDDEN);
	/* One of an earlier session, or older than that in use, no more. */
	t = who("a", 1, "s0", UTC);
	assert_int_equal(gate_opens(&t, &m, UTC), ST_OK);
	assert_int_equal(
	    gate_opens(&t, &m, UTC + TICKET_OPEN_MS + 1), ST_UNAUTHORIZED);
	t = who("a", 1, "s1", UTC - 1);
	assert_int_equal(gate_serves(&t, &m), ST_UNAUTHORIZED);
	free(m.who.username);
}

static void
test_use(void **state)
{
	struct ticket t = who("q", 1, "s1", UTC);
	char text[TICKET_MAX];

	(void)state;
	ticket_sign(&t, &keys, text);
	assert_false(
	    gate_use(&gate, text, strlen(text), UTC + TICKET_OPEN_MS + 1));
	assert_true(gate_use(&gate, text, strlen(text), UTC));
	assert_false(gate_use(&gate, text, strlen(text), UTC));
	assert_false(gate_use(&gate, text, strlen(text), UTC + TICKET_OPEN_MS));
	t.issued++;
	ticket_sign(&t, &keys, text);
	assert_true(gate_use(&gate, text, strlen(text), UTC + 1));
}

static void
test_revoke(void **state)
{
	struct ticket t = who("r", 7, "s7", UTC), u = who("u", 8, "s8", UTC);
	struct ticket out;

	(void)state;
	gate_revoke(&gate, "s7", 0, UTC, UTC);
	u.rights = UTC - 1;
	gate_revoke(&gate, "", 8, UTC - 1, UTC);
	assert_int_equal(reads(&t, UTC, &out), ST_UNAUTHORIZED);
	assert_int_equal(reads(&u, UTC, &out), ST_OK);
	gate_revoke(&gate, "", 8, UTC, UTC);
	assert_int_equal(reads(&u, UTC, &out), ST_UNAUTHORIZED);
	u.issued = UTC + 1; /* by one who knew no better */
	assert_int_equal(reads(&u, UTC, &out), ST_UNAUTHORIZED);
	/* Remembered for longer than a ticket opens a stream. */
	assert_int_equal(
	    reads(&t, UTC + TICKET_OPEN_MS + 1, &out), ST_UNAUTHORIZED);
	t.issued = UTC + 1;
	assert_int_equal(reads(&t, UTC + 1, &out), ST_OK);
	t.issued = UTC;
	assert_int_equal(reads(&t, UTC + GATE_REVOKED + 1, &out), ST_OK);
}

/* Another key: what the old one signed serves, and opens what is fresh. */
static void
test_renewed(void **state)
{
	struct ticket t = who("k", 1, "s9", UTC), late = t, out;
	struct member m = {0};
	struct ticket_keys old = keys, new;
	int64_t utc = UTC + TICKET_OPEN_MS + 1;
	char text[TICKET_MAX];

	(void)state;
	member_take(&m, &t);
	assert_true(gate_news(&gate));
	assert_false(gate_news(&gate));
	assert_int_equal(reads(&t, utc, &out), ST_OK);
	assert_int_equal(gate_opens(&out, &m, utc), ST_OK);
	assert_int_equal(
	    ticket_keys_rotate(&new, path, UTC, TICKET_KEEP_MS), ST_OK);
	/* A ticket of the new key brings it, whoever looks or not. */
	ticket_sign(&t, &new, text);
	assert_int_equal(
	    gate_read(&gate, text, strlen(text), utc, &out), ST_OK);
	assert_true(gate_news(&gate));
	assert_false(out.replaced);
	assert_int_equal(gate_opens(&out, &m, utc), ST_OK);
	keys = old;
	assert_int_equal(reads(&t, utc, &out), ST_OK);
	assert_true(out.replaced);
	assert_int_equal(gate_serves(&out, &m), ST_OK);
	assert_int_equal(gate_opens(&out, &m, utc), ST_UNAUTHORIZED);
	assert_int_equal(gate_opens(&out, &m, UTC), ST_OK);
	assert_int_equal(gate_opens(&out, NULL, UTC), ST_OK);
	/* An app that has the old one only: its pages need not ask again. */
	late.issued = utc + GATE_SKEW + 1;
	assert_int_equal(reads(&late, late.issued, &out), ST_OK);
	assert_false(out.replaced);
	assert_true(gate.warned);
	free(m.who.username);
}

/* An old key ends: at its time, or at once. */
static void
test_void(void **state)
{
	struct ticket t = who("v", 1, "s10", UTC), out;
	struct ticket_keys old = keys;

	(void)state;
	t.ends = UTC + 2 * TICKET_KEEP_MS;
	assert_int_equal(reads(&t, UTC + TICKET_KEEP_MS - 1, &out), ST_OK);
	assert_int_equal(
	    reads(&t, UTC + TICKET_KEEP_MS, &out), ST_UNAUTHORIZED);
	assert_int_equal(ticket_keys_rotate(&keys, path, UTC, 0), ST_OK);
	assert_true(gate_load(&gate, UTC));
	assert_true(gate_news(&gate));
	assert_int_equal(reads(&t, UTC, &out), ST_OK);
	keys = old;
	/* Nor from memory. */
	assert_int_equal(reads(&t, UTC, &out), ST_UNAUTHORIZED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_key),
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_opens),
	    cmocka_unit_test(test_use),
	    cmocka_unit_test(test_revoke),
	    cmocka_unit_test(test_renewed),
	    cmocka_unit_test(test_void),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
