/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The files of the ticket keys: how they are read and written.  A file is
 * always whole: it appears by link(2) or is replaced by rename(2), and both
 * are on the disk when that returns.  What is wrong is logged.  Only
 * ticket-keys.c and ticket-rotate.c need this.
 */
#ifndef SHARED_TICKET_FILE_H
#define SHARED_TICKET_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "status.h"
#include "ticket.h"

/* Log what is wrong with the key file PATH; ST_FAULT. */
enum status ticket_file_fault(const char *path, const char *why);

/*
 * Read the secret key; it holds its seed and the public key, which must
 * agree.  ST_OK; ST_NOT_FOUND without a file, not logged; ST_FAULT, also when
 * other users may read it.
 */
enum status ticket_file_secret(struct ticket_keys *, const char *path);

/* Read the list of public keys into keys->public.  The same statuses. */
enum status ticket_file_public(struct ticket_keys *, const char *path);

/*
 * Write the one or the other.  ST_OK; ST_CONFLICT when there is one already;
 * ST_FAULT.
 */
enum status ticket_file_make_secret(
    const struct ticket_keys *, const char *path);
enum status ticket_file_make_public(
    const struct ticket_keys *, const char *path);

/*
 * Put a new one in the place of one that is there, with its owner and mode.
 * ST_OK or ST_FAULT.
 */
enum status ticket_file_replace_secret(
    const struct ticket_keys *, const char *path);
enum status ticket_file_replace_public(
    const struct ticket_keys *, const char *path);

#endif
