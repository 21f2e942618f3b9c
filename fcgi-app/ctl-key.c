/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl key: the key that signs stream tickets, and another one in its
 * place.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "ctl.h"
#include "shared/clock.h"
#include "shared/memory.h"
#include "shared/ticket.h"

/* A key of the list, as told. */
static struct json_object *
key_json(const struct ticket_public *public, bool signs, int64_t made)
{
	struct json_object *obj = json_object_new_object();
	char print[TICKET_PRINT];

	ticket_key_print(public, print);
	ctl_put_text(obj, "fingerprint", print);
	ctl_put_text(obj, "use", signs ? "signs" : "replaced");
	ctl_put_time(obj, "made_at", made);
	ctl_put_time(
	    obj, "good_until", public->until == INT64_MAX ? 0 : public->until);
	return obj;
}

/* What could not be done with the key file, which was logged. */
static int
key_fail(struct ctl *ctl, enum status st, const char *what)
{
	if (st == ST_NOT_FOUND)
		return ctl_fail(ctl, EX_NOINPUT,
		    "%s: there is no key yet; the app, or user add, makes it",
		    ctl->conf.key_file);
	return ctl_fail(ctl, EX_CANTCREAT, "%s: the ticket key cannot be %s",
	    ctl->conf.key_file, what);
}

int
ctl_key_show(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_column columns[] = {
	    {"fingerprint", "FINGERPRINT"}, {"use", "USE"}, {"made_at", "MADE"},
	    {"good_until", "GOOD UNTIL"}, {NULL, NULL}};
	struct ticket_keys keys;
	struct ticket_public own;
	struct json_object *list;
	struct stat sb = {0};
	int64_t made;
	enum status st;
	unsigned i;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	if ((st = ticket_keys_load(&keys, ctl->conf.key_file)) != ST_OK)
		return key_fail(ctl, st, "read");
	ticket_keys_own(&keys, &own);
	made = stat(ctl->conf.key_file, &sb) == 0
		   ? (int64_t)sb.st_mtim.tv_sec * 1000
		   : 0;
	list = json_object_new_array();
	json_object_array_add(list, key_json(&own, true, made));
	for (i = 0; i < keys.count; i++) {
		if (ticket_key_name(&keys.public[i]) != ticket_key_name(&own))
			json_object_array_add(
			    list, key_json(&keys.public[i], false, 0));
	}
	ticket_keys_reset(&keys);
	return ctl_list(ctl, "keys", list, columns);
}

int
ctl_key_rotate(struct ctl *ctl, int argc, char **argv)
{
	bool at_once = false;
	const struct ctl_option options[] = {
	    {"now", NULL, &at_once}, {NULL, NULL, NULL}};
	int64_t now = clock_utc_ms(), until = 0;
	struct ticket_keys keys;
	struct json_object *obj;
	char print[TICKET_PRINT], text[CLOCK_TEXT];
	enum status st;

	if (!ctl_parse(ctl, argc, argv, options, 0, 0, NULL))
		return EX_USAGE;
	st = ticket_keys_rotate(
	    &keys, ctl->conf.key_file, now, at_once ? 0 : TICKET_KEEP_MS);
	if (st != ST_OK)
		return key_fail(ctl, st, "replaced");
	memory_done();
	if (!at_once)
		until = now + TICKET_KEEP_MS;
	ticket_key_print(&keys.public[0], print);
	ticket_keys_reset(&keys);
	ctl_note(ctl,
	    "app and relay take the new key up by themselves; an app that has "
	    "it as a credential of systemd must be restarted");
	clock_text(until, text);
	obj = json_object_new_object();
	ctl_put_text(obj, "fingerprint", print);
	ctl_put_time(obj, "old_good_until", until);
	if (at_once)
		return ctl_answer(ctl, obj,
		    "new key %s; tickets of the old ones are void", print);
	return ctl_answer(ctl, obj,
	    "new key %s; tickets of the old one are good until %s", print,
	    text);
}
