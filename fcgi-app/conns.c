/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "conns.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"

enum state {
	FREE,
	IDLE,   /* watched for its first byte */
	PARKED, /* a part of a request is here; watched for each piece */
	READY,  /* in the queue */
	BUSY    /* a thread's */
};

struct conn {
	int fd;
	enum state state;
	uint32_t turn; /* how often the slot was taken: events tell it */
	int64_t since; /* idle or asking from then, clock_mono_ms() */
	bool fresh;    /* no request has come on it yet */
	bool watched;  /* the epoll knows it */
	bool edges;    /* watched for each piece */
	bool news;     /* one has come since a thread has looked */
	bool gone;     /* the peer says no more */
	bool body;     /* parked for the rest of its body */
	bool seated;   /* of those that may have a thread wait */
	int cut;       /* directions shut since its time was over */
};

/*
 * A thread that has nothing to do, on its stack: it goes no sooner than it
 * was woken, once, so that this may be done when mu is free again.
 */
struct sleeper {
	struct sleeper *next; /* fell asleep before this one */
	sem_t woken;
};

static struct {
	pthread_mutex_t mu; /* guards all below but epoll_fd */
	struct conn conns[CONNS_MAX];
	int open;             /* that are not free */
	int queue[CONNS_MAX]; /* ready ones, a ring */
	int head, queued;
	int threads, busy;
	struct sleeper *last; /* who fell asleep last */
	int seats;            /* connections that are seated */
	int64_t finished;     /* times that a thread has done something */
	bool ending;          /* no second request on a connection */
	bool stopping;        /* threads end when the queue is empty */
	int epoll_fd;
} table = {.mu = PTHREAD_MUTEX_INITIALIZER};

/*
 * Bytes that are only looked at stay readable, so that waiting for more of
 * them needs edges.
 */
static void
watch(struct conn *conn, uint32_t how)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP | how};
	int op = conn->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	ev.data.u64 = (uint64_t)conn->turn << 32 |
		      (uint64_t)(uint32_t)(conn - table.conns);
	if (epoll_ctl(table.epoll_fd, op, conn->fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
	conn->watched = true;
}

static void
wake(struct sleeper *one)
{
	if (one != NULL)
		sem_post(&one->woken);
}

/* --- With mu held --- */

/*
 * Who fell asleep last is woken first: its stack and its pages of the
 * database are warm, those of threads that are seldom needed stay cold.
 */
static struct sleeper *
choose(void)
{
	struct sleeper *one = table.last;

	if (one != NULL)
		table.last = one->next;
	return one;
}

static void
sleep_until_woken(void)
{
	struct sleeper me = {.next = table.last};

	sem_init(&me.woken, 0, 0);
	table.last = &me;
	pthread_mutex_unlock(&table.mu);
	while (sem_wait(&me.woken) == -1)
		continue; /* interrupted */
	sem_destroy(&me.woken);
	pthread_mutex_lock(&table.mu);
}

/* Into the queue; whom to wake for it, when mu is free again, or NULL. */
static struct sleeper *
make_ready(struct conn *conn)
{
	if (conn->state == IDLE)
		conn->since = clock_mono_ms();
	conn->state = READY;
	table.queue[(table.head + table.queued) % CONNS_MAX] =
	    (int)(conn - table.conns);
	table.queued++;
	return choose();
}

/* Its slot is free; what is to be closed. */
static int
let_go(struct conn *conn)
{
	conn->state = FREE;
	table.open--;
	return conn->fd;
}

static bool
seat(struct conn *conn)
{
	int most = table.threads > 1 ? table.threads / 2 : 1;

	if (!conn->seated && table.seats < most) {
		conn->seated = true;
		table.seats++;
	}
	return conn->seated;
}

static void
leave_seat(struct conn *conn)
{
	table.seats -= conn->seated;
	conn->seated = false;
}

/* A thread is done with it, for now. */
static struct conn *
release(int slot)
{
	struct conn *conn = &table.conns[slot];

	table.busy--;
	table.finished++;
	leave_seat(conn);
	return conn;
}

/* Who has waited longest for the rest of a body; NULL: nobody does. */
static struct conn *
oldest_parked(void)
{
	struct conn *found = NULL;

	for (int i = 0; i < CONNS_MAX; i++) {
		struct conn *conn = &table.conns[i];

		if (conn->state == PARKED && conn->body &&
		    (found == NULL || conn->since < found->since))
			found = conn;
	}
	return found;
}

/* --- For the loop --- */

void
conns_init(int epoll_fd, int threads)
{
	table.epoll_fd = epoll_fd;
	table.threads = threads;
}

/* A web server that connects has a request, which mostly is here by now. */
static bool
has_begun(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

bool
conns_open(int fd)
{
	struct conn *conn = NULL;
	struct sleeper *one = NULL;
	bool begun = has_begun(fd);

	pthread_mutex_lock(&table.mu);
	for (int i = 0; i < CONNS_MAX && conn == NULL; i++)
		if (table.conns[i].state == FREE)
			conn = &table.conns[i];
	if (conn != NULL) {
		*conn = (struct conn){.fd = fd,
		    .state = IDLE,
		    .turn = conn->turn + 1,
		    .since = clock_mono_ms(),
		    .fresh = true};
		table.open++;
		if (begun)
			one = make_ready(conn);
		else
			watch(conn, EPOLLONESHOT);
	} else {
		close(fd);
	}
	pthread_mutex_unlock(&table.mu);
	wake(one);
	return conn != NULL;
}

bool
conns_full(void)
{
	bool full;

	pthread_mutex_lock(&table.mu);
	full = table.open == CONNS_MAX;
	pthread_mutex_unlock(&table.mu);
	return full;
}

void
conns_event(uint64_t tag, bool gone)
{
	struct conn *conn = &table.conns[tag & UINT32_MAX];
	struct sleeper *one = NULL;

	pthread_mutex_lock(&table.mu);
	/* It may be about one that was closed meanwhile. */
	if (conn->turn == tag >> 32) {
		conn->news = true;
		conn->gone = conn->gone || gone;
		if (conn->state == IDLE || conn->state == PARKED)
			one = make_ready(conn);
	}
	pthread_mutex_unlock(&table.mu);
	wake(one);
}

static void
cut_slow(int64_t ask_ms, int64_t end_ms)
{
	int64_t now = clock_mono_ms(), age;
	int cut;

	for (int i = 0; i < CONNS_MAX; i++) {
		struct conn *conn = &table.conns[i];

		age = now - conn->since;
		if ((conn->state != BUSY && conn->state != PARKED) ||
		    age < ask_ms)
			continue;
		cut = age < end_ms ? 1 : 2;
		if (conn->cut < cut)
			shutdown(conn->fd, cut == 1 ? SHUT_RD : SHUT_RDWR);
		conn->cut = cut;
		if (conn->state == PARKED)
			wake(make_ready(conn));
	}
}

void
conns_tick(int64_t ask_ms, int64_t end_ms)
{
	struct conn *conn;

	pthread_mutex_lock(&table.mu);
	cut_slow(ask_ms, end_ms);
	while ((conn = oldest_parked()) != NULL && seat(conn))
		wake(make_ready(conn));
	pthread_mutex_unlock(&table.mu);
}

void
conns_close_idle(int64_t ms)
{
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&table.mu);
	for (int i = 0; i < CONNS_MAX; i++)
		if (table.conns[i].state == IDLE &&
		    now - table.conns[i].since >= ms)
			close(let_go(&table.conns[i]));
	pthread_mutex_unlock(&table.mu);
}

void
conns_ending(void)
{
	pthread_mutex_lock(&table.mu);
	table.ending = true;
	pthread_mutex_unlock(&table.mu);
}

int
conns_left(bool fresh)
{
	int n = 0;

	pthread_mutex_lock(&table.mu);
	for (int i = 0; i < CONNS_MAX; i++) {
		const struct conn *conn = &table.conns[i];

		n += conn->state >= PARKED ||
		     (fresh && conn->state == IDLE && conn->fresh);
	}
	pthread_mutex_unlock(&table.mu);
	return n;
}

void
conns_stop(void)
{
	pthread_mutex_lock(&table.mu);
	table.stopping = true;
	while (table.last != NULL)
		wake(choose());
	pthread_mutex_unlock(&table.mu);
}

bool
conns_working(void)
{
	static int64_t seen;
	bool good;

	pthread_mutex_lock(&table.mu);
	good = table.busy < table.threads || table.finished != seen;
	seen = table.finished;
	pthread_mutex_unlock(&table.mu);
	return good;
}

struct conns_counts
conns_counts(void)
{
	struct conns_counts counts;

	pthread_mutex_lock(&table.mu);
	counts = (struct conns_counts){table.busy, table.queued, 0, table.open};
	for (int i = 0; i < CONNS_MAX; i++)
		counts.parked += table.conns[i].state == PARKED;
	pthread_mutex_unlock(&table.mu);
	return counts;
}

/* --- For the threads --- */

bool
conns_take(struct ask *ask)
{
	struct conn *conn = NULL;

	pthread_mutex_lock(&table.mu);
	while (table.queued == 0 && !table.stopping)
		sleep_until_woken();
	if (table.queued > 0) {
		conn = &table.conns[table.queue[table.head]];
		table.head = (table.head + 1) % CONNS_MAX;
		table.queued--;
		table.busy++;
		conn->state = BUSY;
		conn->fresh = conn->news = false;
		*ask = (struct ask){(int)(conn - table.conns), conn->fd,
		    conn->since, conn->gone || conn->cut > 0, conn->cut > 0,
		    conn->seated};
	}
	pthread_mutex_unlock(&table.mu);
	return conn != NULL;
}

void
conns_give_back(int slot, bool open)
{
	struct conn *conn;
	int fd = -1;

	pthread_mutex_lock(&table.mu);
	conn = release(slot);
	if (open && !table.ending && conn->cut == 0) {
		conn->state = IDLE;
		conn->since = clock_mono_ms();
		conn->edges = false;
		watch(conn, EPOLLONESHOT);
	} else {
		fd = let_go(conn);
	}
	pthread_mutex_unlock(&table.mu);
	if (fd != -1)
		close(fd);
}

void
conns_park(int slot, bool body)
{
	struct conn *conn;

	pthread_mutex_lock(&table.mu);
	conn = release(slot);
	conn->state = PARKED;
	conn->body = body;
	if (!conn->edges)
		watch(conn, EPOLLET);
	else if (conn->news)
		wake(make_ready(conn));
	conn->edges = true;
	pthread_mutex_unlock(&table.mu);
}

bool
conns_sit(int slot)
{
	bool seated;

	pthread_mutex_lock(&table.mu);
	seated = seat(&table.conns[slot]);
	pthread_mutex_unlock(&table.mu);
	return seated;
}
