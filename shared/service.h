/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a service manager passes to a program and wants of it: listening
 * sockets (LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID: sd_listen_fds(3)), word of
 * its state, and a sign of life (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID:
 * sd_notify(3), sd_watchdog_enabled(3)).  Without a manager every call is
 * harmless and says that there is nothing.
 *
 * Own code, not libsystemd: the protocols are two pages, stable by promise
 * and written to be implemented so, while the library brings compression and
 * cryptography into programs that face strangers.  The notification socket is
 * connected once, at the start, since a sandbox may forbid that later.
 *
 * A socket that was passed belongs to the manager: its file is never removed,
 * and it is never shut down, only closed, so that connections wait in its
 * backlog for the next process.
 */
#ifndef SHARED_SERVICE_H
#define SHARED_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#define SERVICE_SOCKETS_MAX 8 /* that may be passed */

/*
 * Read what was passed and take it out of the environment; to be called once,
 * before any thread and before other descriptors are opened.  The sockets are
 * made close-on-exec.  Ends the process (EX_CONFIG) when LISTEN_FDS is for us
 * but counts too many, or names something that is no listening stream socket.
 */
void service_start(void);

/*
 * Take the passed socket of this name; -1 when there is none (any more).  The
 * caller owns the descriptor.
 */
int service_socket(const char *name);

/*
 * Take the one socket that was passed, whatever its name; -1 when there are
 * none or several: systemd-socket-activate(1) and a unit with one socket need
 * no names.
 */
int service_only_socket(void);

/*
 * What was passed and not taken is not known: close it and say so (a warning
 * with its name each).
 */
void service_close_rest(void);

/* Tell the manager: ready to serve; STATUS is a line for people. */
void service_ready(const char *status);
/* Ending; what runs is being finished. */
void service_stopping(void);

/*
 * The longest rest between two signs of life, in ms; 0: none are wanted.  It
 * is half of what the manager waits for.
 */
int64_t service_watchdog_ms(void);
/* The sign of life; only who really works may give it. */
void service_alive(void);

#endif
