/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Calls that fail: preloaded into a program, it counts its calls by kind and
 * fails one of them, or it and all that follow of its kind, as the file says
 * that FAIL_CONTROL names.  The file is a struct control in memory that the
 * test shares with us: it is mapped before the program shuts itself in, and
 * nothing is asked of the system afterwards.
 *
 * Memory is taken where shared/memory.c asks for it, past a sanitizer's own
 * allocator.  What goes to standard error is neither counted nor failed: by
 * that the test hears how the program ended.
 *
 * What libc asks of the system by itself goes past us.  So its streams fail
 * where the program calls them, and only where a call goes on to the system:
 * where a buffer is empty or full.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As t/lib/FailCalls.pm has them. */
enum kind {
	K_MEMORY,
	K_OPEN,
	K_READ,  /* of what is no socket */
	K_WRITE, /* the same */
	K_SYNC,
	K_ACCEPT,
	K_EPOLL,
	K_RECV,
	K_SEND,
	K_CONNECT,
	K_MAP,
	K_FREAD,  /* of a stream */
	K_FWRITE, /* the same */
	K_NAME,   /* a file's, given or taken */
	K_UNLINK,
	K_COUNT
};

#define BY_TURNS 0 /* an error that is ENOSPC at one call, EIO at the next */

struct control {
	atomic_llong until;    /* monotonic ms: all is well from then on */
	atomic_int kind;       /* that fails; -1: none, only count */
	atomic_int at;         /* the first that fails, from 1 on */
	atomic_int ever;       /* and all of the kind that follow */
	atomic_int fired;      /* calls that failed */
	atomic_int n[K_COUNT]; /* calls so far */
};

static struct control *control;

static __attribute__((constructor)) void
map_control(void)
{
	const char *path = getenv("FAIL_CONTROL");
	void *p;
	int fd;

	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	p = mmap(
	    NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		control = p;
}

static bool
must_fail(enum kind kind, int error)
{
	struct timespec now;
	long long until;
	int n, ever;

	if (control == NULL || (until = atomic_load(&control->until)) == 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec * 1000LL + now.tv_nsec / 1000000 >= until)
		return false;
	n = atomic_fetch_add(&control->n[kind], 1) + 1;
	ever = atomic_load(&control->ever);
	if (atomic_load(&control->kind) != (int)kind ||
	    n < atomic_load(&control->at) ||
	    (n > atomic_load(&control->at) && !ever))
		return false;
	atomic_fetch_add(&control->fired, 1);
	/* Each call has both when it fails once and then for ever. */
	if (error == BY_TURNS)
		error = (n + ever) % 2 ? ENOSPC : EIO;
	errno = error;
	return true;
}

/* The same of a descriptor, by what it is of. */
static bool
must_fail_fd(int fd, enum kind kind, int error)
{
	socklen_t len = sizeof(int);
	int type, saved = errno;
	bool failed = false;

	if (control != NULL && atomic_load(&control->until) != 0 &&
	    fd != STDERR_FILENO) {
		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0)
			kind = kind == K_READ ? K_RECV : K_SEND;
		failed = must_fail(kind, error);
	}
	if (!failed)
		errno = saved;
	return failed;
}

/* The same of a stream: an error stays with it. */
static bool
must_fail_stream(FILE *fp, enum kind kind, int error)
{
	if (fp == stderr || !must_fail(kind, error))
		return false;
	fp->_flags |= _IO_ERR_SEEN;
	return true;
}

/* What was to be written is lost, as libc loses it. */
static bool
must_lose(FILE *fp)
{
	if (!must_fail_stream(fp, K_FWRITE, BY_TURNS))
		return false;
	__fpurge(fp);
	return true;
}

/* Whether a stream cannot take N bytes more; it may have no buffer yet. */
static bool
must_fail_put(FILE *fp, size_t n)
{
	return (n > __fbufsize(fp) - __fpending(fp) || __flbf(fp)) &&
	       must_lose(fp);
}

static bool
must_fail_flush(FILE *fp)
{
	return fp != NULL && __fpending(fp) > 0 && must_lose(fp);
}

static void *
next_of(const char *name)
{
	int saved = errno;
	void *symbol = dlsym(RTLD_NEXT, name);

	errno = saved;
	return symbol;
}

/*
 * A function TYPE NAME PARAMS, called with ARGS: if it FAILS it returns FAILED.
 */
#define FALLIBLE_IF(fails, failed, type, name, params, args)                   \
	type name params;                                                      \
	type name params                                                       \
	{                                                                      \
		static type(*real) params;                                     \
		void *symbol;                                                  \
                                                                               \
		if (fails)                                                     \
			return failed;                                         \
		if (real == NULL) {                                            \
			symbol = next_of(#name);                               \
			memcpy(&real, &symbol, sizeof(real));                  \
		}                                                              \
		return real args;                                              \
	}

#define FALLIBLE(kind, error, failed, type, name, params, args)                \
	FALLIBLE_IF(must_fail(kind, error), failed, type, name, params, args)
#define FALLIBLE_FD(kind, error, type, name, params, args)                     \
	FALLIBLE_IF(must_fail_fd(fd, kind, error), -1, type, name, params, args)
#define FALLIBLE_GET(failed, type, name, params, args)                         \
	FALLIBLE_IF(must_fail_stream(fp, K_FREAD, EIO), failed, type, name,    \
	    params, args)
#define FALLIBLE_PUT(length, failed, type, name, params, args)                 \
	FALLIBLE_IF(must_fail_put(fp, length), failed, type, name, params, args)

/* clang-format off */
FALLIBLE(K_MEMORY, ENOMEM, NULL, void *, __libc_malloc, (size_t n), (n))
FALLIBLE(K_MEMORY, ENOMEM, NULL, void *, __libc_calloc,
    (size_t n, size_t size), (n, size))
FALLIBLE(K_MEMORY, ENOMEM, NULL, void *, __libc_realloc,
    (void *p, size_t n), (p, n))

FALLIBLE_FD(K_READ, EIO, ssize_t, read, (int fd, void *p, size_t n),
    (fd, p, n))
FALLIBLE_FD(K_READ, EIO, ssize_t, __read_chk,
    (int fd, void *p, size_t n, size_t size), (fd, p, n, size))
FALLIBLE_FD(K_READ, EIO, ssize_t, pread64,
    (int fd, void *p, size_t n, off64_t at), (fd, p, n, at))
FALLIBLE_FD(K_READ, EIO, ssize_t, __pread64_chk,
    (int fd, void *p, size_t n, off64_t at, size_t size),
    (fd, p, n, at, size))
FALLIBLE(K_RECV, ECONNRESET, -1, ssize_t, recv,
    (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
FALLIBLE(K_RECV, ECONNRESET, -1, ssize_t, __recv_chk,
    (int fd, void *p, size_t n, size_t size, int flags),
    (fd, p, n, size, flags))

FALLIBLE_FD(K_WRITE, BY_TURNS, ssize_t, write,
    (int fd, const void *p, size_t n), (fd, p, n))
FALLIBLE_FD(K_WRITE, BY_TURNS, ssize_t, pwrite64,
    (int fd, const void *p, size_t n, off64_t at), (fd, p, n, at))
FALLIBLE_FD(K_WRITE, BY_TURNS, ssize_t, writev,
    (int fd, const struct iovec *v, int n), (fd, v, n))
FALLIBLE_FD(K_WRITE, BY_TURNS, int, ftruncate64, (int fd, off64_t n), (fd, n))

FALLIBLE_FD(K_SYNC, EIO, int, fsync, (int fd), (fd))
FALLIBLE_FD(K_SYNC, EIO, int, fdatasync, (int fd), (fd))

FALLIBLE(K_ACCEPT, EMFILE, -1, int, accept4,
    (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags))
FALLIBLE(K_EPOLL, EMFILE, -1, int, epoll_create1, (int flags), (flags))
FALLIBLE(K_EPOLL, ENOMEM, -1, int, epoll_ctl,
    (int ep, int op, int fd, struct epoll_event *e), (ep, op, fd, e))
FALLIBLE(K_EPOLL, EINVAL, -1, int, epoll_wait,
    (int ep, struct epoll_event *e, int n, int ms), (ep, e, n, ms))

FALLIBLE(K_SEND, ENOBUFS, -1, ssize_t, send,
    (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
FALLIBLE(K_SEND, ENOBUFS, -1, ssize_t, sendmsg,
    (int fd, const struct msghdr *m, int flags), (fd, m, flags))
FALLIBLE(K_CONNECT, EMFILE, -1, int, socket,
    (int domain, int type, int protocol), (domain, type, protocol))
FALLIBLE(K_CONNECT, ECONNREFUSED, -1, int, connect,
    (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
FALLIBLE(K_MAP, ENOMEM, MAP_FAILED, void *, mmap,
    (void *p, size_t n, int prot, int flags, int fd, off_t at),
    (p, n, prot, flags, fd, at))
FALLIBLE(K_MAP, ENOMEM, MAP_FAILED, void *, mmap64,
    (void *p, size_t n, int prot, int flags, int fd, off64_t at),
    (p, n, prot, flags, fd, at))
FALLIBLE(K_OPEN, EMFILE, -1, int, __open_2, (const char *path, int flags),
    (path, flags))
FALLIBLE(K_OPEN, EMFILE, -1, int, __open64_2, (const char *path, int flags),
    (path, flags))
FALLIBLE(K_OPEN, EMFILE, -1, int, dup, (int fd), (fd))
FALLIBLE(K_OPEN, EMFILE, -1, int, mkostemp, (char *path, int flags),
    (path, flags))
FALLIBLE(K_OPEN, EMFILE, NULL, FILE *, tmpfile, (void), ())
FALLIBLE(K_OPEN, EMFILE, NULL, FILE *, fopen,
    (const char *path, const char *mode), (path, mode))
FALLIBLE(K_OPEN, ENOMEM, NULL, FILE *, fdopen, (int fd, const char *mode),
    (fd, mode))

FALLIBLE(K_NAME, BY_TURNS, -1, int, link, (const char *from, const char *to),
    (from, to))
FALLIBLE(K_NAME, BY_TURNS, -1, int, rename, (const char *from, const char *to),
    (from, to))
FALLIBLE(K_UNLINK, EIO, -1, int, unlink, (const char *path), (path))

/* getc_unlocked() comes here when its buffer is empty. */
FALLIBLE_GET(EOF, int, __uflow, (FILE *fp), (fp))
FALLIBLE_GET(0, size_t, fread, (void *p, size_t size, size_t n, FILE *fp),
    (p, size, n, fp))
FALLIBLE_GET(0, size_t, __fread_chk,
    (void *p, size_t room, size_t size, size_t n, FILE *fp),
    (p, room, size, n, fp))

FALLIBLE_PUT(1, EOF, int, fputc, (int c, FILE *fp), (c, fp))
FALLIBLE_PUT(1, EOF, int, putc, (int c, FILE *fp), (c, fp))
FALLIBLE_PUT(strlen(text), EOF, int, fputs, (const char *text, FILE *fp),
    (text, fp))
FALLIBLE_PUT(size * n, 0, size_t, fwrite,
    (const void *p, size_t size, size_t n, FILE *fp), (p, size, n, fp))
FALLIBLE_IF(must_fail_put(stdout, 1), EOF, int, putchar, (int c), (c))
FALLIBLE_IF(must_fail_put(stdout, strlen(text) + 1), EOF, int, puts,
    (const char *text), (text))
FALLIBLE_IF(must_fail_flush(fp), EOF, int, fflush, (FILE *fp), (fp))
/* clang-format on */

/* The stream is closed all the same. */
int
fclose(FILE *fp)
{
	int (*real)(FILE *);
	void *symbol = next_of("fclose");
	bool failed = must_fail_flush(fp);
	int error = errno, result;

	memcpy(&real, &symbol, sizeof(real));
	result = real(fp);
	if (!failed)
		return result;
	errno = error;
	return EOF;
}

static int
print_or_fail(FILE *fp, const char *fmt, va_list ap)
{
	int (*real)(FILE *, const char *, va_list);
	void *symbol;
	va_list copy;
	int n;

	va_copy(copy, ap);
	n = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (n > 0 && must_fail_put(fp, (size_t)n))
		return -1;
	symbol = next_of("vfprintf");
	memcpy(&real, &symbol, sizeof(real));
	return real(fp, fmt, ap);
}

/* A function NAME PARAMS that prints to FP what follows FMT. */
#define FALLIBLE_PRINT(fp, name, params)                                       \
	int name params;                                                       \
	int name params                                                        \
	{                                                                      \
		va_list ap;                                                    \
		int n;                                                         \
                                                                               \
		va_start(ap, fmt);                                             \
		n = print_or_fail(fp, fmt, ap);                                \
		va_end(ap);                                                    \
		return n;                                                      \
	}

/* clang-format off */
FALLIBLE_PRINT(stdout, printf, (const char *fmt, ...))
FALLIBLE_PRINT(stdout, __printf_chk, (int flag, const char *fmt, ...))
FALLIBLE_PRINT(fp, fprintf, (FILE *fp, const char *fmt, ...))
FALLIBLE_PRINT(fp, __fprintf_chk, (FILE *fp, int flag, const char *fmt, ...))
/* clang-format on */

int
vfprintf(FILE *fp, const char *fmt, va_list ap)
{
	return print_or_fail(fp, fmt, ap);
}

int __vfprintf_chk(FILE *fp, int flag, const char *fmt, va_list ap);
int
__vfprintf_chk(FILE *fp, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return print_or_fail(fp, fmt, ap);
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(ap, unsigned) : 0;
}

static int
open_or_fail(const char *name, const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...);
	void *symbol;

	if (must_fail(K_OPEN, EMFILE))
		return -1;
	symbol = next_of(name);
	memcpy(&real, &symbol, sizeof(real));
	return real(path, flags, mode);
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return open_or_fail("open", path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return open_or_fail("open64", path, flags, mode);
}
