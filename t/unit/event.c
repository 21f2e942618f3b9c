/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The event socket's lines: each kind written and read back, and what is no
 * line of ours refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "shared/clock.h"
#include "shared/event.h"
#include "shared/json.h"

#define EPOCH "019b7d0c5a2eab12"

/* Parse the one line that is in the buffer and empty it. */
static struct event
line(struct buf *b)
{
	struct event ev;
	char *end = strchr(b->data, '\n');

	assert_ptr_equal(end, b->data + b->len - 1);
	assert_int_equal(event_parse(b->data, b->len - 1, &ev), ST_OK);
	buf_clear(b);
	return ev;
}

static void
test_app_side(void **state)
{
	struct buf b = {0};
	struct event ev;

	(void)state;
	event_put_app(&b, EPOCH, 17, 3);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_APP);
	assert_string_equal(ev.epoch, EPOCH);
	assert_int_equal(ev.seq, 17);
	assert_int_equal(ev.oldest, 3);
	assert_int_equal(ev.pid, getpid());

	event_put_oldest(&b, 9);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_OLDEST);
	assert_int_equal(ev.seq, 9);

	event_put_query(&b, "inventory_management", 100, 5);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_QUERY);
	assert_string_equal(ev.room, "inventory_management");
	assert_int_equal(ev.cursor, 100);
	assert_int_equal(ev.id, 5);

	event_put_revoke_session(&b, "0123456789abcdef0123456789abcdef", 77);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_REVOKE);
	assert_string_equal(ev.session, "0123456789abcdef0123456789abcdef");
	assert_int_equal(ev.user_id, 0);
	assert_int_equal(ev.at, 77);

	event_put_revoke_user(&b, 4, 78);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_REVOKE);
	assert_string_equal(ev.session, "");
	assert_int_equal(ev.user_id, 4);
	assert_int_equal(ev.at, 78);
	event_reset(&ev);
	buf_reset(&b);
}

static void
test_relay_side(void **state)
{
	struct buf b = {0};
	struct event ev;

	(void)state;
	event_put_hello(&b, NULL, -1, 0);
	assert_string_equal(
	    b.data, "{\"hello\":{\"epoch\":null,\"have\":null}}\n");
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_HELLO);
	assert_string_equal(ev.epoch, "");
	assert_int_equal(ev.seq, -1);

	event_put_hello(&b, EPOCH, 0, 0);
	ev = line(&b);
	assert_string_equal(ev.epoch, EPOCH);
	assert_int_equal(ev.seq, 0);
	event_put_hello(&b, EPOCH, -1, 0);
	ev = line(&b);
	assert_string_equal(ev.epoch, EPOCH);
	assert_int_equal(ev.seq, -1);

	event_put_hello(&b, EPOCH, 7, 1760000000000);
	assert_string_equal(b.data, "{\"hello\":{\"epoch\":\"" EPOCH
				    "\",\"have\":7,\"told\":1760000000000}}\n");
	ev = line(&b);
	assert_true(ev.seq == 7 && ev.at == 1760000000000);

	event_put_replay_from(&b, 12);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_REPLAY_FROM);
	assert_int_equal(ev.seq, 12);
	event_put_ack(&b, 13);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_ACK);
	assert_int_equal(ev.seq, 13);
	event_put_stale_epoch(&b, EPOCH);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_STALE_EPOCH);
	assert_string_equal(ev.epoch, EPOCH);
	buf_reset(&b);
}

static struct json_object *
make_change(const char *room)
{
	struct json_object *body = json_object_new_object();

	json_object_object_add(body, "seq", json_object_new_int64(41));
	json_object_object_add(body, "epoch", json_object_new_string(EPOCH));
	json_object_object_add(
	    body, "sku", json_object_new_string("a\n\xe2\x80\xa8/\""));
	json_object_object_add(body, "changes",
	    json_tokener_parse("[{\"field\":\"extra\",\"old_value\":null,"
			       "\"new_value\":{\"a\":[1.5]}}]"));
	json_object_object_add(
	    body, "room", room == NULL ? NULL : json_object_new_string(room));
	return body;
}

static void
put_change(struct buf *out, struct json_object *body)
{
	size_t len;
	const char *text = json_out_text(body, &len);

	event_put_change(out, text, len);
}

static void
test_bodies(void **state)
{
	struct json_object *body = make_change(NULL);
	struct buf b = {0};
	struct event ev;

	(void)state;
	put_change(&b, body);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_CHANGE);
	assert_int_equal(ev.seq, 41);
	assert_string_equal(ev.epoch, EPOCH);
	assert_string_equal(ev.room, "");
	assert_true(json_object_equal(ev.body, body));
	event_reset(&ev);
	assert_null(ev.body);
	event_reset(&ev);
	json_object_put(body);

	body = make_change("other");
	put_change(&b, body);
	ev = line(&b);
	assert_string_equal(ev.room, "other");
	event_reset(&ev);

	event_put_presence(&b, body, 6);
	ev = line(&b);
	assert_int_equal(ev.kind, EVENT_PRESENCE);
	assert_int_equal(ev.id, 6);
	assert_true(json_object_equal(ev.body, body));
	event_reset(&ev);
	json_object_put(body);
	buf_reset(&b);
}

/* A line is written whole or not at all. */
static void
test_too_long(void **state)
{
	struct json_object *body = make_change(NULL);
	struct buf b = {0};
	char *big = malloc(EVENT_LINE_MAX);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', EVENT_LINE_MAX - 1);
	big[EVENT_LINE_MAX - 1] = '\0';
	json_object_object_add(body, "big", json_object_new_string(big));
	event_put_ack(&b, 1);
	put_change(&b, body);
	assert_true(b.full);
	assert_string_equal(b.data, "{\"ack\":1}\n");
	buf_reset(&b);

	b.max = 100;
	big[80] = '\0';
	json_object_object_add(body, "big", json_object_new_string(big));
	put_change(&b, body);
	assert_true(b.full);
	assert_int_equal(b.len, 0);
	buf_reset(&b);
	json_object_put(body);
	free(big);
}

static void
test_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "x",
	    "[]",
	    "{}",
	    "null",
	    "{\"ack\":1",
	    "{\"unknown\":1}",
	    "{\"Ack\":1}",
	    "{\"ack\":null}",
	    "{\"ack\":\"1\"}",
	    "{\"ack\":-1}",
	    "{\"ack\":1.5}",
	    "{\"ack\":99999999999999999999}",
	    "{\"ack\":1,\"oldest\":2}",
	    "{\"ack\":1,\"x\":2}",
	    "{\"ack\":1,\"ack\":2}",
	    "{\"x\":1,\"ack\":2}",
	    "{\"oldest\":[1]}",
	    "{\"replay_from\":{}}",
	    "{\"app\":1}",
	    "{\"app\":{}}",
	    "{\"app\":{\"epoch\":\"" EPOCH "\",\"head\":1,\"oldest\":1}}",
	    "{\"app\":{\"epoch\":\"019B7D0C5A2EAB12\",\"head\":1,"
	    "\"oldest\":1,\"pid\":1}}",
	    "{\"app\":{\"epoch\":\"" EPOCH "\",\"head\":1,\"oldest\":1,"
	    "\"pid\":1,\"more\":1}}",
	    "{\"hello\":{\"epoch\":null,\"have\":1}}",
	    "{\"hello\":null}",
	    "{\"hello\":{\"epoch\":\"x\"}}",
	    "{\"change\":{}}",
	    "{\"change\":[]}",
	    "{\"change\":null}",
	    "{\"change\":{\"seq\":0,\"epoch\":\"" EPOCH "\"}}",
	    "{\"change\":{\"seq\":1}}",
	    "{\"change\":{\"seq\":1,\"epoch\":\"x\"}}",
	    "{\"change\":{\"seq\":1,\"epoch\":\"" EPOCH "\",\"room\":1}}",
	    "{\"change\":{\"seq\":1,\"epoch\":\"" EPOCH "\"},\"id\":1}",
	    "{\"query\":\"other\",\"room\":\"r\",\"id\":1}",
	    "{\"query\":\"presence\",\"room\":\"r\"}",
	    "{\"query\":\"presence\",\"id\":1}",
	    "{\"query\":\"presence\",\"room\":\"a b\",\"id\":1}",
	    "{\"query\":\"presence\",\"room\":\"\xc3\xa9\",\"id\":1}",
	    "{\"presence\":[],\"id\":1}",
	    "{\"presence\":{}}",
	    "{\"revoke\":{\"at\":1}}",
	    "{\"revoke\":{\"user\":1}}",
	    "{\"revoke\":{\"user\":1,\"session\":\"a\",\"at\":1}}",
	    "{\"revoke\":{\"user\":0,\"at\":1}}",
	    "{\"revoke\":{\"session\":\"\",\"at\":1}}",
	    "{\"revoke\":{\"session\":"
	    "\"0123456789abcdef0123456789abcdef0\",\"at\":1}}",
	    "{\"stale_epoch\":null}",
	    "{\"stale_epoch\":\"\"}",
	};
	struct event ev;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		copy = malloc(strlen(bad[i]) + 1);
		assert_non_null(copy);
		memcpy(copy, bad[i], strlen(bad[i]) + 1);
		ev.id = 42;
		if (event_parse(copy, strlen(copy), &ev) != ST_BAD_REQUEST)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(ev.id, 42);
		free(copy);
	}
	copy = malloc(EVENT_LINE_MAX);
	assert_non_null(copy);
	memset(copy, ' ', EVENT_LINE_MAX);
	memcpy(copy, "{\"ack\":1}", 9);
	assert_int_equal(event_parse(copy, EVENT_LINE_MAX - 1, &ev), ST_OK);
	assert_int_equal(
	    event_parse(copy, EVENT_LINE_MAX, &ev), ST_BAD_REQUEST);
	free(copy);
}

static void
test_position(void **state)
{
	static const char *const bad[] = {"", ":", EPOCH, EPOCH ":", ":1",
	    EPOCH ":-1", EPOCH ":01", EPOCH ":1x", EPOCH ": 1", EPOCH " :1",
	    "019b7d0c5a2eab1:1", EPOCH "0:1", "019b7d0c5a2eab1G:1",
	    "019B7d0c5a2eab12:1", EPOCH ":1234567890123456789", EPOCH "::1"};
	struct event_position pos;
	char text[EVENT_POSITION_MAX];
	size_t i;

	(void)state;
	assert_true(event_position_parse(EPOCH ":0", &pos));
	assert_string_equal(pos.epoch, EPOCH);
	assert_int_equal(pos.seq, 0);
	assert_true(event_position_parse(EPOCH ":999999999999999999", &pos));
	event_position_text(&pos, text);
	assert_string_equal(text, EPOCH ":999999999999999999");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(event_position_parse(bad[i], &pos));
	assert_int_equal(pos.seq, INT64_C(999999999999999999));
}

static void
test_epoch(void **state)
{
	char first[EVENT_EPOCH_LEN + 1], next[EVENT_EPOCH_LEN + 1];
	int64_t ms = clock_utc_ms();

	(void)state;
	event_epoch_make(first);
	assert_int_equal(strlen(first), EVENT_EPOCH_LEN);
	assert_int_equal(strspn(first, "0123456789abcdef"), EVENT_EPOCH_LEN);
	first[12] = '\0';
	assert_in_range(strtoll(first, NULL, 16), ms, clock_utc_ms());
	while (clock_utc_ms() <= ms + 1)
		;
	event_epoch_make(next);
	assert_true(strcmp(next, first) > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_app_side),
	    cmocka_unit_test(test_relay_side),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_position),
	    cmocka_unit_test(test_epoch),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
