/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "db-lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"

static int lock_fd = -1; /* <path>.lock */

void
db_lock_open(const char *path)
{
	struct stat st;
	char name[PATH_MAX];
	int len;

	len = snprintf(name, sizeof(name), "%s.lock", path);
	if (len < 0 || (size_t)len >= sizeof(name))
		log_fatal(EX_CONFIG, "database %s: the path is too long", path);
	lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock_fd == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", name, strerror(errno));
	if (geteuid() == 0 && stat(path, &st) == 0 &&
	    fchown(lock_fd, st.st_uid, st.st_gid) == -1)
		log_warn("%s: chown: %s", name, strerror(errno));
}

void
db_lock_close(void)
{
	close(lock_fd);
	lock_fd = -1;
}

static void
pause_ms(long ms)
{
	struct timespec ts = {.tv_nsec = ms * 1000000};

	nanosleep(&ts, NULL);
}

/*
 * Who waits stands in a gate, a lock on the file's first byte, so that a busy
 * process cannot overtake for ever one that wants the lock once.
 */
bool
db_lock_take(int64_t deadline)
{
	struct flock gate = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool inside = false, taken = false;

	for (;;) {
		inside = inside || fcntl(lock_fd, F_OFD_SETLK, &gate) == 0;
		taken = inside && flock(lock_fd, LOCK_EX | LOCK_NB) == 0;
		if (taken || clock_mono_ms() >= deadline)
			break;
		pause_ms(1);
	}
	if (inside) {
		gate.l_type = F_UNLCK;
		fcntl(lock_fd, F_OFD_SETLK, &gate);
	}
	return taken;
}

void
db_lock_drop(void)
{
	flock(lock_fd, LOCK_UN);
}
