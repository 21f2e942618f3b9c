/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Memory that ends is the end: malloc(3) and its kin log an error and exit
 * rather than return NULL, to libraries too, as OpenBSD's do when told "X".
 * json-c loses a member, or the rest of a text, that it finds no room for and
 * says nothing; libfcgi stops at an assertion.  An answer that may lack
 * something is worse than none, and whoever started us starts us again.
 *
 * glibc's own are behind it.  A sanitizer brings others, and ends by itself.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "memory.h"

static atomic_bool done;

void
memory_done(void)
{
	atomic_store(&done, true);
}

bool
memory_is_done(void)
{
	return atomic_load(&done);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

/*
 * What is done at exit may want memory again, and another thread may too.
 * Whoever asked may hold locks of libc's: what logs the line takes none.
 */
static noreturn void
out_of_memory(size_t size)
{
	static const char text[] = "stockroom: error: out of memory\n";
	static _Thread_local bool tried;
	static atomic_flag ending = ATOMIC_FLAG_INIT;
	int code = atomic_load(&done) ? EX_OK : EX_OSERR;

	if (!tried) {
		tried = true;
		log_error("%sout of memory for %zu bytes",
		    code == EX_OK ? "done, but " : "", size);
		if (!atomic_flag_test_and_set(&ending))
			exit(code);
	} else {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	}
	_exit(code);
}

void *
malloc(size_t size)
{
	void *p = __libc_malloc(size);

	if (p == NULL)
		out_of_memory(size);
	return p;
}

void *
calloc(size_t count, size_t size)
{
	void *p = __libc_calloc(count, size);

	if (p == NULL)
		out_of_memory(size != 0 && count > SIZE_MAX / size
				  ? SIZE_MAX
				  : count * size);
	return p;
}

void *
realloc(void *old, size_t size)
{
	void *p = __libc_realloc(old, size);

	/* To nothing is to free it. */
	if (p == NULL && size != 0)
		out_of_memory(size);
	return p;
}

#endif
