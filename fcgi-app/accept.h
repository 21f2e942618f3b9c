/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The accept loop.  It owns every connection until a request has arrived on
 * it, and again between two requests, so that a peer that is idle or slow
 * costs a descriptor but no thread; worker threads run libfcgi on those that
 * have something to say.  conns.h keeps them apart.
 */
#ifndef FCGI_APP_ACCEPT_H
#define FCGI_APP_ACCEPT_H

#include "app.h"

#define ACCEPT_THREADS_MAX 256

/* What is going on now. */
struct accept_counts {
	int64_t started; /* ms since 1970; 0: nothing is served */
	int threads;
	int busy;        /* of them */
	int queued;      /* connections with a request that wait for one */
	int parked;      /* requests of which only a part has come */
	int connections; /* open, the idle ones too */
};
struct accept_counts accept_counts(void);

/*
 * Start libfcgi and take signals over, before there is another thread: a
 * SIGTERM or SIGINT from here on ends accept_run(), however early it comes.
 */
void accept_init(void);

/*
 * Serve connections of LISTEN_FD with so many threads until SIGTERM or
 * SIGINT; then remove its file NAME, unless that is NULL, finish what runs
 * and return.
 */
void accept_run(
    const struct app *, int listen_fd, const char *name, int threads);

#endif
