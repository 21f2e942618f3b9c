/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What the whole process shares: settings, read once at start and
 * constant from then on.
 */
#ifndef FCGI_APP_APP_H
#define FCGI_APP_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/conf.h"
#include "shared/sock.h"

#define APP_LOCK_S 5 /* a write waits so long for another process */

struct app {
	struct conf conf;
	struct sock_peers peers; /* who may connect */
	bool cgi;                /* plain CGI: this request is the only one */
};

/* Whether the web server signs people in: STOCKROOM_AUTH=remote_user. */
static inline bool
app_trusts_server(const struct app *app)
{
	return strcmp(app->conf.auth, "remote_user") == 0;
}

/* ms after which a request may no longer come in, since it began to. */
static inline int64_t
app_ask_ms(const struct app *app)
{
	return app->conf.request_time * INT64_C(1000);
}

/*
 * And after which it is ended, whatever it does: as long again to answer it,
 * and what the database may take.
 */
static inline int64_t
app_end_ms(const struct app *app)
{
	return 2 * app_ask_ms(app) +
	       (app->conf.query_time + APP_LOCK_S) * INT64_C(1000);
}

#endif
