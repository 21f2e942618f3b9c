/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl token: add, list, revoke.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "shared/clock.h"
#include "token.h"

#define DAY_MS   INT64_C(86400000)
#define DAYS_MAX 3650

/* What a new token is to be. */
struct order {
	const char *name, *user, *role;
	int64_t expires_at; /* ms since 1970; 0: never */
};

/* In the transaction; EX_OK, or having said why it cannot be. */
static int
make(struct ctl *ctl, struct db *db, const struct order *order,
    char secret[TOKEN_LEN + 1], enum role *role)
{
	struct user user;
	enum status st;

	st = user_by_name(db, order->user, &user);
	if (st == ST_NOT_FOUND)
		return ctl_fail(
		    ctl, EX_NOUSER, "there is no user %s", order->user);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	*role = order->role != NULL ? user_role_parse(order->role) : user.role;
	if (*role > user.role)
		return ctl_fail(ctl, EX_NOPERM,
		    "%s is %s: a token of theirs cannot be %s", user.username,
		    user_role_name(user.role), order->role);
	st = token_add(
	    db, order->name, user.id, *role, order->expires_at, secret);
	if (st == ST_CONFLICT)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "there is a token \"%s\" already; revoke it first or "
		    "choose another name",
		    order->name);
	return st == ST_OK ? EX_OK : ctl_fail_status(ctl, st);
}

/* What is told of a new token, its secret for the only time. */
static struct json_object *
added_json(const struct order *order, enum role role, const char *secret)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_text(obj, "name", order->name);
	ctl_put_text(obj, "username", order->user);
	ctl_put_text(obj, "role", user_role_name(role));
	ctl_put_time(obj, "expires_at", order->expires_at);
	ctl_put_text(obj, "token", secret);
	return obj;
}

static int
add(struct ctl *ctl, const struct order *order)
{
	char secret[TOKEN_LEN + 1] = "";
	struct db *db;
	enum role role = ROLE_NONE;
	struct json_object *obj;
	enum status st;
	int code;

	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	if ((code = make(ctl, db, order, secret, &role)) != EX_OK) {
		db_write_end(db, false);
		return code;
	}
	obj = added_json(order, role, secret);
	ctl_answer_form(ctl, obj);
	if ((st = ctl_write_last(db, ST_OK)) != ST_OK) {
		json_object_put(obj);
		return ctl_fail_status(ctl, st);
	}
	/* Only the secret on standard output, for TOKEN=$(...). */
	if (!ctl->json)
		ctl_note(ctl,
		    "token \"%s\" acts as %s, role %s; it is shown only now:",
		    order->name, order->user, user_role_name(role));
	code = ctl_answer(ctl, obj, "%s", secret);
	explicit_bzero(secret, sizeof(secret));
	return code;
}

int
ctl_token_add(struct ctl *ctl, int argc, char **argv)
{
	struct order order = {NULL, NULL, NULL, 0};
	const char *days_text = NULL;
	int64_t days = 0;
	const struct ctl_option options[] = {{"user", &order.user, NULL},
	    {"role", &order.role, NULL}, {"expires", &days_text, NULL},
	    {NULL, NULL, NULL}};

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &order.name))
		return EX_USAGE;
	if (!token_name_valid(order.name))
		return ctl_usage(ctl,
		    "a name has 1 to %d characters, no "
		    "controls and no spaces outside",
		    TOKEN_NAME_MAX);
	if (order.user == NULL)
		return ctl_usage(ctl, "--user must name whom it acts as");
	if (order.role != NULL && user_role_parse(order.role) == ROLE_NONE)
		return ctl_usage(ctl, "--role must be viewer, editor or admin");
	if (!ctl_number(ctl, "expires", days_text, 1, DAYS_MAX, &days))
		return EX_USAGE;
	if (days > 0)
		order.expires_at = clock_utc_ms() + days * DAY_MS;
	return add(ctl, &order);
}

static void
add_row(const struct token *token, void *arg)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_text(obj, "name", token->name);
	ctl_put_text(obj, "username", token->username);
	ctl_put_text(obj, "role", user_role_name(token->role));
	ctl_put_text(obj, "created_at", token->created_at);
	ctl_put_time(obj, "expires_at", token->expires_at);
	ctl_put_time(obj, "last_used_at", token->last_used_at);
	json_object_array_add(arg, obj);
}

int
ctl_token_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_column columns[] = {{"name", "NAME"},
	    {"username", "USER"}, {"role", "ROLE"},
	    {"created_at", "ADDED (UTC)"}, {"expires_at", "EXPIRES"},
	    {"last_used_at", "LAST USED"}, {NULL, NULL}};
	struct json_object *array;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	array = json_object_new_array();
	if ((st = token_list(ctl->reader, add_row, array)) != ST_OK) {
		json_object_put(array);
		return ctl_fail_status(ctl, st);
	}
	return ctl_list(ctl, "tokens", array, columns);
}

int
ctl_token_revoke(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *obj;
	const char *name;
	struct db *db;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 1, 1, &name))
		return EX_USAGE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_told(ctl, db, token_revoke(db, name));
	if (st == ST_NOT_FOUND)
		return ctl_fail(
		    ctl, EX_NOUSER, "there is no token \"%s\"", name);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	obj = json_object_new_object();
	ctl_put_text(obj, "name", name);
	ctl_put_bool(obj, "revoked", true);
	return ctl_answer(ctl, obj, "revoked token \"%s\"", name);
}
