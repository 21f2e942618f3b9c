/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl field: the custom columns.  The programs read them with every
 * request; a page that is open shows them when it is loaded again.
 */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "field.h"
#include "shared/utf8.h"

#define NAME_MAX_LEN  40
#define LABEL_MAX_LEN 60
#define TEXT_MAX_LEN  1000

/* A name that JSON, SQL, CSV and URLs all take as it is. */
static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= NAME_MAX_LEN && name[0] >= 'a' &&
	       name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static bool
is_label(const char *label)
{
	size_t len = strlen(label);

	return len > 0 && utf8_valid(label, len) &&
	       utf8_characters(label, len) <= LABEL_MAX_LEN &&
	       !field_has_controls(label, false) &&
	       label[strspn(label, " ")] != '\0';
}

/* A new column, as the arguments have it. */
struct wish {
	const char *name, *label, *type;
	int64_t max_length; /* of a text */
};

static struct json_object *
wish_json(const struct wish *wish)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_text(obj, "name", wish->name);
	ctl_put_text(obj, "label", wish->label);
	ctl_put_text(obj, "type", wish->type);
	return obj;
}

/* In the transaction, after the others. */
static enum status
add(struct db *db, const struct wish *wish)
{
	int64_t position = 1, count = 0;
	struct query *q;
	enum status st;

	q = db_query(db, SQL_FIELD_NEXT);
	if (db_row(q)) {
		position = db_int(q, 0);
		count = db_int(q, 1);
	}
	if ((st = db_done(q, ST_FAULT)) != ST_OK)
		return st;
	if (count >= FIELD_CUSTOM_MAX)
		return ST_TOO_MANY;
	/* What an earlier column of that name has left must fit. */
	q = db_query(db, SQL_FIELD_KEPT);
	db_bind_text(q, ":name", wish->name);
	db_bind_int(q, ":text", strcmp(wish->type, "text") == 0);
	count = db_row(q) ? db_int(q, 0) : 0;
	if ((st = db_done(q, ST_FAULT)) != ST_OK)
		return st;
	if (count > 0)
		return ST_INVALID;
	q = db_query(db, SQL_FIELD_ADD);
	db_bind_text(q, ":name", wish->name);
	db_bind_text(q, ":label", wish->label);
	db_bind_text(q, ":type", wish->type);
	db_bind_int(q, ":max_length",
	    strcmp(wish->type, "text") == 0 ? wish->max_length : 0);
	db_bind_int(q, ":position", position);
	return db_done(q, ST_FAULT);
}

static int
add_wish(struct ctl *ctl, const struct wish *wish)
{
	struct field_set set;
	struct db *db;
	enum status st;

	field_set_init(&set);
	if (field_find(&set, wish->name) != NULL)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "%s is a field of every item", wish->name);
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	st = ctl_write_last(db, add(db, wish));
	if (st == ST_CONFLICT)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "there is a column %s already", wish->name);
	if (st == ST_INVALID)
		return ctl_fail(ctl, EX_DATAERR,
		    "items still hold values of another type in a column %s "
		    "of before; choose another name",
		    wish->name);
	if (st == ST_TOO_MANY)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "there are %d columns already: no more fit",
		    FIELD_CUSTOM_MAX);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	return ctl_answer(ctl, wish_json(wish),
	    "added column %s (%s); open pages show it when loaded again",
	    wish->name, wish->type);
}

int
ctl_field_add(struct ctl *ctl, int argc, char **argv)
{
	struct wish wish = {.type = "text", .max_length = 200};
	const char *length = NULL;
	const struct ctl_option options[] = {{"label", &wish.label, NULL},
	    {"type", &wish.type, NULL}, {"max-length", &length, NULL},
	    {NULL, NULL, NULL}};

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &wish.name) ||
	    !ctl_number(
		ctl, "max-length", length, 1, TEXT_MAX_LEN, &wish.max_length))
		return EX_USAGE;
	if (!is_name(wish.name))
		return ctl_usage(ctl,
		    "a name has 1 to %d lower-case letters, digits and "
		    "underscores, a letter first",
		    NAME_MAX_LEN);
	if (wish.label == NULL)
		wish.label = wish.name;
	if (!is_label(wish.label))
		return ctl_usage(ctl,
		    "--label must have 1 to %d characters, no controls",
		    LABEL_MAX_LEN);
	if (strcmp(wish.type, "text") != 0 && strcmp(wish.type, "number") != 0)
		return ctl_usage(ctl, "--type must be text or number");
	return add_wish(ctl, &wish);
}

int
ctl_field_list(struct ctl *ctl, int argc, char **argv)
{
	static const struct ctl_column columns[] = {{"name", "NAME"},
	    {"label", "LABEL"}, {"type", "TYPE"}, {"max_length", "LENGTH"},
	    {"custom", "CUSTOM"}, {NULL, NULL}};
	struct field_set set = {0};
	struct json_object *array;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 0, NULL))
		return EX_USAGE;
	if ((st = field_set_load(ctl->reader, &set)) != ST_OK)
		return ctl_fail_status(ctl, st);
	array = field_set_json(&set);
	field_set_reset(&set);
	return ctl_list(ctl, "fields", array, columns);
}

int
ctl_field_remove(struct ctl *ctl, int argc, char **argv)
{
	struct wish wish = {0};
	struct query *q;
	struct db *db;
	enum status st;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 1, 1, &wish.name))
		return EX_USAGE;
	if ((st = db_write_begin(&db)) != ST_OK)
		return ctl_fail_status(ctl, st);
	q = db_query(db, SQL_FIELD_DROP);
	db_bind_text(q, ":name", wish.name);
	st = ctl_write_last(db, db_done(q, ST_NOT_FOUND));
	if (st == ST_NOT_FOUND)
		return ctl_fail(
		    ctl, EX_NOUSER, "there is no column \"%s\"", wish.name);
	if (st != ST_OK)
		return ctl_fail_status(ctl, st);
	return ctl_answer(ctl, wish_json(&wish),
	    "removed column %s; what items hold in it is kept, and is back "
	    "when it is added again",
	    wish.name);
}
