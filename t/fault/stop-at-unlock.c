/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Time for others between two locks: preloaded into a program, it stops it
 * whenever it has let go of its lock on the file that STOP_AT_UNLOCK names.
 */
#include <sys/file.h>

#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_named(int fd)
{
	char link[32], path[PATH_MAX];
	const char *name = getenv("STOP_AT_UNLOCK");
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (name == NULL || len == -1)
		return 0;
	path[len] = '\0';
	return strcmp(path, name) == 0;
}

int
flock(int fd, int operation)
{
	int (*real)(int, int);
	void *symbol = dlsym(RTLD_NEXT, "flock");
	int result;

	memcpy(&real, &symbol, sizeof(real));
	result = real(fd, operation);
	if (operation == LOCK_UN && is_named(fd))
		raise(SIGSTOP);
	return result;
}
