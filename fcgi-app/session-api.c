/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Sign-in, sign-out, and who am I.
 */
#include <string.h>

#include "api.h"
#include "app.h"
#include "auth.h"
#include "session.h"
#include "shared/clock.h"

#include "config.h"

/* A comma-separated setting as an array of texts. */
static struct json_object *
words_json(const char *list)
{
	struct json_object *array = json_object_new_array();
	char word[128];

	for (unsigned i = 0; conf_word(list, i, word, sizeof(word)); i++)
		json_object_array_add(array, json_object_new_string(word));
	return array;
}

/* What a page needs to know of our settings. */
static struct json_object *
settings_json(const struct conf *conf)
{
	struct json_object *settings = json_object_new_object();
	char room[128] = "";

	conf_word(conf->rooms, 0, room, sizeof(room));
	json_object_object_add(settings, "hover_delay_ms",
	    json_object_new_int64(conf->hover_delay));
	json_object_object_add(settings, "room", json_object_new_string(room));
	json_object_object_add(settings, "rooms", words_json(conf->rooms));
	json_object_object_add(settings, "collaboration",
	    json_object_new_boolean(conf->collaboration != 0));
	json_object_object_add(settings, "palette", words_json(conf->palette));
	return settings;
}

/* {"user","settings","build"}: who it is, and how the page should behave. */
static struct json_object *
who_json(const struct conf *conf, const struct identity *who)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *user = json_object_new_object();

	json_object_object_add(
	    user, "user_id", json_object_new_int64(who->user_id));
	json_object_object_add(
	    user, "username", json_object_new_string(who->username));
	json_object_object_add(
	    user, "color", json_object_new_string(who->color));
	json_object_object_add(
	    user, "role", json_object_new_string(user_role_name(who->role)));
	if (who->token_name[0] != '\0')
		json_object_object_add(
		    user, "token", json_object_new_string(who->token_name));
	json_object_object_add(doc, "user", user);
	json_object_object_add(doc, "settings", settings_json(conf));
	json_object_object_add(
	    doc, "build", json_object_new_string(PACKAGE_VERSION));
	return doc;
}

/* What the password allowed still holds, now that the database is ours. */
static enum status
still_the_same(struct db *db, const struct user *user)
{
	struct user now;
	enum status st;

	if ((st = user_by_id(db, user->id, &now)) != ST_OK)
		return st == ST_NOT_FOUND ? ST_UNAUTHORIZED : st;
	return now.disabled || strcmp(now.hash, user->hash) != 0
		   ? ST_UNAUTHORIZED
		   : ST_OK;
}

/*
 * Begin a session; the one that the same browser had before ends.  NEWER is
 * the password hashed with today's parameters, or "".
 */
static enum status
begin_session(struct req *rq, const struct user *user, const char *newer,
    char secret[USER_SECRET_LEN + 1])
{
	struct db *db;
	char public_id[USER_PUBLIC_LEN + 1];
	int64_t ends;
	enum status st, committed;

	ends = clock_utc_ms() + rq->app->conf.session_hours * INT64_C(3600000);
	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	if ((st = still_the_same(db, user)) == ST_OK &&
	    (newer[0] == '\0' ||
		(st = user_rehash(db, user->id, user->hash, newer)) == ST_OK) &&
	    (rq->who.session[0] == '\0' || rq->who.token_name[0] != '\0' ||
		(st = session_end(db, rq->who.session)) == ST_OK))
		st = session_add(db, user->id, ends, secret, public_id);
	committed = db_write_end(db, st == ST_OK);
	return committed != ST_OK ? committed : st;
}

/* POST /session {username, password}: sign in. */
enum status
session_create(struct req *rq, struct resp *rs)
{
	struct json_in in;
	struct identity who = {0};
	struct user user;
	const char *username = "", *password = "";
	char secret[USER_SECRET_LEN + 1], newer[USER_HASH_MAX] = "";
	enum status st;

	json_in_begin(&in, rq->body, "");
	json_in_text(
	    &in, "username", JSON_REQUIRED, 1, USER_NAME_MAX, &username);
	json_in_text(
	    &in, "password", JSON_REQUIRED, 1, USER_PASSWORD_MAX, &password);
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	if (strlen(password) > USER_PASSWORD_MAX)
		return req_fail_at(rq, ST_INVALID, "/password",
		    "must be at most %d bytes", USER_PASSWORD_MAX);
	if ((st = auth_password(
		 rq, username, password, strlen(password), &user)) != ST_OK)
		return st;
	if (user_hash_is_old(user.hash) &&
	    user_hash(password, strlen(password), newer) != ST_OK)
		newer[0] = '\0';
	if ((st = begin_session(rq, &user, newer, secret)) != ST_OK)
		return st;

	who.user_id = user.id;
	who.role = user.role;
	memcpy(who.username, user.username, sizeof(who.username));
	memcpy(who.color, user.color, sizeof(who.color));
	auth_set_cookie(rq, rs, secret, rq->app->conf.session_hours * 3600);
	resp_json(rs, who_json(&rq->app->conf, &who));
	return ST_CREATED;
}

/* GET /session: who am I, and the page's settings. */
enum status
session_get(struct req *rq, struct resp *rs)
{
	resp_json(rs, who_json(&rq->app->conf, &rq->who));
	return ST_OK;
}

/* DELETE /session: sign out; the session's streams end, too. */
enum status
session_delete(struct req *rq, struct resp *rs)
{
	enum status st;

	if (rq->who.token_name[0] != '\0')
		return req_fail(rq, ST_FORBIDDEN,
		    "a token has no session; it is revoked by stockroomctl");
	if ((st = session_end(rq->db, rq->who.session)) != ST_OK)
		return st;
	auth_set_cookie(rq, rs, "", 0);
	return ST_NO_CONTENT;
}
