/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "door.h"
#include "ingest.h"
#include "room-lease.h"
#include "room-list.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/event.h"
#include "shared/log.h"
#include "shared/service.h"

#define PEER_OUT_MAX (4 * EVENT_LINE_MAX) /* bytes unread by a peer */

/* A connection of an app process. */
struct peer {
	struct ingest *in;
	struct peer *next;
	int fd;
	uint64_t watch;
	bool gone;                       /* to be closed */
	bool stale;                      /* to be closed when OUT is empty */
	bool blocked;                    /* waits to be able to write */
	bool asked;                      /* for a replay; its higher ones are
					    ignored until that comes */
	bool taken;                      /* changes of it, not acknowledged */
	int64_t asked_at;                /* mono ms */
	int64_t oldest;                  /* event that its app still has */
	int64_t pid;                     /* as it says */
	char epoch[EVENT_EPOCH_LEN + 1]; /* "": not announced */
	struct buf out;
	size_t len; /* bytes in line */
	char line[EVENT_LINE_MAX];
};

struct ingest {
	struct relay *relay;
	struct door door;
	struct peer *peers; /* newest first */
	unsigned count;
	bool taken;         /* any of them has that set */
	int64_t told;       /* the newest of that line's; 0: none */
	struct timer again; /* looks whether a replay came */
	int64_t seen_head;  /* the ring's head when it last did */
};

static void peer_ready(void *, uint32_t);

static void
peer_free(struct peer *p)
{
	struct ingest *in = p->in;
	struct peer **at = &in->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	in->count--;
	loop_unwatch(&in->relay->loop, p->watch);
	close(p->fd);
	buf_reset(&p->out);
	free(p);
}

/* Write what waits; false when the peer is no good any more. */
static bool
peer_flush(struct peer *p)
{
	ssize_t n;

	while (p->out.len > 0) {
		n = send(p->fd, p->out.data, p->out.len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1)
			return false;
		buf_consume(&p->out, (size_t)n);
	}
	if (p->out.full) {
		log_warn("app process %lld does not read", (long long)p->pid);
		return false;
	}
	if (p->blocked != (p->out.len > 0)) {
		p->blocked = p->out.len > 0;
		loop_change(&p->in->relay->loop, p->watch,
		    p->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
	}
	return p->out.len > 0 || !p->stale;
}

/* Ask a peer for what the ring lacks. */
static void
peer_ask(struct peer *p, int64_t now)
{
	p->asked = true;
	p->asked_at = now;
	event_put_replay_from(
	    &p->out, feed_wanted(&p->in->relay->feed, p->oldest));
	timer_set(
	    &p->in->relay->loop.timers, &p->in->again, now + INGEST_AGAIN);
	if (!peer_flush(p))
		shutdown(p->fd, SHUT_RDWR);
}

/* Ask one of the peers of the ring's epoch, in turn. */
static void
ingest_ask(struct ingest *in, int64_t now)
{
	struct peer *p, *best = NULL;

	for (p = in->peers; p != NULL; p = p->next) {
		if (p->asked || p->epoch[0] == '\0' ||
		    strcmp(p->epoch, in->relay->feed.ring.epoch) != 0)
			continue;
		if (best == NULL || p->asked_at < best->asked_at)
			best = p;
	}
	if (best == NULL)
		return;
	peer_ask(best, now);
}

/* Whether somebody was asked so lately that the answer may yet come. */
static bool
ingest_waits(const struct ingest *in, int64_t now)
{
	const struct peer *p;

	for (p = in->peers; p != NULL; p = p->next) {
		if (p->asked && now - p->asked_at < INGEST_AGAIN)
			return true;
	}
	return false;
}

/*
 * A second after a replay was asked for: those that were asked and have not
 * answered are asked again, since they hold back what is higher; and when
 * nothing at all has come, one more.
 */
static void
ingest_again(void *arg, int64_t now)
{
	struct ingest *in = arg;
	struct ring *r = &in->relay->feed.ring;
	struct peer *p;
	bool stuck = r->head == in->seen_head;

	in->seen_head = r->head;
	for (p = in->peers; p != NULL; p = p->next) {
		/* It got all from another one: nothing is to come any more. */
		if (ring_complete(r))
			p->asked = false;
		else if (p->asked && now - p->asked_at >= INGEST_AGAIN)
			peer_ask(p, now);
	}
	if (ring_complete(r))
		return;
	if (stuck)
		ingest_ask(in, now);
	timer_set(&in->relay->loop.timers, &in->again, now + INGEST_AGAIN);
}

static enum status
on_app(struct peer *p, const struct event *ev, int64_t now)
{
	struct feed *fd = &p->in->relay->feed;
	struct log_line l;

	event_put_hello(&p->out, fd->ring.epoch, fd->ring.head, p->in->told);
	if (!feed_announce(fd, ev->epoch, ev->seq, now)) {
		log_warn("app process %lld is of an older history",
		    (long long)ev->pid);
		event_put_stale_epoch(&p->out, fd->ring.epoch);
		p->stale = true;
		return ST_OK;
	}
	memcpy(p->epoch, ev->epoch, sizeof(p->epoch));
	p->oldest = ev->oldest;
	p->pid = ev->pid;
	log_begin(&l, LOG_INFO, "app");
	log_int(&l, "pid", ev->pid);
	log_str(&l, "epoch", ev->epoch);
	log_int(&l, "head", ev->seq);
	log_end(&l);
	if (!ring_complete(&fd->ring) && !ingest_waits(p->in, now))
		peer_ask(p, now);
	return ST_OK;
}

static enum status
on_change(struct peer *p, const struct event *ev, int64_t now)
{
	struct relay *rl = p->in->relay;
	struct feed *fd = &rl->feed;
	int64_t wanted = feed_wanted(fd, p->oldest);
	int order = strcmp(ev->epoch, fd->ring.epoch);

	if (order < 0) {
		event_put_stale_epoch(&p->out, fd->ring.epoch);
		p->stale = true;
		return ST_OK;
	}
	/* A new history begins with its app line, on a connection. */
	if (order > 0)
		return ST_BAD_REQUEST;
	if (ev->seq > wanted) {
		if (fd->ring.target < ev->seq)
			fd->ring.target = ev->seq;
		if (!p->asked)
			peer_ask(p, now);
		return ST_OK;
	}
	if (fd->ring.head >= 0 || ev->seq == wanted)
		p->taken = p->in->taken = true;
	if (ev->seq < wanted) {
		rl->stats.repeats++;
		return ST_OK;
	}
	p->asked = false;
	feed_take(fd, ev->seq, ev->body);
	return ST_OK;
}

/* Add a member from our own text, which has no trap in it, and clear that. */
static void
add_parsed(struct json_object *obj, const char *key, struct buf *text)
{
	struct json_object *value = json_tokener_parse(text->data);

	assert(value != NULL);
	json_object_object_add(obj, key, value);
	buf_clear(text);
}

static enum status
on_query(struct peer *p, const struct event *ev)
{
	struct relay *rl = p->in->relay;
	struct json_object *body;
	struct room *r;
	struct buf b = {0};
	int64_t next = 0;

	body = json_object_new_object();
	r = presence_room(&rl->presence, ev->room);
	buf_puts(&b, "[");
	if (r != NULL)
		next = room_entries(r, ev->cursor, &b);
	buf_puts(&b, "]");
	json_object_object_add(body, "room", json_object_new_string(ev->room));
	json_object_object_add(
	    body, "count", json_object_new_int64(r == NULL ? 0 : r->people));
	add_parsed(body, "users", &b);
	json_object_object_add(body, "presence_version",
	    json_object_new_int64(r == NULL ? 0 : r->version));
	/* They are few: the first part has them all. */
	if (r != NULL && ev->cursor == 0)
		room_lease_list(r, clock_mono_ms(), &b);
	else
		buf_puts(&b, "[]");
	add_parsed(body, "leases", &b);
	if (next != 0)
		json_object_object_add(
		    body, "next", json_object_new_int64(next));
	event_put_presence(&p->out, body, ev->id);
	json_object_put(body);
	buf_reset(&b);
	return ST_OK;
}

static enum status
on_revoke(struct peer *p, const struct event *ev, int64_t now)
{
	struct relay *rl = p->in->relay;

	gate_revoke(
	    &rl->gate, ev->session, ev->user_id, ev->at, clock_utc_ms());
	rl->stats.revocations++;
	presence_revoke(&rl->presence, ev->session, ev->user_id, ev->at, now);
	return ST_OK;
}

/* One line; ST_OK or the connection ends. */
static enum status
peer_line(struct peer *p, const char *line, size_t len)
{
	struct event ev = {0};
	enum status st;
	int64_t now = clock_mono_ms();

	if ((st = event_parse(line, len, &ev)) != ST_OK)
		return st;
	if (p->epoch[0] == '\0' &&
	    (ev.kind == EVENT_CHANGE || ev.kind == EVENT_OLDEST))
		st = ST_BAD_REQUEST;
	else if (ev.kind == EVENT_APP)
		st = on_app(p, &ev, now);
	else if (ev.kind == EVENT_CHANGE)
		st = on_change(p, &ev, now);
	else if (ev.kind == EVENT_OLDEST)
		feed_pruned(&p->in->relay->feed, p->oldest = ev.seq);
	else if (ev.kind == EVENT_QUERY)
		st = on_query(p, &ev);
	else if (ev.kind == EVENT_REVOKE)
		st = on_revoke(p, &ev, now);
	else if (ev.kind == EVENT_TOLD)
		p->in->told = ev.at > p->in->told ? ev.at : p->in->told;
	else
		st = ST_BAD_REQUEST;
	event_reset(&ev);
	return st;
}

/* Read the whole lines that came; false when the connection is to end. */
static bool
peer_lines(struct peer *p)
{
	char *nl, *at = p->line;
	size_t left = p->len;

	while (!p->stale && (nl = memchr(at, '\n', left)) != NULL) {
		if (peer_line(p, at, (size_t)(nl - at)) != ST_OK) {
			log_warn("app process %lld sent a bad line",
			    (long long)p->pid);
			return false;
		}
		left -= (size_t)(nl + 1 - at);
		at = nl + 1;
	}
	if (left == sizeof(p->line)) {
		log_warn(
		    "app process %lld sent too long a line", (long long)p->pid);
		return false;
	}
	memmove(p->line, at, left);
	p->len = left;
	return true;
}

/* Close it; it may have been the one that was to replay. */
static void
peer_end(struct peer *p)
{
	struct ingest *in = p->in;
	int64_t now = clock_mono_ms();

	peer_free(p);
	if (!ring_complete(&in->relay->feed.ring) && !ingest_waits(in, now))
		ingest_ask(in, now);
}

static void
peer_ready(void *arg, uint32_t events)
{
	struct peer *p = arg;
	ssize_t n;
	bool good = true;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		n = recv(p->fd, p->line + p->len, sizeof(p->line) - p->len, 0);
		if (n > 0) {
			p->len += (size_t)n;
			good = peer_lines(p);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			good = false;
		}
	}
	/* Even one that sent nonsense is told what it was told before. */
	if (!peer_flush(p) || !good)
		peer_end(p);
}

/* Acknowledge what was taken, unless the ring has begun anew since. */
static void
peer_acknowledge(struct peer *p)
{
	const struct ring *r = &p->in->relay->feed.ring;

	p->taken = false;
	if (r->head < 0 || strcmp(p->epoch, r->epoch) != 0)
		return;
	event_put_ack(&p->out, r->head);
	if (!peer_flush(p))
		peer_end(p);
}

void
ingest_flush(struct ingest *in)
{
	struct peer *p, *next;

	if (!in->taken)
		return;
	in->taken = false;
	for (p = in->peers; p != NULL; p = next) {
		next = p->next;
		if (p->taken)
			peer_acknowledge(p);
	}
}

/* One too many is refused rather than kept waiting. */
static bool
ingest_room(void *arg)
{
	(void)arg;
	return true;
}

static void
ingest_take(void *arg, int fd, const struct sockaddr *from, socklen_t len)
{
	struct ingest *in = arg;
	struct peer *p;

	(void)from;
	(void)len;
	if (in->count >= INGEST_PEERS ||
	    !sock_peer_allowed(fd, &in->relay->peers)) {
		log_warn("refused a connection to the event socket");
		close(fd);
		return;
	}
	if ((p = calloc(1, sizeof(*p))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	p->in = in;
	p->fd = fd;
	p->out.max = PEER_OUT_MAX;
	p->watch = loop_watch(&in->relay->loop, fd, EPOLLIN, peer_ready, p);
	p->next = in->peers;
	in->peers = p;
	in->count++;
	if (p->watch == 0)
		peer_free(p);
}

struct ingest *
ingest_new(struct relay *rl)
{
	const char *path = rl->conf.event_socket;
	struct ingest *in;
	int fd;

	if ((fd = service_socket("event")) != -1)
		rl->event_passed = true;
	else if ((fd = sock_listen_unix(path, 0660, 128)) == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if ((in = calloc(1, sizeof(*in))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	in->relay = rl;
	in->seen_head = -2;
	in->again = (struct timer){.fn = ingest_again, .arg = in};
	in->door =
	    (struct door){.room = ingest_room, .take = ingest_take, .arg = in};
	door_open(&in->door, &rl->loop, fd);
	return in;
}

void
ingest_free(struct ingest *in)
{
	while (in->peers != NULL)
		peer_free(in->peers);
	timer_stop(&in->relay->loop.timers, &in->again);
	door_close(&in->door);
	free(in);
}

unsigned
ingest_peers(const struct ingest *in)
{
	return in->count;
}
