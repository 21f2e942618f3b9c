/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A slow database: preloaded into a program, each step of a statement takes a
 * moment, and is followed by a look at the clock.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP_NS 200000

static int (*look)(void *);

static int
wait_and_look(void *arg)
{
	struct timespec ts = {.tv_nsec = STEP_NS};

	nanosleep(&ts, NULL);
	return look(arg);
}

void sqlite3_progress_handler(
    void *db, int steps, int (*handler)(void *), void *arg);

void
sqlite3_progress_handler(void *db, int steps, int (*handler)(void *), void *arg)
{
	void (*real)(void *, int, int (*)(void *), void *);
	void *symbol = dlsym(RTLD_NEXT, "sqlite3_progress_handler");

	(void)steps;
	memcpy(&real, &symbol, sizeof(real));
	look = handler;
	real(db, 1, wait_and_look, arg);
}
