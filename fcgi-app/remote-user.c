/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "remote-user.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "session.h"
#include "shared/clock.h"

/* Add NAME unless another request has done so meanwhile; then read it. */
static enum status
add(const char *name, enum role role, struct user *out)
{
	struct db *db;
	int64_t id;
	enum status st, committed;

	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	st = user_by_name(db, name, out);
	/* No password has the empty hash. */
	if (st == ST_NOT_FOUND &&
	    (st = user_add(db, name, "", role, "", &id)) == ST_OK)
		st = user_by_id(db, id, out);
	committed = db_write_end(db, st == ST_OK);
	return committed != ST_OK ? committed : st;
}

static void
fill(struct identity *who, const struct user *user)
{
	who->user_id = user->id;
	snprintf(who->username, sizeof(who->username), "%s", user->username);
	snprintf(who->display, sizeof(who->display), "%s", user->username);
	snprintf(who->color, sizeof(who->color), "%s", user->color);
	who->role = user->role;
	who->rights = user->rights;
	who->remote = true;
	session_remote(user->id, who->session);
	who->seen = clock_utc_ms();
	who->ends = who->seen + REMOTE_USER_MS;
}

enum status
remote_user_identify(struct req *rq, bool may_add)
{
	const char *name = req_env(rq, "REMOTE_USER");
	enum role role = user_role_parse(rq->app->conf.remote_role);
	struct user user;
	enum status st;

	if (name == NULL || name[0] == '\0')
		return ST_OK;
	if (!user_name_valid(name))
		return req_fail(rq, ST_FORBIDDEN,
		    "the web server's name for you cannot be a user name: "
		    "1 to %d characters, no controls, no spaces outside",
		    USER_NAME_MAX);
	st = user_by_name(rq->db, name, &user);
	if (st == ST_NOT_FOUND && role != ROLE_NONE && may_add)
		st = add(name, role, &user);
	if (st == ST_NOT_FOUND)
		return req_fail(rq, ST_FORBIDDEN,
		    "the web server knows you, but you are no user here; "
		    "an admin can add you");
	if (st != ST_OK)
		return st;
	if (user.disabled)
		return req_fail(
		    rq, ST_FORBIDDEN, "your account is disabled here");
	fill(&rq->who, &user);
	return ST_OK;
}
