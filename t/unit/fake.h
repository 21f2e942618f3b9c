/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What the tests of rooms share: a presence, streams that only note what they
 * are given, and a clock that the test turns.
 */
#ifndef T_UNIT_FAKE_H
#define T_UNIT_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "push-relay/presence.h"

#define FAKE_ROOM    "inventory_management"
#define FAKE_PALETTE "#111111,#222222,#333333"

/* The world of a test; made by fake_setup. */
extern struct timers timers;
extern struct presence presence;
extern int64_t now; /* mono ms */

/* A stream that notes. */
struct fake {
	struct subscriber sub;
	struct member *m; /* whose it is, as long as that is here */
	char got[65536];  /* texts of the frames, one after the other */
	char ended[16];   /* code of its end, or "" */
};

/* For cmocka: an empty presence of 100 at most; and nobody left. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* A ticket for FAKE_ROOM. */
struct ticket fake_who(
    const char *sid, int64_t user, const char *name, const char *color);

/* Open a stream and listen in the room, as a transport does. */
struct member *fake_enter(struct fake *, struct ticket);

/* Close it; harmless when it has ended. */
void fake_leave(struct fake *);

/* Turn the clock to an instant, timer by timer. */
void fake_wait(int64_t until);

/* How often a text is in what it got. */
int fake_count(const struct fake *, const char *text);

/* Whether the list of the room has this text. */
bool fake_list_has(struct room *, const char *text);

#endif
