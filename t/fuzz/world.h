/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What targets need that are more than a parser: a database in a directory
 * that goes at the end, and is for each input as it was for the first; the
 * settings; a pair of sockets, and what is said on the event socket.  Made at
 * first use.
 */
#ifndef T_FUZZ_WORLD_H
#define T_FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi-app/app.h"
#include "fcgi-app/db.h"
#include "shared/event.h"

/* An admin's token, and the cookie of his session: they hold. */
#define WORLD_TOKEN  "sr_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WORLD_COOKIE "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/*
 * The settings, with a database whose item "A-1" is at version 5 of a log that
 * was pruned up to there.
 */
const struct app *world_app(void);

/* A name in the directory; static until the next call. */
const char *world_path(const char *name);

/* Its reader; borrowed. */
struct db *world_reader(void);

/* Make the database what it was, if something was committed. */
void world_restore(void);

/* Two connected stream sockets with much room that wait for nobody. */
void world_pair(int fds[2]);

/* Send all of it, as far as it fits. */
void world_send(int fd, const void *data, size_t len);

/*
 * What has come, at most SIZE - 1 bytes, with a NUL behind it; its length.
 */
size_t world_receive(int fd, char *out, size_t size);

/*
 * Show each line of TEXT, which must be an event's, to CHECK; the last one
 * may yet lack its end.  The text is cut up.
 */
void world_events(char *text, void (*check)(const struct event *));

#endif
