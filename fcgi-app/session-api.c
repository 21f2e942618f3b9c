/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Sign-in, sign-out, who am I, and a new password of one's own.
 */
#include <string.h>
#include <strings.h>

#include "api.h"
#include "app.h"
#include "auth.h"
#include "session.h"
#include "shared/clock.h"
#include "site.h"

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

/* A text, or null for the empty one. */
static struct json_object *
text_or_null(const char *text)
{
	return text[0] != '\0' ? json_object_new_string(text) : NULL;
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
	json_object_object_add(
	    settings, "signout_url", text_or_null(conf->signout_url));
	json_object_object_add(settings, "password_min",
	    json_object_new_int64(conf->password_min));
	return settings;
}

/* By what somebody is signed in. */
static const char *
auth_name(const struct identity *who)
{
	if (who->token_name[0] != '\0')
		return "token";
	return who->remote ? "remote_user" : "session";
}

/*
 * {"user","auth","settings","build"}: who it is, and how the page should
 * behave.
 */
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
	json_object_object_add(
	    doc, "auth", json_object_new_string(auth_name(who)));
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

/* Passwords are for those alone whom we sign in ourselves. */
static enum status
has_passwords(struct req *rq)
{
	if (!app_trusts_server(rq->app))
		return ST_OK;
	return req_fail(rq, ST_FORBIDDEN,
	    "the web server signs people in here; there are no passwords");
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

	if ((st = has_passwords(rq)) != ST_OK)
		return st;
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
	site_set_cookie(rq, rs, secret, rq->app->conf.session_hours * 3600);
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

/*
 * DELETE /session: sign out; the session's streams end, too.  What the web
 * server has begun only it can end: then the user's tickets are void, and
 * the page goes where the settings say.
 */
enum status
session_delete(struct req *rq, struct resp *rs)
{
	enum status st;

	if (rq->who.token_name[0] != '\0')
		return req_fail(rq, ST_FORBIDDEN,
		    "a token has no session; it is revoked by stockroomctl");
	if (rq->who.remote) {
		st = session_note_revoked(rq->db, rq->who.session);
		return st == ST_OK ? ST_NO_CONTENT : st;
	}
	if ((st = session_end(rq->db, rq->who.session)) != ST_OK)
		return st;
	site_set_cookie(rq, rs, "", 0);
	return ST_NO_CONTENT;
}

/* GET /sign-in: what a page needs to know before anybody is signed in. */
enum status
session_sign_in(struct req *rq, struct resp *rs)
{
	struct json_object *doc;
	bool remote = app_trusts_server(rq->app);
	enum status st;

	st = remote ? ST_OK : user_any(rq->db);
	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	doc = json_object_new_object();
	json_object_object_add(doc, "auth",
	    json_object_new_string(remote ? "remote_user" : "session"));
	json_object_object_add(
	    doc, "signed_in", json_object_new_boolean(rq->who.user_id != 0));
	json_object_object_add(doc, "refused", text_or_null(rq->detail));
	json_object_object_add(
	    doc, "has_users", json_object_new_boolean(st == ST_OK));
	resp_json(rs, doc);
	return ST_OK;
}

/* --- A new password of one's own --- */

static size_t
count_characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

/* Length is what counts (NIST SP 800-63B, 5.1.1.2), and that it is new. */
static enum status
check_new(struct req *rq, const char *current, const char *wish)
{
	size_t least = (size_t)rq->app->conf.password_min;

	if (strlen(wish) > USER_PASSWORD_MAX)
		return req_fail_at(rq, ST_INVALID, "/new",
		    "must be at most %d bytes", USER_PASSWORD_MAX);
	if (count_characters(wish) < least)
		return req_fail_at(rq, ST_INVALID, "/new",
		    "must be at least %zu characters", least);
	if (strcasecmp(wish, rq->who.username) == 0)
		return req_fail_at(
		    rq, ST_INVALID, "/new", "must not be your user name");
	if (strcmp(wish, current) == 0)
		return req_fail_at(rq, ST_INVALID, "/new",
		    "must not be the password you have");
	return ST_OK;
}

static enum status
read_passwords(struct req *rq, const char **current, const char **wish)
{
	struct json_in in;

	*current = *wish = "";
	json_in_begin(&in, rq->body, "");
	json_in_text(
	    &in, "current", JSON_REQUIRED, 1, USER_PASSWORD_MAX, current);
	json_in_text(&in, "new", JSON_REQUIRED, 1, USER_PASSWORD_MAX, wish);
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	return check_new(rq, *current, *wish);
}

/* Keep HASH; this session goes on with a new secret, all else ends. */
static enum status
keep_password(struct req *rq, const struct user *user, const char *hash,
    char secret[USER_SECRET_LEN + 1])
{
	struct db *db;
	int64_t ends;
	enum status st, committed;

	ends = clock_utc_ms() + rq->app->conf.session_hours * INT64_C(3600000);
	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	if ((st = still_the_same(db, user)) == ST_OK &&
	    (st = user_rehash(db, user->id, user->hash, hash)) == ST_OK)
		st = session_renew(db, user->id, rq->who.session, ends, secret);
	committed = db_write_end(db, st == ST_OK);
	return committed != ST_OK ? committed : st;
}

/* POST /session/password {current, new}. */
enum status
session_password(struct req *rq, struct resp *rs)
{
	const char *current, *wish;
	char hash[USER_HASH_MAX], secret[USER_SECRET_LEN + 1];
	struct user user;
	enum status st;

	if ((st = has_passwords(rq)) != ST_OK)
		return st;
	if (rq->who.token_name[0] != '\0')
		return req_fail(
		    rq, ST_FORBIDDEN, "a token cannot change the password");
	if ((st = read_passwords(rq, &current, &wish)) != ST_OK)
		return st;
	st = auth_password(
	    rq, rq->who.username, current, strlen(current), &user);
	/* Whoever asks is signed in: 401 would say otherwise. */
	if (st == ST_UNAUTHORIZED) {
		rq->detail[0] = '\0';
		return req_fail_at(
		    rq, ST_INVALID, "/current", "is not your password");
	}
	if (st != ST_OK ||
	    (st = auth_hash(rq, wish, strlen(wish), hash)) != ST_OK ||
	    (st = keep_password(rq, &user, hash, secret)) != ST_OK)
		return st;
	site_set_cookie(rq, rs, secret, rq->app->conf.session_hours * 3600);
	return ST_NO_CONTENT;
}
