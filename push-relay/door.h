/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A listening socket whose connections are taken as they come.  When there is
 * no descriptor left for one, or no room with who takes them, it rests, and
 * goes on by itself: those that come meanwhile wait in the backlog.
 * libmicrohttpd, left to accept for itself, waits until one of its connections
 * ends, which may be hours.
 */
#ifndef PUSH_RELAY_DOOR_H
#define PUSH_RELAY_DOOR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "loop.h"

/* The owner sets room, take and arg. */
struct door {
	bool (*room)(void *arg); /* for one more */
	/* FD, non-blocking, belongs to who takes it. */
	void (*take)(
	    void *arg, int fd, const struct sockaddr *from, socklen_t len);
	void *arg;         /* borrowed */
	struct loop *loop; /* borrowed; NULL: closed */
	int fd;            /* owned */
	uint64_t watch;
	struct timer rested; /* the end of a rest */
};

/* Open it on a listening socket.  Ends the process when that fails. */
void door_open(struct door *, struct loop *, int fd);
/* Close it with its socket; harmless when it is closed. */
void door_close(struct door *);

#endif
