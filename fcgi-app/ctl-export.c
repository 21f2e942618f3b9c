/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl item export: all items in the order of their SKUs, as one
 * moment has them.  What comes out, taken in again, changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "csv.h"
#include "ctl-file.h"
#include "ctl-owner.h"
#include "ctl.h"
#include "field.h"
#include "item.h"
#include "progress.h"

#define PAGE 500 /* items that are read at once */

/* One run of the command. */
struct run {
	struct ctl *ctl;
	FILE *out;
	struct field_set set;
	char delimiter;
	bool raw, mark;
	int64_t written;
	struct progress progress;
};

bool
ctl_delimiter(struct ctl *ctl, const char *text, char *out)
{
	if (text == NULL)
		*out = ',';
	else if (strcmp(text, "tab") == 0 || strcmp(text, "\t") == 0)
		*out = '\t';
	else if (strlen(text) == 1 && strchr(",;|:", text[0]) != NULL)
		*out = text[0];
	else {
		ctl_usage(ctl, "--delimiter must be one of , ; | : or tab");
		return false;
	}
	return true;
}

/* A value as its cell has it. */
static void
write_value(
    struct run *run, bool first, const struct field *f, const struct item *it)
{
	struct json_object *value = field_get(f, it);
	const char *text = json_object_get_string(value);
	char guarded[4 * 2001];

	if (f->type == FIELD_TEXT && !run->raw && csv_is_risky(text)) {
		snprintf(guarded, sizeof(guarded), "'%s", text);
		text = guarded;
	}
	csv_write(run->out, run->delimiter, first, text);
	json_object_put(value);
}

/* The first record, or an item's. */
static void
write_record(struct run *run, const struct item *it)
{
	const struct field *f;
	bool first = true;
	int i;

	for (i = 0; i < run->set.count; i++) {
		f = &run->set.field[i];
		if (f->flags & FIELD_READ_ONLY)
			continue;
		if (it != NULL)
			write_value(run, first, f, it);
		else
			csv_write(run->out, run->delimiter, first, f->name);
		first = false;
	}
	csv_write_end(run->out);
}

/* The same as JSON, for standard output. */
static void
write_json(struct run *run, const struct item *it)
{
	struct json_object *obj = field_item_json(&run->set, it);

	fprintf(run->out, "%s\n  %s", run->written > 0 ? "," : "",
	    json_out_text(obj, NULL));
	json_object_put(obj);
}

/* Page by page; JSON for the whole items. */
static enum status
write_items(struct run *run, bool json)
{
	struct item_query query = {.sort = ITEM_BY_SKU, .limit = PAGE};
	struct item_page page = {0};
	char key[65] = "";
	bool more;
	enum status st;
	int i;

	do {
		query.key_sku = key;
		query.from = run->written > 0;
		st = item_page_read(run->ctl->reader, &query, &page);
		if (st != ST_OK)
			return st;
		for (i = 0; i < page.count; i++) {
			if (json)
				write_json(run, &page.items[i]);
			else
				write_record(run, &page.items[i]);
			run->written++;
		}
		if (page.count > 0)
			snprintf(key, sizeof(key), "%s",
			    page.items[page.count - 1].sku);
		progress_step(&run->progress, run->written);
		more = page.more;
		item_page_reset(&page);
	} while (more && !ferror(run->out));
	return ST_OK;
}

static enum status
write_all(struct run *run, bool json)
{
	struct item_counts counts = {0, 0, 0, 0};
	enum status st;

	if ((st = item_counts(run->ctl->reader, &counts)) != ST_OK)
		return st;
	progress_begin(&run->progress, "exporting", counts.all);
	if (json) {
		fputs("{\"items\":[", run->out);
		st = write_items(run, true);
		fputs("\n]}\n", run->out);
	} else {
		if (run->mark)
			fputs("\xef\xbb\xbf", run->out);
		write_record(run, NULL);
		st = write_items(run, false);
	}
	progress_end(&run->progress);
	return st;
}

/* In one snapshot of the database. */
static enum status
export_all(struct run *run, bool json)
{
	struct db *db = run->ctl->reader;
	enum status st;

	if ((st = field_set_load(db, &run->set)) != ST_OK ||
	    (st = db_snapshot_begin(db)) != ST_OK)
		return st;
	st = write_all(run, json);
	db_snapshot_end(db);
	return st;
}

static int
export_to_stdout(struct run *run)
{
	enum status st;

	run->out = stdout;
	if (run->ctl->json)
		ctl_answer_begun();
	if ((st = export_all(run, run->ctl->json)) != ST_OK)
		return ctl_fail_status(run->ctl, st);
	return EX_OK;
}

static int
export_to_file(struct run *run, const char *path, bool force)
{
	struct json_object *obj;
	struct ctl_file file;
	enum status st;
	int copy, error, code;

	code = ctl_file_begin(run->ctl, &file, path, force);
	if (code != EX_OK)
		return code;
	copy = dup(file.fd);
	run->out = copy != -1 ? fdopen(copy, "w") : NULL;
	if (run->out == NULL) {
		code = ctl_fail_errno(run->ctl, path, errno);
		if (copy != -1)
			close(copy);
		ctl_file_drop(&file);
		return code;
	}
	st = export_all(run, false);
	if (st != ST_OK)
		code = ctl_fail_status(run->ctl, st);
	if ((error = ctl_flush(run->out)) != 0)
		code = ctl_fail_errno(run->ctl, path, error);
	fclose(run->out);
	if (code == EX_OK)
		code = ctl_file_keep(run->ctl, &file);
	ctl_file_drop(&file);
	if (code != EX_OK)
		return code;
	obj = json_object_new_object();
	ctl_put_text(obj, "file", path);
	ctl_put_int(obj, "items", run->written);
	return ctl_answer(
	    run->ctl, obj, "%s: %lld items", path, (long long)run->written);
}

int
ctl_item_export(struct ctl *ctl, int argc, char **argv)
{
	struct run run = {.ctl = ctl};
	const char *path, *delimiter = NULL;
	bool force = false;
	const struct ctl_option options[] = {{"delimiter", &delimiter, NULL},
	    {"raw", NULL, &run.raw}, {"bom", NULL, &run.mark},
	    {"force", NULL, &force}, {NULL, NULL, NULL}};
	int code;

	if (!ctl_parse(ctl, argc, argv, options, 0, 1, &path) ||
	    !ctl_delimiter(ctl, delimiter, &run.delimiter))
		return EX_USAGE;
	if (path == NULL || strcmp(path, "-") == 0)
		code = export_to_stdout(&run);
	else {
		ctl_owner_caller();
		code = export_to_file(&run, path, force);
		ctl_owner_drop_again();
	}
	field_set_reset(&run.set);
	return code;
}
