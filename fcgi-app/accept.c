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

#include "conns.h"
#include "db.h"
#include "preview.h"
#include "route.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/service.h"

#define IDLE_MS     75000 /* between requests; a web server ends first */
#define IO_MS       10000 /* for one read or write of a request */
#define BACKOFF_MS  200   /* without descriptors to accept with */
#define TICK_MS     1000  /* to look for idle and slow ones */
#define FRESH_MS    1000  /* at the end, for a first request to come */
#define LEFT_MS     20    /* to look whether any are left then */
#define STACK_BYTES (256 * 1024)

static struct {
	pthread_mutex_t mu;
	int64_t started; /* ms since 1970; guarded by mu */
	int threads;     /* the same */
	int epoll_fd;
	int signal_fd;
	const struct app *app;
} pool = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* What an epoll event is about, when it is no connection. */
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

/*
 * One request of a connection.  libfcgi reads from the descriptor put into
 * the request, as long as it is told to keep the connection; with -1 for the
 * listening socket it never accepts one itself.  It gets a descriptor of its
 * own, which it may close when it likes: the loop may shut ours meanwhile.
 */
static bool
serve_request(const struct ask *ask, struct db *reader)
{
	FCGX_Request request;
	int fd = fcntl(ask->fd, F_DUPFD_CLOEXEC, 0);
	bool keep = false, whole = false;

	if (fd == -1) {
		log_warn("dup: %s", strerror(errno));
		return false;
	}
	if (FCGX_InitRequest(&request, -1, 0) != 0)
		log_fatal(EX_SOFTWARE, "FCGX_InitRequest failed");
	request.ipcFd = fd;
	request.keepConnection = 1;
	if (FCGX_Accept_r(&request) == 0) {
		keep = request.keepConnection != 0;
		whole = route_serve(pool.app, &request, reader, ask->since);
		/*
		 * If libfcgi closes, it waits for the peer to close first:
		 * for nothing where that has said all that it will.
		 */
		request.keepConnection = whole;
		FCGX_Finish_r(&request);
	}
	if (request.ipcFd != fd)
		return false;
	close(fd);
	return keep && whole;
}

/* Say why a request is not served. */
static void
refuse(const struct ask *ask, enum preview seen, const unsigned char *bytes)
{
	if (seen == PREVIEW_LARGE) {
		log_warn("refused a request: its parameters are larger than"
			 " %d bytes",
		    PREVIEW_MAX);
		preview_refuse(ask->fd, bytes);
	} else if (seen == PREVIEW_BAD) {
		log_warn("refused a request: no FastCGI that can be read");
	} else if (ask->late) {
		log_warn("refused a request: it did not come in whole in time");
	}
}

/* Serve what has come, or leave it to the loop until there is more of it. */
static void
attend(const struct ask *ask, unsigned char *bytes, struct db *reader)
{
	enum preview seen = preview_look(ask->fd, bytes);
	bool body = seen == PREVIEW_BODY || seen == PREVIEW_LONG;
	bool open = false;

	if (!ask->last &&
	    (seen == PREVIEW_MORE || (seen == PREVIEW_BODY && !ask->seated) ||
		(seen == PREVIEW_LONG && !conns_sit(ask->slot)))) {
		conns_park(ask->slot, body);
		return;
	}
	if (seen == PREVIEW_GOOD || body)
		open = serve_request(ask, reader);
	else
		refuse(ask, seen, bytes);
	conns_give_back(ask->slot, open);
}

static void *
worker(void *arg)
{
	struct db *reader = arg;
	unsigned char *bytes;
	struct ask ask;

	if ((bytes = malloc(PREVIEW_MAX)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	while (conns_take(&ask))
		attend(&ask, bytes, reader);
	free(bytes);
	db_close(reader);
	return NULL;
}

/* --- The loop --- */

/*
 * Take what waits.  False when the listening socket had better rest: no
 * descriptors, or no slots.
 */
static bool
accept_all(int listen_fd)
{
	int fd;

	while (!conns_full()) {
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
		} else if (!sock_set_timeout(fd, IO_MS)) {
			close(fd);
		} else {
			conns_open(fd);
		}
	}
	return false;
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
	if (conns_working())
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

/* Something has come on a connection, or its peer has gone. */
static void
tell(const struct epoll_event *ev)
{
	conns_event(ev->data.u64,
	    (ev->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

/* One wait and what came of it; false when asked to end. */
static bool
turn(int listen_fd, int64_t *rest_until)
{
	struct epoll_event events[64];
	bool resting = *rest_until != 0, ending = false;
	int n;

	if (resting && clock_mono_ms() >= *rest_until && !conns_full()) {
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
			tell(&events[i]);
		} else if (!accept_all(listen_fd)) {
			epoll_ctl(
			    pool.epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL);
			*rest_until = clock_mono_ms() + BACKOFF_MS;
		}
	}
	return !ending;
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
 *
 * The name goes while we still listen: after that it may be the next one's.
 */
static void
drain(int listen_fd, const char *name)
{
	struct epoll_event events[64];
	int64_t until = clock_mono_ms() + FRESH_MS;
	int n;

	epoll_ctl(pool.epoll_fd, EPOLL_CTL_DEL, listen_fd, NULL);
	epoll_ctl(pool.epoll_fd, EPOLL_CTL_DEL, pool.signal_fd, NULL);
	if (name != NULL)
		unlink(name);
	close(listen_fd);
	conns_ending();
	while (conns_left(clock_mono_ms() < until) > 0) {
		n = epoll_wait(pool.epoll_fd, events, 64, LEFT_MS);
		for (int i = 0; i < n; i++)
			tell(&events[i]);
		conns_tick(app_ask_ms(pool.app), app_end_ms(pool.app));
	}
}

struct accept_counts
accept_counts(void)
{
	struct conns_counts now = conns_counts();
	struct accept_counts counts;

	pthread_mutex_lock(&pool.mu);
	counts = (struct accept_counts){pool.started, pool.threads, now.busy,
	    now.queued, now.parked, now.open};
	pthread_mutex_unlock(&pool.mu);
	return counts;
}

/* SIGTERM and SIGINT as a descriptor; other threads inherit the mask. */
void
accept_init(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pool.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (pool.signal_fd == -1)
		log_fatal(EX_OSERR, "signalfd: %s", strerror(errno));
	/* Else libfcgi waits 2 s for a peer that does not close first. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "50", 0);
	/* It takes SIGTERM for itself, and only notes that it came. */
	if (FCGX_Init() != 0)
		log_fatal(EX_OSERR, "FCGX_Init failed");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
}

void
accept_run(const struct app *app, int listen_fd, const char *name, int count)
{
	pthread_t threads[ACCEPT_THREADS_MAX];
	int64_t rest_until = 0, ticked = clock_mono_ms();

	assert(count >= 1 && count <= ACCEPT_THREADS_MAX);
	pool.app = app;
	if ((pool.epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    !sock_set_nonblock(listen_fd, true))
		log_fatal(EX_OSERR, "epoll: %s", strerror(errno));
	conns_init(pool.epoll_fd, count);
	watch(EPOLL_CTL_ADD, pool.signal_fd, EPOLLIN, TAG_SIGNAL);
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
			conns_close_idle(IDLE_MS);
			conns_tick(app_ask_ms(app), app_end_ms(app));
			ticked = clock_mono_ms();
		}
	}
	service_stopping();
	drain(listen_fd, name);
	conns_stop();
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	conns_close_idle(0);
	close(pool.signal_fd);
	close(pool.epoll_fd);
}
