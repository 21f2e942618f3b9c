/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A stranger's patience: on our own port a connection that sends nothing, or
 * a byte now and then, is cut off unless a whole request is here in time, the
 * handshake of TLS included.  libmicrohttpd only counts the silence.
 */
#ifndef PUSH_RELAY_GUEST_H
#define PUSH_RELAY_GUEST_H

#include <stdint.h>

#include "timer.h"

struct guest;

/*
 * A connection was taken; its descriptor and the timers are borrowed.  TIME is
 * how many ms a request may take to be here, from the end of the last one.
 */
struct guest *guest_new(struct timers *, int fd, int64_t time);

/* The next request is waited for. */
void guest_wait(struct guest *);

/* It is here as a whole. */
void guest_served(struct guest *);

/* The connection is closed. */
void guest_free(struct guest *);

#endif
