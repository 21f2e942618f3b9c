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

/* What is still to be done to a copy, in its transaction; LIVE is read. */
typedef enum status backup_last(struct db *copy, struct db *live);

/*
 * Replace all that the open writer's file holds by what the copy at PATH
 * holds, after LAST, in one transaction under the locks: whoever reads sees
 * the old or the new, and nobody writes between LAST and the new.  Nobody
 * else has the copy open.  ST_CONFLICT, nothing changed, when the epoch there
 * is not smaller than EPOCH, the copy's; else as above, or LAST's own.
 */
enum status backup_replace(const char *path, const char *epoch,
    backup_last *last, backup_step *, void *arg);

#endif
