/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "problem.h"

#include <stdio.h>

#include <json-c/json.h>

static void
put(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(obj, key, json_object_new_string(text));
}

struct json_object *
problem_new(enum status st, const char *detail, const char *request_id,
    const struct json_error *err, size_t count)
{
	struct json_object *doc = json_object_new_object();
	struct json_object *errors, *row;
	char type[64];

	snprintf(type, sizeof(type), "/problems/%s", status_type(st));
	put(doc, "type", type);
	put(doc, "title", status_title(st));
	json_object_object_add(
	    doc, "status", json_object_new_int(status_http(st)));
	if (detail != NULL && detail[0] != '\0')
		put(doc, "detail", detail);
	put(doc, "request_id", request_id);
	if (count == 0)
		return doc;
	errors = json_object_new_array();
	for (size_t i = 0; i < count; i++) {
		row = json_object_new_object();
		put(row, "pointer", err[i].pointer);
		put(row, "detail", err[i].detail);
		json_object_array_add(errors, row);
	}
	json_object_object_add(doc, "errors", errors);
	return doc;
}
