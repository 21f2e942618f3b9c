/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "publish.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "change.h"
#include "db.h"
#include "session.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/event.h"
#include "shared/log.h"

#define POLL_MS      200          /* for commits of other processes */
#define RETRY_MIN_MS 100          /* to reach the relay, at first ... */
#define RETRY_MAX_MS 1000         /* ... and at most */
#define HELLO_MS     2000         /* a relay that says nothing is none */
#define QUERY_MS     1000         /* for an answer about presence */
#define STOP_MS      1000         /* to send what is left at the end */
#define OUT_HIGH     (128 * 1024) /* bytes: enough wait to be sent */
#define BATCH        32           /* changes read at once, up to 16 KiB each */
#define SENT_MAX     256          /* revokes remembered as sent */

/* A revoke that was sent on this connection. */
struct sent {
	char what[USER_PUBLIC_LEN + 24]; /* public id or "user:N" */
	int64_t at;                      /* ms since 1970 */
};

/* The connection to the relay; of one thread. */
struct link {
	struct db *db;              /* our own reader */
	const char *path;           /* of the event socket */
	int fd;                     /* -1: not connected */
	bool hello;                 /* the relay has said it */
	int64_t since;              /* connected, clock_mono_ms() */
	int64_t retry_at, retry_ms; /* the next attempt */
	struct change_log log;      /* as announced */
	int64_t next;               /* seq to send next */
	int64_t acked;              /* the relay has up to here */
	int64_t version;            /* data_version looked at; -1: look */
	bool more;                  /* rows wait for room in out */
	struct buf in, out;
	struct sent sent[SENT_MAX]; /* a ring */
	int sent_count, sent_next;
};

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
	const struct app *alone; /* plain CGI: there is no thread */
	struct link link;        /* the thread's */
} pub = {.mu = PTHREAD_MUTEX_INITIALIZER, .wake_fd = -1};

/* --- The connection --- */

static void
link_close(struct link *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	l->hello = false;
	l->sent_count = l->sent_next = 0;
	buf_clear(&l->in);
	buf_clear(&l->out);
}

static void
link_reset(struct link *l)
{
	link_close(l);
	buf_reset(&l->in);
	buf_reset(&l->out);
	db_close(l->db);
	l->db = NULL;
}

/* Connect and announce our history. */
static bool
link_open(struct link *l)
{
	if (change_log_read(l->db, &l->log) != ST_OK ||
	    (l->fd = sock_connect_unix(l->path)) == -1)
		return false;
	l->since = clock_mono_ms();
	l->next = l->log.head + 1;
	l->acked = -1;
	l->version = -1;
	l->more = false;
	event_put_app(&l->out, l->log.epoch, l->log.head, l->log.oldest);
	return true;
}

/* Whether a revoke has to be sent; remembers it as sent. */
static bool
is_new_revoke(struct link *l, const char *what, int64_t at)
{
	struct sent *row;

	for (int i = 0; i < l->sent_count; i++)
		if (l->sent[i].at == at && strcmp(l->sent[i].what, what) == 0)
			return false;
	row = &l->sent[l->sent_next];
	l->sent_next = (l->sent_next + 1) % SENT_MAX;
	if (l->sent_count < SENT_MAX)
		l->sent_count++;
	snprintf(row->what, sizeof(row->what), "%s", what);
	row->at = at;
	return true;
}

static void
put_revoke(const char *public_id, int64_t user_id, int64_t at, void *arg)
{
	struct link *l = arg;
	char what[32];

	if (public_id != NULL) {
		if (is_new_revoke(l, public_id, at))
			event_put_revoke_session(&l->out, public_id, at);
		return;
	}
	snprintf(what, sizeof(what), "user:%" PRId64, user_id);
	if (is_new_revoke(l, what, at))
		event_put_revoke_user(&l->out, user_id, at);
}

/* Put the changes from next on, as many as should wait to be sent. */
static enum status
put_changes(struct link *l)
{
	struct json_object *rows;
	size_t n = BATCH;
	enum status st = ST_OK;

	while (n == BATCH && l->out.len < OUT_HIGH) {
		if ((st = change_list(l->db, l->next - 1, BATCH, l->log.epoch,
			 &rows)) != ST_OK)
			return st;
		n = json_object_array_length(rows);
		for (size_t i = 0; i < n; i++)
			event_put_change(
			    &l->out, json_object_array_get_idx(rows, i));
		json_object_put(rows);
		l->next += (int64_t)n;
	}
	l->more = n == BATCH;
	return ST_OK;
}

/* Put what was committed since the last look; false: connect anew. */
static bool
link_fill(struct link *l)
{
	struct change_log log;
	int64_t version = db_data_version(l->db);

	if ((version == l->version && !l->more) || l->out.len >= OUT_HIGH)
		return true;
	if (change_log_read(l->db, &log) != ST_OK)
		return true; /* the next look may be luckier */
	if (strcmp(log.epoch, l->log.epoch) != 0)
		return false; /* restored: another history */
	l->version = version;
	if (put_changes(l) != ST_OK ||
	    session_revoked_since(l->db, clock_utc_ms() - SESSION_REVOKE_MS,
		put_revoke, l) != ST_OK)
		l->version = -1;
	return true;
}

static bool
link_send(struct link *l)
{
	ssize_t n;

	while (l->out.len > 0) {
		n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno == EAGAIN;
		buf_consume(&l->out, (size_t)n);
	}
	return true;
}

/* The relay lacks changes from N on, and wants them from us. */
static void
replay(struct link *l, int64_t n)
{
	struct change_log log;

	if (change_log_read(l->db, &log) != ST_OK)
		return; /* it asks again */
	if (n < log.oldest) {
		event_put_oldest(&l->out, log.oldest);
		n = log.oldest;
	}
	l->next = n;
	l->version = -1;
}

/* The relay knows a later history; ours may have become one meanwhile. */
static bool
stale(struct link *l, const char *theirs)
{
	struct change_log log;

	if (change_log_read(l->db, &log) == ST_OK &&
	    strcmp(log.epoch, theirs) >= 0)
		return false; /* connect anew */
	log_fatal(EX_TEMPFAIL,
	    "the relay has a later history (epoch %s) than"
	    " this database: was it replaced?",
	    theirs);
}

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

static bool
link_event(struct link *l, struct event *ev)
{
	if (ev->kind == EVENT_HELLO) {
		l->hello = true;
		if (strcmp(ev->epoch, l->log.epoch) == 0)
			l->acked = ev->seq;
	} else if (ev->kind == EVENT_REPLAY_FROM) {
		replay(l, ev->seq);
	} else if (ev->kind == EVENT_ACK) {
		l->acked = ev->seq;
	} else if (ev->kind == EVENT_PRESENCE) {
		answer(ev);
	} else if (ev->kind == EVENT_STALE_EPOCH) {
		return stale(l, ev->epoch);
	} else {
		return false;
	}
	return true;
}

/* Read what came; false when the connection has ended or makes no sense. */
static bool
link_receive(struct link *l)
{
	struct event ev;
	char chunk[4096], *end;
	ssize_t n;
	bool good = true;

	n = recv(l->fd, chunk, sizeof(chunk), 0);
	if (n <= 0)
		return n == -1 && (errno == EAGAIN || errno == EINTR);
	l->in.max = EVENT_LINE_MAX + sizeof(chunk);
	buf_add(&l->in, chunk, (size_t)n);
	while (good && l->in.len > 0 &&
	       (end = memchr(l->in.data, '\n', l->in.len)) != NULL) {
		size_t len = (size_t)(end - l->in.data);

		memset(&ev, 0, sizeof(ev));
		good = event_parse(l->in.data, len, &ev) == ST_OK &&
		       link_event(l, &ev);
		event_reset(&ev);
		buf_consume(&l->in, len + 1);
	}
	return good && l->in.len < EVENT_LINE_MAX;
}

/* --- Questions --- */

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
	l->retry_at = clock_mono_ms() + l->retry_ms;
	l->retry_ms =
	    l->retry_ms * 2 < RETRY_MAX_MS ? l->retry_ms * 2 : RETRY_MAX_MS;
}

/* Wait for the relay, a commit or TIMEOUT ms, and take what came. */
static bool
link_wait(struct link *l, int wake_fd, int timeout)
{
	struct pollfd fds[2] = {{wake_fd, POLLIN, 0}, {l->fd, POLLIN, 0}};
	uint64_t count;

	if (l->out.len > 0)
		fds[1].events |= POLLOUT;
	if (poll(fds, 2, timeout) <= 0)
		return true;
	if (fds[0].revents != 0 && read(wake_fd, &count, sizeof(count)) == -1 &&
	    errno != EAGAIN)
		log_warn("eventfd: %s", strerror(errno));
	return (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) == 0 ||
	       link_receive(l);
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
		l->retry_ms = RETRY_MIN_MS;
		set_connected(true);
		put_asks(l);
	}
	/* What did not fit is read as soon as this is sent. */
	return link_send(l) &&
	       link_wait(l, pub.wake_fd,
		   l->more && l->out.len < OUT_HIGH ? 0 : POLL_MS);
}

static void *
publisher(void *arg)
{
	struct link *l = &pub.link;
	int64_t left;

	(void)arg;
	while (!is_stopping()) {
		left = l->retry_at - clock_mono_ms();
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

static void
link_init(struct link *l, const struct app *app)
{
	l->path = app->conf.event_socket;
	l->fd = -1;
	l->retry_ms = RETRY_MIN_MS;
}

void
publish_start(const struct app *app)
{
	sigset_t all, old;
	int error;

	link_init(&pub.link, app);
	pub.link.db = db_open_reader(app->conf.db);
	if ((pub.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		log_fatal(EX_OSERR, "eventfd: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&pub.thread, NULL, publisher, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
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

	link_init(&l, pub.alone);
	l.db = db_open_reader(pub.alone->conf.db);
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
publish_flush(const struct app *app, int max_ms)
{
	struct link l = {0};
	int64_t until = clock_mono_ms() + max_ms;
	bool good = true, done = false;

	pub.alone = app;
	link_init(&l, app);
	l.db = db_open_reader(app->conf.db);
	good = link_open(&l);
	while (good && !done && clock_mono_ms() < until) {
		good = link_fill(&l) && link_send(&l) && link_wait(&l, -1, 10);
		done = l.hello && l.acked >= l.log.head && l.out.len == 0;
	}
	link_reset(&l);
	return done;
}
