/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl status show: how the parts do now: the database by its file,
 * the relay by its own figures, the app by whether it is connected there.
 */
#include <sys/stat.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "ctl-relay.h"
#include "ctl.h"
#include "item.h"
#include "schema.h"

/* What was found, and whether all of it is well. */
struct look {
	struct ctl *ctl;
	struct json_object *out;
	struct change_log log; /* head -1: not read */
	bool down;
};

static void
down(struct look *look, const char *part, const char *why)
{
	ctl_note(look->ctl, "%s is down: %s", part, why);
	look->down = true;
}

static int64_t
size_of(const char *path, const char *suffix)
{
	char name[4096];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? st.st_size : 0;
}

static int64_t
schema_of(struct db *db)
{
	int64_t schema = 0;
	struct query *q;

	q = db_query(db, SQL_VERIFY_SCHEMA);
	if (db_row(q))
		schema = db_int(q, 0);
	db_done(q, ST_OK);
	return schema;
}

static void
look_at_database(struct look *look)
{
	const char *path = look->ctl->conf.db;
	struct json_object *obj = json_object_new_object();
	struct item_counts counts = {0, 0, 0, 0};
	struct db *db;

	json_object_object_add(look->out, "database", obj);
	ctl_put_text(obj, "path", path);
	look->log.head = -1;
	if (access(path, R_OK) != 0) {
		down(look, "the database", strerror(errno));
		return;
	}
	db = db_open_reader(path);
	if (change_log_read(db, &look->log) == ST_OK &&
	    item_counts(db, &counts) == ST_OK) {
		ctl_put_int(obj, "schema", schema_of(db));
		ctl_put_int(obj, "bytes", size_of(path, ""));
		ctl_put_int(obj, "wal_bytes", size_of(path, "-wal"));
		ctl_put_int(obj, "items", counts.all);
		ctl_put_text(obj, "epoch", look->log.epoch);
		ctl_put_int(obj, "head", look->log.head);
		ctl_put_int(obj, "oldest", look->log.oldest);
	} else {
		look->log.head = -1;
		down(look, "the database", "it cannot be read");
	}
	db_close(db);
}

/* Events that the relay lacks; null when it has another history. */
static void
put_lag(struct look *look, struct json_object *relay)
{
	struct event_position pos;
	struct json_object *value;

	json_object_object_add(relay, "lag", NULL);
	if (look->log.head < 0)
		return;
	if (!json_object_object_get_ex(relay, "position", &value) ||
	    value == NULL ||
	    !event_position_parse(json_object_get_string(value), &pos) ||
	    strcmp(pos.epoch, look->log.epoch) != 0) {
		if (look->log.head > 0)
			down(look, "the way to the relay",
			    "it does not know this database's history");
		return;
	}
	ctl_put_int(relay, "lag", look->log.head - pos.seq);
}

static void
look_at_relay(struct look *look)
{
	const char *socket = look->ctl->conf.push_socket;
	struct json_object *relay, *value;
	struct buf metrics = {0};
	const char *status = "down";

	if ((relay = ctl_relay_health(socket)) == NULL) {
		down(look, "the relay", strerror(errno));
		relay = json_object_new_object();
		ctl_put_text(relay, "status", status);
		json_object_object_add(look->out, "relay", relay);
		return;
	}
	json_object_object_add(look->out, "relay", relay);
	ctl_put_text(relay, "socket", socket);
	if (ctl_relay_get(socket, "/metrics", &metrics))
		ctl_put_int(relay, "polls",
		    ctl_relay_metric(
			metrics.data, "stockroom_relay_polls_held"));
	buf_reset(&metrics);
	if (json_object_object_get_ex(relay, "status", &value))
		status = json_object_get_string(value);
	if (strcmp(status, "ok") != 0)
		down(look, "the relay", status);
	put_lag(look, relay);
	if (json_object_object_get_ex(relay, "app_connections", &value) &&
	    json_object_get_int64(value) == 0)
		down(look, "the app", "none is connected to the relay");
}

/* "  items          200": a member, unless it is another object. */
static void
print_members(struct json_object *obj)
{
	json_object_object_foreach(obj, key, value)
	{
		if (json_object_is_type(value, json_type_array))
			continue;
		printf("  %-16s %s\n", key,
		    value != NULL ? json_object_get_string(value) : "-");
	}
}

/* People of each room, one line a room. */
static void
print_rooms(struct json_object *relay)
{
	struct json_object *rooms, *room, *name, *people;
	size_t i;

	if (!json_object_object_get_ex(relay, "rooms", &rooms) ||
	    !json_object_is_type(rooms, json_type_array))
		return;
	for (i = 0; i < json_object_array_length(rooms); i++) {
		room = json_object_array_get_idx(rooms, i);
		if (json_object_object_get_ex(room, "room", &name) &&
		    json_object_object_get_ex(room, "people", &people))
			printf("  people of %s: %s\n",
			    json_object_get_string(name),
			    json_object_get_string(people));
	}
}

static void
print_all(struct look *look)
{
	json_object_object_foreach(look->out, part, obj)
	{
		if (!json_object_is_type(obj, json_type_object))
			continue;
		printf("%s\n", part);
		print_members(obj);
		print_rooms(obj);
	}
}

int
ctl_status_show(struct ctl *ctl, int argc, char **argv)
{
	struct look look = {.ctl = ctl};
	int code;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	look.out = json_object_new_object();
	look_at_database(&look);
	look_at_relay(&look);
	ctl_put_bool(look.out, "well", !look.down);
	ctl_put_int(look.out, "schema_known", schema_newest());
	ctl_put_text(look.out, "version", ctl_version);
	if (!ctl->json)
		print_all(&look);
	code = look.down ? EX_UNAVAILABLE : EX_OK;
	return ctl_answer_code(ctl, look.out, code);
}
