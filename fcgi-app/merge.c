/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Merging by field.
 */
#include <string.h>

#include "field.h"
#include "merge.h"

/* What the log says about one field. */
struct since {
	struct json_object *base; /* borrowed: its value at the base */
	struct json_object *last; /* borrowed: the last event, or NULL
				     when nobody touched it */
};

static struct json_object *
member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

/* The change of a field in an event; NULL when it has none. */
static struct json_object *
change_of(struct json_object *event, const char *field)
{
	struct json_object *changes, *ch;
	size_t i;

	changes = member(event, "changes");
	for (i = 0; i < json_object_array_length(changes); i++) {
		ch = json_object_array_get_idx(changes, i);
		if (strcmp(json_object_get_string(member(ch, "field")),
			field) == 0)
			return ch;
	}
	return NULL;
}

static struct since
find_since(struct json_object *log, const char *field)
{
	struct since since = {NULL, NULL};
	struct json_object *event, *ch;
	size_t i;

	for (i = 0; i < json_object_array_length(log); i++) {
		event = json_object_array_get_idx(log, i);
		if ((ch = change_of(event, field)) == NULL)
			continue;
		if (since.last == NULL)
			since.base = member(ch, "old_value");
		since.last = event;
	}
	return since;
}

/* Add a member of its own reference. */
static void
add(struct json_object *o, const char *key, struct json_object *value)
{
	json_object_object_add(o, key, json_object_get(value));
}

static void
add_conflict(struct merge *m, const char *field, const struct since *since,
    struct json_object *theirs, struct json_object *yours)
{
	struct json_object *o;

	o = json_object_new_object();
	json_object_object_add(o, "field", json_object_new_string(field));
	add(o, "base", since->base);
	add(o, "theirs", theirs);
	add(o, "yours", yours);
	add(o, "by", since->last ? member(since->last, "username") : NULL);
	add(o, "at", since->last ? member(since->last, "timestamp") : NULL);
	json_object_array_add(m->conflicts, o);
}

static void
add_merged(struct merge *m, const char *field, const struct since *since,
    struct json_object *value)
{
	struct json_object *o;

	o = json_object_new_object();
	json_object_object_add(o, "field", json_object_new_string(field));
	add(o, "value", value);
	add(o, "by", member(since->last, "username"));
	add(o, "version", member(since->last, "version"));
	json_object_array_add(m->merged_with, o);
}

static void
begin(struct merge *out)
{
	out->conflicts = json_object_new_array();
	out->merged_with = json_object_new_array();
}

void
merge_wish(struct json_object *wish, struct json_object *now,
    struct json_object *log, struct merge *out)
{
	struct since since;
	struct json_object *yours;

	begin(out);
	json_object_object_foreach(now, field, theirs)
	{
		since = find_since(log, field);
		if (since.last == NULL || field_same(since.base, theirs))
			continue;
		if (!json_object_object_get_ex(wish, field, &yours))
			add_merged(out, field, &since, theirs);
		else if (!field_same(theirs, yours))
			add_conflict(out, field, &since, theirs, yours);
	}
}

void
merge_blind(struct json_object *wish, struct json_object *now, bool all,
    struct merge *out)
{
	struct since unknown = {NULL, NULL};
	struct json_object *theirs;

	begin(out);
	json_object_object_foreach(wish, field, yours)
	{
		theirs = member(now, field);
		if (all || !field_same(theirs, yours))
			add_conflict(out, field, &unknown, theirs, yours);
	}
}

void
merge_reset(struct merge *m)
{
	json_object_put(m->conflicts);
	json_object_put(m->merged_with);
	memset(m, 0, sizeof(*m));
}
