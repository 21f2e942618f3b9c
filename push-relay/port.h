/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Our own port: a TCP listener beside the Unix socket, for pages that should
 * not pass the web server.  It faces strangers, so it has TLS, limits of its
 * own, and only /push/.
 */
#ifndef PUSH_RELAY_PORT_H
#define PUSH_RELAY_PORT_H

#include <stdbool.h>

#include "shared/conf.h"

#define PORT_BACKLOG 4096
#define PORT_POOL    16384 /* bytes of a connection: no proxy strips headers */
#define PORT_VANISH  45    /* seconds until a peer that vanished is found */

/*
 * The listening socket: the one passed by the service manager as "listen",
 * else one for STOCKROOM_LISTEN; -1: none is wanted.  Reads the certificate,
 * and then TLS is true.  Ends the process when a file or the address is no
 * good.
 */
int port_socket(const struct conf *, bool *tls);

/* Read the certificate again; the old one stays when that fails. */
void port_reload(const struct conf *);

#endif
