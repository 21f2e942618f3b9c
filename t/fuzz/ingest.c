/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What app processes may say to the relay: its end of the event socket, fed
 * with any bytes from two connections; a NUL changes to the other one.
 * Whatever they are, the ring has no hole, and what the relay says in return
 * are lines that an app reads.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <string.h>
#include <unistd.h>

#include "push-relay/ingest.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "target.h"
#include "world.h"

#define APPS  2
#define TURNS 4 /* of the loop, for what was sent */

static struct relay rl; /* large, and one */
static int turns;

static void
turn(void *arg)
{
	(void)arg;
	feed_flush(&rl.feed);
	ingest_flush(rl.ingest);
	rl.loop.quit = turns-- == 0;
}

/* It is always ready, so that the loop never sleeps. */
static void
never_sleep(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

static void
run(void)
{
	turns = TURNS;
	rl.loop.quit = false;
	loop_run(&rl.loop, turn, NULL);
}

static void
check_ring(void)
{
	const struct ring *r = &rl.feed.ring;

	MUST(r->head >= -1 && r->oldest <= r->head + 1);
	MUST(r->head == -1 || r->epoch[0] != '\0');
	for (int64_t seq = r->oldest; r->head >= 0 && seq <= r->head; seq++) {
		const struct frame *f = ring_at(r, seq);

		MUST(f != NULL && f->lane == LANE_DURABLE);
		MUST(memchr(f->text + f->data, '\n', f->data_len) == NULL);
	}
}

/* What a relay may say. */
static void
check_said(const struct event *ev)
{
	MUST(ev->kind == EVENT_HELLO || ev->kind == EVENT_REPLAY_FROM ||
	     ev->kind == EVENT_ACK || ev->kind == EVENT_PRESENCE ||
	     ev->kind == EVENT_STALE_EPOCH);
}

static void
begin(int apps[APPS])
{
	int64_t now = clock_mono_ms();
	char bad[64];

	MUST(sock_peers_parse(&rl.peers, "", bad));
	rl.conf = world_app()->conf;
	rl.conf.event_socket = world_path("relay.sock");
	loop_init(&rl.loop);
	feed_init(&rl.feed, &rl.loop.timers, &rl.stats, now);
	presence_init(
	    &rl.presence, rl.conf.palette, 10, &rl.loop.timers, &rl.stats);
	rl.ingest = ingest_new(&rl);
	for (int i = 0; i < APPS; i++)
		MUST((apps[i] = sock_connect_unix(rl.conf.event_socket)) != -1);
}

static void
end(const int apps[APPS])
{
	static char said[1 << 20];

	for (int i = 0; i < APPS; i++) {
		world_receive(apps[i], said, sizeof(said));
		world_events(said, check_said);
		close(apps[i]);
	}
	run();
	MUST(ingest_peers(rl.ingest) == 0);
	ingest_free(rl.ingest);
	presence_reset(&rl.presence);
	feed_reset(&rl.feed);
	gate_reset(&rl.gate);
	loop_reset(&rl.loop);
}

void
fuzz_ingest(const uint8_t *data, size_t len)
{
	int apps[APPS], ready, which = 0;
	const uint8_t *nul;
	size_t n;

	begin(apps);
	MUST((ready = eventfd(1, EFD_CLOEXEC)) != -1);
	MUST(loop_watch(&rl.loop, ready, EPOLLIN, never_sleep, NULL) != 0);
	run();
	MUST(ingest_peers(rl.ingest) == APPS);
	for (; len > 0; data += n, len -= n, which = (which + 1) % APPS) {
		nul = memchr(data, '\0', len);
		n = nul == NULL ? len : (size_t)(nul - data);
		world_send(apps[which], data, n);
		run();
		check_ring();
		n += nul != NULL;
	}
	end(apps);
	close(ready);
}
