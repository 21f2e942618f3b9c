/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The handlers of collaboration: who is present, joining a room, announcing
 * a change that was made elsewhere.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "app.h"
#include "change.h"
#include "field.h"
#include "item-list.h"
#include "item.h"
#include "publish.h"
#include "shared/clock.h"
#include "shared/ticket.h"
#include "signer.h"

#define ROOM_MAX         64   /* characters of a room's name */
#define PRESENCE_MAX     1000 /* entries of an answer, about */
#define PRESENCE_QUERIES 64   /* to the relay, for one answer */
#define BROADCAST_TEXT   2000 /* characters of a value */
#define HOUR_MS          INT64_C(3600000)

/* Whether the settings name the room; copied to OUT. */
static bool
find_room(const struct app *app, const char *room, char out[ROOM_MAX + 1])
{
	char word[ROOM_MAX + 1];
	unsigned i;

	for (i = 0; conf_word(app->conf.rooms, i, word, sizeof(word)); i++)
		if (room == NULL || strcmp(word, room) == 0) {
			memcpy(out, word, sizeof(word));
			return true;
		}
	return false;
}

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

/* Move the entries of a part into USERS; the cursor of the next part, or 0. */
static int64_t
take_users(struct json_object *part, struct json_object *users)
{
	struct json_object *array, *next;
	size_t i;

	if (!json_object_object_get_ex(part, "users", &array) ||
	    !json_object_is_type(array, json_type_array))
		return 0;
	for (i = 0; i < json_object_array_length(array); i++)
		json_object_array_add(users,
		    json_object_get(json_object_array_get_idx(array, i)));
	if (!json_object_object_get_ex(part, "next", &next) ||
	    !json_object_is_type(next, json_type_int))
		return 0;
	return json_object_get_int64(next);
}

/*
 * The parts of a room's presence from CURSOR on, as many as one answer takes,
 * in one object, the caller's; its next_cursor is NULL after the last.
 */
static enum status
collect(const char *room, int64_t cursor, struct json_object **out)
{
	struct json_object *whole = NULL, *part, *users;
	char text[24];
	int64_t next = 0;
	int i;
	enum status st;

	users = json_object_new_array();
	for (i = 0; i < PRESENCE_QUERIES; i++) {
		st = publish_query_presence(room, cursor, &part);
		if (st != ST_OK) {
			json_object_put(users);
			json_object_put(whole);
			return st;
		}
		next = take_users(part, users);
		if (whole == NULL)
			whole = part;
		else
			json_object_put(part);
		if (next <= cursor) {
			next = 0;
			break;
		}
		cursor = next;
		if (json_object_array_length(users) >= PRESENCE_MAX)
			break;
	}
	snprintf(text, sizeof(text), "%" PRId64, next);
	json_object_object_del(whole, "next");
	json_object_object_add(whole, "users", users);
	json_object_object_add(whole, "next_cursor",
	    next == 0 ? NULL : json_object_new_string(text));
	*out = whole;
	return ST_OK;
}

/* GET /inventory/collaboration/presence: who is in a room. */
enum status
collaboration_presence(struct req *rq, struct resp *rs)
{
	struct json_object *o, *count;
	char room[ROOM_MAX + 1];
	int64_t cursor = 0;
	enum status st;

	if (!find_room(rq->app, req_param(rq, "room"), room))
		return req_fail_at(
		    rq, ST_INVALID, "?room", "is no room of this site");
	if ((st = list_param_int(rq, "cursor", 0, INT64_MAX, &cursor)) !=
		ST_OK ||
	    (st = req_params_end(rq)) != ST_OK)
		return st;
	if ((st = collect(room, cursor, &o)) != ST_OK)
		return req_fail(rq, st, "the relay does not answer");
	add_text(o, "room", room);
	if (!json_object_object_get_ex(o, "count", &count)) {
		count = json_object_new_int64((int64_t)json_object_array_length(
		    json_object_object_get(o, "users")));
		json_object_object_add(o, "count", count);
	}
	resp_json(rs, o);
	return ST_OK;
}

/* What a join asks for. */
struct join {
	char room[ROOM_MAX + 1];
	const char *name;   /* borrowed from the body */
	const char *ticket; /* borrowed; NULL without one */
};

static enum status
read_join(struct req *rq, struct join *join)
{
	struct json_in in;
	const char *room = NULL;

	join->name = "";
	json_in_begin(&in, rq->body, "");
	json_in_text(&in, "room", JSON_OPTIONAL, 1, ROOM_MAX, &room);
	if (in.st == ST_OK && !find_room(rq->app, room, join->room))
		json_in_fail(&in, "room", "is no room of this site");
	if (json_in_text(
		&in, "name", JSON_OPTIONAL, 0, TICKET_NAME_MAX, &join->name) &&
	    field_has_controls(join->name, false))
		json_in_fail(&in, "name", "must not hold control characters");
	json_in_text(
	    &in, "ticket", JSON_OPTIONAL, 1, TICKET_MAX - 1, &join->ticket);
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	return ST_OK;
}

/* The sid of an old ticket of the caller's, or a fresh one. */
static enum status
choose_sid(struct req *rq, const char *ticket, char sid[TICKET_SID_LEN + 1])
{
	struct ticket old;

	if (ticket == NULL) {
		ticket_new_sid(sid);
		return ST_OK;
	}
	if (signer_verify(ticket, strlen(ticket), &old) != ST_OK)
		return req_fail_at(rq, ST_INVALID, "/ticket",
		    "is no ticket of ours; join without it");
	if (old.user_id != rq->who.user_id)
		return req_fail_at(rq, ST_INVALID, "/ticket",
		    "is somebody else's; join without it");
	memcpy(sid, old.sid, sizeof(old.sid));
	return ST_OK;
}

static void
fill_ticket(const struct req *rq, const struct join *join, struct ticket *t)
{
	int64_t latest;

	t->user_id = rq->who.user_id;
	snprintf(t->username, sizeof(t->username), "%s", rq->who.username);
	snprintf(t->name, sizeof(t->name), "%s", join->name);
	snprintf(t->role, sizeof(t->role), "%s", user_role_name(rq->who.role));
	snprintf(t->color, sizeof(t->color), "%s", rq->who.color);
	snprintf(t->room, sizeof(t->room), "%s", join->room);
	snprintf(t->session, sizeof(t->session), "%s", rq->who.session);
	/*
	 * What is true since then is not known here: a session that ends
	 * while the request goes on takes the ticket with it.
	 */
	t->issued = rq->who.at;
	t->rights = rq->who.rights;
	/* Tokens may last for ever, tickets do not. */
	latest = t->issued + rq->app->conf.session_hours * HOUR_MS;
	t->ends = rq->who.ends < latest ? rq->who.ends : latest;
}

/* Where the events are: paths of our site, or addresses of the relay's own. */
static void
add_addresses(struct json_object *o, const struct conf *conf)
{
	const char *url = conf->push_url;
	const char *base = url[0] != '\0' ? url : conf->base;
	const char *dir = url[0] != '\0' ? "" : "/push";
	char text[512];

	snprintf(text, sizeof(text), "%s%s/stream", base, dir);
	if (strcmp(conf->transport, "poll") == 0)
		json_object_object_add(o, "stream", NULL);
	else
		add_text(o, "stream", text);
	snprintf(text, sizeof(text), "%s%s/poll", base, dir);
	add_text(o, "poll", text);
}

static struct json_object *
join_json(
    const struct req *rq, const struct ticket *t, const struct change_log *log)
{
	struct json_object *o, *user;
	char signed_text[TICKET_MAX];
	char position[EVENT_POSITION_MAX];

	user = json_object_new_object();
	json_object_object_add(
	    user, "user_id", json_object_new_int64(t->user_id));
	add_text(user, "username", t->username);
	add_text(user, "color", t->color);
	add_text(user, "name", t->name);
	add_text(user, "role", t->role);
	signer_sign(t, signed_text);
	change_position(log, log->head, position);
	o = json_object_new_object();
	add_text(o, "sid", t->sid);
	json_object_object_add(o, "user", user);
	add_text(o, "room", t->room);
	add_text(o, "ticket", signed_text);
	add_addresses(o, &rq->app->conf);
	add_text(o, "position", position);
	add_text(o, "build", PACKAGE_VERSION);
	return o;
}

/*
 * POST /inventory/collaboration/join: a ticket for the stream.  An old
 * ticket of the same user keeps its sid, so that a reload is no new person.
 */
enum status
collaboration_join(struct req *rq, struct resp *rs)
{
	struct join join = {0};
	struct ticket t = {0};
	struct change_log log;
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = read_join(rq, &join)) != ST_OK ||
	    (st = choose_sid(rq, join.ticket, t.sid)) != ST_OK ||
	    (st = db_snapshot_begin(rq->db)) != ST_OK)
		return st;
	st = change_log_read(rq->db, &log);
	db_snapshot_end(rq->db);
	if (st != ST_OK)
		return st;
	fill_ticket(rq, &join, &t);
	resp_json(rs, join_json(rq, &t, &log));
	return ST_OK;
}

/* A value of a broadcast: null, a number, a truth value or a text. */
static struct json_object *
read_value(struct json_in *in, const char *key)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_in_any(in, key, &value))
		return NULL;
	if (json_object_is_type(value, json_type_string))
		json_in_text(in, key, JSON_OPTIONAL, 0, BROADCAST_TEXT, &text);
	else if (json_object_is_type(value, json_type_array) ||
		 json_object_is_type(value, json_type_object))
		json_in_fail(in, key,
		    "must be a text, a number, true, false "
		    "or null");
	return value;
}

/* What is announced; texts are borrowed from the body. */
struct announcement {
	const char *update_type, *sku, *field;
	char room[ROOM_MAX + 1];                   /* "": every room */
	struct json_object *old_value, *new_value; /* borrowed */
};

static void
read_words(struct json_in *in, struct announcement *an)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

	if (json_in_text(
		in, "update_type", JSON_REQUIRED, 1, 32, &an->update_type) &&
	    an->update_type[strspn(an->update_type, letters)] != '\0')
		json_in_fail(
		    in, "update_type", "may hold a to z and underscores only");
	json_in_text(in, "sku", JSON_REQUIRED, 1, REQ_SKU_MAX, &an->sku);
	if (json_in_text(in, "field", JSON_REQUIRED, 1, 64, &an->field) &&
	    field_has_controls(an->field, false))
		json_in_fail(in, "field", "must not hold control characters");
}

static enum status
read_announcement(struct req *rq, struct announcement *an)
{
	struct json_in in;
	const char *room;

	json_in_begin(&in, rq->body, "");
	read_words(&in, an);
	an->old_value = read_value(&in, "old_value");
	an->new_value = read_value(&in, "new_value");
	if (json_in_text(&in, "room", JSON_OPTIONAL, 1, ROOM_MAX, &room) &&
	    !find_room(rq->app, room, an->room))
		json_in_fail(&in, "room", "is no room of this site");
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	return ST_OK;
}

/* Its row of the log, at the item's present version. */
static enum status
append(struct req *rq, const struct announcement *an, int64_t version,
    int64_t *seq)
{
	struct change what = {0};
	struct json_object *o;
	enum status st;

	o = json_object_new_object();
	add_text(o, "field", an->field);
	json_object_object_add(o, "old_value", json_object_get(an->old_value));
	json_object_object_add(o, "new_value", json_object_get(an->new_value));
	what.changes = json_object_new_array();
	json_object_array_add(what.changes, o);
	what.update_type = an->update_type;
	what.user_id = rq->who.user_id;
	what.username = rq->who.display;
	what.changeset = rq->id;
	what.sku = an->sku;
	what.version = version;
	what.room = an->room[0] != '\0' ? an->room : NULL;
	what.source = "broadcast";
	st = change_append(rq->db, &what, seq);
	json_object_put(what.changes);
	return st;
}

/*
 * POST /inventory/collaboration/broadcast-change: announce a change that was
 * made elsewhere.  Pages read the row again and never trust these values.
 */
enum status
collaboration_broadcast(struct req *rq, struct resp *rs)
{
	struct announcement an = {0};
	struct item it = {0};
	struct json_object *o;
	int64_t seq;
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = read_announcement(rq, &an)) != ST_OK)
		return st;
	st = item_load(rq->db, an.sku, &it);
	if (st == ST_NOT_FOUND)
		st =
		    req_fail_at(rq, ST_INVALID, "/sku", "no item has this SKU");
	else if (st == ST_OK)
		st = append(rq, &an, it.version, &seq);
	item_reset(&it);
	if (st != ST_OK)
		return st;
	o = json_object_new_object();
	json_object_object_add(o, "seq", json_object_new_int64(seq));
	resp_json(rs, o);
	return ST_ACCEPTED;
}
