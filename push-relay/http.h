/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The push socket: HTTP by libmicrohttpd on a Unix socket behind the web
 * server, and on a port of our own beside it.  Connections and the coming in of
 * calls are here; route.h answers them.
 */
#ifndef PUSH_RELAY_HTTP_H
#define PUSH_RELAY_HTTP_H

#include <stdbool.h>

#include "relay.h"

#define HTTP_IDLE 30 /* seconds that a connection may do nothing */
#define HTTP_BACKLOG                                                           \
	4096 /* connections that wait to be taken: all come back at once after \
		a restart */
#define HTTP_SPARE 256 /* descriptors kept for other things */

/*
 * Listen, and let the loop serve it.  LIMIT is how many connections the
 * process has descriptors for.  Ends the process when that fails.
 */
struct http *http_new(struct relay *, unsigned limit);

/*
 * The same on the listening socket FD of our own port, with TLS when SECURE.
 * The functions below take NULL too: there is no such port.
 */
struct http *http_new_port(struct relay *, int fd, bool secure, unsigned limit);

/*
 * Take no new connections; those open go on.  What waits in the backlog of a
 * socket that was passed to us is for the next process.
 */
void http_quiesce(struct http *);

/* How many connections are open. */
unsigned http_connections(const struct http *);

/* Stop; no connection may be suspended any more. */
void http_free(struct http *);

#endif
