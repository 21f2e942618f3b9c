/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The relay as a whole: what its parts share.  Everything lives in one
 * thread, and for as long as the process.
 */
#ifndef PUSH_RELAY_RELAY_H
#define PUSH_RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "feed.h"
#include "gate.h"
#include "loop.h"
#include "presence.h"
#include "shared/conf.h"
#include "shared/sock.h"
#include "stats.h"

#define RELAY_SETTLING                                                         \
	10000 /* ms after the start in which pages keep                        \
		 those who have not come back yet */

struct http;
struct ingest;
struct poll;
struct sse;

/* One a process. */
struct relay {
	struct conf conf;
	struct sock_peers peers; /* may connect to our sockets */
	struct loop loop;
	struct stats stats;
	struct feed feed;
	struct presence presence;
	struct gate gate;
	struct ingest *ingest; /* the event socket */
	struct http *http;     /* the push socket */
	struct http *port;     /* our own port; or NULL */
	struct sse *streams;   /* all, the ending ones too */
	struct sse *due;       /* those to be written this turn, in order */
	struct sse *due_last;  /* of them; of no meaning without */
	struct poll *polls;    /* all pages that poll */
	struct frame *ping;    /* the last one, held; NULL: none yet */
	char ping_position[EVENT_POSITION_MAX]; /* what it says; "": none */
	int64_t ping_version;                   /* the same, of presence */
	int64_t started;                        /* mono ms */
	int64_t calls;     /* requests so far: names the next one */
	bool stopping;     /* told to end */
	bool push_passed;  /* by the service manager, whose it is */
	bool event_passed; /* likewise */
};

#endif
