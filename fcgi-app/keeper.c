/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "db.h"
#include "idem.h"
#include "limit.h"
#include "session.h"
#include "shared/clock.h"
#include "shared/log.h"

#define TICK_S   1            /* to look whether all is quiet */
#define PRUNE_MS (10 * 60000) /* expired rows are deleted so often */

static struct {
	pthread_mutex_t mu;
	pthread_cond_t cond; /* stopping was set */
	bool stopping;
	pthread_t thread;
} keeper = {.mu = PTHREAD_MUTEX_INITIALIZER};

static void
prune(void)
{
	struct db *db;
	bool good;

	if (db_write_begin(&db) != ST_OK)
		return;
	good = session_prune(db) == ST_OK && idem_prune(db) == ST_OK &&
	       limit_prune(db) == ST_OK;
	db_write_end(db, good);
}

/* Wait a tick; false when it is time to end. */
static bool
wait_tick(void)
{
	struct timespec until;
	bool stopping;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TICK_S;
	pthread_mutex_lock(&keeper.mu);
	while (!keeper.stopping && error == 0)
		error =
		    pthread_cond_timedwait(&keeper.cond, &keeper.mu, &until);
	stopping = keeper.stopping;
	pthread_mutex_unlock(&keeper.mu);
	return !stopping;
}

static void *
keep(void *arg)
{
	int64_t pruned = clock_mono_ms() - PRUNE_MS;

	(void)arg;
	while (wait_tick()) {
		if (clock_mono_ms() - pruned >= PRUNE_MS) {
			prune();
			pruned = clock_mono_ms();
		}
		db_tidy();
	}
	return NULL;
}

void
keeper_start(void)
{
	pthread_condattr_t attr;
	int error;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper.cond, &attr);
	pthread_condattr_destroy(&attr);
	error = pthread_create(&keeper.thread, NULL, keep, NULL);
	if (error != 0)
		log_fatal(EX_OSERR, "thread: %s", strerror(error));
}

void
keeper_stop(void)
{
	pthread_mutex_lock(&keeper.mu);
	keeper.stopping = true;
	pthread_cond_signal(&keeper.cond);
	pthread_mutex_unlock(&keeper.mu);
	pthread_join(keeper.thread, NULL);
}
