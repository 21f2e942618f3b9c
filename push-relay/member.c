/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
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
	w->rights = t->rights;
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

/* An empty text is said as null. */
static const char *
maybe(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Who it is, as an object that goes on. */
static void
put_who(struct buf *out, const struct member *m)
{
	buf_puts(out, "{\"sid\":");
	json_out_put_text(out, m->who.sid);
	buf_printf(out, ",\"user_id\":%lld", (long long)m->who.user_id);
	json_out_put_member(out, "username", m->who.username);
	json_out_put_member(out, "name", m->who.name);
	json_out_put_member(out, "color", m->color);
}

/* Where it is, likewise. */
static void
put_place(struct buf *out, const struct member *m)
{
	static const struct member_cursor nowhere;
	const struct member_cursor *c = m->cursor;

	if (c == NULL)
		c = &nowhere;
	if (c->has_xy)
		buf_printf(out, ",\"cursor_position\":{\"x\":%d,\"y\":%d}",
		    c->x, c->y);
	else
		buf_puts(out, ",\"cursor_position\":null");
	json_out_put_member(out, "editing_row", maybe(c->row));
	json_out_put_member(out, "editing_field", maybe(c->field));
	json_out_put_member(out, "mode", maybe(mode_words[c->mode]));
}

struct json_object *
member_who(const struct member *m)
{
	struct json_object *obj;
	struct buf b = {0};

	put_who(&b, m);
	buf_puts(&b, "}");
	obj = json_tokener_parse(b.data);
	assert(obj != NULL); /* our own text has no trap in it */
	buf_reset(&b);
	return obj;
}

/* The whole entry, likewise. */
static void
put_entry(struct buf *out, const struct member *m)
{
	char seen[CLOCK_TEXT];

	put_who(out, m);
	put_place(out, m);
	json_out_put_member(out, "state", m->away ? "away" : "active");
	clock_text(m->seen, seen);
	json_out_put_member(out, "last_seen", seen);
}

const char *
member_entry(struct member *m, size_t *len)
{
	struct buf b = {0};

	if (m->json == NULL) {
		put_entry(&b, m);
		buf_puts(&b, "}");
		/* As long as it is: there are thousands. */
		if ((m->json = strdup(b.data)) == NULL)
			log_fatal(EX_OSERR, "out of memory");
		m->json_len = b.len;
		buf_reset(&b);
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

struct frame *
member_frame(const struct member *m, const char *event, const char *key,
    bool flag, int64_t version)
{
	struct buf b = {0};
	struct frame *f;

	put_entry(&b, m);
	buf_printf(&b, ",\"%s\":%s,\"version\":%lld}", key,
	    flag ? "true" : "false", (long long)version);
	f = frame_new(LANE_PRESENCE, event, NULL, b.data, b.len);
	f->version = version;
	buf_reset(&b);
	return f;
}

void
member_put_cursor(const struct member *m, struct buf *out)
{
	put_who(out, m);
	put_place(out, m);
	buf_puts(out, "}");
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
