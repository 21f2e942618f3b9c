/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "door.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/sock.h"

#define DOOR_BATCH 256 /* connections taken in one turn */
#define DOOR_REST  100 /* ms */

static void
door_rest(struct door *d)
{
	loop_change(d->loop, d->watch, 0);
	timer_set(&d->loop->timers, &d->rested, clock_mono_ms() + DOOR_REST);
}

static void
door_rested(void *arg, int64_t now)
{
	struct door *d = arg;

	(void)now;
	loop_change(d->loop, d->watch, EPOLLIN);
}

/* Connections have come. */
static void
door_ready(void *arg, uint32_t events)
{
	struct door *d = arg;
	struct sockaddr_storage from;
	socklen_t len;
	int fd, i;

	(void)events;
	for (i = 0; i < DOOR_BATCH; i++) {
		if (!d->room(d->arg)) {
			door_rest(d);
			return;
		}
		len = sizeof(from);
		fd = accept4(d->fd, (struct sockaddr *)&from, &len,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1) {
			d->take(d->arg, fd, (struct sockaddr *)&from, len);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		log_warn("accept: %s", strerror(errno));
		door_rest(d);
		return;
	}
}

void
door_open(struct door *d, struct loop *lp, int fd)
{
	d->loop = lp;
	d->fd = fd;
	d->rested = (struct timer){.fn = door_rested, .arg = d};
	if (!sock_set_nonblock(fd, true) ||
	    (d->watch = loop_watch(lp, fd, EPOLLIN, door_ready, d)) == 0)
		log_fatal(EX_OSERR, "cannot watch a listening socket");
}

void
door_close(struct door *d)
{
	if (d->loop == NULL)
		return;
	timer_stop(&d->loop->timers, &d->rested);
	loop_unwatch(d->loop, d->watch);
	close(d->fd);
	d->loop = NULL;
}
