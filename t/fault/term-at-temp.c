/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A signal at the worst moment: preloaded into a program, it sends it SIGTERM
 * when a temporary file has just been made and its name is not yet known to
 * whoever asked for it.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int mkostemp(char *pattern, int flags);

int
mkostemp(char *pattern, int flags)
{
	int (*real)(char *, int);
	void *symbol = dlsym(RTLD_NEXT, "mkostemp");
	int fd;

	memcpy(&real, &symbol, sizeof(real));
	fd = real(pattern, flags);
	raise(SIGTERM);
	return fd;
}
