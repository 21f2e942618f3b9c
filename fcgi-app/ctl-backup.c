/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl data backup: a verified copy of the database, as one moment
 * has it, while others go on writing.  A database of another schema is copied
 * as it is.
 */
#include <sys/stat.h>

#include <errno.h>

#include "backup.h"
#include "ctl-data.h"
#include "ctl-file.h"
#include "ctl-owner.h"
#include "progress.h"

static void
step(int64_t done, int64_t total, void *arg)
{
	struct progress *progress = arg;

	progress->total = total;
	progress_step(progress, done);
}

/* Copy DB into the file and look at the copy; *OUT tells of it. */
static int
copy(struct ctl *ctl, struct db *db, struct ctl_file *file,
    struct json_object **out)
{
	struct progress progress;
	struct db *made;
	enum status st;
	int code;

	progress_begin(&progress, "copying page", 0);
	st = backup_copy(db, file->temp, step, &progress);
	progress_end(&progress);
	if (st != ST_OK)
		return ctl_fail(
		    ctl, EX_IOERR, "%s cannot be written", file->path);
	made = db_open_reader(file->temp);
	code = ctl_verify(ctl, made, file->path, out);
	db_close(made);
	if (code != EX_OK)
		return ctl_fail(ctl, code,
		    "the copy is in trouble, and is not kept; data check "
		    "tells whether the database is, too");
	return EX_OK;
}

int
ctl_data_backup(struct ctl *ctl, int argc, char **argv)
{
	const char *path;
	bool force = false;
	const struct ctl_option options[] = {
	    {"force", NULL, &force}, {NULL, NULL, NULL}};
	struct json_object *obj = NULL;
	struct ctl_file file;
	struct stat st;
	struct db *db;
	int code;

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &path))
		return EX_USAGE;
	if (stat(ctl->conf.db, &st) != 0)
		return ctl_fail_errno(ctl, ctl->conf.db, errno);
	db = db_open_reader(ctl->conf.db);
	ctl_owner_caller_at(path);
	code = ctl_file_begin(ctl, &file, path, force);
	if (code == EX_OK) {
		code = copy(ctl, db, &file, &obj);
		if (code == EX_OK)
			st.st_size = fstat(file.fd, &st) == 0 ? st.st_size : 0;
		if (code == EX_OK)
			code = ctl_file_keep(ctl, &file);
		ctl_file_drop(&file);
	}
	ctl_owner_drop_again();
	db_close(db);
	if (code != EX_OK)
		return obj != NULL ? ctl_answer_code(ctl, obj, code) : code;
	ctl_put_int(obj, "bytes", st.st_size);
	return ctl_answer(
	    ctl, obj, "%s: %lld bytes, verified", path, (long long)st.st_size);
}
