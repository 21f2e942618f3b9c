/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "publish.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "db.h"
#include "link.h"
#include "shared/clock.h"
#include "shared/event.h"
#include "shared/log.h"

#define POLL_MS      200  /* for commits of other processes */
#define RETRY_MIN_MS 100  /* to reach the relay, at first ... */
#define RETRY_MAX_MS 1000 /* ... and at most */
#define HELLO_MS     2000 /* a relay that says nothing is none */
#define QUERY_MS     1000 /* for an answer about presence */
#define STOP_MS      1000 /* to send what is left at the end */

/* A question of another thread's; on its stack, linked while it waits. */
struct ask {
	struct ask *next;
	const char *room;
	int64_t cursor, id;
	bool put; /* sent */
	bool done;
	struct json_object *answer; /* NULL: the relay went away */
	pthread_cond_t cond;
};

static struct {
	pthread_mutex_t mu; /* guards up to asks */
	bool stopping;
	bool connected;
	int64_t last_id;
	struct ask *asks;
	int wake_fd;
	pthread_t thread;
	const struct conf *alone;   /* plain CGI: there is no thread */
	struct link link;           /* the thread's */
	int64_t retry_at, retry_ms; /* to connect; the thread's */
	atomic_int_fast64_t acked;  /* link.acked, for others */
} pub = {.mu = PTHREAD_MUTEX_INITIALIZER, .wake_fd = -1};

/* --- Questions --- */

/* Somebody's answer; one that nobody waits for any more is dropped. */
static void
answer(struct event *ev)
{
	pthread_mutex_lock(&pub.mu);
	for (struct ask *a = pub.asks; a != NULL; a = a->next) {
		if (a->id != ev->id || a->done)
			continue;
		a->answer = ev->body;
		ev->body = NULL;
		a->done = true;
		pthread_cond_signal(&a->cond);
		break;
	}
	pthread_mutex_unlock(&pub.mu);
}

static void
put_asks(struct link *l)
{
	pthread_mutex_lock(&pub.mu);
	for (struct ask *a = pub.asks; a != NULL; a = a->next) {
		if (a->put)
			continue;
		event_put_query(&l->out, a->room, a->cursor, a->id);
		a->put = true;
	}
	pthread_mutex_unlock(&pub.mu);
}

/* The relay has gone: nobody need wait for its answers. */
static void
fail_asks(void)
{
	pthread_mutex_lock(&pub.mu);
	for (struct ask *a = pub.asks; a != NULL; a = a->next) {
		a->done = true;
		pthread_cond_signal(&a->cond);
	}
	pthread_mutex_unlock(&pub.mu);
}

static void
ask_unlink(struct ask *ask)
{
	for (struct ask **a = &pub.asks; *a != NULL; a = &(*a)->next) {
		if (*a == ask) {
			*a = ask->next;
			return;
		}
	}
}

static void
ask_wait(struct ask *ask)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += QUERY_MS / 1000;
	while (!ask->done &&
	       pthread_cond_timedwait(&ask->cond, &pub.mu, &until) == 0)
		continue;
}

/* --- The thread --- */

bool
publish_connected(void)
{
	bool connected;

	pthread_mutex_lock(&pub.mu);
	connected = pub.connected;
	pthread_mutex_unlock(&pub.mu);
	return connected;
}

int64_t
publish_acked(void)
{
	return atomic_load(&pub.acked);
}

void
publish_wake(void)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(pub.wake_fd, &one, sizeof(one));
	while (n == -1 && errno == EINTR);
}

static bool
is_stopping(void)
{
	bool stopping;

	pthread_mutex_lock(&pub.mu);
	stopping = pub.stopping;
	pthread_mutex_unlock(&pub.mu);
	return stopping;
}

/* Let the others know; the first of a kind is logged. */
static void
set_connected(bool connected)
{
	bool news;

	pthread_mutex_lock(&pub.mu);
	news = pub.connected != connected;
	pub.connected = connected;
	pthread_mutex_unlock(&pub.mu);
	if (news)
		log_info(connected ? "relay: connected" : "relay: gone");
	if (news && !connected)
		fail_asks();
}

static void
link_lost(struct link *l)
{
	link_close(l);
	set_connected(false);
	pub.retry_at = clock_mono_ms() + pub.retry_ms;
	pub.retry_ms =
	    pub.retry_ms * 2 < RETRY_MAX_MS ? pub.retry_ms * 2 : RETRY_MAX_MS;
}

/* One turn while connected; false when the connection is lost. */
static bool
link_turn(struct link *l)
{
	if (!l->hello && clock_mono_ms() - l->since >= HELLO_MS)
		return false;
	if (!link_fill(l))
		return false;
	if (l->hello) {
		pub.retry_ms = RETRY_MIN_MS;
		set_connected(true);
		put_asks(l);
	}
	/* What did not fit is read as soon as this is sent. */
	if (!link_send(l) || !link_wait(l, pub.wake_fd, POLL_MS))
		return false;
	if (l->hello)
		atomic_store(&pub.acked, l->acked < 0 ? 0 : l->acked);
	return true;
}

static void *
publisher(void *arg)
{
	struct link *l = &pub.link;
	int64_t left;

	(void)arg;
	while (!is_stopping()) {
		left = pub.retry_at - clock_mono_ms();
		if (l->fd == -1 && left > 0)
			link_wait(l, pub.wake_fd, (int)left);
		else if (l->fd == -1 ? !link_open(l) : !link_turn(l))
			link_lost(l);
	}
	/* The end: send what is committed. */
	left = clock_mono_ms() + STOP_MS;
	while (l->fd != -1 && link_fill(l) && link_send(l) &&
	       (l->out.len > 0 || l->more) && clock_mono_ms() < left)
		if (!link_wait(l, pub.wake_fd, 10))
			break;
	link_reset(l);
	set_connected(false);
	return NULL;
}

void
publish_start(const struct app *app)
{
	int error;

	link_init(&pub.link, db_open_reader(app->conf.db),
	    app->conf.event_socket, answer);
	pub.retry_ms = RETRY_MIN_MS;
	if ((pub.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		log_fatal(EX_OSERR, "eventfd: %s", strerror(errno));
	error = pthread_create(&pub.thread, NULL, publisher, NULL);
	if (error != 0)
		log_fatal(EX_OSERR, "thread: %s", strerror(error));
}

void
publish_stop(void)
{
	pthread_mutex_lock(&pub.mu);
	pub.stopping = true;
	pthread_mutex_unlock(&pub.mu);
	publish_wake();
	pthread_join(pub.thread, NULL);
	close(pub.wake_fd);
	pub.wake_fd = -1;
}

/* --- Plain CGI, and questions in both modes --- */

/* Without the thread: ask on a connection of our own. */
static void
ask_alone(struct ask *ask)
{
	struct link l = {0};
	int64_t until = clock_mono_ms() + QUERY_MS;
	bool good;

	link_init(
	    &l, db_open_reader(pub.alone->db), pub.alone->event_socket, answer);
	good = link_open(&l);
	while (good && !ask->done && clock_mono_ms() < until) {
		if (l.hello)
			put_asks(&l);
		good = link_fill(&l) && link_send(&l) && link_wait(&l, -1, 10);
	}
	link_reset(&l);
}

enum status
publish_query_presence(
    const char *room, int64_t cursor, struct json_object **out)
{
	struct ask ask = {.room = room, .cursor = cursor};
	pthread_condattr_t attr;
	bool queued;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ask.cond, &attr);
	pthread_condattr_destroy(&attr);

	pthread_mutex_lock(&pub.mu);
	if ((queued = pub.connected || pub.alone != NULL)) {
		ask.id = ++pub.last_id;
		ask.next = pub.asks;
		pub.asks = &ask;
	}
	if (queued && pub.alone == NULL) {
		publish_wake();
		ask_wait(&ask);
	}
	pthread_mutex_unlock(&pub.mu);
	if (pub.alone != NULL)
		ask_alone(&ask);
	pthread_mutex_lock(&pub.mu);
	if (queued)
		ask_unlink(&ask);
	pthread_mutex_unlock(&pub.mu);
	pthread_cond_destroy(&ask.cond);
	if (ask.answer == NULL)
		return ST_UNAVAILABLE;
	*out = ask.answer;
	return ST_OK;
}

bool
publish_flush(const struct conf *conf, struct db *reader, int max_ms)
{
	struct link l = {0};
	int64_t until = clock_mono_ms() + max_ms;
	bool good, done = false;

	pub.alone = conf;
	db_limit_time(reader, 0);
	link_init(&l, reader, conf->event_socket, NULL);
	good = link_open(&l);
	while (good && clock_mono_ms() < until) {
		good = link_fill(&l) && link_send(&l);
		if (good && (done = link_done(&l)))
			break;
		good = good && link_wait(&l, -1, 10);
	}
	l.db = NULL; /* the caller's */
	link_reset(&l);
	return done;
}
