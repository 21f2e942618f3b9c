/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The lock beside the database, on the file <path>.lock: commits and
 * checkpoints of every process exclude each other by it.  Only db-write.c
 * includes it, and one thread at a time is in here.
 */
#ifndef FCGI_APP_DB_LOCK_H
#define FCGI_APP_DB_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Make the file, or open it; made by root, it belongs to the database's
 * owner.  Ends the process when that cannot be.
 */
void db_lock_open(const char *path);
void db_lock_close(void);

/*
 * Take it, waiting to DEADLINE (clock_mono_ms()) at most; false when somebody
 * else still has it then.
 */
bool db_lock_take(int64_t deadline);
void db_lock_drop(void);

#endif
