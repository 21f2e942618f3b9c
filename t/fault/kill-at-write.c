/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A sudden end: preloaded into a program, it kills it before the Nth write,
 * as KILL_AT_WRITE says, to a database or its write-ahead log.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset);
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset);

static int
is_database(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if ((n = readlink(link, path, sizeof(path) - 1)) < 4)
		return 0;
	path[n] = '\0';
	return strcmp(path + n - 3, ".db") == 0 ||
	       strcmp(path + n - 4, "-wal") == 0;
}

static void
count(int fd)
{
	static long written;
	const char *at = getenv("KILL_AT_WRITE");

	if (at != NULL && is_database(fd) && ++written >= strtol(at, NULL, 10))
		raise(SIGKILL);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite64(fd, data, len, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	ssize_t (*real)(int, const void *, size_t, off64_t);
	void *symbol = dlsym(RTLD_NEXT, "pwrite64");

	count(fd);
	memcpy(&real, &symbol, sizeof(real));
	return real(fd, data, len, offset);
}
