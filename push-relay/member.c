/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "member.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"

#define POST_RATE  40 /* posts a second that a member may make */
#define POST_BURST 80 /* posts at once after a rest */

static const char *const mode_words[] = {
    [MODE_NONE] = NULL,
    [MODE_HOVER] = "hover",
    [MODE_SELECT] = "select",
    [MODE_EDIT] = "edit",
};

void
member_take(struct member *m, const struct ticket *t)
{
	struct member_who *w = &m->who;
	size_t user = strlen(t->username) + 1, name = strlen(t->name) + 1;

	free(w->username);
	if ((w->username = malloc(user + name)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	memcpy(w->username, t->username, user);
	memcpy(w->username + user, t->name, name);
	w->name = w->username + user;
	memcpy(w->sid, t->sid, sizeof(w->sid));
	memcpy(w->session, t->session, sizeof(w->session));
	memcpy(w->color, t->color, sizeof(w->color));
	w->user_id = t->user_id;
	w->issued = t->issued;
	w->key = t->key;
}

void
member_place(struct member *m, const struct member_cursor *c)
{
	if (c == NULL) {
		free(m->cursor);
		m->cursor = NULL;
		return;
	}
	if (m->cursor == NULL &&
	    (m->cursor = malloc(sizeof(*m->cursor))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	*m->cursor = *c;
}

void
member_free(struct member *m)
{
	free(m->who.username);
	free(m->cursor);
	free(m->json);
	free(m);
}

bool
member_same_person(const struct member *a, const struct member *b)
{
	return a->who.user_id == b->who.user_id &&
	       strcmp(a->who.name, b->who.name) == 0;
}

static void
put_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

/* A text, or null when it is empty. */
static void
put_maybe(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key,
	    text == NULL || text[0] == '\0' ? NULL
					    : json_object_new_string(text));
}

static void
put_cursor(struct json_object *obj, const struct member *m)
{
	static const struct member_cursor nowhere;
	const struct member_cursor *c = m->cursor;
	struct json_object *xy = NULL;

	if (c == NULL)
		c = &nowhere;
	if (c->has_xy) {
		xy = json_object_new_object();
		json_object_object_add(xy, "x", json_object_new_int(c->x));
		json_object_object_add(xy, "y", json_object_new_int(c->y));
	}
	json_object_object_add(obj, "cursor_position", xy);
	put_maybe(obj, "editing_row", c->row);
	put_maybe(obj, "editing_field", c->field);
	put_maybe(obj, "mode", mode_words[c->mode]);
}

struct json_object *
member_who(const struct member *m)
{
	struct json_object *obj = json_object_new_object();

	put_text(obj, "sid", m->who.sid);
	json_object_object_add(
	    obj, "user_id", json_object_new_int64(m->who.user_id));
	put_text(obj, "username", m->who.username);
	put_text(obj, "name", m->who.name);
	put_text(obj, "color", m->color);
	return obj;
}

static struct json_object *
member_entry_new(const struct member *m)
{
	struct json_object *obj = member_who(m);
	char seen[CLOCK_TEXT];

	put_cursor(obj, m);
	put_text(obj, "state", m->away ? "away" : "active");
	clock_text(m->seen, seen);
	put_text(obj, "last_seen", seen);
	return obj;
}

const char *
member_entry(struct member *m, size_t *len)
{
	struct json_object *obj;
	const char *text;

	if (m->json == NULL) {
		obj = member_entry_new(m);
		text = json_out_text(obj, &m->json_len);
		if ((m->json = strdup(text)) == NULL)
			log_fatal(EX_OSERR, "out of memory");
		json_object_put(obj);
	}
	*len = m->json_len;
	return m->json;
}

void
member_touch(struct member *m)
{
	free(m->json);
	m->json = NULL;
}

struct json_object *
member_entry_with(struct member *m, const char *key, bool flag, int64_t version)
{
	struct json_object *obj = member_entry_new(m);

	json_object_object_add(obj, key, json_object_new_boolean(flag));
	json_object_object_add(obj, "version", json_object_new_int64(version));
	return obj;
}

struct json_object *
member_cursor_json(const struct member *m)
{
	struct json_object *obj = member_who(m);

	put_cursor(obj, m);
	return obj;
}

bool
member_mode_parse(const char *word, enum member_mode *out)
{
	int i;

	for (i = MODE_HOVER; i <= MODE_EDIT; i++) {
		if (strcmp(word, mode_words[i]) == 0) {
			*out = (enum member_mode)i;
			return true;
		}
	}
	return false;
}

bool
member_may_post(struct member *m, int64_t now)
{
	return rate_take(&m->posts, now, POST_RATE, POST_BURST);
}
