/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The connections of the accept loop, and the queue of those that have
 * something for a thread.  A request takes a thread when all of it is here; one
 * that comes in piece by piece is parked until then, and costs a descriptor
 * and what it has filled of its socket's buffer.  A body may be too long for
 * that buffer, or wait for its other end to be read: so half of the threads,
 * and never more, may sit with requests whose bodies are still to come.
 *
 * The loop's thread opens connections and tells of events; threads take, and
 * give back or park what they took.
 */
#ifndef FCGI_APP_CONNS_H
#define FCGI_APP_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#define CONNS_MAX 1024 /* open at once */

/* A connection on which a request has come, or a part of one. */
struct ask {
	int slot;      /* its number */
	int fd;        /* borrowed */
	int64_t since; /* the request began to come, clock_mono_ms() */
	bool last;     /* nothing more will come */
	bool late;     /* since its time is over */
	bool seated;   /* its body may be waited for */
};

/* What is going on now. */
struct conns_counts {
	int busy;   /* threads that serve */
	int queued; /* connections that wait for one */
	int parked; /* requests that are not here as a whole */
	int open;   /* connections, the idle ones too */
};
struct conns_counts conns_counts(void);

/* Begin, for so many threads; connections are watched by that epoll. */
void conns_init(int epoll_fd, int threads);

/* --- For the loop --- */

/* Take over the connection FD; false, and it is closed, without room. */
bool conns_open(int fd);
bool conns_full(void);

/* An event came that bears this tag; GONE: its peer will say no more. */
void conns_event(uint64_t tag, bool gone);

/*
 * To be called every second: end requests that take too long.  After ASK_MS
 * nothing more is read of one, so that it is answered for what came; after
 * END_MS nothing is written, either.
 */
void conns_tick(int64_t ask_ms, int64_t end_ms);

/* Close the connections that have been idle for so long. */
void conns_close_idle(int64_t ms);

/* No second request on a connection from now on. */
void conns_ending(void);
/*
 * Requests that have begun to come; FRESH: and connections on which the
 * first one has yet to.
 */
int conns_left(bool fresh);
/* Threads end when the queue is empty. */
void conns_stop(void);

/*
 * Whether requests get done: a thread is free, or one has finished something
 * since the last look.
 */
bool conns_working(void);

/* --- For the threads --- */

/* Wait for something to do; false when there will be nothing. */
bool conns_take(struct ask *);

/* Done with it; OPEN: another request may come. */
void conns_give_back(int slot, bool open);

/* More has to come; BODY: all but the rest of the body is here. */
void conns_park(int slot, bool body);

/* Sit with it until its body has come; false: too many do. */
bool conns_sit(int slot);

#endif
