/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ctl-owner.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/log.h"

#define GROUPS_MAX 256 /* of a caller; the rest is not needed */

/* Who we become; constant after ctl_owner_drop. */
static struct {
	bool other; /* another than the caller */
	uid_t uid;
	gid_t gid;
	const char *name; /* NULL: no user has that number */
	gid_t caller_gid;
	gid_t caller_groups[GROUPS_MAX];
	int caller_count;
} owner;

/* Look at the directory that PATH is in; false when there is none. */
static bool
stat_directory(const char *path, struct stat *st)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len =
	    slash == NULL || slash == path ? 1 : (size_t)(slash - path);

	if (len >= sizeof(dir))
		return false;
	memcpy(dir, slash == NULL ? "." : path, len);
	dir[len] = '\0';
	return stat(dir, st) == 0;
}

uid_t
ctl_owner_of(const char *path)
{
	struct stat st;

	if (!stat_directory(path, &st))
		return 0;
	if (st.st_uid == 0 && lstat(path, &st) == -1)
		return 0;
	return st.st_uid;
}

static void
become_owner(void)
{
	int failed;

	/* Groups first: they need root's rights. */
	failed = owner.name != NULL ? initgroups(owner.name, owner.gid)
				    : setgroups(1, &owner.gid);
	if (failed != 0 || setegid(owner.gid) != 0 || seteuid(owner.uid) != 0)
		log_fatal(EX_NOPERM, "cannot work as user %ld: %s",
		    (long)owner.uid, strerror(errno));
}

void
ctl_owner_drop(const char *path)
{
	struct passwd *pw;

	if (geteuid() != 0 || (owner.uid = ctl_owner_of(path)) == 0)
		return;
	pw = getpwuid(owner.uid);
	owner.gid = pw != NULL ? pw->pw_gid : (gid_t)owner.uid;
	owner.name = pw != NULL ? strdup(pw->pw_name) : NULL;
	owner.caller_gid = getegid();
	owner.caller_count = getgroups(GROUPS_MAX, owner.caller_groups);
	if (owner.caller_count == -1)
		owner.caller_count = 0;
	owner.other = true;
	become_owner();
}

void
ctl_owner_caller(void)
{
	if (!owner.other)
		return;
	if (seteuid(0) != 0 || setegid(owner.caller_gid) != 0 ||
	    setgroups((size_t)owner.caller_count, owner.caller_groups) != 0)
		log_fatal(EX_NOPERM, "cannot work as root again: %s",
		    strerror(errno));
}

void
ctl_owner_drop_again(void)
{
	if (owner.other && geteuid() == 0)
		become_owner();
}

void
ctl_owner_caller_at(const char *path)
{
	struct stat st;

	ctl_owner_caller();
	if (owner.other && stat_directory(path, &st) && st.st_uid == owner.uid)
		become_owner();
}
