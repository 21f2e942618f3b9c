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

static bool
is_color(const char *text)
{
	return strlen(text) == 7 && text[0] == '#' &&
	       strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

/* Read a password and hash it; EX_OK, or having said why it cannot. */
static int
read_hash(struct ctl *ctl, const char *name, char hash[USER_HASH_MAX])
{
	char password[USER_PASSWORD_MAX + 1] = "";
	enum status st;

	if (!ctl_password(ctl, name, password))
		return EX_DATAERR;
	st = user_hash(password, strlen(password), hash);
	explicit_bzero(password, sizeof(password));
	if (st != ST_OK)
		return ctl_fail(ctl, EX_OSERR,
		    "the password cannot be hashed: is there 64 MiB of "
		    "memory?");
	return EX_OK;
}

/* Find a user under the write lock. */
static enum status
find(struct ctl *ctl, struct db *db, const char *name, struct user *out)
{
	enum status st;

	st = user_by_name(db, name, out);
	if (st == ST_NOT_FOUND)
		ctl_fail(ctl, EX_NOUSER, "there is no user %s", name);
	else if (st != ST_OK)
		ctl_fail_status(ctl, st);
	return st;
}

/* What is told of a user, never the hash. */
static struct json_object *
user_json(const struct user *user)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_text(obj, "username", user->username);
	ctl_put_text(obj, "role", user_role_name(user->role));
	ctl_put_text(obj, "state", user->disabled ? "disabled" : "enabled");
	ctl_put_text(obj, "color", user->color[0] != '\0' ? user->color : NULL);
	ctl_put_text(obj, "created_at", user->created_at);
	return obj;
}

/*
 * The end of a write that came to ST: the user as it is now, or the words
 * BEFORE and AFTER the name.
 */
static int
answer(struct ctl *ctl, enum status st, const char *name, const char *before,
    const char *after)
{
	struct user user;

	if (st != ST_OK ||
	    (st = user_by_name(ctl->reader, name, &user)) != ST_OK)
		return ctl_fail_status(ctl, st);
	return ctl_answer(
	    ctl, user_json(&user), "%s%s%s", before, user.username, after);
}

int
ctl_user_add(struct ctl *ctl, int argc, char **argv)
{
	const char *name, *role = NULL, *color = "";
	const struct ctl_option options[] = {
	    {"role", &role, NULL}, {"color", &color, NULL}, {NULL, NULL, NULL}};
	char hash[USER_HASH_MAX], after[32];
	struct user user;
	struct db *db;
	int64_t id;
	enum status st;
	int code;

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &name))
		return EX_USAGE;
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
		return ctl_fail(ctl, EX_CANTCREAT, "there is a user %s already",
		    user.username);
	/* Without a password here, where the web server asks for it. */
	hash[0] = '\0';
	if (strcmp(ctl->conf.auth, "remote_user") != 0 &&
	    (code = read_hash(ctl, name, hash)) != EX_OK)
		return code;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_last(
	    db, user_add(db, name, hash, user_role_parse(role), color, &id));
	if (st == ST_CONFLICT)
		return ctl_fail(
		    ctl, EX_CANTCREAT, "there is a user %s already", name);
	snprintf(after, sizeof(after), " (%s)", role);
	return answer(ctl, st, name, "added user ", after);
}

static void
add_row(const struct user *user, void *arg)
{
	json_object_array_add(arg, user_json(user));
}

int
ctl_user_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_column columns[] = {{"username", "NAME"},
	    {"role", "ROLE"}, {"state", "STATE"}, {"color", "COLOUR"},
	    {"created_at", "ADDED (UTC)"}, {NULL, NULL}};
	struct json_object *array;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	array = json_object_new_array();
	if ((st = user_list(ctl->reader, add_row, array)) != ST_OK) {
		json_object_put(array);
		return ctl_fail_status(ctl, st);
	}
	return ctl_list(ctl, "users", array, columns);
}

int
ctl_user_passwd(struct ctl *ctl, int argc, char **argv)
{
	const char *name;
	char hash[USER_HASH_MAX];
	struct user user;
	struct db *db;
	enum status st;
	int code;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 1, 1, &name))
		return EX_USAGE;
	if ((st = find(ctl, ctl->reader, name, &user)) != ST_OK)
		return ctl_code(st);
	if ((code = read_hash(ctl, user.username, hash)) != EX_OK)
		return code;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_told(ctl, db, user_set_password(db, user.id, hash));
	return answer(ctl, st, user.username, "set the password of ",
	    "; sessions are ended");
}

/* A change of the user NAME that needs no more than this; under the lock. */
struct change_of_user {
	const char *name, *done; /* said after the name */
	enum role role;          /* ROLE_NONE: */
	bool disabled;
};

static int
change_user(struct ctl *ctl, const struct change_of_user *change)
{
	struct user user;
	struct db *db;
	enum status st;

	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	if ((st = find(ctl, db, change->name, &user)) != ST_OK) {
		db_write_end(db, false);
		return ctl_code(st);
	}
	if (change->role != ROLE_NONE)
		st = user_set_role(db, user.id, change->role);
	else
		st = user_set_disabled(db, user.id, change->disabled);
	return answer(
	    ctl, ctl_write_told(ctl, db, st), change->name, "", change->done);
}

int
ctl_user_role(struct ctl *ctl, int argc, char **argv)
{
	struct change_of_user change = {0};
	const char *words[2];
	char done[64];

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 2, 2, words))
		return EX_USAGE;
	change.name = words[0];
	if ((change.role = user_role_parse(words[1])) == ROLE_NONE)
		return ctl_usage(
		    ctl, "the role must be viewer, editor or admin");
	snprintf(
	    done, sizeof(done), " is %s now; sessions are ended", words[1]);
	change.done = done;
	return change_user(ctl, &change);
}

int
ctl_user_disable(struct ctl *ctl, int argc, char **argv)
{
	struct change_of_user change = {
	    .done = " is disabled now; sessions are ended", .disabled = true};

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 1, 1, &change.name))
		return EX_USAGE;
	return change_user(ctl, &change);
}

int
ctl_user_enable(struct ctl *ctl, int argc, char **argv)
{
	struct change_of_user change = {.done = " is enabled now"};

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 1, 1, &change.name))
		return EX_USAGE;
	return change_user(ctl, &change);
}
