/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db-inner.h"
#include "db.h"
#include "shared/clock.h"
#include "shared/log.h"

#define LOCK_WAIT_MS  5000  /* for the lock beside the database */
#define START_WAIT_MS 20000 /* the same at start: a migration may run */
#define WAL_PAGES     1024  /* checkpoint when the WAL has so many more */
#define QUIET_MS      1000  /* without a write: time to empty the WAL */

/* Writers of one transaction; freed by the last of them to leave. */
struct batch {
	int count;           /* writers that ran in it */
	int left;            /* of those, yet to read the verdict */
	bool failed;         /* rolled back, or COMMIT failed */
	bool done;           /* the verdict stands */
	pthread_cond_t cond; /* done was set */
};

/* One who waits for the write lock, in order of arrival. */
struct waiter {
	struct waiter *next;
	pthread_cond_t cond;
	bool granted;
};

/*
 * The one writer.  MU guards the members up to the counts; the others belong
 * to whoever holds the write lock.  While a batch is open somebody holds it.
 */
static struct {
	pthread_mutex_t mu;
	bool held;                    /* somebody holds the write lock */
	struct waiter *first, **last; /* those who wait for it */
	struct db_counts counts;
	struct histogram sizes; /* of batches committed */
	struct db *db;
	int lock_fd;         /* <path>.lock */
	struct batch *batch; /* of the open transaction, or NULL */
	int wal_pages;       /* in the WAL after the last commit */
	int wal_mark;        /* the same at the last checkpoint */
	int64_t wrote_at;    /* the last commit, clock_mono_ms() */
	void (*wake)(void);  /* after each commit, or NULL */
} writer = {.mu = PTHREAD_MUTEX_INITIALIZER, .lock_fd = -1};

/* --- The lock beside the database: commits and checkpoints of every process
 * exclude each other by it --- */

static void
pause_ms(long ms)
{
	struct timespec ts = {.tv_nsec = ms * 1000000};

	nanosleep(&ts, NULL);
}

/*
 * Take it, waiting to DEADLINE at most.  Who waits stands in a gate, a lock
 * on the file's first byte, so that a busy process cannot overtake for ever
 * one that wants the lock once.
 */
static bool
lock_take(int64_t deadline)
{
	struct flock gate = {
	    .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	bool inside = false, taken = false;

	for (;;) {
		inside =
		    inside || fcntl(writer.lock_fd, F_OFD_SETLK, &gate) == 0;
		taken = inside && flock(writer.lock_fd, LOCK_EX | LOCK_NB) == 0;
		if (taken || clock_mono_ms() >= deadline)
			break;
		pause_ms(1);
	}
	if (inside) {
		gate.l_type = F_UNLCK;
		fcntl(writer.lock_fd, F_OFD_SETLK, &gate);
	}
	return taken;
}

static void
lock_drop(void)
{
	flock(writer.lock_fd, LOCK_UN);
}

/* Make the lock's file; made by root, it belongs to the database's owner. */
static void
lock_open(const char *path)
{
	struct stat st;
	char name[PATH_MAX];
	int len;

	len = snprintf(name, sizeof(name), "%s.lock", path);
	if (len < 0 || (size_t)len >= sizeof(name))
		log_fatal(EX_CONFIG, "database %s: the path is too long", path);
	writer.lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (writer.lock_fd == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", name, strerror(errno));
	if (geteuid() == 0 && stat(path, &st) == 0 &&
	    fchown(writer.lock_fd, st.st_uid, st.st_gid) == -1)
		log_warn("%s: chown: %s", name, strerror(errno));
}

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
	writer.wal_pages = pages;
}

void
db_open_writer(const char *path)
{
	mode_t old;

	assert(writer.db == NULL);
	if (on_network(path))
		log_fatal(EX_CONFIG,
		    "database %s: must be on a local file"
		    " system, not on a network one",
		    path);
	old = umask(077);
	lock_open(path);
	if (!lock_take(clock_mono_ms() + START_WAIT_MS))
		log_fatal(EX_TEMPFAIL, "database %s: locked by another process",
		    path);
	writer.last = &writer.first;
	writer.db = db_open_migrated(path, wal_grew);
	lock_drop();
	umask(old);
}

/* --- Group commit --- */

/* Wait for the write lock, in order of arrival. */
static void
write_lock(void)
{
	struct waiter me = {.cond = PTHREAD_COND_INITIALIZER};

	pthread_mutex_lock(&writer.mu);
	if (!writer.held) {
		writer.held = true;
	} else {
		*writer.last = &me;
		writer.last = &me.next;
		writer.counts.waiting++;
		while (!me.granted)
			pthread_cond_wait(&me.cond, &writer.mu);
	}
	pthread_mutex_unlock(&writer.mu);
}

/* Hand the write lock to the next in line.  Called with mu held. */
static void
write_hand_over(void)
{
	struct waiter *next = writer.first;

	if (next == NULL) {
		writer.held = false;
		return;
	}
	if ((writer.first = next->next) == NULL)
		writer.last = &writer.first;
	writer.counts.waiting--;
	next->granted = true;
	pthread_cond_signal(&next->cond);
}

static void
write_unlock(void)
{
	pthread_mutex_lock(&writer.mu);
	write_hand_over();
	pthread_mutex_unlock(&writer.mu);
}

/* Move what the WAL holds into the file.  Called under both locks. */
static void
checkpoint(bool empty)
{
	if (db_checkpoint(writer.db, empty) && empty)
		writer.wal_pages = 0;
	writer.wal_mark = writer.wal_pages;
}

/* Open the batch's transaction; DEADLINE is for the lock beside the file. */
static bool
batch_open(int64_t deadline)
{
	struct batch *b;

	if (!lock_take(deadline)) {
		log_warn("database: locked by another process");
		return false;
	}
	if (!db_exec(writer.db, "BEGIN IMMEDIATE")) {
		lock_drop();
		return false;
	}
	if ((b = calloc(1, sizeof(*b))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	pthread_cond_init(&b->cond, NULL);
	writer.batch = b;
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
	if (db_in_transaction(writer.db))
		db_exec(writer.db, "ROLLBACK");
	db_exec(writer.db,
	    "INSERT INTO meta (key, value)"
	    " VALUES ('scrap', hex(randomblob(8)))"
	    " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
}

/* COMMIT for all of the batch.  The caller holds the write lock, not mu. */
static void
batch_commit(struct batch *b)
{
	if (!b->failed && db_exec(writer.db, "COMMIT")) {
		writer.wrote_at = clock_mono_ms();
	} else {
		b->failed = true;
		bury_frames();
	}
	if (writer.wal_pages < writer.wal_mark)
		writer.wal_mark = 0; /* it began again from its start */
	if (writer.wal_pages - writer.wal_mark >= WAL_PAGES)
		checkpoint(false);
	lock_drop();
}

/*
 * Leave the batch with its verdict.  The last to run in it, when nobody else
 * waits to join, when it is full or when it has failed, commits; the others
 * pass the write lock on and wait.
 */
static enum status
batch_leave(bool kept)
{
	struct batch *b = writer.batch;
	bool failed, more;

	pthread_mutex_lock(&writer.mu);
	b->count++;
	b->left++;
	writer.counts.writes += kept;
	more = writer.first != NULL && b->count < DB_BATCH_MAX && !b->failed;
	if (more) {
		write_hand_over();
	} else {
		pthread_mutex_unlock(&writer.mu);
		batch_commit(b);
		pthread_mutex_lock(&writer.mu);
		writer.counts.commits += !b->failed;
		if (!b->failed)
			histogram_add(&writer.sizes, &metric_counts, b->count);
		writer.batch = NULL;
		b->done = true;
		pthread_cond_broadcast(&b->cond);
		write_hand_over();
	}
	while (!b->done)
		pthread_cond_wait(&b->cond, &writer.mu);
	failed = b->failed;
	if (--b->left == 0) {
		pthread_cond_destroy(&b->cond);
		free(b);
	}
	pthread_mutex_unlock(&writer.mu);
	if (!more && !failed && writer.wake != NULL)
		writer.wake();
	return failed ? ST_UNAVAILABLE : ST_OK;
}

/* One statement of sql.def without parameters. */
static bool
run(enum sql name)
{
	return db_done(db_query(writer.db, name), ST_OK) == ST_OK;
}

enum status
db_write_begin(struct db **db)
{
	int64_t deadline = clock_mono_ms() + LOCK_WAIT_MS;

	assert(writer.db != NULL);
	write_lock();
	if (writer.batch == NULL && !batch_open(deadline)) {
		write_unlock();
		return ST_UNAVAILABLE;
	}
	if (!run(SQL_SAVEPOINT)) {
		writer.batch->failed = true;
		batch_leave(false);
		return ST_UNAVAILABLE;
	}
	*db = writer.db;
	return ST_OK;
}

enum status
db_write_end(struct db *db, bool keep)
{
	struct batch *b = writer.batch;

	assert(db == writer.db && db_idle(db) && b != NULL);
	/* A full disk and the like can end the whole transaction. */
	if (!db_in_transaction(db) ||
	    (!keep && !db_exec(db, "ROLLBACK TO request")) || !run(SQL_RELEASE))
		b->failed = true;
	return batch_leave(keep);
}

enum status
db_write_alone(enum status (*work)(struct db *writer, void *arg), void *arg)
{
	enum status st = ST_UNAVAILABLE;

	assert(writer.db != NULL);
	write_lock();
	assert(writer.batch == NULL);
	if (lock_take(clock_mono_ms() + LOCK_WAIT_MS)) {
		st = work(writer.db, arg);
		checkpoint(true);
		lock_drop();
	}
	write_unlock();
	return st;
}

void
db_tidy(void)
{
	bool mine;

	pthread_mutex_lock(&writer.mu);
	if ((mine = !writer.held))
		writer.held = true;
	pthread_mutex_unlock(&writer.mu);
	if (!mine)
		return;
	if (writer.wal_pages > 0 &&
	    clock_mono_ms() - writer.wrote_at >= QUIET_MS && lock_take(0)) {
		checkpoint(true);
		lock_drop();
	}
	write_unlock();
}

void
db_after_commit(void (*wake)(void))
{
	writer.wake = wake;
}

struct histogram *
db_batch_sizes(void)
{
	return &writer.sizes;
}

struct db_counts
db_counts(void)
{
	struct db_counts counts;

	pthread_mutex_lock(&writer.mu);
	counts = writer.counts;
	pthread_mutex_unlock(&writer.mu);
	return counts;
}

void
db_close_writer(void)
{
	if (writer.db == NULL)
		return;
	write_lock();
	assert(writer.batch == NULL);
	if (lock_take(0)) {
		checkpoint(true);
		lock_drop();
	}
	db_close(writer.db);
	close(writer.lock_fd);
	writer.db = NULL;
	writer.lock_fd = -1;
	write_unlock();
}
