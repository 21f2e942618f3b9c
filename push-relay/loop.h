/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The loop: one thread, one epoll over libmicrohttpd's own epoll descriptor,
 * the event socket, signals, and a watch on each stream's descriptor.  A
 * watch is named by a number that is never used again, so that an event that
 * was fetched before its watch was ended finds nobody.
 */
#ifndef PUSH_RELAY_LOOP_H
#define PUSH_RELAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "timer.h"

struct MHD_Daemon;
struct loop_slot;

#define LOOP_DAEMONS 2 /* at most */

/* What is called with the epoll events of a watch. */
typedef void (*loop_fn)(void *arg, uint32_t events);

/* A daemon of libmicrohttpd that the loop serves. */
struct loop_daemon {
	struct MHD_Daemon *daemon; /* borrowed */
	uint64_t watch;            /* of its epoll */
	bool resumed;              /* run it again: a connection goes on */
	int more;                  /* and these times more, whatever it says */
};

/* One a process.  loop_init makes it. */
struct loop {
	int ep;                                    /* our epoll */
	struct timers timers;                      /* of everybody */
	struct loop_daemon *daemons[LOOP_DAEMONS]; /* borrowed; or NULL */
	bool quit;                                 /* loop_run returns */
	struct loop_slot *slots;                   /* watches by number */
	unsigned size;                             /* slots allocated */
	unsigned free; /* first free one + 1; 0: none */
};

/* Ends the process when there is no epoll. */
void loop_init(struct loop *);
void loop_reset(struct loop *);

/* Watch a descriptor; ARG is borrowed.  0: the kernel refuses. */
uint64_t loop_watch(struct loop *, int fd, uint32_t events, loop_fn, void *arg);
void loop_change(struct loop *, uint64_t watch, uint32_t events);
/* Before the descriptor is closed; 0 is harmless. */
void loop_unwatch(struct loop *, uint64_t watch);

/*
 * Serve this daemon, which uses epoll and no thread of its own; and no more.
 * Both belong to the caller.
 */
void loop_serve(struct loop *, struct loop_daemon *, struct MHD_Daemon *);
void loop_forsake(struct loop *, struct loop_daemon *);

/*
 * Run until quit is set.  TURN is called after all events and timers, and
 * again after the requests, before sleeping: what was gathered goes out there.
 */
void loop_run(struct loop *, void (*turn)(void *arg), void *arg);

#endif
