/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <linux/landlock.h>

#include "log.h"
#include "sandbox-inner.h"

/*
 * Rights that the kernel may have and Debian 12's header has not:
 * linux/landlock.h of 6.12.
 */
#define FS_TRUNCATE  (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define NET_TCP      (3ULL << 0)  /* ABI 4: bind and connect */
#define SCOPE_ALL    (3ULL << 0)  /* ABI 6: abstract sockets, signals */

#define FS_READ   (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_REMOVE LANDLOCK_ACCESS_FS_REMOVE_FILE
#define FS_WRITE                                                               \
	(FS_READ | FS_REMOVE | FS_TRUNCATE | LANDLOCK_ACCESS_FS_WRITE_FILE |   \
	    LANDLOCK_ACCESS_FS_MAKE_REG)
/* What can be said of a file that is no directory. */
#define FS_OF_FILE                                                             \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |          \
	    LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

/* struct landlock_ruleset_attr as of ABI 6; older kernels want zeroes. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* All rights to files that a kernel of this ABI can take away. */
static uint64_t
fs_rights(long abi)
{
	/* From 1 on: execute to make_sym; 2: refer, 3: truncate. */
	return abi >= 5   ? (FS_IOCTL_DEV << 1) - 1
	       : abi >= 3 ? (FS_TRUNCATE << 1) - 1
	       : abi == 2 ? (1ULL << 14) - 1
			  : (1ULL << 13) - 1;
}

enum sandbox_mode
sandbox_mode(const char *text)
{
	static const char *const words[] = {[SANDBOX_OFF] = "off",
	    [SANDBOX_LOG] = "log",
	    [SANDBOX_ON] = "on",
	    [SANDBOX_STRICT] = "strict"};
	int i = 0;

	while (i < SANDBOX_STRICT && strcmp(text, words[i]) != 0)
		i++;
	assert(strcmp(text, words[i]) == 0);
	return (enum sandbox_mode)i;
}

/* --- What is allowed --- */

/* PATH is the box's from now on. */
static void
allow(struct sandbox *box, enum sandbox_access how, char *path)
{
	if (path == NULL)
		log_fatal(EX_OSERR, "out of memory");
	assert(box->count < SANDBOX_PATHS_MAX);
	box->paths[box->count].path = path;
	box->paths[box->count++].how = how;
}

static void
allow_directory(struct sandbox *box, enum sandbox_access how, const char *file)
{
	char *copy = strdup(file), *dir;

	if (copy == NULL)
		log_fatal(EX_OSERR, "out of memory");
	for (dir = dirname(copy); access(dir, F_OK) != 0 && dir[1] != '\0';)
		dir = dirname(dir);
	if (strcmp(dir, "/") != 0)
		allow(box, how, strdup(dir));
	free(copy);
}

void
sandbox_allow_beside(
    struct sandbox *box, enum sandbox_access how, const char *file)
{
	char *real;

	if (file[0] == '\0')
		return;
	allow_directory(box, how, file);
	if ((real = realpath(file, NULL)) == NULL)
		return;
	if (strcmp(real, file) != 0)
		allow_directory(box, how, real);
	free(real);
}

/* --- Landlock --- */

static void
landlock_allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return; /* what is not there cannot be touched */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILE;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) != 0)
		log_fatal(EX_OSERR, "landlock: %s: %s", path, strerror(errno));
	close(rule.parent_fd);
}

/* The version that the kernel has, or 0: none. */
static long
landlock_enter(const struct sandbox *box)
{
	static const uint64_t rights[] = {[SANDBOX_READ] = FS_READ,
	    [SANDBOX_WRITE] = FS_WRITE,
	    [SANDBOX_REMOVE] = FS_REMOVE};
	struct ruleset attr = {0};
	long abi;
	int fd;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi <= 0)
		return 0;
	attr.fs = fs_rights(abi);
	attr.net = abi >= 4 ? NET_TCP : 0;
	attr.scoped = abi >= 6 ? SCOPE_ALL : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd == -1)
		log_fatal(EX_OSERR, "landlock: %s", strerror(errno));
	for (int i = 0; i < box->count; i++)
		landlock_allow(fd, box->paths[i].path,
		    rights[box->paths[i].how] & attr.fs);
	/* SQLite's first randomness. */
	landlock_allow(fd, "/dev/urandom", FS_READ);
	if (SANDBOX_SANITIZED)
		landlock_allow(fd, "/", FS_READ);
	if (syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		log_fatal(EX_OSERR, "landlock: %s", strerror(errno));
	close(fd);
	return abi;
}

/* --- All of it --- */

/* The kernel lacks a part: not our fault, unless it was asked for. */
static void
lacks(enum sandbox_mode mode, const char *part, const char *what)
{
	if (mode == SANDBOX_STRICT)
		log_fatal(EX_OSERR,
		    "STOCKROOM_SANDBOX=strict: the kernel has no %s", part);
	log_warn("the kernel has no %s: %s", part, what);
}

void
sandbox_enter(struct sandbox *box, enum sandbox_mode mode)
{
	long abi = 0;

	if (mode != SANDBOX_OFF) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
			log_fatal(EX_OSERR, "prctl: %s", strerror(errno));
		if (!SANDBOX_SANITIZED)
			prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	if (mode >= SANDBOX_ON && (abi = landlock_enter(box)) == 0)
		lacks(mode, "Landlock", "all files of our user are open to us");
	if (mode != SANDBOX_OFF && !sandbox_calls(mode))
		lacks(mode, "seccomp filter", "no call is refused");
	log_debug("sandbox: mode %d, Landlock %ld", (int)mode, abi);
	while (box->count > 0)
		free(box->paths[--box->count].path);
}
