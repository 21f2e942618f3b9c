/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include <microhttpd.h>

#include "loop.h"
#include "shared/clock.h"
#include "shared/log.h"

#define LOOP_BATCH 256   /* events of one epoll_wait */
#define LOOP_RUNS  4     /* runs of a daemon in one turn, at most */
#define LOOP_SLEEP 60000 /* ms that the loop sleeps, at most */

struct loop_slot {
	loop_fn fn; /* NULL: free */
	void *arg;
	int fd;
	uint32_t generation; /* of the watch: its upper half */
	unsigned next;       /* of the free ones, + 1 */
};

void
loop_init(struct loop *lp)
{
	memset(lp, 0, sizeof(*lp));
	if ((lp->ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		log_fatal(EX_OSERR, "epoll_create1: %s", strerror(errno));
}

void
loop_reset(struct loop *lp)
{
	close(lp->ep);
	timers_reset(&lp->timers);
	free(lp->slots);
	memset(lp, 0, sizeof(*lp));
}

static void
loop_grow(struct loop *lp)
{
	unsigned i, size = lp->size == 0 ? 64 : lp->size * 2;

	lp->slots = realloc(lp->slots, size * sizeof(*lp->slots));
	if (lp->slots == NULL)
		log_fatal(EX_OSERR, "out of memory");
	memset(lp->slots + lp->size, 0, (size - lp->size) * sizeof(*lp->slots));
	for (i = lp->size; i < size; i++)
		lp->slots[i].next = i + 1 < size ? i + 2 : 0;
	lp->free = lp->size + 1;
	lp->size = size;
}

/* The slot of a watch; NULL: it has ended. */
static struct loop_slot *
loop_slot(struct loop *lp, uint64_t watch)
{
	struct loop_slot *s;
	uint32_t i = (uint32_t)watch;

	if (i == 0 || i > lp->size)
		return NULL;
	s = &lp->slots[i - 1];
	if (s->fn == NULL || s->generation != watch >> 32)
		return NULL;
	return s;
}

uint64_t
loop_watch(struct loop *lp, int fd, uint32_t events, loop_fn fn, void *arg)
{
	struct epoll_event ev = {.events = events};
	struct loop_slot *s;
	unsigned i;

	if (lp->free == 0)
		loop_grow(lp);
	i = lp->free;
	s = &lp->slots[i - 1];
	ev.data.u64 = (uint64_t)(s->generation + 1) << 32 | i;
	if (epoll_ctl(lp->ep, EPOLL_CTL_ADD, fd, &ev) == -1) {
		log_error("epoll_ctl: %s", strerror(errno));
		return 0;
	}
	lp->free = s->next;
	s->generation++;
	s->fn = fn;
	s->arg = arg;
	s->fd = fd;
	return ev.data.u64;
}

void
loop_change(struct loop *lp, uint64_t watch, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	struct loop_slot *s = loop_slot(lp, watch);

	assert(s != NULL);
	ev.data.u64 = watch;
	/* Who waits for it would wait for ever. */
	if (epoll_ctl(lp->ep, EPOLL_CTL_MOD, s->fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

void
loop_unwatch(struct loop *lp, uint64_t watch)
{
	struct loop_slot *s = loop_slot(lp, watch);

	if (s == NULL)
		return;
	(void)epoll_ctl(lp->ep, EPOLL_CTL_DEL, s->fd, NULL);
	s->fn = NULL;
	s->next = lp->free;
	lp->free = (uint32_t)watch;
}

/* The daemon's descriptor is ready: it is run each turn anyway. */
static void
loop_daemon_ready(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
}

void
loop_serve(struct loop *lp, struct loop_daemon *d, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info;
	unsigned i = 0;

	info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || info->epoll_fd == -1)
		log_fatal(EX_SOFTWARE, "libmicrohttpd has no epoll");
	d->daemon = daemon;
	d->watch =
	    loop_watch(lp, info->epoll_fd, EPOLLIN, loop_daemon_ready, NULL);
	if (d->watch == 0)
		log_fatal(EX_OSERR, "cannot watch libmicrohttpd");
	while (i < LOOP_DAEMONS && lp->daemons[i] != NULL)
		i++;
	assert(i < LOOP_DAEMONS);
	lp->daemons[i] = d;
}

void
loop_forsake(struct loop *lp, struct loop_daemon *d)
{
	unsigned i;

	loop_unwatch(lp, d->watch);
	for (i = 0; i < LOOP_DAEMONS; i++) {
		if (lp->daemons[i] == d)
			lp->daemons[i] = NULL;
	}
}

/*
 * Run the daemon until it has nothing to do at once; returns the ms that it
 * may rest, -1: for ever.  A connection that is resumed while it runs, or
 * right before, is served by the next run only, and MHD_get_timeout does not
 * say so: hence the two more.
 */
static int64_t
loop_run_daemon(struct loop_daemon *d)
{
	unsigned long long rest = 0;
	int runs;

	for (runs = 0; runs < LOOP_RUNS; runs++) {
		if (d->resumed)
			d->more = 2;
		d->resumed = false;
		MHD_run(d->daemon);
		if (d->resumed)
			continue;
		if (d->more > 0) {
			d->more--;
			continue;
		}
		if (MHD_get_timeout(d->daemon, &rest) != MHD_YES)
			return -1;
		if (rest > 0)
			return (int64_t)rest;
	}
	return 0;
}

/* Run all daemons; returns the ms that they may rest, -1: for ever. */
static int64_t
loop_run_daemons(struct loop *lp)
{
	int64_t rest = -1, one;
	unsigned i;

	for (i = 0; i < LOOP_DAEMONS; i++) {
		if (lp->daemons[i] == NULL)
			continue;
		one = loop_run_daemon(lp->daemons[i]);
		if (rest < 0 || (one >= 0 && one < rest))
			rest = one;
	}
	return rest;
}

/* Whether a daemon has something to do that it does not know of. */
static bool
loop_resumed(const struct loop *lp)
{
	unsigned i;

	for (i = 0; i < LOOP_DAEMONS; i++) {
		if (lp->daemons[i] != NULL && lp->daemons[i]->resumed)
			return true;
	}
	return false;
}

static void
loop_wait(struct loop *lp, int64_t rest)
{
	struct epoll_event evs[LOOP_BATCH];
	struct loop_slot *s;
	int64_t due, now = clock_mono_ms();
	int i, n;

	due = timers_next(&lp->timers);
	if (rest < 0 || rest > LOOP_SLEEP)
		rest = LOOP_SLEEP;
	if (due - now < rest)
		rest = due > now ? due - now : 0;
	n = epoll_wait(lp->ep, evs, LOOP_BATCH, (int)rest);
	if (n == -1 && errno != EINTR)
		log_fatal(EX_OSERR, "epoll_wait: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		if ((s = loop_slot(lp, evs[i].data.u64)) != NULL)
			s->fn(s->arg, evs[i].events);
	}
}

void
loop_run(struct loop *lp, void (*turn)(void *arg), void *arg)
{
	int64_t rest;

	while (!lp->quit) {
		timers_run(&lp->timers, clock_mono_ms());
		turn(arg);
		rest = loop_run_daemons(lp);
		if (lp->quit)
			break;
		/* What requests have caused goes out at once. */
		turn(arg);
		loop_wait(lp, loop_resumed(lp) ? 0 : rest);
	}
}
