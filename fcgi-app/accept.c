/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "accept.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "db.h"
#include "preview.h"
#include "route.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/service.h"

#define CONNS_MAX   1024  /* connections open at once */
#define IDLE_MS     75000 /* between requests; a web server ends first */
#define IO_MS       10000 /* for one read or write of a request */
#define BACKOFF_MS  200   /* without descriptors to accept with */
#define TICK_MS     1000  /* to look for idle ones */
#define FRESH_MS    1000  /* at the end, for a first request to come */
#define STACK_BYTES (256 * 1024)

enum conn_state {
	CONN_FREE,
	CONN_IDLE,  /* watched by the loop for its first byte */
	CONN_READY, /* in the queue */
	CONN_BUSY   /* a worker's */
};

struct conn {
	int fd;
	enum conn_state state;
	int64_t since; /* idle or asking from then, clock_mono_ms() */
	bool fresh;    /* no request has come on it yet */
	int cut;       /* directions shut since its time was over */
};

static struct {
	pthread_mutex_t mu;  /* guards all below but the fds */
	pthread_cond_t cond; /* the queue has grown, or stopping */
	struct conn conns[CONNS_MAX];
	int open;             /* conns that are not free */
	int queue[CONNS_MAX]; /* ready ones, a ring */
	int head, queued;
	int busy;         /* workers that serve */
	int64_t finished; /* times that one has done so */
	int64_t started;  /* ms since 1970 */
	int threads;
	bool ending;   /* no second request on a connection */
	bool stopping; /* workers end when the queue is empty */
	int epoll_fd;
	const struct app *app;
} pool = {.mu = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

/* What an epoll event is about, when it is no connection's number. */
#define TAG_LISTEN (CONNS_MAX + 1)
#define TAG_SIGNAL (CONNS_MAX + 2)

static void
watch(int op, int fd, uint32_t events, uint64_t tag)
{
	struct epoll_event ev = {.events = events, .data.u64 = tag};

	if (epoll_ctl(pool.epoll_fd, op, fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

/* --- Workers --- */

/* Wait for a connection with a request; -1 when there will be none. */
static int
take_ready(void)
{
	int slot = -1;

	pthread_mutex_lock(&pool.mu);
	while (pool.queued == 0 && !pool.stopping)
		pthread_cond_wait(&pool.cond, &pool.mu);
	if (pool.queued > 0) {
		slot = pool.queue[pool.head];
		pool.head = (pool.head + 1) % CONNS_MAX;
		pool.queued--;
		pool.conns[slot].state = CONN_BUSY;
		pool.conns[slot].fresh = false;
		pool.busy++;
	}
	pthread_mutex_unlock(&pool.mu);
	return slot;
}

/* Give a connection back to the loop, or its slot when it was closed. */
static void
give_back(int slot, bool open)
{
	struct conn *conn = &pool.conns[slot];

	pthread_mutex_lock(&pool.mu);
	pool.busy--;
	pool.finished++;
	if (open && !pool.ending && conn->cut == 0) {
		conn->state = CONN_IDLE;
		conn->since = clock_mono_ms();
		watch(EPOLL_CTL_MOD, conn->fd,
		    EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, (uint64_t)slot);
	} else {
		close(conn->fd);
		conn->state = CONN_FREE;
		pool.open--;
	}
	pthread_mutex_unlock(&pool.mu);
}

/* Whether a request whose parameters are sound has come. */
static bool
has_come(const struct conn *conn, unsigned char *bytes)
{
	int64_t deadline = conn->since + app_ask_ms(pool.app);

	switch (preview_wait(conn->fd, deadline, bytes)) {
	case PREVIEW_GOOD:
		return true;
	case PREVIEW_LARGE:
		log_warn("refused a request: its parameters are larger than"
			 " %d bytes",
		    PREVIEW_MAX);
		preview_refuse(conn->fd, bytes);
		return false;
	case PREVIEW_BAD:
		log_warn("refused a request: no FastCGI that can be read");
		return false;
	case PREVIEW_MORE:
		break;
	}
	if (clock_mono_ms() >= deadline)
		log_warn("refused a request: it did not come in whole in time");
	return false;
}

/*
 * One request of a connection.  libfcgi reads from the descriptor put into
 * the request, as long as it is told to keep the connection; with -1 for the
 * listening socket it never accepts one itself.  It gets a descriptor of its
 * own, which it may close when it likes: the loop may shut ours meanwhile.
 */
static bool
serve_request(const struct conn *conn, struct db *reader)
{
	FCGX_Request request;
	int fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1) {
		log_warn("dup: %s", strerror(errno));
		return false;
	}
	if (FCGX_InitRequest(&request, -1, 0) != 0)
		log_fatal(EX_SOFTWARE, "FCGX_InitRequest failed");
	request.ipcFd = fd;
	request.keepConnection = 1;
	if (FCGX_Accept_r(&request) == 0) {
		route_serve(pool.app, &request, reader, conn->since);
		FCGX_Finish_r(&request);
	}
	if (request.ipcFd != fd)
		return false;
	close(fd);
	return true;
}

static void *
worker(void *arg)
{
	struct db *reader = arg;
	unsigned char *bytes;
	int slot;

	if ((bytes = malloc(PREVIEW_MAX)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	while ((slot = take_ready()) != -1) {
		struct conn *conn = &pool.conns[slot];

		give_back(
		    slot, has_come(conn, bytes) && serve_request(conn, reader));
	}
	free(bytes);
	db_close(reader);
	return NULL;
}

/* --- The loop --- */

/* A free slot's number, or -1. */
static int
slot_take(int fd)
{
	int slot = -1;

	pthread_mutex_lock(&pool.mu);
	for (int i = 0; i < CONNS_MAX && slot == -1; i++)
		if (pool.conns[i].state == CONN_FREE)
			slot = i;
	if (slot != -1) {
		pool.conns[slot] =
		    (struct conn){fd, CONN_IDLE, clock_mono_ms(), true, 0};
		pool.open++;
	}
	pthread_mutex_unlock(&pool.mu);
	return slot;
}

static bool
is_full(void)
{
	bool full;

	pthread_mutex_lock(&pool.mu);
	full = pool.open == CONNS_MAX;
	pthread_mutex_unlock(&pool.mu);
	return full;
}

/*
 * Take what waits.  False when the listening socket had better rest: no
 * descriptors, or no slots.
 */
static bool
accept_all(int listen_fd)
{
	int fd, slot;

	while (!is_full()) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd == -1) {
			if (errno == EAGAIN)
				return true;
			if (errno == ECONNABORTED || errno == EINTR)
				continue;
			log_warn("accept: %s", strerror(errno));
			return false;
		}
		if (!sock_peer_allowed(fd, &pool.app->peers)) {
			log_warn("refused a connection: its user is not one of"
				 " STOCKROOM_PEERS");
			close(fd);
		} else if (!sock_set_timeout(fd, IO_MS) ||
			   (slot = slot_take(fd)) == -1) {
			close(fd);
		} else {
			watch(EPOLL_CTL_ADD, fd,
			    EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
			    (uint64_t)slot);
		}
	}
	return false;
}

/* Bytes have come, or the peer has gone; libfcgi tells which. */
static void
enqueue(int slot)
{
	pthread_mutex_lock(&pool.mu);
	if (pool.conns[slot].state == CONN_IDLE) {
		pool.conns[slot].state = CONN_READY;
		pool.conns[slot].since = clock_mono_ms();
		pool.queue[(pool.head + pool.queued) % CONNS_MAX] = slot;
		pool.queued++;
		pthread_cond_signal(&pool.cond);
	}
	pthread_mutex_unlock(&pool.mu);
}

/* Close the connections that have been idle for so long. */
static void
close_idle(int64_t ms)
{
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&pool.mu);
	for (int i = 0; i < CONNS_MAX; i++) {
		struct conn *conn = &pool.conns[i];

		if (conn->state != CONN_IDLE || now - conn->since < ms)
			continue;
		close(conn->fd);
		conn->state = CONN_FREE;
		pool.open--;
	}
	pthread_mutex_unlock(&pool.mu);
}

/*
 * End requests that take too long: first nothing more is read of them, so
 * that they are answered for what came; then nothing is written, either.
 */
static void
cut_slow(void)
{
	int64_t age;
	int cut;

	pthread_mutex_lock(&pool.mu);
	for (int i = 0; i < CONNS_MAX; i++) {
		struct conn *conn = &pool.conns[i];

		age = clock_mono_ms() - conn->since;
		if (conn->state != CONN_BUSY || age < app_ask_ms(pool.app))
			continue;
		cut = age < app_end_ms(pool.app) ? 1 : 2;
		if (conn->cut < cut)
			shutdown(conn->fd, cut == 1 ? SHUT_RD : SHUT_RDWR);
		conn->cut = cut;
	}
	pthread_mutex_unlock(&pool.mu);
}

/* Connections on which the first request has yet to come. */
static int
count_fresh(void)
{
	int n = 0;

	pthread_mutex_lock(&pool.mu);
	for (int i = 0; i < CONNS_MAX; i++)
		n += pool.conns[i].state == CONN_IDLE && pool.conns[i].fresh;
	pthread_mutex_unlock(&pool.mu);
	return n;
}

/*
 * Whether requests get done: a worker is free, or one has finished something
 * since the last look.
 */
static bool
is_working(int threads)
{
	static int64_t seen;
	bool good;

	pthread_mutex_lock(&pool.mu);
	good = pool.busy < threads || pool.finished != seen;
	seen = pool.finished;
	pthread_mutex_unlock(&pool.mu);
	return good;
}

/* The manager hears of us while this loop turns and the workers work. */
static void
keep_alive(int threads)
{
	static int64_t told;
	int64_t rest = service_watchdog_ms(), now = clock_mono_ms();

	if (rest == 0 || now - told < rest)
		return;
	told = now;
	if (is_working(threads))
		service_alive();
	else
		log_warn(
		    "all %d threads are busy, and none gets done", threads);
}

/* How long the loop may sleep, in ms. */
static int
nap(bool resting)
{
	int64_t ms = resting ? BACKOFF_MS : TICK_MS;
	int64_t rest = service_watchdog_ms();

	return (int)(rest > 0 && rest < ms ? rest : ms);
}

/* One wait and what came of it; false when asked to end. */
static bool
turn(int listen_fd, int64_t *rest_until)
{
	struct epoll_event events[64];
	bool resting = *rest_until != 0, ending = false;
	int n;

	if (resting && clock_mono_ms() >= *rest_until && !is_full()) {
		watch(EPOLL_CTL_ADD, listen_fd, EPOLLIN, TAG_LISTEN);
		*rest_until = 0;
		resting = false;
	}
	n = epoll_wait(pool.epoll_fd, events, 64, nap(resting));
	if (n == -1 && errno != EINTR)
		log_fatal(EX_OSERR, "epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		if (events[i].data.u64 == TAG_SIGNAL) {
			/* What else has come is told this once only. */
			ending = true;
		} else if (events[i].data.u64 != TAG_LISTEN) {
			enqueue((int)events[i].data.u64);
		} else if (!accept_all(listen_fd)) {
			epoll_ctl(
			    pool.epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL);
			*rest_until = clock_mono_ms() + BACKOFF_MS;
		}
	}
	return !ending;
}

/* SIGTERM and SIGINT as a descriptor; other threads inherit the mask. */
static int
take_signals(void)
{
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if ((fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) == -1)
		log_fatal(EX_OSERR, "signalfd: %s", strerror(errno));
	return fd;
}

/* Each with its reader, opened before anything is served. */
static void
start_workers(pthread_t *threads, int count)
{
	pthread_attr_t attr;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < count; i++)
		if ((error = pthread_create(&threads[i], &attr, worker,
			 db_open_reader(pool.app->conf.db))) != 0)
			log_fatal(EX_OSERR, "thread: %s", strerror(error));
	pthread_attr_destroy(&attr);
}

/*
 * Take no more connections; those that were taken and have not said a word
 * yet get their first request served, as it is on its way.  What waits in the
 * backlog of a socket that was passed to us is for the next process.
 */
static void
drain(int listen_fd, int signal_fd)
{
	struct epoll_event events[64];
	int64_t until = clock_mono_ms() + FRESH_MS, left;
	int n;

	epoll_ctl(pool.epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL);
	epoll_ctl(pool.epoll_fd, EPOLL_CTL_DEL, signal_fd, NULL);
	close(listen_fd);
	pthread_mutex_lock(&pool.mu);
	pool.ending = true;
	pthread_mutex_unlock(&pool.mu);
	while (count_fresh() > 0 && (left = until - clock_mono_ms()) > 0) {
		n = epoll_wait(pool.epoll_fd, events, 64, (int)left);
		for (int i = 0; i < n; i++)
			enqueue((int)events[i].data.u64);
	}
}

/* Let the workers finish what has begun, and end them. */
static void
stop_workers(pthread_t *threads, int count)
{
	pthread_mutex_lock(&pool.mu);
	pool.stopping = true;
	pthread_cond_broadcast(&pool.cond);
	pthread_mutex_unlock(&pool.mu);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

struct accept_counts
accept_counts(void)
{
	struct accept_counts counts;

	pthread_mutex_lock(&pool.mu);
	counts = (struct accept_counts){
	    pool.started, pool.threads, pool.busy, pool.queued, pool.open};
	pthread_mutex_unlock(&pool.mu);
	return counts;
}

void
accept_run(const struct app *app, int listen_fd, int count)
{
	pthread_t threads[ACCEPT_THREADS_MAX];
	int64_t rest_until = 0, ticked = clock_mono_ms();
	int signal_fd;

	assert(count >= 1 && count <= ACCEPT_THREADS_MAX);
	pool.app = app;
	if ((pool.epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    !sock_set_nonblock(listen_fd, true))
		log_fatal(EX_OSERR, "epoll: %s", strerror(errno));
	signal_fd = take_signals();
	watch(EPOLL_CTL_ADD, signal_fd, EPOLLIN, TAG_SIGNAL);
	watch(EPOLL_CTL_ADD, listen_fd, EPOLLIN, TAG_LISTEN);
	start_workers(threads, count);
	pthread_mutex_lock(&pool.mu);
	pool.threads = count;
	pool.started = clock_utc_ms();
	pthread_mutex_unlock(&pool.mu);
	service_ready("Serving requests");
	while (turn(listen_fd, &rest_until)) {
		keep_alive(count);
		if (clock_mono_ms() - ticked >= TICK_MS) {
			close_idle(IDLE_MS);
			cut_slow();
			ticked = clock_mono_ms();
		}
	}
	service_stopping();
	drain(listen_fd, signal_fd);
	stop_workers(threads, count);
	close_idle(0);
	close(signal_fd);
	close(pool.epoll_fd);
}
