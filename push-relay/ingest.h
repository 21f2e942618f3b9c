/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The event socket: app processes connect, announce themselves, and send
 * committed changes.  The sequence numbers alone decide what is new, so any
 * number of them may send; what the ring lacks is asked of one of them, and
 * asked again of the next when it does not come.
 */
#ifndef PUSH_RELAY_INGEST_H
#define PUSH_RELAY_INGEST_H

#include "relay.h"

#define INGEST_PEERS 512  /* app processes at once, at most */
#define INGEST_AGAIN 1000 /* ms until a replay is asked for again */

/* Listen on the event socket.  Ends the process when that fails. */
struct ingest *ingest_new(struct relay *);

/* Close the socket and all connections. */
void ingest_free(struct ingest *);

/*
 * The end of a turn of the loop, when all streams have what came: acknowledge
 * it.
 */
void ingest_flush(struct ingest *);

/* How many app processes are connected. */
unsigned ingest_peers(const struct ingest *);

#endif
