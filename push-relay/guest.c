/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "guest.h"
#include "shared/clock.h"
#include "shared/log.h"

struct guest {
	struct timers *timers;
	struct timer timer; /* runs while a request is waited for */
	int64_t time;       /* ms */
	int fd;
};

/* libmicrohttpd finds the connection at its end, and closes it. */
static void
guest_late(void *arg, int64_t now)
{
	struct guest *g = arg;

	(void)now;
	log_debug("a connection brought no request in time");
	(void)shutdown(g->fd, SHUT_RDWR);
}

struct guest *
guest_new(struct timers *timers, int fd, int64_t time)
{
	struct guest *g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	g->timers = timers;
	g->timer = (struct timer){.fn = guest_late, .arg = g};
	g->fd = fd;
	g->time = time;
	guest_wait(g);
	return g;
}

void
guest_wait(struct guest *g)
{
	timer_set(g->timers, &g->timer, clock_mono_ms() + g->time);
}

void
guest_served(struct guest *g)
{
	timer_stop(g->timers, &g->timer);
}

void
guest_free(struct guest *g)
{
	timer_stop(g->timers, &g->timer);
	free(g);
}
