/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Unix stream sockets, made the same way everywhere: close-on-exec, checked
 * length of the path, and the peer known by its user id before a byte is
 * read.
 */
#ifndef SHARED_SOCK_H
#define SHARED_SOCK_H

#include <stdbool.h>
#include <sys/types.h>

#define SOCK_PEERS_MAX 32

/* The users whose processes may connect to a socket of ours. */
struct sock_peers {
	uid_t uid[SOCK_PEERS_MAX];
	int count;
};

/*
 * Resolve a comma- or space-separated list of user names or numeric ids; our
 * own effective user and root are always added.  False, with the offending
 * word copied to BAD (64 bytes), when a user does not exist.
 */
bool sock_peers_parse(struct sock_peers *, const char *list, char *bad);

/*
 * Listen on a Unix socket with this file mode.  A stale socket file is
 * replaced; one that a live process listens on is not (EADDRINUSE).  Returns
 * a non-blocking descriptor or -1 with errno.
 */
int sock_listen_unix(const char *path, mode_t mode, int backlog);

/* Connect; non-blocking descriptor or -1 with errno. */
int sock_connect_unix(const char *path);

/* Whether the peer's user (SO_PEERCRED) is one of those allowed. */
bool sock_peer_allowed(int fd, const struct sock_peers *);

/* Whether the descriptor is a listening stream socket (fd 0 by spawn-fcgi). */
bool sock_is_listening(int fd);

/* Switch O_NONBLOCK; false with errno on failure. */
bool sock_set_nonblock(int fd, bool on);

/* Set SO_RCVTIMEO and SO_SNDTIMEO, in milliseconds. */
bool sock_set_timeout(int fd, int ms);

#endif
