/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "crowd.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "client.h"
#include "shared/log.h"

#define SECOND_US 1000000
#define MINUTE_US 60000000
#define FEW       256 /* clients; of more, one in LOOKS looks */
#define LOOKS     16

static void
polls(struct client *c, int64_t ignored)
{
	(void)ignored;
	c->poll = true;
}

void
crowd_begin(struct crowd *w)
{
	unsigned i;

	if ((w->clients = calloc(w->size, sizeof(*w->clients))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	truth_start(&w->truth, w->epoch, w->start);
	for (i = 0; i < w->size; i++)
		client_init(&w->clients[i], w, i);
	crowd_pick(
	    w, (w->size * (unsigned)w->poll_percent + 50) / 100, polls, 0);
}

void
crowd_open(struct crowd *w, int64_t ms)
{
	int64_t now = now_us();
	unsigned i;

	for (i = 0; i < w->size; i++)
		client_open(&w->clients[i],
		    now + ms * 1000 * (int64_t)i / (int64_t)w->size);
}

void
crowd_pick(struct crowd *w, unsigned count,
    void (*fn)(struct client *, int64_t arg), int64_t arg)
{
	unsigned i, at, left = w->size;

	/* Each is taken with the chance that fills the number. */
	for (i = 0; i < w->size && count > 0; i++, left--) {
		at = (unsigned)dice_roll(&w->dice, left);
		if (at < count) {
			fn(&w->clients[i], arg);
			count--;
		}
	}
}

/* One mishap of one client. */
static void
mishap(struct crowd *w)
{
	struct client *c = &w->clients[dice_roll(&w->dice, w->size)];
	int64_t ms = 50 + (int64_t)dice_roll(&w->dice, 700);

	/* One that was told not to read has its mishap already. */
	if (c->blocked && c->until == 0)
		return;
	switch (dice_roll(&w->dice, 6)) {
	case 0:
	case 1:
		client_cut(c, 0);
		break;
	case 2:
		client_freeze(c, ms);
		break;
	case 3:
		client_switch(c, 0);
		break;
	case 4:
		client_lose(c, 0);
		break;
	default:
		client_trickle(c, 1024);
		c->until = now_us() + ms * 1000;
		break;
	}
}

/* The next one comes after a random time, RATE of them a minute. */
static void
plan_mishap(struct crowd *w, int64_t now)
{
	w->chaos_at = now + (int64_t)dice_roll(
				&w->dice, (uint64_t)(2 * MINUTE_US / w->chaos));
}

void
crowd_chaos(struct crowd *w, int64_t rate)
{
	unsigned i;

	w->chaos = rate;
	if (rate > 0) {
		plan_mishap(w, now_us());
		return;
	}
	for (i = 0; i < w->size; i++) {
		client_thaw(&w->clients[i], 0);
		w->clients[i].lose = false;
	}
}

void
crowd_moves(struct crowd *w, int64_t rate)
{
	w->moves = rate;
	w->moves_at = now_us();
}

bool
crowd_looks(const struct crowd *w, unsigned n)
{
	return w->size <= FEW || n % LOOKS == 0;
}

void
crowd_tick(struct crowd *w, int64_t now)
{
	unsigned i;

	rest_tick(&w->posts, now / 1000);
	rest_tick(&w->api, now / 1000);
	if (w->clients == NULL)
		return;
	for (i = 0; i < w->size; i++)
		client_tick(&w->clients[i], now);
	while (w->chaos > 0 && now >= w->chaos_at) {
		mishap(w);
		plan_mishap(w, w->chaos_at + 1);
	}
	while (w->moves > 0 && now >= w->moves_at) {
		client_move(&w->clients[w->mover++ % w->size], 0);
		w->moves_at += SECOND_US / w->moves;
	}
}

unsigned
crowd_live(const struct crowd *w)
{
	unsigned i, n = 0;

	for (i = 0; i < w->size; i++)
		n += w->clients[i].joined;
	return n;
}

/* Nobody has told it to stay away, or not to read. */
static bool
is_free(const struct client *c)
{
	return !(c->phase == CLIENT_AWAY && !c->fetching) &&
	       !(c->blocked && c->until == 0);
}

unsigned
crowd_lacking(const struct crowd *w, int64_t seq)
{
	unsigned i, n = 0;

	for (i = 0; i < w->size; i++)
		n += is_free(&w->clients[i]) && w->clients[i].check.last < seq;
	return n;
}

unsigned
crowd_behind(const struct crowd *w, int64_t seq, int64_t since)
{
	const struct client *c;
	unsigned i, n = 0;

	for (i = 0; i < w->size; i++) {
		c = &w->clients[i];
		n += is_free(c) &&
		     ((!c->joined && c->live_us < since) || c->gap ||
			 c->fetching || c->check.last < seq);
	}
	return n;
}

void
crowd_end(struct crowd *w)
{
	unsigned i;

	for (i = 0; i < w->size; i++)
		client_reset(&w->clients[i]);
	free(w->clients);
	truth_reset(&w->truth);
	rest_reset(&w->posts);
	rest_reset(&w->api);
	ticket_keys_reset(&w->keys);
}
