/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * For the relay's tests: makes the ticket key at the path given, then signs
 * a ticket for each line of standard input, a JSON object of the members of
 * struct ticket, and prints it on a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <sodium.h>

#include "shared/ticket.h"

static void
take_text(struct json_object *obj, const char *key, char *out, size_t size)
{
	struct json_object *value;

	if (json_object_object_get_ex(obj, key, &value))
		snprintf(out, size, "%s", json_object_get_string(value));
}

static void
take_int(struct json_object *obj, const char *key, int64_t *out)
{
	struct json_object *value;

	if (json_object_object_get_ex(obj, key, &value))
		*out = json_object_get_int64(value);
}

int
main(int argc, char *argv[])
{
	struct ticket_keys keys;
	char line[8192], text[TICKET_MAX];

	if (argc != 2 || sodium_init() == -1 ||
	    ticket_keys_load_or_make(&keys, argv[1]) != ST_OK)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct ticket t = {0};
		struct json_object *obj = json_tokener_parse(line);

		take_text(obj, "sid", t.sid, sizeof(t.sid));
		take_int(obj, "user_id", &t.user_id);
		take_text(obj, "username", t.username, sizeof(t.username));
		take_text(obj, "name", t.name, sizeof(t.name));
		take_text(obj, "role", t.role, sizeof(t.role));
		take_text(obj, "color", t.color, sizeof(t.color));
		take_text(obj, "room", t.room, sizeof(t.room));
		take_text(obj, "session", t.session, sizeof(t.session));
		take_int(obj, "issued", &t.issued);
		take_int(obj, "ends", &t.ends);
		take_int(obj, "rights", &t.rights);
		ticket_sign(&t, &keys, text);
		puts(text);
		fflush(stdout);
		json_object_put(obj);
	}
	return 0;
}
