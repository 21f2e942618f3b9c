/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The outbox: a thread that sends every committed change to the relay's
 * event socket, in order, from the table, so that a crash between commit and
 * send loses nothing.  It also tells the relay what was revoked and asks it
 * who is present.
 */
#ifndef FCGI_APP_PUBLISH_H
#define FCGI_APP_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "app.h"
#include "db.h"
#include "shared/status.h"

/* Start the thread; the writer must be open. */
void publish_start(const struct app *);

/* Say that something was committed.  Never blocks; from any thread. */
void publish_wake(void);

/* Send what is committed, end the thread. */
void publish_stop(void);

/* Whether the relay is connected and has said hello. */
bool publish_connected(void);

/* The newest change that the relay has confirmed; 0: none yet. */
int64_t publish_acked(void);

/*
 * Who is in a room, from the relay: *OUT is the caller's object.  CURSOR is
 * the first entry wanted (0: from the start).  ST_UNAVAILABLE without a relay
 * or after 1 s.
 */
enum status publish_query_presence(
    const char *room, int64_t cursor, struct json_object **out);

/*
 * Without a thread, for plain CGI and the command line: send what is pending,
 * and wait at most MAX_MS until the relay has it.  True when it has.
 */
bool publish_flush(const struct conf *, struct db *reader, int max_ms);

#endif
