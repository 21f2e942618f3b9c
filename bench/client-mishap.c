/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "client.h"

#include <sys/epoll.h>
#include <unistd.h>

void
client_cut(struct client *c, int64_t ignored)
{
	(void)ignored;
	if (c->phase == CLIENT_AWAY)
		return;
	c->crowd->tally.cuts++;
	client_again(c);
}

void
client_leave(struct client *c, int64_t ignored)
{
	(void)ignored;
	client_hang_up(c);
	c->crowd->tally.cuts++;
	c->phase = CLIENT_AWAY;
}

void
client_back(struct client *c, int64_t ignored)
{
	(void)ignored;
	if (c->phase == CLIENT_AWAY && !c->fetching)
		client_open(c, now_us());
}

void
client_freeze(struct client *c, int64_t ms)
{
	c->crowd->tally.stalls++;
	c->blocked = true;
	c->rate = 0;
	c->until = ms == 0 ? 0 : now_us() + ms * 1000;
	if (c->fd != -1)
		client_watch(c, EPOLL_CTL_MOD);
}

void
client_trickle(struct client *c, int64_t rate)
{
	client_freeze(c, 0);
	c->rate = rate;
	c->read_us = now_us();
}

void
client_thaw(struct client *c, int64_t ignored)
{
	(void)ignored;
	c->blocked = false;
	c->rate = 0;
	/* What waits for us says nothing of how fast the server is. */
	c->heard_us = c->live_us = now_us();
	if (c->fd != -1)
		client_watch(c, EPOLL_CTL_MOD);
}

/* The old connection lives on until the new one has joined, or is cut. */
void
client_switch(struct client *c, int64_t ignored)
{
	(void)ignored;
	if (c->phase == CLIENT_AWAY)
		return;
	c->crowd->tally.switches++;
	if (c->old_fd == -1 && c->fd != -1 && c->n % 2 == 0) {
		c->old_fd = c->fd;
		epoll_ctl(c->crowd->epfd, EPOLL_CTL_DEL, c->fd, NULL);
		c->fd = -1;
	}
	client_hang_up(c);
	c->poll = !c->poll;
	c->has_answer = false;
	client_open(c, now_us());
}

void
client_lose(struct client *c, int64_t ignored)
{
	if (c->poll)
		c->lose = true;
	else
		client_cut(c, ignored);
}
