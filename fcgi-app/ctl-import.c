/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl item import.  The whole file is checked first, without any
 * lock: one bad record and nothing is imported.  Then it is written in
 * transactions that hold the write lock for 50 ms each, so that people can
 * go on working; who is stopped in between runs the same command again, since
 * what is there already is left as it is.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl-owner.h"
#include "ctl.h"
#include "import.h"
#include "progress.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/memory.h"

#define BATCH_MS   50  /* that a transaction may hold the write lock */
#define TOLD_MAX   100 /* bad records that are told one by one */
#define SEEN_FIRST 1024

/* The SKUs of the file, each with its line: an open hash table. */
struct seen {
	struct {
		char *sku;
		int64_t line;
	} * slot;
	size_t size, count; /* SIZE is a power of two */
};

/* One run of the command. */
struct run {
	struct ctl *ctl;
	const char *name; /* of the file, for messages */
	FILE *in;
	struct import im;
	struct seen seen;
	bool skip_bad, dry_run, atomic, raw;
	struct change what; /* whose change it is */
	char username[300], changeset[40];
	int64_t rows, created, changed, unchanged, bad;
	struct progress progress;
};

static volatile sig_atomic_t interrupted;

static void
interrupt(int sig)
{
	interrupted = sig;
}

/* --- SKUs that were there before --- */

static void
seen_reset(struct seen *seen)
{
	size_t i;

	for (i = 0; i < seen->size; i++)
		free(seen->slot[i].sku);
	free(seen->slot);
	memset(seen, 0, sizeof(*seen));
}

/* Where a SKU is or would be: FNV-1a, then the next free one. */
static size_t
seen_find(const struct seen *seen, const char *sku)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	const char *p;
	size_t i;

	for (p = sku; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	i = (size_t)hash & (seen->size - 1);
	while (seen->slot[i].sku != NULL && strcmp(seen->slot[i].sku, sku) != 0)
		i = (i + 1) & (seen->size - 1);
	return i;
}

static void
seen_grow(struct seen *seen)
{
	struct seen old = *seen;
	size_t i;

	seen->size = old.size == 0 ? SEEN_FIRST : old.size * 2;
	seen->slot = calloc(seen->size, sizeof(*seen->slot));
	if (seen->slot == NULL)
		log_fatal(EX_OSERR, "out of memory");
	for (i = 0; i < old.size; i++)
		if (old.slot[i].sku != NULL)
			seen->slot[seen_find(seen, old.slot[i].sku)] =
			    old.slot[i];
	free(old.slot);
}

/* The line that had this SKU before; 0, and it is noted, when none had. */
static int64_t
seen_before(struct seen *seen, const char *sku, int64_t line)
{
	size_t i;

	if (seen->count * 2 >= seen->size)
		seen_grow(seen);
	i = seen_find(seen, sku);
	if (seen->slot[i].sku != NULL)
		return seen->slot[i].line;
	if ((seen->slot[i].sku = strdup(sku)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	seen->slot[i].line = line;
	seen->count++;
	return 0;
}

/* --- Reading --- */

/* A record that was read as good, but its SKU was there before. */
static bool
is_repeated(struct run *run)
{
	const struct csv_field *cell = &run->im.csv.field[run->im.sku];
	struct import_trouble *trouble = &run->im.trouble;
	const char *sku = import_sku(&run->im);
	int64_t line;

	line = seen_before(&run->seen, sku, cell->place.line);
	if (line == 0)
		return false;
	trouble->place = cell->place;
	snprintf(trouble->text, sizeof(trouble->text),
	    "sku: %.64s is in line %lld already", sku, (long long)line);
	return true;
}

static enum import_result
next(struct run *run, struct db *db, struct item *before, struct item *after)
{
	enum import_result result;

	result = import_next(&run->im, db, before, after);
	if (result >= IMPORT_CREATED && is_repeated(run))
		result = IMPORT_BAD;
	return result;
}

static void
tell(struct run *run)
{
	const struct import_trouble *t = &run->im.trouble;

	progress_end(&run->progress);
	ctl_note(run->ctl, "%s: line %lld, column %d: %s", run->name,
	    (long long)t->place.line, t->place.column, t->text);
}

static int
fail_read(struct run *run)
{
	progress_end(&run->progress);
	if (run->im.csv.error != 0)
		return ctl_fail_errno(run->ctl, run->name, run->im.csv.error);
	return ctl_fail_status(run->ctl, ST_UNAVAILABLE);
}

/* The first pass: what it would come to, and all that is wrong. */
static int
check(struct run *run)
{
	struct item before = {0}, after = {0};
	enum import_result result;

	progress_begin(&run->progress, "checking line", 0);
	do {
		result = next(run, run->ctl->reader, &before, &after);
		run->created += result == IMPORT_CREATED;
		run->changed += result == IMPORT_CHANGED;
		run->unchanged += result == IMPORT_UNCHANGED;
		run->rows += result != IMPORT_END;
		if (result == IMPORT_BAD && ++run->bad <= TOLD_MAX)
			tell(run);
		progress_step(&run->progress, run->im.csv.next.line);
	} while (result != IMPORT_END && result != IMPORT_FAILED);
	item_reset(&before);
	item_reset(&after);
	if (result == IMPORT_FAILED)
		return fail_read(run);
	progress_end(&run->progress);
	if (run->bad > TOLD_MAX)
		ctl_note(run->ctl, "and %lld more bad lines",
		    (long long)(run->bad - TOLD_MAX));
	return EX_OK;
}

/* --- Writing --- */

static enum status
write_one(struct run *run, struct db *db, enum import_result result,
    const struct item *before, struct item *after)
{
	struct change what = run->what;
	enum status st;

	what.update_type = result == IMPORT_CREATED ? "create" : "edit";
	st = item_commit(db, &run->im.set,
	    result == IMPORT_CREATED ? NULL : before, after, &what);
	if (st != ST_OK)
		return st;
	run->created += result == IMPORT_CREATED;
	run->changed += result == IMPORT_CHANGED;
	return ST_OK;
}

/* One transaction; *RESULT is IMPORT_END when all is done. */
static enum status
write_batch(struct run *run, enum import_result *result)
{
	struct item before = {0}, after = {0};
	int64_t until;
	struct db *db;
	enum status st;

	if ((st = db_write_begin(&db)) != ST_OK)
		return st;
	until = clock_mono_ms() + BATCH_MS;
	do {
		*result = next(run, db, &before, &after);
		if (*result == IMPORT_CREATED || *result == IMPORT_CHANGED)
			st = write_one(run, db, *result, &before, &after);
		else if (*result == IMPORT_UNCHANGED)
			run->unchanged++;
		else if (*result == IMPORT_FAILED)
			st = ST_UNAVAILABLE;
		else if (*result == IMPORT_BAD && !run->skip_bad)
			st = ST_INVALID;
	} while (st == ST_OK && *result != IMPORT_END &&
		 (run->atomic || clock_mono_ms() < until));
	item_reset(&before);
	item_reset(&after);
	return ctl_write_end(db, st);
}

/* What stopped the writing, and what is there by now. */
static int
stopped(struct run *run, enum import_result result, enum status st)
{
	int code;

	progress_end(&run->progress);
	if (result == IMPORT_BAD)
		tell(run);
	if (run->created + run->changed > 0 && !run->atomic)
		ctl_note(run->ctl,
		    "%lld items are created and %lld changed already; the "
		    "same command again goes on from there",
		    (long long)run->created, (long long)run->changed);
	if (interrupted) {
		code = ctl_fail(run->ctl, EX_TEMPFAIL, "interrupted");
		signal(interrupted, SIG_DFL);
		raise(interrupted);
		return code;
	}
	if (result == IMPORT_BAD)
		return ctl_fail(run->ctl, EX_TEMPFAIL,
		    "the inventory was changed by others meanwhile");
	if (result == IMPORT_FAILED)
		return fail_read(run);
	return ctl_fail_status(run->ctl, st);
}

/* The second pass. */
static int
write_all(struct run *run)
{
	int64_t kept_created, kept_changed;
	enum import_result result;
	enum status st = ST_OK;

	result = import_again(&run->im);
	seen_reset(&run->seen);
	run->created = run->changed = run->unchanged = 0;
	if (result != IMPORT_UNCHANGED)
		return stopped(run, result, ST_OK);
	progress_begin(&run->progress, "importing", run->rows);
	while (st == ST_OK && result != IMPORT_END && !interrupted) {
		kept_created = run->created;
		kept_changed = run->changed;
		if ((st = write_batch(run, &result)) != ST_OK) {
			run->created = kept_created;
			run->changed = kept_changed;
		}
		progress_step(&run->progress,
		    run->created + run->changed + run->unchanged);
	}
	if (st != ST_OK || result != IMPORT_END)
		return stopped(run, result, st);
	memory_done();
	progress_end(&run->progress);
	return EX_OK;
}

/* --- The command --- */

static int
answer(struct run *run)
{
	struct json_object *obj = json_object_new_object();

	ctl_put_int(obj, "rows", run->rows);
	ctl_put_int(obj, "created", run->created);
	ctl_put_int(obj, "changed", run->changed);
	ctl_put_int(obj, "unchanged", run->unchanged);
	ctl_put_int(obj, "bad", run->bad);
	ctl_put_bool(obj, "dry_run", run->dry_run);
	return ctl_answer(run->ctl, obj,
	    "%s: %lld created, %lld changed, %lld unchanged, %lld bad%s",
	    run->name, (long long)run->created, (long long)run->changed,
	    (long long)run->unchanged, (long long)run->bad,
	    run->dry_run ? "; nothing is written" : "");
}

static int
import(struct run *run, char delimiter)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction sa = {.sa_handler = interrupt};
	enum import_result result;
	size_t i;
	int code;

	result = import_begin(
	    &run->im, run->ctl->reader, run->in, delimiter, run->raw);
	if (result == IMPORT_FAILED)
		return fail_read(run);
	if (result == IMPORT_BAD) {
		tell(run);
		return ctl_fail(run->ctl, EX_DATAERR, "nothing is imported");
	}
	if ((code = check(run)) != EX_OK)
		return code;
	if (run->bad > 0 && !run->skip_bad)
		return ctl_fail(run->ctl, EX_DATAERR,
		    "%lld of %lld lines are bad; nothing is imported",
		    (long long)run->bad, (long long)run->rows);
	if (run->dry_run)
		return answer(run);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	code = write_all(run);
	return code == EX_OK ? answer(run) : code;
}

/* The file is read twice: what comes through a pipe is kept meanwhile. */
static FILE *
open_input(struct run *run)
{
	char part[65536];
	FILE *in, *copy;
	size_t n;

	ctl_owner_caller();
	if (strcmp(run->name, "-") == 0)
		run->name = "standard input";
	in = strcmp(run->name, "standard input") == 0 ? stdin
						      : fopen(run->name, "re");
	ctl_owner_drop_again();
	if (in == NULL || (lseek(fileno(in), 0, SEEK_CUR) != -1 &&
			      fseek(in, 0, SEEK_SET) == 0))
		return in;
	if ((copy = tmpfile()) == NULL)
		return NULL;
	while ((n = fread(part, 1, sizeof(part), in)) > 0)
		fwrite(part, 1, n, copy);
	if (ferror(in) || ferror(copy) || fflush(copy) != 0 ||
	    fseek(copy, 0, SEEK_SET) != 0) {
		fclose(copy);
		return NULL;
	}
	return copy;
}

/* Whose change it is: nobody's of the users, unless one is named. */
static int
set_author(struct run *run, const char *username)
{
	struct user user;
	enum status st;

	snprintf(run->changeset, sizeof(run->changeset), "import-%lld",
	    (long long)clock_utc_ms());
	snprintf(run->username, sizeof(run->username), "import");
	if (username != NULL) {
		st = user_by_name(run->ctl->reader, username, &user);
		if (st == ST_NOT_FOUND)
			return ctl_fail(run->ctl, EX_NOUSER,
			    "there is no user %s", username);
		if (st != ST_OK)
			return ctl_fail_status(run->ctl, st);
		snprintf(run->username, sizeof(run->username), "%s (import)",
		    user.username);
		run->what.user_id = user.id;
	}
	run->what.username = run->username;
	run->what.changeset = run->changeset;
	run->what.source = "import";
	return EX_OK;
}

int
ctl_item_import(struct ctl *ctl, int argc, char **argv)
{
	struct run run = {.ctl = ctl};
	const char *user = NULL, *delimiter = NULL;
	const struct ctl_option options[] = {{"user", &user, NULL},
	    {"delimiter", &delimiter, NULL}, {"raw", NULL, &run.raw},
	    {"dry-run", NULL, &run.dry_run}, {"skip-bad", NULL, &run.skip_bad},
	    {"atomic", NULL, &run.atomic}, {NULL, NULL, NULL}};
	char mark;
	int code;

	if (!ctl_parse(ctl, argc, argv, options, 1, 1, &run.name) ||
	    !ctl_delimiter(ctl, delimiter, &mark))
		return EX_USAGE;
	if ((code = set_author(&run, user)) != EX_OK)
		return code;
	if ((run.in = open_input(&run)) == NULL)
		return ctl_fail_errno(ctl, run.name, errno);
	code = import(&run, mark);
	progress_end(&run.progress);
	import_reset(&run.im);
	seen_reset(&run.seen);
	fclose(run.in);
	return code;
}
