/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The migrations: schema/1.sql, 2.sql, ... are embedded at build and run in
 * order from the file's user_version on, all in one transaction.  A file that
 * is not ours, or of a newer program, is never touched.
 */
#ifndef FCGI_APP_SCHEMA_H
#define FCGI_APP_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct sqlite3;

/*
 * Bring an open database to the newest schema.  The caller holds the lock
 * beside it.  False, with one line for the operator in WHY, when it cannot
 * be; nothing is changed then.
 */
bool schema_migrate(struct sqlite3 *, char *why, size_t size);

/* The newest schema that this program knows. */
int schema_newest(void);

#endif
