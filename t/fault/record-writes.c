/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a disk gets to see: preloaded into a program, it writes down in
 * RECORD_LOG, in order, what happens to the files in the directory
 * RECORD_DIR, and what is said on sockets.  lib/Power.pm makes of it the disk
 * as it may be after the power went at any moment.  One line each, and the
 * bytes behind it:
 *
 *	O INODE MADE PATH	a file or a directory was opened, or made
 *	W INODE OFFSET LENGTH	written
 *	T INODE LENGTH		cut or grown
 *	f INODE SERIAL		a sync begins ...
 *	F INODE SERIAL		... and is done: what came before f is safe
 *	X INODE SERIAL		... or has failed
 *	N FROM TO, R FROM TO, U PATH	link, rename, unlink
 *	S LENGTH		to be said on a socket, before it is
 *
 * A write is noted when it is done and a sync from its begin, so that nothing
 * is taken for safe that might not be.  What is written to shared memory is
 * left out: SQLite makes its -shm file anew after a crash, whatever is in it.
 *
 * While the file RECORD_FAULT is there, syncs of a write-ahead log fail; with
 * RECORD_SWALLOW they only seem to be done, as on a disk that lies.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS_MAX 8192

/* The next one's function of that name. */
#define REAL(type, name, ...)                                                  \
	type (*real)(__VA_ARGS__);                                             \
	void *symbol = dlsym(RTLD_NEXT, name);                                 \
	memcpy(&real, &symbol, sizeof(real))

/* What is known of a descriptor; inode 0: none of ours. */
static struct file {
	ino_t inode;
	int is_wal;
} files[FDS_MAX];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static const char *dir, *fault;
static int swallow;
static long serial;

static void
begin(void)
{
	REAL(int, "open", const char *, int, ...);
	const char *path = getenv("RECORD_LOG");

	dir = getenv("RECORD_DIR");
	fault = getenv("RECORD_FAULT");
	swallow = getenv("RECORD_SWALLOW") != NULL;
	if (path == NULL || dir == NULL)
		return;
	log_fd = real(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_fd == -1)
		abort();
}

/* One record, whole: other programs append to the same log. */
static void note(const void *data, size_t len, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

static void
note(const void *data, size_t len, const char *fmt, ...)
{
	REAL(ssize_t, "writev", int, const struct iovec *, int);
	char line[2 * 4096 + 64];
	struct iovec iov[3] = {{line, 0}, {NULL, len}, {"\n", 1}};
	int saved = errno;
	va_list ap;

	memcpy(&iov[1].iov_base, &data, sizeof(data));
	va_start(ap, fmt);
	iov[0].iov_len = (size_t)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&mu);
	if (real(log_fd, iov, data != NULL ? 3 : 1) !=
	    (ssize_t)(iov[0].iov_len + (data != NULL ? len + 1 : 0)))
		abort();
	pthread_mutex_unlock(&mu);
	errno = saved;
}

/* The part of a path that is ours; NULL: it is none of ours. */
static const char *
ours(const char *path)
{
	size_t len;

	pthread_once(&once, begin);
	if (log_fd == -1)
		return NULL;
	len = strlen(dir);
	if (strncmp(path, dir, len) != 0)
		return NULL;
	return path[len] == '\0'  ? "."
	       : path[len] == '/' ? path + len + 1
				  : NULL;
}

static struct file
file_of(int fd)
{
	static const struct file none;

	pthread_once(&once, begin);
	return fd >= 0 && fd < FDS_MAX ? files[fd] : none;
}

static void
opened(int fd, const char *path, int made)
{
	size_t len = strlen(path);
	struct stat sb;

	if (fd < 0 || fd >= FDS_MAX || fstat(fd, &sb) != 0 ||
	    (!S_ISREG(sb.st_mode) && !S_ISDIR(sb.st_mode)))
		return;
	files[fd].is_wal = len > 4 && strcmp(path + len - 4, "-wal") == 0;
	files[fd].inode = sb.st_ino;
	note(NULL, 0, "O %llu %d %s\n", (unsigned long long)sb.st_ino, made,
	    path);
}

static int
open_as(const char *name, const char *path, int flags, mode_t mode)
{
	REAL(int, name, const char *, int, ...);
	const char *mine = ours(path);
	int made =
	    mine != NULL && (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
	int fd = real(path, flags, mode);

	if (fd != -1 && mine != NULL)
		opened(fd, mine, made);
	return fd;
}

int
open(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_as("open", path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_as("open64", path, flags, mode);
}

int
mkostemp(char *path, int flags)
{
	REAL(int, "mkostemp", char *, int);
	int fd = real(path, flags);

	if (fd != -1 && ours(path) != NULL)
		opened(fd, ours(path), 1);
	return fd;
}

int
close(int fd)
{
	REAL(int, "close", int);

	if (fd >= 0 && fd < FDS_MAX)
		files[fd].inode = 0;
	return real(fd);
}

/* --- Bytes --- */

static void
written(int fd, const void *data, ssize_t n, off_t offset)
{
	struct file f = file_of(fd);

	if (n > 0 && f.inode != 0)
		note(data, (size_t)n, "W %llu %lld %zd\n",
		    (unsigned long long)f.inode, (long long)offset, n);
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	ssize_t n = real(fd, data, len, offset);

	written(fd, data, n, offset);
	return n;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	return pwrite64(fd, data, len, offset);
}

static void
to_be_said(int fd, const void *data, size_t len)
{
	struct stat sb;

	pthread_once(&once, begin);
	if (log_fd != -1 && fstat(fd, &sb) == 0 && S_ISSOCK(sb.st_mode))
		note(data, len, "S %zu\n", len);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	REAL(ssize_t, "write", int, const void *, size_t);
	int mine = file_of(fd).inode != 0;
	off_t at = mine ? lseek(fd, 0, SEEK_CUR) : 0;
	ssize_t n;

	if (!mine)
		to_be_said(fd, data, len);
	n = real(fd, data, len);
	if (mine)
		written(fd, data, n, at);
	return n;
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	REAL(ssize_t, "send", int, const void *, size_t, int);

	to_be_said(fd, data, len);
	return real(fd, data, len, flags);
}

int
ftruncate64(int fd, off64_t len)
{
	REAL(int, "ftruncate64", int, off64_t);
	int result = real(fd, len);
	struct file f = file_of(fd);

	if (result == 0 && f.inode != 0)
		note(NULL, 0, "T %llu %lld\n", (unsigned long long)f.inode,
		    (long long)len);
	return result;
}

int
ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}

/* --- Syncs --- */

static int
sync_as(const char *name, int fd)
{
	REAL(int, name, int);
	struct file f = file_of(fd);
	unsigned long long inode = f.inode;
	int result;
	long n;

	if (f.inode == 0)
		return real(fd);
	if (swallow && f.is_wal)
		return 0;
	n = __atomic_add_fetch(&serial, 1, __ATOMIC_RELAXED) * 65536L +
	    getpid() % 65536;
	note(NULL, 0, "f %llu %ld\n", inode, n);
	if (f.is_wal && fault != NULL && access(fault, F_OK) == 0) {
		errno = EIO;
		result = -1;
	} else {
		result = real(fd);
	}
	note(NULL, 0, "%c %llu %ld\n", result == 0 ? 'F' : 'X', inode, n);
	return result;
}

int
fsync(int fd)
{
	return sync_as("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_as("fdatasync", fd);
}

/* --- Names --- */

int
unlink(const char *path)
{
	REAL(int, "unlink", const char *);
	int result = real(path);

	if (result == 0 && ours(path) != NULL)
		note(NULL, 0, "U %s\n", ours(path));
	return result;
}

static int
name_as(const char *name, char mark, const char *from, const char *to)
{
	REAL(int, name, const char *, const char *);
	int result = real(from, to);
	const char *mine = ours(from);

	/* ours() of both: they lie beside each other. */
	if (result == 0 && mine != NULL)
		note(NULL, 0, "%c %s %s\n", mark, mine, ours(to));
	return result;
}

int
rename(const char *from, const char *to)
{
	return name_as("rename", 'R', from, to);
}

int
link(const char *from, const char *to)
{
	return name_as("link", 'N', from, to);
}
