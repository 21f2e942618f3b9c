/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The event socket: when what came is acknowledged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "push-relay/ingest.h"
#include "shared/clock.h"

#define OLD "019a000000000001"
#define NEW "019b000000000001"

static struct relay rl; /* large, and one */
static char dir[] = "/tmp/stockroom-ingest-XXXXXX";
static char path[64];
static int app;
static char said[4096];       /* to the app, so far */
static int64_t head_at_flush; /* the ring's, when the turn's end came */

static void
hear(void)
{
	size_t len = strlen(said);
	ssize_t n;

	n = recv(app, said + len, sizeof(said) - len - 1, MSG_DONTWAIT);
	said[len + (size_t)(n > 0 ? n : 0)] = '\0';
}

/* What the app has sent was read in this turn: its end, as of the relay. */
static void
turn(void *arg)
{
	(void)arg;
	feed_flush(&rl.feed);
	head_at_flush = rl.feed.ring.head;
	hear();
	rl.loop.quit = strstr(said, "hello") != NULL;
	if (!rl.loop.quit)
		ingest_flush(rl.ingest);
}

/* Send lines, and run until they were read. */
static void
tell(const char *lines)
{
	said[0] = '\0';
	assert_int_equal(
	    send(app, lines, strlen(lines), MSG_NOSIGNAL), strlen(lines));
	rl.loop.quit = false;
	loop_run(&rl.loop, turn, NULL);
}

static int
setup(void **state)
{
	char bad[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_true(sock_peers_parse(&rl.peers, "", bad));
	rl.conf.event_socket = path;
	loop_init(&rl.loop);
	feed_init(&rl.feed, &rl.loop.timers, &rl.stats, clock_mono_ms());
	rl.ingest = ingest_new(&rl);
	app = sock_connect_unix(path);
	return app == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(app);
	ingest_free(rl.ingest);
	feed_reset(&rl.feed);
	loop_reset(&rl.loop);
	unlink(path);
	return rmdir(dir);
}

static void
test_last(void **state)
{
	(void)state;
	tell("{\"app\":{\"epoch\":\"" OLD "\",\"head\":0,\"oldest\":1,"
	     "\"pid\":1}}\n{\"change\":{\"epoch\":\"" OLD "\",\"seq\":1}}\n");
	/* The streams are told first: it may be on the same processor. */
	assert_int_equal(head_at_flush, 1);
	assert_null(strstr(said, "ack"));
	ingest_flush(rl.ingest);
	hear();
	assert_non_null(strstr(said, "{\"ack\":1}\n"));
	/* And once. */
	said[0] = '\0';
	ingest_flush(rl.ingest);
	hear();
	assert_string_equal(said, "");
}

static void
test_anew(void **state)
{
	(void)state;
	tell("{\"change\":{\"epoch\":\"" OLD "\",\"seq\":2}}\n"
	     "{\"app\":{\"epoch\":\"" NEW "\",\"head\":9,\"oldest\":1,"
	     "\"pid\":1}}\n");
	assert_int_equal(head_at_flush, -1);
	ingest_flush(rl.ingest);
	hear();
	assert_null(strstr(said, "ack"));
	assert_non_null(strstr(said, "\"replay_from\":1}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_last),
	    cmocka_unit_test(test_anew),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
