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

static const struct ctl_option no_options[] = {{NULL, NULL, NULL}};

/* What a new token is to be. */
struct order {
	const char *name, *user, *role;
	int64_t expires_at; /* ms since 1970; 0: never */
};

static bool
read_days(const char *text, int64_t *expires_at)
{
	long days;

	if (strlen(text) > 4 || text[strspn(text, "0123456789")] != '\0' ||
	    (days = strtol(text, NULL, 10)) < 1 || days > DAYS_MAX)
		return false;
	*expires_at = clock_utc_ms() + days * DAY_MS;
	return true;
}

/* In the transaction; false, having said why, when it cannot be. */
static bool
make(const struct ctl *ctl, struct db *db, const struct order *order,
    char secret[TOKEN_LEN + 1], enum role *role)
{
	struct user user;
	enum status st;

	if ((st = user_by_name(db, order->user, &user)) == ST_NOT_FOUND) {
		ctl_fail(ctl, "there is no user %s", order->user);
		return false;
	}
	if (st == ST_OK) {
		*role = order->role != NULL ? user_role_parse(order->role)
					    : user.role;
		if (*role > user.role) {
			ctl_fail(ctl,
			    "%s is %s: a token of theirs cannot be "
			    "%s",
			    user.username, user_role_name(user.role),
			    order->role);
			return false;
		}
		st = token_add(
		    db, order->name, user.id, *role, order->expires_at, secret);
	}
	if (st == ST_CONFLICT)
		ctl_fail(ctl,
		    "there is a token \"%s\" already; revoke it "
		    "first or choose another name",
		    order->name);
	else if (st != ST_OK)
		ctl_fail_status(ctl, st);
	return st == ST_OK;
}

static int
add(const struct ctl *ctl, const struct order *order)
{
	char secret[TOKEN_LEN + 1] = "";
	struct db *db;
	enum role role = ROLE_NONE;
	enum status st;
	bool made;

	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	made = make(ctl, db, order, secret, &role);
	st = db_write_end(db, made);
	if (!made)
		return CTL_FAILURE;
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	/* Only the secret on standard output, for TOKEN=$(...). */
	fprintf(stderr,
	    "added token \"%s\": acts as %s, role %s; it is shown "
	    "only now:\n",
	    order->name, order->user, user_role_name(role));
	puts(secret);
	explicit_bzero(secret, sizeof(secret));
	return CTL_OK;
}

int
ctl_token_add(struct ctl *ctl, int argc, char **argv)
{
	struct order order = {NULL, NULL, NULL, 0};
	const char *days = NULL;
	const struct ctl_option options[] = {{"user", &order.user, NULL},
	    {"role", &order.role, NULL}, {"expires", &days, NULL},
	    {NULL, NULL, NULL}};

	if (!ctl_parse(ctl, argc, argv, options, 1, &order.name))
		return CTL_USAGE;
	if (!token_name_valid(order.name))
		return ctl_usage(ctl,
		    "a name has 1 to %d characters, no "
		    "controls and no spaces outside",
		    TOKEN_NAME_MAX);
	if (order.user == NULL)
		return ctl_usage(ctl, "--user must name whom it acts as");
	if (order.role != NULL && user_role_parse(order.role) == ROLE_NONE)
		return ctl_usage(ctl, "--role must be viewer, editor or admin");
	if (days != NULL && !read_days(days, &order.expires_at))
		return ctl_usage(
		    ctl, "--expires must be 1 to %d days", DAYS_MAX);
	return add(ctl, &order);
}

static void
print_token(const struct token *token, void *arg)
{
	char expires[CTL_TIME], used[CTL_TIME];

	(void)arg;
	ctl_time(token->expires_at, expires);
	ctl_time(token->last_used_at, used);
	printf("%-20s  %-12s  %-6s  %.10s %.5s  %-16s  %s\n", token->name,
	    token->username, user_role_name(token->role), token->created_at,
	    token->created_at + 11, token->expires_at == 0 ? "never" : expires,
	    used);
}

int
ctl_token_list(struct ctl *ctl, int argc, char **argv)
{
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 0, NULL))
		return CTL_USAGE;
	printf("%-20s  %-12s  %-6s  %-16s  %-16s  %s\n", "NAME", "USER", "ROLE",
	    "ADDED (UTC)", "EXPIRES", "LAST USED");
	if ((st = token_list(ctl->reader, print_token, NULL)) != ST_OK)
		return ctl_fail_status(ctl, st);
	return CTL_OK;
}

int
ctl_token_revoke(struct ctl *ctl, int argc, char **argv)
{
	const char *name;
	struct db *db;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, no_options, 1, &name))
		return CTL_USAGE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_end(db, token_revoke(db, name));
	if (st == ST_NOT_FOUND)
		return ctl_fail(ctl, "there is no token \"%s\"", name);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	printf("revoked token \"%s\"\n", name);
	return CTL_OK;
}
