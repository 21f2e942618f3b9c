/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "room-lease.h"
#include "room-list.h"
#include "shared/clock.h"
#include "shared/json.h"

/* As room_entries, at most MOST of them. */
static int64_t
list_some(struct room *r, int64_t from, unsigned most, struct buf *out)
{
	struct member *m;
	const char *text;
	size_t len, start = out->len;
	unsigned count = 0;

	for (m = r->first; m != NULL; m = m->room_next) {
		if (!m->listed || m->serial < from)
			continue;
		text = member_entry(m, &len);
		if (count == most ||
		    (count > 0 && out->len - start + len > ROOM_LIST_BYTES))
			return m->serial;
		if (count++ > 0)
			buf_puts(out, ",");
		buf_add(out, text, len);
	}
	return 0;
}

int64_t
room_entries(struct room *r, int64_t from, struct buf *out)
{
	return list_some(r, from, ROOM_LIST_MAX, out);
}

/* A presence_update of at most MOST users; USERS: where these begin. */
static struct frame *
list_new(struct room *r, unsigned most, int64_t now, size_t *users)
{
	struct json_object *obj = json_object_new_object();
	struct frame *f;
	struct buf b = {0};
	const char *text;
	size_t len;

	json_object_object_add(obj, "room", json_object_new_string(r->name));
	json_object_object_add(obj, "count", json_object_new_int64(r->people));
	json_object_object_add(
	    obj, "version", json_object_new_int64(r->version));
	text = json_out_text(obj, &len);
	/* The list is put in as text: its entries are encoded already. */
	buf_add(&b, text, len - 1);
	*users = b.len;
	buf_puts(&b, ",\"users\":[");
	buf_puts(&b, list_some(r, 0, most, &b) == 0 ? "]" : "],\"more\":true");
	buf_puts(&b, ",\"leases\":");
	room_lease_list(r, now, &b);
	buf_puts(&b, "}");
	f = frame_new(LANE_PRESENCE, "presence_update", NULL, b.data, b.len);
	f->version = r->version;
	*users += f->data;
	buf_reset(&b);
	json_object_put(obj);
	return f;
}

/* Whether the list at hand is of now: its leases say how long they last. */
static bool
list_good(const struct room *r, int64_t now)
{
	return r->list != NULL && r->list_version == r->version &&
	       (r->leases.count == 0 || now - r->list_at < ROOM_LIST_AGE);
}

struct frame *
room_list(struct room *r)
{
	int64_t now = clock_mono_ms();

	if (list_good(r, now))
		return r->list;
	frame_drop(r->list);
	r->list = list_new(r, ROOM_LIST_MAX, now, &r->list_users);
	r->list_version = r->version;
	r->list_at = now;
	return r->list;
}

struct frame *
room_list_brief(struct room *r, int64_t now)
{
	size_t users;

	return list_new(r, ROOM_BRIEF, now, &users);
}

const char *
room_users(struct room *r, size_t *len)
{
	struct frame *f = room_list(r);

	*len = f->data + f->data_len - r->list_users;
	return f->text + r->list_users;
}
