/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <sys/stat.h>
#include <sys/vfs.h>

#include <assert.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "db-inner.h"
#include "db-lock.h"
#include "db.h"
#include "shared/clock.h"
#include "shared/log.h"

#define LOCK_WAIT_MS  5000  /* for the lock beside the database */
#define START_WAIT_MS 20000 /* the same at start: a migration may run */
#define WAL_PAGES     4096  /* checkpoint when the WAL has so many more */
#define QUIET_MS      1000  /* without a write: time to empty the WAL */

/*
 * One who writes, on the stack of a thread that sleeps while it is linked
 * somewhere.  It wakes with the write lock, or when the verdict stands: its
 * work has then been run by whoever held the lock, so that the lock need not
 * go from thread to thread, which costs more than most works do.
 */
struct writer {
	db_work *work; /* NULL: wants the lock, for what it does itself */
	void *arg;
	int64_t deadline; /* for the lock beside the file, clock_mono_ms() */
	bool judged;      /* the verdict stands */
	bool failed;      /* the verdict: rolled back, or COMMIT failed */
	sem_t news;
	struct writer *next; /* in line, or in the batch */
};

/*
 * The one write connection.  MU guards the members up to the counts; the
 * others belong to whoever holds the write lock.  While a batch is open
 * somebody holds it.
 */
static struct {
	pthread_mutex_t mu;
	bool held;                    /* somebody holds the write lock */
	struct writer *first, **last; /* those in line for it */
	struct db_counts counts;
	struct histogram sizes; /* of batches committed */
	struct db *db;
	struct {
		bool open;
		bool failed;  /* it will be rolled back */
		bool careful; /* each part has a savepoint */
		int count;    /* writers that ran in it */
		int kept;     /* of those, not rolled back */
		/* Of those, who wait for the verdict, as they came. */
		struct writer *first, **last;
	} batch;            /* the transaction */
	int wal_pages;      /* in the WAL after the last commit */
	int wal_mark;       /* the same at the last checkpoint */
	int64_t wrote_at;   /* the last commit, clock_mono_ms() */
	void (*wake)(void); /* after each commit, or NULL */
} shared = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* Locks and shared memory do not work there as SQLite needs them. */
static bool
on_network(const char *path)
{
	static const unsigned long types[] = {0x6969 /* nfs */,
	    0x517b /* smb */, 0xff534d42 /* cifs */, 0xfe534d42 /* smb2 */,
	    0x65735546 /* fuse */, 0x00c36400 /* ceph */, 0x5346414f /* afs */,
	    0x73757245 /* coda */};
	struct statfs fs;
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	if (statfs(dirname(dir), &fs) == -1)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == types[i])
			return true;
	return false;
}

/* Called after each commit; PAGES are in the WAL now. */
static void
wal_grew(int pages)
{
	shared.wal_pages = pages;
}

void
db_open_writer(const char *path)
{
	mode_t old;

	assert(shared.db == NULL);
	if (on_network(path))
		log_fatal(EX_CONFIG,
		    "database %s: must be on a local file"
		    " system, not on a network one",
		    path);
	old = umask(077);
	db_lock_open(path);
	if (!db_lock_take(clock_mono_ms() + START_WAIT_MS))
		log_fatal(EX_TEMPFAIL, "database %s: locked by another process",
		    path);
	shared.last = &shared.first;
	shared.db = db_open_migrated(path, wal_grew);
	db_lock_drop();
	umask(old);
}

/* --- The write lock --- */

static void
writer_init(struct writer *me, db_work *work, void *arg)
{
	*me = (struct writer){.work = work, .arg = arg};
	me->deadline = clock_mono_ms() + LOCK_WAIT_MS;
	sem_init(&me->news, 0, 0);
}

/* Wait for news of ME. */
static void
writer_sleep(struct writer *me)
{
	while (sem_wait(&me->news) == -1)
		continue; /* interrupted */
}

/* The lock for ME, in order of arrival; or its work was run meanwhile. */
static void
write_lock(struct writer *me)
{
	bool mine;

	pthread_mutex_lock(&shared.mu);
	if ((mine = !shared.held)) {
		shared.held = true;
	} else {
		*shared.last = me;
		shared.last = &me->next;
		shared.counts.waiting++;
	}
	pthread_mutex_unlock(&shared.mu);
	if (!mine)
		writer_sleep(me);
}

/* Take the next from the line, or NULL.  Called with mu held. */
static struct writer *
line_take(void)
{
	struct writer *next = shared.first;

	if (next == NULL)
		return NULL;
	if ((shared.first = next->next) == NULL)
		shared.last = &shared.first;
	next->next = NULL;
	shared.counts.waiting--;
	return next;
}

/* The lock goes to the next in line. */
static void
write_unlock(void)
{
	struct writer *next;

	pthread_mutex_lock(&shared.mu);
	if ((next = line_take()) == NULL)
		shared.held = false;
	pthread_mutex_unlock(&shared.mu);
	if (next != NULL)
		sem_post(&next->news);
}

/* --- Group commit, by whoever holds the write lock --- */

/* Move what the WAL holds into the file.  Called under both locks. */
static void
checkpoint(bool empty)
{
	if (db_checkpoint(shared.db, empty) && empty)
		shared.wal_pages = 0;
	shared.wal_mark = shared.wal_pages;
}

/* No part has run in it; CAREFUL: each will have a savepoint. */
static void
batch_reset(bool careful)
{
	memset(&shared.batch, 0, sizeof(shared.batch));
	shared.batch.open = true;
	shared.batch.careful = careful;
	shared.batch.last = &shared.batch.first;
}

/* Open the transaction; DEADLINE is for the lock beside the file. */
static bool
batch_open(int64_t deadline)
{
	assert(!shared.batch.open);
	if (!db_lock_take(deadline)) {
		log_warn("database: locked by another process");
		return false;
	}
	if (!db_exec(shared.db, "BEGIN IMMEDIATE")) {
		db_lock_drop();
		return false;
	}
	batch_reset(false);
	return true;
}

/*
 * After a COMMIT that failed its frames may be in the WAL all the same,
 * where a start after a crash would find them whole.  Writing over them
 * takes them away, if what is written differs from what is there; should the
 * sync of that fail too, it stands in the file all the same.
 */
static void
bury_frames(void)
{
	if (db_in_transaction(shared.db))
		db_exec(shared.db, "ROLLBACK");
	db_exec(shared.db,
	    "INSERT INTO meta (key, value)"
	    " VALUES ('scrap', hex(randomblob(8)))"
	    " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
}

/* COMMIT for all of the batch; whether it came off. */
static bool
batch_commit(void)
{
	bool good = !shared.batch.failed && db_exec(shared.db, "COMMIT");

	if (good)
		shared.wrote_at = clock_mono_ms();
	else
		bury_frames();
	if (shared.wal_pages < shared.wal_mark)
		shared.wal_mark = 0; /* it began again from its start */
	if (shared.wal_pages - shared.wal_mark >= WAL_PAGES)
		checkpoint(false);
	db_lock_drop();
	return good;
}

/* Wake them all; each may be gone as soon as it is woken. */
static void
tell(struct writer *members, bool failed)
{
	struct writer *one;

	while ((one = members) != NULL) {
		members = one->next;
		one->judged = true;
		one->failed = failed;
		sem_post(&one->news);
	}
}

/* The end of the batch: the verdict, and the lock to the next in line. */
static void
batch_close(void)
{
	struct writer *members = shared.batch.first;
	int count = shared.batch.count;
	bool good = batch_commit();

	shared.batch.open = false;
	pthread_mutex_lock(&shared.mu);
	shared.counts.writes += shared.batch.kept;
	shared.counts.commits += good;
	if (good)
		histogram_add(&shared.sizes, &metric_counts, count);
	pthread_mutex_unlock(&shared.mu);
	write_unlock();
	tell(members, !good);
	if (good && shared.wake != NULL)
		shared.wake();
}

/* One statement of sql.def without parameters. */
static bool
run(enum sql name)
{
	return db_done(db_query(shared.db, name), ST_OK) == ST_OK;
}

/*
 * A writer's part of the transaction begins; false: the batch has failed.  A
 * savepoint would cost a copy of each page that the part changes, and most
 * parts are kept: see run_part().
 */
static bool
part_begin(void)
{
	if (!shared.batch.failed && shared.batch.careful && !run(SQL_SAVEPOINT))
		shared.batch.failed = true;
	return !shared.batch.failed;
}

/* The part's savepoint goes, and unless KEEP what was done since it. */
static bool
savepoint_end(bool keep)
{
	return (keep || db_exec(shared.db, "ROLLBACK TO request")) &&
	       run(SQL_RELEASE);
}

/* It ends, and ME waits for the verdict with the others. */
static void
part_end(struct writer *me, bool keep)
{
	assert(db_idle(shared.db));
	/* A full disk and the like can end the whole transaction. */
	if (!db_in_transaction(shared.db) ||
	    (shared.batch.careful && !shared.batch.failed &&
		!savepoint_end(keep)))
		shared.batch.failed = true;
	shared.batch.count++;
	shared.batch.kept += keep;
	me->next = NULL;
	*shared.batch.last = me;
	shared.batch.last = &me->next;
}

/* Who may join the batch, of those in line; NULL: it is time to commit. */
static struct writer *
batch_next(void)
{
	struct writer *next = NULL;

	pthread_mutex_lock(&shared.mu);
	if (shared.batch.count < DB_BATCH_MAX && !shared.batch.failed)
		next = line_take();
	pthread_mutex_unlock(&shared.mu);
	return next;
}

static void run_again(void);

/*
 * The work of one, in the open transaction.  If it fails having changed
 * something, and nothing but a ROLLBACK can undo that, all is undone, and
 * run again with savepoints.
 */
static void
run_part(struct writer *one)
{
	int before = db_changes(shared.db);
	bool keep = part_begin() && one->work(shared.db, one->arg);

	part_end(one, keep);
	if (!keep && !shared.batch.careful && !shared.batch.failed &&
	    db_changes(shared.db) != before)
		run_again();
}

static void
run_again(void)
{
	struct writer *one = shared.batch.first, *next;

	batch_reset(true);
	shared.batch.failed = !db_exec(shared.db, "ROLLBACK") ||
			      !db_exec(shared.db, "BEGIN IMMEDIATE");
	for (; one != NULL; one = next) {
		next = one->next;
		run_part(one);
	}
}

/*
 * Run what the others in line want, until nobody is left, somebody wants the
 * lock, or the batch is full or has failed.
 */
static void
batch_finish(void)
{
	struct writer *next;

	while ((next = batch_next()) != NULL) {
		if (next->work == NULL) {
			sem_post(&next->news); /* the lock goes with it */
			return;
		}
		run_part(next);
	}
	batch_close();
}

/* The verdict on ME, who has been woken by it. */
static enum status
verdict(struct writer *me)
{
	sem_destroy(&me->news);
	return me->failed ? ST_UNAVAILABLE : ST_OK;
}

/*
 * ME, who holds the lock and whose part has ended, leaves the batch.  Whoever
 * closes it wakes all, itself too: before that, nothing of ME may be read.
 */
static enum status
batch_leave(struct writer *me)
{
	batch_finish();
	writer_sleep(me);
	return verdict(me);
}

/* The lock is ME's, but nothing can be written. */
static enum status
give_up(struct writer *me)
{
	write_unlock();
	sem_destroy(&me->news);
	return ST_UNAVAILABLE;
}

enum status
db_write(db_work *wanted, void *arg)
{
	struct writer me;

	assert(shared.db != NULL && wanted != NULL);
	writer_init(&me, wanted, arg);
	write_lock(&me);
	if (me.judged)
		return verdict(&me);
	if (!shared.batch.open && !batch_open(me.deadline))
		return give_up(&me);
	run_part(&me);
	return batch_leave(&me);
}

enum status
db_write_begin(struct db **db)
{
	struct writer me;

	assert(shared.db != NULL);
	writer_init(&me, NULL, NULL);
	write_lock(&me);
	if (!shared.batch.open && !batch_open(me.deadline))
		return give_up(&me);
	shared.batch.careful = true; /* this part cannot be run again */
	if (!part_begin()) {
		part_end(&me, false);
		return batch_leave(&me);
	}
	sem_destroy(&me.news);
	*db = shared.db;
	return ST_OK;
}

enum status
db_write_end(struct db *db, bool keep)
{
	struct writer me;

	assert(db == shared.db && shared.batch.open);
	writer_init(&me, NULL, NULL);
	part_end(&me, keep);
	return batch_leave(&me);
}

enum status
db_write_alone(enum status (*work)(struct db *writer, void *arg), void *arg)
{
	struct writer me;
	enum status st = ST_UNAVAILABLE;

	assert(shared.db != NULL);
	writer_init(&me, NULL, NULL);
	write_lock(&me);
	assert(!shared.batch.open);
	if (db_lock_take(me.deadline)) {
		st = work(shared.db, arg);
		checkpoint(true);
		db_lock_drop();
	}
	write_unlock();
	sem_destroy(&me.news);
	return st;
}

void
db_tidy(void)
{
	bool mine;

	pthread_mutex_lock(&shared.mu);
	if ((mine = !shared.held))
		shared.held = true;
	pthread_mutex_unlock(&shared.mu);
	if (!mine)
		return;
	if (shared.wal_pages > 0 &&
	    clock_mono_ms() - shared.wrote_at >= QUIET_MS && db_lock_take(0)) {
		checkpoint(true);
		db_lock_drop();
	}
	write_unlock();
}

void
db_after_commit(void (*wake)(void))
{
	shared.wake = wake;
}

struct histogram *
db_batch_sizes(void)
{
	return &shared.sizes;
}

struct db_counts
db_counts(void)
{
	struct db_counts counts;

	pthread_mutex_lock(&shared.mu);
	counts = shared.counts;
	pthread_mutex_unlock(&shared.mu);
	return counts;
}

void
db_close_writer(void)
{
	struct writer me;

	if (shared.db == NULL)
		return;
	writer_init(&me, NULL, NULL);
	write_lock(&me);
	assert(!shared.batch.open);
	if (db_lock_take(0)) {
		checkpoint(true);
		db_lock_drop();
	}
	db_close(shared.db);
	db_lock_close();
	shared.db = NULL;
	write_unlock();
	sem_destroy(&me.news);
}
