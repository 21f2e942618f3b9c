/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>

#include "room-lease.h"
#include "shared/json.h"

/* Ms until it ends, as far as the timer's clock goes with NOW. */
static int64_t
lease_left(const struct lease *l, int64_t now)
{
	int64_t left = l->end.place == 0 ? 0 : l->end.at - now;

	return left < 0 ? 0 : left > LEASE_LIFE ? LEASE_LIFE : left;
}

struct json_object *
room_lease_json(const struct lease *l, int64_t now)
{
	struct json_object *obj = member_who(l->holder);

	json_object_object_add(obj, "row", json_object_new_string(l->row));
	json_object_object_add(obj, "field",
	    l->field[0] == '\0' ? NULL : json_object_new_string(l->field));
	json_object_object_add(
	    obj, "expires_in", json_object_new_int64(lease_left(l, now)));
	return obj;
}

/* Tell the room what became of a lease; FROM, consumed: who lost it. */
static void
lease_tell(struct room *r, const struct lease *l, const char *action,
    struct json_object *from, int64_t now)
{
	struct json_object *obj = room_lease_json(l, now);

	r->version++;
	json_object_object_add(obj, "action", json_object_new_string(action));
	json_object_object_add(obj, "from", from);
	json_object_object_add(
	    obj, "version", json_object_new_int64(r->version));
	room_announce_now(
	    r, frame_json(LANE_PRESENCE, "lease_changed", obj), now);
}

/* End a lease and say how. */
static void
lease_end(struct room *r, struct lease *l, const char *action, int64_t now)
{
	timer_stop(r->timers, &l->end);
	lease_tell(r, l, action, NULL, now);
	leases_remove(&r->leases, l);
}

static void
lease_over(void *arg, int64_t now)
{
	struct lease *l = arg;

	lease_end(l->holder->room, l, "expired", now);
}

/* Take the lease from all others who have it; each loser is named. */
static void
lease_steal(struct room *r, struct lease *l, struct lease *rival, int64_t now)
{
	struct json_object *from;

	do {
		from = member_who(rival->holder);
		timer_stop(r->timers, &rival->end);
		leases_remove(&r->leases, rival);
		lease_tell(r, l, "stolen", from, now);
		rival = leases_rival(&r->leases, l->holder, l->row, l->field);
	} while (rival != NULL);
}

enum status
room_lease_take(struct room *r, struct member *m, const char *row,
    const char *field, bool steal, int64_t now, struct lease **out)
{
	struct lease *l, *rival;

	assert(m->room == r && m->listed);
	if ((l = leases_own(m, row, field)) != NULL) {
		timer_set(r->timers, &l->end, now + LEASE_LIFE);
		*out = l;
		return ST_OK;
	}
	rival = leases_rival(&r->leases, m, row, field);
	if (rival != NULL && !steal) {
		*out = rival;
		return ST_LOCKED;
	}
	if (m->lease_count >= LEASE_PAGE_MAX)
		return ST_CONFLICT;
	if (r->leases.count >= LEASE_ROOM_MAX)
		return ST_TOO_MANY;
	l = leases_add(&r->leases, m, row, field);
	l->end = (struct timer){.fn = lease_over, .arg = l};
	timer_set(r->timers, &l->end, now + LEASE_LIFE);
	if (rival != NULL)
		lease_steal(r, l, rival, now);
	else
		lease_tell(r, l, "taken", NULL, now);
	*out = l;
	return ST_OK;
}

void
room_lease_release(struct room *r, struct member *m, const char *row,
    const char *field, int64_t now)
{
	struct lease *l = leases_own(m, row, field);

	if (l != NULL)
		lease_end(r, l, "released", now);
}

void
room_lease_leave(struct room *r, struct member *m, bool expired, int64_t now)
{
	while (m->leases != NULL)
		lease_end(r, m->leases, expired ? "expired" : "released", now);
}

static void
lease_list(const struct room *r, int64_t now, struct buf *out)
{
	const struct lease *l;
	struct json_object *obj;
	const char *text;
	size_t len;
	unsigned count = 0;

	buf_puts(out, "[");
	for (l = r->leases.newest; l != NULL && count < ROOM_LEASES;
	     l = l->older) {
		obj = room_lease_json(l, now);
		text = json_out_text(obj, &len);
		if (out->len + len <= ROOM_LEASE_BYTES) {
			if (count++ > 0)
				buf_puts(out, ",");
			buf_add(out, text, len);
		}
		json_object_put(obj);
	}
	buf_puts(out, "]");
}

void
room_lease_list(struct room *r, int64_t now, struct buf *out)
{
	struct buf *text = &r->lease_text;

	/* Hundreds who join at once do not make it anew each. */
	if (text->len == 0 || r->lease_changes != r->leases.changes ||
	    (r->leases.count > 0 && now - r->lease_at >= ROOM_LEASE_AGE)) {
		buf_clear(text);
		lease_list(r, now, text);
		r->lease_changes = r->leases.changes;
		r->lease_at = now;
	}
	buf_add(out, text->data, text->len);
}
