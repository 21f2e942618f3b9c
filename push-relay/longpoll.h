/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Long-polling: the transport where streams do not get through.  A poll is
 * answered at once when there is something to say, else held until there is,
 * or until STOCKROOM_POLL_HOLD is over.  Between polls the page's reader stays
 * and gathers what passes, so nothing is missed; it ends when no poll comes
 * for PRESENCE_GRACE.
 *
 * Durable events are read from the position that the client gives.  The
 * passing ones of an answer are kept until the next poll names that answer's
 * number: one that names the answer before gets them again.  So an answer lost
 * on its way loses nothing, and nothing comes twice.
 */
#ifndef PUSH_RELAY_LONGPOLL_H
#define PUSH_RELAY_LONGPOLL_H

#include <stdbool.h>
#include <stdint.h>

#include "ask.h"
#include "call.h"

#define LONGPOLL_PACE 25 /* ms between two answers, at least */
#define LONGPOLL_BYTES                                                         \
	196608             /* an answer takes no more events from here on      \
			    */
#define LONGPOLL_RATE  60  /* polls a second of one page */
#define LONGPOLL_BURST 120 /* polls at once after a rest */
#define LONGPOLL_PAUSE 250 /* ms of a client's pause, at most */

struct longpoll;

/* Whether the page may poll again, and count it: else it does too often. */
bool longpoll_may(struct call *);

/*
 * Answer the poll now or hold it: then longpoll_go_on() is to be called when
 * libmicrohttpd asks again.  The ticket was judged.  The call stays until
 * longpoll_over().  False: the connection is to be closed.
 */
bool longpoll_open(struct call *, const struct ask *);
bool longpoll_go_on(struct call *);

/* Answer with a `disconnect` and nothing else.  False as above. */
bool longpoll_refuse(struct call *, const struct ask *, const char *code,
    const char *reason, int64_t retry);

/* libmicrohttpd is done with the call; harmless when it is no poll. */
void longpoll_over(struct call *);

/* Cut off what is left at the relay's end. */
void longpoll_abort(struct relay *);

#endif
