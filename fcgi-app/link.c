/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "link.h"

#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/sock.h"

#define OUT_HIGH (128 * 1024) /* bytes: enough wait to be sent */
#define BATCH    32           /* changes read at once, up to 16 KiB each */
#define TOLD_MS  10000 /* how often the relay hears how far it was told */

void
link_init(struct link *l, struct db *db, const char *path,
    void (*answer)(struct event *))
{
	l->db = db;
	l->path = path;
	l->answer = answer;
	l->fd = -1;
}

void
link_close(struct link *l)
{
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
	l->hello = false;
	l->more = false;
	l->sent_count = l->sent_next = 0;
	buf_clear(&l->in);
	buf_clear(&l->out);
}

void
link_reset(struct link *l)
{
	link_close(l);
	buf_reset(&l->in);
	buf_reset(&l->out);
	db_close(l->db);
	l->db = NULL;
}

bool
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
	l->told = l->told_put = 0;
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
	l->sent_next = (l->sent_next + 1) % LINK_SENT_MAX;
	if (l->sent_count < LINK_SENT_MAX)
		l->sent_count++;
	snprintf(row->what, sizeof(row->what), "%s", what);
	row->at = at;
	return true;
}

/*
 * Who signs out and comes again has another session, but for those whom the
 * web server signs in: of any other, no ticket is ever good again.
 */
static int64_t
void_until(const char *public_id, int64_t at)
{
	return session_is_remote(public_id) ? at : EVENT_EVER;
}

static void
put_revoke(const char *public_id, int64_t user_id, int64_t at, void *arg)
{
	struct link *l = arg;
	char what[32];

	if (public_id != NULL) {
		if (is_new_revoke(l, public_id, at))
			event_put_revoke_session(
			    &l->out, public_id, void_until(public_id, at));
		return;
	}
	snprintf(what, sizeof(what), "user:%" PRId64, user_id);
	if (is_new_revoke(l, what, at))
		event_put_revoke_user(&l->out, user_id, at);
}

/* One change, and how many there were. */
struct put {
	struct link *link;
	size_t count;
};

static void
put_change(int64_t seq, const char *text, size_t len, void *arg)
{
	struct put *put = arg;

	(void)seq;
	event_put_change(&put->link->out, text, len);
	put->count++;
}

/* Put the changes from next on, as many as should wait to be sent. */
static enum status
put_changes(struct link *l)
{
	struct put put = {l, BATCH};
	enum status st;

	while (put.count == BATCH && l->out.len < OUT_HIGH) {
		put.count = 0;
		st = change_list(
		    l->db, l->next - 1, BATCH, l->log.epoch, put_change, &put);
		l->next += (int64_t)put.count;
		if (st != ST_OK)
			return st;
	}
	l->more = put.count == BATCH;
	return ST_OK;
}

/*
 * From where on revokes are told at NOW.  Clocks are set, and what commits
 * late was noted earlier: some are told again, but those that we know of.
 */
static int64_t
revokes_since(const struct link *l, int64_t now)
{
	int64_t since = l->told != 0 && l->told < now ? l->told : now;
	const struct sent *first = &l->sent[l->sent_next];

	since -= SESSION_REVOKE_MS;
	if (l->sent_count == LINK_SENT_MAX && since < first->at)
		since = first->at - 1;
	return since;
}

/*
 * What is new, of one snapshot; VERSION is what it had before that, and NOW
 * when.
 */
static bool
put_news(struct link *l, int64_t version, int64_t now)
{
	struct change_log log;

	if (change_log_read(l->db, &log) != ST_OK)
		return true; /* the next look may be luckier */
	if (strcmp(log.epoch, l->log.epoch) != 0)
		return false; /* restored: another history */
	l->version = version;
	if (put_changes(l) != ST_OK ||
	    session_revoked_since(
		l->db, revokes_since(l, now), put_revoke, l) != ST_OK) {
		l->version = -1;
		return true;
	}
	l->told = now;
	if (l->hello && now - l->told_put >= TOLD_MS)
		event_put_told(&l->out, l->told_put = now);
	return true;
}

bool
link_fill(struct link *l)
{
	int64_t version = db_data_version(l->db), now = clock_utc_ms();
	bool good;

	if ((version == l->version && !l->more) || l->out.len >= OUT_HIGH ||
	    db_snapshot_begin(l->db) != ST_OK)
		return true;
	good = put_news(l, version, now);
	db_snapshot_end(l->db);
	return good;
}

bool
link_done(const struct link *l)
{
	return l->hello && l->acked >= l->log.head && l->version != -1 &&
	       !l->more && l->out.len == 0;
}

bool
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

static bool
link_event(struct link *l, struct event *ev)
{
	if (ev->kind == EVENT_HELLO) {
		l->hello = true;
		if (strcmp(ev->epoch, l->log.epoch) == 0)
			l->acked = ev->seq;
		/* Perhaps nobody has told it anything for days. */
		if (ev->at != 0 && ev->at < l->told) {
			l->told = ev->at;
			l->sent_count = l->sent_next = 0;
		}
		l->version = -1;
	} else if (ev->kind == EVENT_REPLAY_FROM) {
		replay(l, ev->seq);
	} else if (ev->kind == EVENT_ACK) {
		l->acked = ev->seq;
	} else if (ev->kind == EVENT_PRESENCE) {
		if (l->answer != NULL)
			l->answer(ev);
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

bool
link_wait(struct link *l, int wake_fd, int timeout)
{
	struct pollfd fds[2] = {{wake_fd, POLLIN, 0}, {l->fd, POLLIN, 0}};
	uint64_t count;

	if (l->out.len > 0)
		fds[1].events |= POLLOUT;
	/* There is room for more of what was committed. */
	if (l->more && l->out.len < OUT_HIGH)
		timeout = 0;
	if (poll(fds, 2, timeout) <= 0)
		return true;
	if (fds[0].revents != 0 && read(wake_fd, &count, sizeof(count)) == -1 &&
	    errno != EAGAIN)
		log_warn("eventfd: %s", strerror(errno));
	return (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) == 0 ||
	       link_receive(l);
}
