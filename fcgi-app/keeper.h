/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * House-keeping in a thread of its own: what has expired is deleted, and the
 * write-ahead log is emptied in quiet moments.  Nothing waits for it.
 */
#ifndef FCGI_APP_KEEPER_H
#define FCGI_APP_KEEPER_H

/* Start the thread; the writer must be open. */
void keeper_start(void);

/* End it; returns when it has. */
void keeper_stop(void);

#endif
