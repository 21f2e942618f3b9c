/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What becomes of a wish that rests on an older version of an item: pure
 * logic, without database or HTTP.  Fields that only one side changed go
 * together; a field that both changed, to different values, is a conflict
 * that a person decides.  Nothing is ever lost silently.
 */
#ifndef FCGI_APP_MERGE_H
#define FCGI_APP_MERGE_H

#include <stdbool.h>

#include <json-c/json.h>

/* The outcome; both arrays are owned, empty when there is nothing to say. */
struct merge {
	/* {"field","base","theirs","yours","by","at"}: in the item's order;
	 * empty: the wish may be applied */
	struct json_object *conflicts;
	/* {"field","value","by","version"}: changed since, and not named */
	struct json_object *merged_with;
};

/*
 * WISH: {field: value}.  NOW: the item, with every field.  LOG: the item's
 * changes since the version that the wish rests on, oldest first, as events
 * ("username", "timestamp", "version", "changes").  A field that was changed
 * and changed back counts as untouched.  All are borrowed.
 */
void merge_wish(struct json_object *wish, struct json_object *now,
    struct json_object *log, struct merge *out);

/*
 * The same when the base is not known (its history is pruned): every field
 * of the wish that differs from NOW is a conflict, without a base.  ALL: so
 * is every other one, since the wish was for another item.
 */
void merge_blind(struct json_object *wish, struct json_object *now, bool all,
    struct merge *out);

void merge_reset(struct merge *);

#endif
