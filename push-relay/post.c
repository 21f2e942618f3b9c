/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "post.h"

#include <assert.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/json.h"

/* A text of the page without control characters, or nothing. */
static void
read_place(struct json_in *in, const char *key, char *out, size_t size)
{
	const char *text = NULL, *p;
	size_t len;

	if (!json_in_text(in, key, JSON_OPTIONAL, 0, MEMBER_ROW_MAX, &text))
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
	read_place(&in, "editing_row", cur.row, sizeof(cur.row));
	read_place(&in, "editing_field", cur.field, sizeof(cur.field));
	if (mode != NULL && !member_mode_parse(mode, &cur.mode))
		json_in_fail(&in, "mode", "must be hover, select or edit");
	if ((st = json_in_end(&in)) != ST_OK)
		st = call_refuse_body(c, st, &in.err);
	else if (sid != NULL && strcmp(sid, c->ticket.sid) != 0)
		st =
		    call_refuse(c, ST_FORBIDDEN, "The sid is not the ticket's");
	else
		presence_cursor(
		    &c->relay->presence, c->member, &cur, clock_mono_ms());
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
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
		if ((st = json_in_end(&in)) != ST_OK)
			st = call_refuse_body(c, st, &in.err);
		else if (sid != NULL && strcmp(sid, c->ticket.sid) != 0)
			st = call_refuse(
			    c, ST_FORBIDDEN, "The sid is not the ticket's");
	}
	if (st == ST_OK)
		presence_beat(&c->relay->presence, c->member,
		    strcmp(state, "away") == 0, clock_mono_ms());
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
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
