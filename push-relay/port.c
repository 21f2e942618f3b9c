/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "cors.h"
#include "port.h"
#include "shared/log.h"
#include "shared/service.h"
#include "shared/sock-tcp.h"
#include "shared/sock.h"
#include "tls.h"

/* Whether it is to speak TLS; both files are given, or none. */
static bool
wants_tls(const struct conf *conf)
{
	bool cert = conf->tls_cert[0] != '\0', key = conf->tls_key[0] != '\0';

	if (cert != key)
		log_fatal(CONF_EXIT,
		    "STOCKROOM_TLS_CERT and STOCKROOM_TLS_KEY belong together: "
		    "%s is missing",
		    cert ? "STOCKROOM_TLS_KEY" : "STOCKROOM_TLS_CERT");
	return cert;
}

/* A passed one is the manager's: only what accepted ones inherit is set. */
static int
passed_socket(void)
{
	int fd;

	if ((fd = service_socket("listen")) == -1)
		return -1;
	if (!sock_is_tcp(fd))
		log_fatal(CONF_EXIT, "the passed socket \"listen\" is not TCP");
	if (!sock_set_nonblock(fd, true) ||
	    !sock_tcp_keep_alive(fd, PORT_VANISH))
		log_fatal(EX_OSERR, "the passed socket: %s", strerror(errno));
	return fd;
}

int
port_socket(const struct conf *conf, bool *tls)
{
	char why[TLS_WHY];
	int fd;

	*tls = wants_tls(conf);
	fd = passed_socket();
	if (fd == -1 && conf->listen[0] == '\0')
		return -1;
	if (*tls && !tls_load(conf->tls_cert, conf->tls_key, why))
		log_fatal(CONF_EXIT, "%s", why);
	if (fd == -1)
		fd = sock_listen_tcp(conf->listen, PORT_BACKLOG, PORT_VANISH);
	if (fd == -1)
		log_fatal(
		    EX_CANTCREAT, "%s: %s", conf->listen, strerror(errno));
	if (!cors_is_set(conf))
		log_warn("no page may use the port: set STOCKROOM_ORIGIN");
	return fd;
}

void
port_reload(const struct conf *conf)
{
	char why[TLS_WHY];

	if (conf->tls_cert[0] == '\0')
		return;
	if (tls_load(conf->tls_cert, conf->tls_key, why))
		log_info("have read the certificate again");
	else
		log_error("the old certificate stays: %s", why);
}
