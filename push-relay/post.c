/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "post.h"

#include <assert.h>
#include <string.h>

#include "room-lease.h"
#include "shared/clock.h"
#include "shared/json.h"

/* A text of the page without control characters, MIN to MEMBER_ROW_MAX long. */
static void
read_place(struct json_in *in, const char *key, enum json_in_need need,
    size_t min, char *out, size_t size)
{
	const char *text = NULL, *p;
	size_t len;

	if (!json_in_text(in, key, need, min, MEMBER_ROW_MAX, &text))
		return;
	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			json_in_fail(
			    in, key, "must not have control characters");
			return;
		}
	}
	len = strlen(text);
	assert(len < size);
	memcpy(out, text, len + 1);
}

/* A number of CSS pixels, which a browser may give with a fraction. */
static bool
read_pixels(struct json_object *obj, const char *key, int *out)
{
	struct json_object *num;
	double value;

	if (!json_object_object_get_ex(obj, key, &num) ||
	    !(json_object_is_type(num, json_type_int) ||
		json_object_is_type(num, json_type_double)))
		return false;
	value = json_object_get_double(num);
	if (!(value >= -1e6 && value <= 1e6))
		return false;
	*out = (int)(value < 0 ? value - 0.5 : value + 0.5);
	return true;
}

static void
read_xy(struct json_in *in, struct member_cursor *cur)
{
	struct json_object *xy = NULL;

	if (!json_in_any(in, "cursor_position", &xy) || xy == NULL)
		return;
	if (json_object_is_type(xy, json_type_object) &&
	    json_object_object_length(xy) == 2 &&
	    read_pixels(xy, "x", &cur->x) && read_pixels(xy, "y", &cur->y))
		cur->has_xy = true;
	else
		json_in_fail(in, "cursor_position",
		    "must be null or {\"x\": pixels, \"y\": pixels}");
}

/* Parse the body and begin to read its object; the object is the caller's. */
static enum status
read_begin(struct call *c, struct json_in *in, struct json_object **obj)
{
	enum status st;

	st = json_in_parse(
	    c->body.len == 0 ? "" : c->body.data, c->body.len, obj, &c->err);
	if (st != ST_OK)
		return call_refuse(c, st, c->err.detail);
	json_in_begin(in, *obj, "");
	return ST_OK;
}

/* End to read it; SID, when the body says one, must be the ticket's. */
static enum status
read_end(struct call *c, struct json_in *in, const char *sid)
{
	enum status st;

	if ((st = json_in_end(in)) != ST_OK)
		return call_refuse_body(c, st, &in->err);
	if (sid != NULL && strcmp(sid, c->ticket.sid) != 0)
		return call_refuse(
		    c, ST_FORBIDDEN, "The sid is not the ticket's");
	return ST_OK;
}

enum status
post_cursor(struct call *c)
{
	struct member_cursor cur = {0};
	struct json_object *obj = NULL;
	struct json_in in;
	const char *sid = NULL, *mode = NULL;
	enum status st;

	if ((st = read_begin(c, &in, &obj)) != ST_OK)
		return st;
	json_in_text(&in, "sid", JSON_OPTIONAL, 1, 64, &sid);
	json_in_text(&in, "mode", JSON_OPTIONAL, 1, 16, &mode);
	read_xy(&in, &cur);
	read_place(
	    &in, "editing_row", JSON_OPTIONAL, 0, cur.row, sizeof(cur.row));
	read_place(&in, "editing_field", JSON_OPTIONAL, 0, cur.field,
	    sizeof(cur.field));
	if (mode != NULL && !member_mode_parse(mode, &cur.mode))
		json_in_fail(&in, "mode", "must be hover, select or edit");
	if ((st = read_end(c, &in, sid)) == ST_OK)
		presence_cursor(
		    &c->relay->presence, c->member, &cur, clock_mono_ms());
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
}

/*
 * A sign of life; of a page that is not here yet, its coming, and of one that
 * was reloaded, which its newer ticket tells, its coming back.
 */
static enum status
beat(struct call *c, bool away)
{
	struct presence *p = &c->relay->presence;
	int64_t now = clock_mono_ms();

	if (c->member != NULL && c->ticket.issued <= c->member->who.issued) {
		presence_beat(p, c->member, away, now);
		return ST_OK;
	}
	if (presence_enter(p, &c->ticket, away, now) != ST_OK)
		return call_refuse(c, ST_TOO_MANY, "Too many are here");
	return ST_OK;
}

enum status
post_beat(struct call *c)
{
	struct json_object *obj = NULL;
	struct json_in in;
	const char *sid = NULL, *state = "active";
	enum status st = ST_OK;

	if (c->body.len > 0) {
		if ((st = read_begin(c, &in, &obj)) != ST_OK)
			return st;
		json_in_text(&in, "sid", JSON_OPTIONAL, 1, 64, &sid);
		json_in_text(&in, "state", JSON_OPTIONAL, 1, 16, &state);
		if (strcmp(state, "active") != 0 && strcmp(state, "away") != 0)
			json_in_fail(&in, "state", "must be active or away");
		st = read_end(c, &in, sid);
	}
	if (st == ST_OK)
		st = beat(c, strcmp(state, "away") == 0);
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
}

/* What a lease is asked for. */
enum lease_action { LEASE_TAKE, LEASE_RENEW, LEASE_RELEASE, LEASE_STEAL };

static const char *const lease_words[] = {
    [LEASE_TAKE] = "take",
    [LEASE_RENEW] = "renew",
    [LEASE_RELEASE] = "release",
    [LEASE_STEAL] = "steal",
};

/* The body of a lease's post. */
struct lease_wish {
	enum lease_action action;
	char row[MEMBER_ROW_MAX * 4 + 1];
	char field[MEMBER_ROW_MAX * 4 + 1]; /* "": the whole row */
};

static void
read_action(struct json_in *in, enum lease_action *out)
{
	const char *word = NULL;
	int i;

	if (!json_in_text(in, "action", JSON_REQUIRED, 1, 16, &word))
		return;
	for (i = LEASE_TAKE; i <= LEASE_STEAL; i++) {
		if (strcmp(word, lease_words[i]) == 0) {
			*out = (enum lease_action)i;
			return;
		}
	}
	json_in_fail(in, "action", "must be take, renew, release or steal");
}

static enum status
read_lease(struct call *c, struct lease_wish *wish)
{
	struct json_object *obj = NULL;
	struct json_in in;
	const char *sid = NULL;
	enum status st;

	if ((st = read_begin(c, &in, &obj)) != ST_OK)
		return st;
	json_in_text(&in, "sid", JSON_OPTIONAL, 1, 64, &sid);
	read_action(&in, &wish->action);
	read_place(&in, "row", JSON_REQUIRED, 1, wish->row, sizeof(wish->row));
	read_place(
	    &in, "field", JSON_OPTIONAL, 1, wish->field, sizeof(wish->field));
	st = read_end(c, &in, sid);
	json_object_put(obj);
	return st;
}

/* Answer with the lease that was got. */
static enum status
answer_lease(struct call *c, const struct lease *l, int64_t now)
{
	struct json_object *obj = json_object_new_object();
	const char *text;
	size_t len;

	json_object_object_add(obj, "lease", room_lease_json(l, now));
	text = json_out_text(obj, &len);
	buf_add(&c->answer, text, len);
	c->type = "application/json";
	json_object_put(obj);
	return ST_OK;
}

/* Say why there is none; L: the other's lease that is in the way. */
static enum status
refuse_lease(struct call *c, enum status st, const struct lease *l, int64_t now)
{
	if (st == ST_CONFLICT)
		return call_refuse(
		    c, st, "This page holds as many leases as it may");
	if (st == ST_TOO_MANY)
		return call_refuse(
		    c, st, "This room holds as many leases as it may");
	c->more = json_object_new_object();
	json_object_object_add(c->more, "holder", room_lease_json(l, now));
	return call_refuse(c, st, "Somebody else edits it");
}

enum status
post_lease(struct call *c)
{
	struct presence *p = &c->relay->presence;
	struct member *m = c->member;
	struct lease_wish wish = {0};
	struct lease *l = NULL;
	int64_t now = clock_mono_ms();
	enum status st;
	bool asks;

	if (strcmp(c->ticket.role, "editor") != 0 &&
	    strcmp(c->ticket.role, "admin") != 0)
		return call_refuse(
		    c, ST_FORBIDDEN, "Who may not edit needs no lease");
	if ((st = read_lease(c, &wish)) != ST_OK)
		return st;
	/* A hidden page may go on with what it has: that is no looking. */
	asks = wish.action == LEASE_TAKE || wish.action == LEASE_STEAL;
	presence_beat(p, m, m->away && !asks, now);
	if (wish.action == LEASE_RELEASE) {
		room_lease_release(m->room, m, wish.row, wish.field, now);
		return ST_NO_CONTENT;
	}
	st = room_lease_take(m->room, m, wish.row, wish.field,
	    wish.action == LEASE_STEAL, now, &l);
	if (st != ST_OK)
		return refuse_lease(c, st, l, now);
	return answer_lease(c, l, now);
}

enum status
post_leave(struct call *c)
{
	const char *text = c->body.data;
	size_t len = c->body.len;
	enum status st;

	if (len == 0 && (text = c->bearer) != NULL)
		len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	if ((st = call_ticket(c, text, len)) != ST_OK)
		return st;
	if (c->member == NULL)
		return ST_NO_CONTENT;
	st = gate_serves(&c->ticket, c->member);
	if (st == ST_FORBIDDEN)
		return call_refuse(c, st, "The sid is another user's");
	/* An older ticket is of a page that a reload has replaced already. */
	if (st == ST_OK)
		presence_leave(&c->relay->presence, c->member, clock_mono_ms());
	return ST_NO_CONTENT;
}
