/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ctl-file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/memory.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

/* What the handler removes. */
static char doomed[][PATH_MAX + 8] = {"", "", "", "", ""};
/* Its name, and those of what SQLite and db.h put beside it. */
static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
#define DOOMED_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))

/* All that begins with the temporary name; fit for a signal handler. */
static void
remove_all(void)
{
	size_t i;

	for (i = 0; i < DOOMED_COUNT && doomed[0][0] != '\0'; i++)
		unlink(doomed[i]);
}

/* However we end: an error deep inside exits. */
static void
remove_at_exit(void)
{
	static bool asked;

	if (!asked)
		asked = atexit(remove_all) == 0;
}

/* End as the signal would have, without leaving anything. */
static void
remove_and_end(int sig)
{
	remove_all();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Signals wait, until the caller sets the mask back to what this returns. */
static sigset_t
hold_signals(void)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	return old;
}

/*
 * Have the signals remove the file, or let them end us as ever.  Called while
 * they are held.
 */
static void
watch(const char *path)
{
	struct sigaction sa = {0};
	size_t i;

	for (i = 0; i < DOOMED_COUNT; i++)
		snprintf(doomed[i], sizeof(doomed[i]), "%s%s",
		    path != NULL ? path : "", path != NULL ? suffixes[i] : "");
	sa.sa_handler = path != NULL ? remove_and_end : SIG_DFL;
	sigfillset(&sa.sa_mask);
	for (i = 0; i < SIGNAL_COUNT; i++)
		sigaction(signals[i], &sa, NULL);
}

int
ctl_file_begin(
    struct ctl *ctl, struct ctl_file *file, const char *path, bool force)
{
	struct stat st;
	sigset_t old;
	int error, len;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->force = force;
	len = snprintf(file->path, sizeof(file->path), "%s", path);
	if (len < 0 || (size_t)len > sizeof(file->path) - 12)
		return ctl_fail_errno(ctl, path, ENAMETOOLONG);
	if (!force && lstat(path, &st) == 0)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "%s is there already; --force would replace it", path);
	snprintf(file->temp, sizeof(file->temp), "%.*s.XXXXXX",
	    (int)sizeof(file->temp) - 8, path);
	/* A signal between the two would leave a file that nobody removes. */
	old = hold_signals();
	if ((file->fd = mkostemp(file->temp, O_CLOEXEC)) != -1)
		watch(file->temp);
	error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (file->fd == -1) {
		file->temp[0] = '\0';
		return ctl_fail_errno(ctl, path, error);
	}
	remove_at_exit();
	return EX_OK;
}

/* The directory's entry is on the disk only when the directory is. */
static bool
sync_directory(const char *path)
{
	char copy[PATH_MAX];
	bool good;
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	good = fd != -1 && (fsync(fd) == 0 || errno == EINVAL);
	if (fd != -1)
		close(fd);
	return good;
}

/* Give it its name: without force never over another's head. */
static bool
name_it(const struct ctl_file *file)
{
	return (file->force ? rename(file->temp, file->path)
			    : link(file->temp, file->path)) == 0;
}

/* It has no other name, and the disk knows. */
static bool
finish(const struct ctl_file *file)
{
	return (file->force || unlink(file->temp) == 0) &&
	       sync_directory(file->path);
}

int
ctl_file_keep(struct ctl *ctl, struct ctl_file *file)
{
	int error = 0;

	if (fsync(file->fd) != 0 || !name_it(file)) {
		error = errno;
	} else if (!finish(file)) {
		error = errno;
		/* Not vouched for, it would be in the next one's way. */
		if (!file->force)
			unlink(file->path);
	}
	ctl_file_drop(file);
	if (error != 0)
		return ctl_fail_errno(ctl, file->path, error);
	memory_done();
	return EX_OK;
}

void
ctl_file_drop(struct ctl_file *file)
{
	sigset_t old;

	if (file->fd == -1)
		return;
	close(file->fd);
	file->fd = -1;
	/* SQLite may have left something beside it. */
	remove_all();
	file->temp[0] = '\0';
	old = hold_signals();
	watch(NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}
