/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * TCP listeners of our own: numeric addresses only, as settings give them.
 */
#ifndef SHARED_SOCK_TCP_H
#define SHARED_SOCK_TCP_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Read "address:port" with a port from 1 to 65535: an IPv4 address, or an
 * IPv6 address in brackets.  OUT and LEN are for bind(2); false when it is
 * neither, OUT is then undefined.
 */
bool sock_tcp_parse(
    const char *text, struct sockaddr_storage *out, socklen_t *len);

/*
 * Listen there, with what is accepted kept alive: a peer that vanished is
 * found within SECONDS, also while it has something to read.  "[::]" takes
 * IPv4 too.  Returns a non-blocking descriptor or -1 with errno.
 */
int sock_listen_tcp(const char *text, int backlog, int seconds);

/* Set the same keep-alive on a listener that somebody else has made. */
bool sock_tcp_keep_alive(int fd, int seconds);

/* Whether the listener is one of TCP, on IPv4 or IPv6. */
bool sock_is_tcp(int fd);

#endif
