/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A disk that fails: preloaded into a program, it lets fsync(2) and
 * fdatasync(2) of a write-ahead log fail with EIO for as long as the file
 * named by FAULT_FILE exists.  All else is left alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static int
must_fail(int fd)
{
	const char *fault = getenv("FAULT_FILE");
	char link[64], path[4096];
	ssize_t n;

	if (fault == NULL || access(fault, F_OK) != 0)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, sizeof(path) - 1)) < 4)
		return 0;
	path[n] = '\0';
	return strcmp(path + n - 4, "-wal") == 0;
}

static int
sync_or_fail(const char *name, int fd)
{
	int (*real)(int);
	void *symbol;

	if (must_fail(fd)) {
		errno = EIO;
		return -1;
	}
	symbol = dlsym(RTLD_NEXT, name);
	memcpy(&real, &symbol, sizeof(real));
	return real(fd);
}

int
fsync(int fd)
{
	return sync_or_fail("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_or_fail("fdatasync", fd);
}
