/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl data check, and the same for what backup and restore handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ctl-data.h"
#include "ctl-owner.h"
#include "progress.h"
#include "verify.h"

#define TOLD_MAX 100 /* findings that are told one by one */

struct look {
	struct ctl *ctl;
	const char *name;
	struct json_object *findings;
	struct progress progress;
};

static void
found(const char *check, const char *text, void *arg)
{
	struct look *look = arg;
	struct json_object *obj;

	if (json_object_array_length(look->findings) == TOLD_MAX)
		return;
	progress_end(&look->progress);
	ctl_note(look->ctl, "%s: %s: %s", look->name, check, text);
	obj = json_object_new_object();
	ctl_put_text(obj, "check", check);
	ctl_put_text(obj, "message", text);
	json_object_array_add(look->findings, obj);
}

static void
step(int64_t rows, void *arg)
{
	struct look *look = arg;

	progress_step(&look->progress, rows);
}

int
ctl_verify(
    struct ctl *ctl, struct db *db, const char *name, struct json_object **out)
{
	struct look look = {
	    .ctl = ctl, .name = name, .findings = json_object_new_array()};
	struct verify v = {.found = found, .step = step, .arg = &look};
	struct json_object *obj;
	enum status st;

	progress_begin(&look.progress, "checking row", 0);
	st = verify_run(db, &v);
	progress_end(&look.progress);
	if (st != ST_OK)
		found("file", "it cannot be read to its end", &look);
	if (v.findings > TOLD_MAX)
		ctl_note(ctl, "%s: and %lld more findings", name,
		    (long long)(v.findings - TOLD_MAX));
	obj = json_object_new_object();
	ctl_put_text(obj, "file", name);
	ctl_put_bool(obj, "good", v.findings == 0 && st == ST_OK);
	ctl_put_int(obj, "schema", v.schema);
	ctl_put_int(obj, "items", v.items);
	ctl_put_int(obj, "changes", v.changes);
	ctl_put_int(obj, "head", v.head);
	json_object_object_add(obj, "findings", look.findings);
	*out = obj;
	return v.findings == 0 && st == ST_OK ? EX_OK : EX_DATAERR;
}

int
ctl_open_file(struct ctl *ctl, const char *path, struct db **out)
{
	int fd, error;

	ctl_owner_caller();
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		error = errno;
	else {
		error = 0;
		close(fd);
		*out = db_open_reader(path);
	}
	ctl_owner_drop_again();
	return error == 0 ? EX_OK : ctl_fail_errno(ctl, path, error);
}

int
ctl_data_check(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *obj, *items, *changes;
	const char *path;
	struct db *db;
	int code;

	if (!ctl_parse(ctl, argc, argv, ctl_no_options, 0, 1, &path))
		return EX_USAGE;
	if (path != NULL)
		code = ctl_open_file(ctl, path, &db);
	else if (access(path = ctl->conf.db, R_OK) != 0)
		code = ctl_fail_errno(ctl, path, errno);
	else {
		code = EX_OK;
		db = db_open_reader(path);
	}
	if (code != EX_OK)
		return code;
	code = ctl_verify(ctl, db, path, &obj);
	db_close(db);
	if (code != EX_OK) {
		ctl_fail(ctl, code, "%s is in trouble", path);
		return ctl_answer_code(ctl, obj, code);
	}
	json_object_object_get_ex(obj, "items", &items);
	json_object_object_get_ex(obj, "changes", &changes);
	return ctl_answer(ctl, obj, "%s is good: %lld items, %lld changes",
	    path, (long long)json_object_get_int64(items),
	    (long long)json_object_get_int64(changes));
}
