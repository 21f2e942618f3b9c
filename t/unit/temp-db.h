/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A database of a unit test's own: new, in a directory that goes with it.
 * One at a time.
 */
#ifndef T_UNIT_TEMP_DB_H
#define T_UNIT_TEMP_DB_H

/*
 * Make the directory and open the database as this process' writer.  Its
 * path, good until temp_db_remove(); NULL when there is no directory.
 */
const char *temp_db_open(void);

/* Close the writer and remove all of it: 0, or -1 when a file is left. */
int temp_db_remove(void);

#endif
