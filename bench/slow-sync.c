/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * To be preloaded: every fsync() and fdatasync() takes SLOW_SYNC_US
 * microseconds more, as on ordinary disks.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int
slowly(const char *name, int fd)
{
	const char *text = getenv("SLOW_SYNC_US");
	long us = text == NULL ? 0 : strtol(text, NULL, 10);
	struct timespec ts = {us / 1000000, us % 1000000 * 1000};
	int (*call)(int);

	*(void **)&call = dlsym(RTLD_NEXT, name);
	nanosleep(&ts, NULL);
	return call(fd);
}

int
fsync(int fd)
{
	return slowly("fsync", fd);
}

int
fdatasync(int fd)
{
	return slowly("fdatasync", fd);
}
