/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * How our clients listen to what is measured beside us: nchan, by Server-Sent
 * Events, and Socket.IO, by WebSocket.  Each client brings a ticket of its
 * own, a line of a file.  The events are the same, but carry their place in
 * the log in their data alone.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"

struct client;

enum peer {
	PEER_NONE,    /* a Stockroom */
	PEER_NCHAN,   /* the ticket is the query of /listen */
	PEER_SOCKETIO /* the ticket is "token" of what authenticates */
};

/* "nchan" or "socket.io"; false: neither. */
bool peer_parse(enum peer *, const char *name);

/* Read so many tickets from the file; an array that lives on. */
char **peer_tickets(const char *path, unsigned count);

/* Add the request that begins to listen. */
void peer_ask(const struct client *, struct buf *out);

/* The answer is good: from now on bytes go here; false: it is over. */
bool peer_take(struct client *, const char *bytes, size_t len);

#endif
