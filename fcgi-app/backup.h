/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Whole databases copied by SQLite's backup interface, as one moment has
 * them: out of the one in use into a file, and back into it in place.
 */
#ifndef FCGI_APP_BACKUP_H
#define FCGI_APP_BACKUP_H

#include <stdint.h>

#include "db.h"

/* Told of the pages done, of all; or NULL. */
typedef void backup_step(int64_t done, int64_t total, void *arg);

/*
 * Copy FROM into the empty file PATH while others go on writing.  The copy
 * is one file without a write-ahead log; it is not synced.  ST_UNAVAILABLE
 * when the disk is full and the like; the file is the caller's to remove.
 */
enum status backup_copy(
    struct db *from, const char *path, backup_step *, void *arg);

/*
 * Replace all that the open writer's file holds by what FROM holds, in one
 * transaction under the locks: whoever reads sees the old or the new.
 * ST_CONFLICT, nothing changed, when the epoch there is not smaller than
 * EPOCH, FROM's; else as above.
 */
enum status backup_replace(
    struct db *from, const char *epoch, backup_step *, void *arg);

#endif
