/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl config show: what counts, and where it was said.
 */
#include <stdio.h>

#include "ctl.h"

struct list {
	struct ctl *ctl;
	struct json_object *array;
	int wrong;
};

static void
add_row(const struct conf_entry *entry, void *arg)
{
	struct list *list = arg;
	struct json_object *obj = json_object_new_object();
	char source[200];

	if (entry->file != NULL)
		snprintf(
		    source, sizeof(source), "%s:%u", entry->file, entry->line);
	else
		snprintf(source, sizeof(source), "%s",
		    entry->is_default ? "default" : "environment");
	ctl_put_text(obj, "name", entry->name);
	ctl_put_text(obj, "value", entry->value);
	ctl_put_text(obj, "source", source);
	ctl_put_text(obj, "default", entry->def);
	ctl_put_text(obj, "allowed", entry->allowed);
	json_object_array_add(list->array, obj);
	if (entry->allowed == NULL)
		return;
	ctl_note(list->ctl, "%s (%s): \"%s\" is not allowed: %s", entry->name,
	    source, entry->value, entry->allowed);
	list->wrong++;
}

int
ctl_config_show(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_column columns[] = {{"name", "SETTING"},
	    {"source", "FROM"}, {"value", "VALUE"}, {NULL, NULL}};
	struct list list = {.ctl = ctl};

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	list.array = json_object_new_array();
	conf_each(CONF_FILE, add_row, &list);
	ctl_list(ctl, "settings", list.array, columns);
	if (list.wrong > 0)
		return ctl_fail(
		    ctl, EX_CONFIG, "%d settings are wrong", list.wrong);
	return EX_OK;
}
