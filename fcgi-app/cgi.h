/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Plain CGI (RFC 3875): one request, from the environment and standard input
 * to standard output, through the same pipeline as all others.
 */
#ifndef FCGI_APP_CGI_H
#define FCGI_APP_CGI_H

#include "app.h"

/*
 * Serve the request.  A body that does not come in time is answered 408; a
 * process that is not done long after that is ended by SIGALRM.
 */
void cgi_serve(const struct app *);

#endif
