/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What the whole process shares: settings and keys, read once at start and
 * constant from then on.
 */
#ifndef FCGI_APP_APP_H
#define FCGI_APP_APP_H

#include <stdbool.h>

#include "shared/conf.h"
#include "shared/sock.h"
#include "shared/ticket.h"

struct app {
	struct conf conf;
	struct sock_peers peers; /* who may connect */
	struct ticket_keys keys; /* signs tickets */
	bool cgi;                /* plain CGI: this request is the only one */
};

#endif
