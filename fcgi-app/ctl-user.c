/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl user: add, list, passwd, role, disable, enable.  What takes
 * rights from a user ends the user's sessions and streams too.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct ctl_option no_options[] = {{NULL, NULL, NULL}};

static bool
is_color(const char *text)
{
	return strlen(text) == 7 && text[0] == '#' &&
	       strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

/* Read a password and hash it; false, having said why, when it cannot. */
static bool
read_hash(const struct ctl *ctl, const char *name, char hash[USER_HASH_MAX])
{
	char password[USER_PASSWORD_MAX + 1] = "";
	enum status st;

	if (!ctl_password(ctl, name, password))
		return false;
	st = user_hash(password, strlen(password), hash);
	explicit_bzero(password, sizeof(password));
	if (st != ST_OK)
		ctl_fail(ctl, "the password cannot be hashed: is there 64 MiB "
			      "of memory?");
	return st == ST_OK;
}

/* Find a user under the write lock. */
static enum status
find(const struct ctl *ctl, struct db *db, const char *name, struct user *out)
{
	enum status st;

	st = user_by_name(db, name, out);
	if (st == ST_NOT_FOUND)
		ctl_fail(ctl, "there is no user %s", name);
	else if (st != ST_OK)
		ctl_fail_status(ctl, st);
	return st;
}

int
ctl_user_add(struct ctl *ctl, int argc, char **argv)
{
	const char *name, *role = NULL, *color = "";
	const struct ctl_option options[] = {
	    {"role", &role, NULL}, {"color", &color, NULL}, {NULL, NULL, NULL}};
	char hash[USER_HASH_MAX];
	struct user user;
	struct db *db;
	int64_t id;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, options, 1, &name))
		return CTL_USAGE;
	if (!user_name_valid(name))
		return ctl_usage(ctl,
		    "a name has 1 to %d characters, no "
		    "controls and no spaces outside",
		    USER_NAME_MAX);
	if (role == NULL || user_role_parse(role) == ROLE_NONE)
		return ctl_usage(ctl, "--role must be viewer, editor or admin");
	if (color[0] != '\0' && !is_color(color))
		return ctl_usage(ctl, "--color must be like #4ECDC4");
	/* Before anybody types a password for nothing. */
	if (user_by_name(ctl->reader, name, &user) == ST_OK)
		return ctl_fail(
		    ctl, "there is a user %s already", user.username);
	if (!read_hash(ctl, name, hash))
		return CTL_FAILURE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_end(
	    db, user_add(db, name, hash, user_role_parse(role), color, &id));
	if (st == ST_CONFLICT)
		return ctl_fail(ctl, "there is a user %s already", name);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	printf("added user %s (%s)\n", name, role);
	return CTL_OK;
}

static void
print_user(const struct user *user, void *arg)
{
	(void)arg;
	printf("%-20s  %-6s  %-8s  %-7s  %.10s %.5s\n", user->username,
	    user_role_name(user->role), user->disabled ? "disabled" : "enabled",
	    user->color[0] != '\0' ? user->color : "-", user->created_at,
	    user->created_at + 11);
}

int
ctl_user_list(struct ctl *ctl, int argc, char **argv)
{
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 0, NULL))
		return CTL_USAGE;
	printf("%-20s  %-6s  %-8s  %-7s  %s\n", "NAME", "ROLE", "STATE",
	    "COLOUR", "ADDED (UTC)");
	if ((st = user_list(ctl->reader, print_user, NULL)) != ST_OK)
		return ctl_fail_status(ctl, st);
	return CTL_OK;
}

int
ctl_user_passwd(struct ctl *ctl, int argc, char **argv)
{
	const char *name;
	char hash[USER_HASH_MAX];
	struct user user;
	struct db *db;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 1, &name))
		return CTL_USAGE;
	if (find(ctl, ctl->reader, name, &user) != ST_OK ||
	    !read_hash(ctl, user.username, hash))
		return CTL_FAILURE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_end(db, user_set_password(db, user.id, hash));
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	printf("set the password of %s; sessions are ended\n", user.username);
	return CTL_OK;
}

int
ctl_user_role(struct ctl *ctl, int argc, char **argv)
{
	const char *words[2];
	struct user user;
	struct db *db;
	enum role role;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 2, words))
		return CTL_USAGE;
	if ((role = user_role_parse(words[1])) == ROLE_NONE)
		return ctl_usage(
		    ctl, "the role must be viewer, editor or admin");
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	if ((st = find(ctl, db, words[0], &user)) != ST_OK) {
		db_write_end(db, false);
		return CTL_FAILURE;
	}
	st = ctl_write_end(db, user_set_role(db, user.id, role));
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	printf("%s is %s now; sessions are ended\n", user.username, words[1]);
	return CTL_OK;
}

static int
set_disabled(struct ctl *ctl, int argc, char **argv, bool disabled)
{
	const char *name;
	struct user user;
	struct db *db;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 1, &name))
		return CTL_USAGE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	if ((st = find(ctl, db, name, &user)) != ST_OK) {
		db_write_end(db, false);
		return CTL_FAILURE;
	}
	st = ctl_write_end(db, user_set_disabled(db, user.id, disabled));
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	printf("%s is %s now\n", user.username,
	    disabled ? "disabled; sessions are ended" : "enabled");
	return CTL_OK;
}

int
ctl_user_disable(struct ctl *ctl, int argc, char **argv)
{
	return set_disabled(ctl, argc, argv, true);
}

int
ctl_user_enable(struct ctl *ctl, int argc, char **argv)
{
	return set_disabled(ctl, argc, argv, false);
}
