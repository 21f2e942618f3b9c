/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Signs tickets and verifies our own.  It holds the keys of the process, and
 * looks at their files before each use: after a rotation the next ticket is
 * signed with the new key.  Any thread may ask.
 */
#ifndef FCGI_APP_SIGNER_H
#define FCGI_APP_SIGNER_H

#include <stddef.h>

#include "shared/ticket.h"

/*
 * Load the keys of PATH, which is borrowed, or make them; once, before
 * threads.  ST_OK, or ST_FAULT with the reason logged.
 */
enum status signer_start(const char *path);

/* As ticket_sign and ticket_verify, with the keys of now. */
void signer_sign(const struct ticket *, char out[TICKET_MAX]);
enum status signer_verify(const char *text, size_t len, struct ticket *out);

/* Forget the keys. */
void signer_stop(void);

#endif
