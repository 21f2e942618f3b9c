/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Users whom the web server has signed in, under STOCKROOM_AUTH=remote_user:
 * the CGI parameter REMOTE_USER (RFC 3875, 4.1.11) names them, and nothing
 * else does.  Who is not there yet is made at first sight.
 */
#ifndef FCGI_APP_REMOTE_USER_H
#define FCGI_APP_REMOTE_USER_H

#include "request.h"

/* An identity of the web server's holds for so long, ms; then it is asked. */
#define REMOTE_USER_MS INT64_C(3600000)

/*
 * Who REMOTE_USER is, into rq->who; ST_OK also for nobody, when there is no
 * name.  ST_FORBIDDEN for a name that cannot be one, a disabled user and,
 * unless the settings give such a role, one who is not there; then MAY_ADD
 * makes the user, in a write of its own: not to be called within one.
 */
enum status remote_user_identify(struct req *, bool may_add);

#endif
