/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>

#include <microhttpd.h>

#include "answer.h"
#include "longpoll.h"
#include "rate.h"
#include "reader.h"
#include "shared/clock.h"
#include "shared/log.h"

#define CROWD 50 /* members of a room where clients need no pause yet */

/* What stays of a page that polls, between its polls too. */
struct poll {
	struct reader reader; /* first: the reader's functions get this */
	struct poll *next;    /* of all */
	struct poll *prev;
	struct longpoll *request; /* held or being answered; or NULL */
	struct timer timer;       /* answer it; or nobody polls any more */
	struct rate rate;         /* of the polls */
	int64_t hold_until;       /* mono ms: answer by then */
	int64_t answered_at;      /* mono ms; the last answer */
	int64_t closed_at;        /* mono ms; a connection was there */
	int64_t last;             /* number of the last answer */
	int64_t acked;            /* number of the one that the client has */
	int64_t from;             /* cursor before the last answer */
	int64_t from_version;     /* version before the last answer */
	struct queue sent;        /* passing frames of the last answer */
	bool more;                /* it was full */
};

/* A request that waits or is being answered. */
struct longpoll {
	struct poll *poll; /* NULL: another poll has taken its place */
	struct MHD_Connection *connection;
	struct loop *loop;          /* borrowed */
	struct loop_daemon *daemon; /* borrowed */
	struct stats *stats;        /* borrowed */
	struct ask ask;
	uint64_t watch; /* for the peer's going */
	bool suspended;
	bool gone; /* the peer is */
};

static struct poll *
poll_of(struct reader *r)
{
	return (struct poll *)(void *)r;
}

static void
request_resume(struct longpoll *rq)
{
	if (!rq->suspended)
		return;
	rq->suspended = false;
	rq->stats->held--;
	loop_unwatch(rq->loop, rq->watch);
	rq->watch = 0;
	rq->daemon->resumed = true;
	MHD_resume_connection(rq->connection);
}

/* Whether a poll is to be answered as soon as the pace allows. */
static bool
poll_has(const struct poll *p)
{
	if (p->reader.ending)
		return true;
	return p->reader.sub.begun && reader_has(&p->reader);
}

/* When a poll that is held is to be answered. */
static int64_t
poll_due(const struct poll *p)
{
	int64_t at = p->answered_at + LONGPOLL_PACE;

	if (!poll_has(p))
		return p->hold_until;
	if (p->reader.ending || p->more)
		return 0;
	return at < p->hold_until ? at : p->hold_until;
}

static void
poll_free(struct poll *p)
{
	struct relay *rl = p->reader.relay;

	assert(p->request == NULL);
	timer_stop(&rl->loop.timers, &p->timer);
	reader_part(&p->reader, p->closed_at);
	reader_reset(&p->reader);
	queue_reset(&p->sent);
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		rl->polls = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	rl->stats.streams--;
	free(p);
}

static void
poll_ready(struct reader *r)
{
	struct poll *p = poll_of(r);
	int64_t due, now;

	if (p->request == NULL) {
		/* Not here and now: who ends it may still look at it. */
		if (r->ending)
			timer_set(&r->relay->loop.timers, &p->timer, 0);
		return;
	}
	if (!p->request->suspended)
		return;
	now = clock_mono_ms();
	due = poll_due(p);
	if (due <= now)
		request_resume(p->request);
	else
		timer_set(&r->relay->loop.timers, &p->timer, due);
}

/* A poll has been held long enough, or none has come for too long. */
static void
poll_timer(void *arg, int64_t now)
{
	struct poll *p = arg;

	(void)now;
	if (p->request == NULL)
		poll_free(p);
	else
		request_resume(p->request);
}

/* Take its place: it is answered with nothing. */
static void
poll_detach(struct poll *p)
{
	struct longpoll *rq = p->request;

	if (rq == NULL)
		return;
	p->request = NULL;
	p->closed_at = clock_mono_ms();
	rq->poll = NULL;
	request_resume(rq);
}

static void
poll_end(
    struct subscriber *sub, const char *code, const char *reason, int64_t retry)
{
	/* By the page itself, which does not need to be told. */
	if (strcmp(code, "replaced") == 0)
		poll_detach(poll_of(reader_of(sub)));
	reader_end(sub, code, reason, retry);
}

static void
poll_wake(struct subscriber *sub)
{
	struct reader *r = reader_of(sub);

	reader_wake(sub);
	if (reader_has(r))
		poll_ready(r);
}

static const struct subscriber_ops poll_ops = {
    .deliver = reader_deliver,
    .wake = poll_wake,
    .end = poll_end,
};

/* The member's poll; NULL: it has none. */
static struct poll *
poll_find(const struct member *m)
{
	if (m == NULL || m->sub == NULL || m->sub->ops != &poll_ops)
		return NULL;
	return poll_of(reader_of(m->sub));
}

static struct poll *
poll_new(struct relay *rl, const struct ask *ask)
{
	struct poll *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	reader_init(&p->reader, rl, &poll_ops,
	    ask->has_position ? &ask->position : NULL, poll_ready);
	p->timer = (struct timer){.fn = poll_timer, .arg = p};
	/* One that echoes another's number is found out. */
	p->last = 1 + random() % (1 << 30);
	p->acked = -1;
	if ((p->next = rl->polls) != NULL)
		p->next->prev = p;
	rl->polls = p;
	rl->stats.streams++;
	rl->stats.streams_opened++;
	return p;
}

/*
 * Set the reader to the place that the client has; false: it cannot go on
 * from there.
 */
static bool
poll_seek(struct poll *p, const struct ask *ask)
{
	struct reader *r = &p->reader;

	if (!ask->has_position)
		return ask->answer == p->last || r->cursor == p->from;
	if (r->blind) {
		r->has_wish = true;
		r->wish = ask->position;
		return true;
	}
	return ring_resolve(&r->relay->feed.ring, &ask->position, &r->cursor);
}

/*
 * Go on with the page's poll.  False: it has none, or none that fits what it
 * asks, so it has to begin anew.
 */
static bool
poll_continue(struct poll *p, struct call *c, const struct ask *ask)
{
	struct reader *r;

	if (p == NULL || !p->reader.sub.begun ||
	    p->reader.sub.member->who.issued != c->ticket.issued ||
	    strcmp(p->reader.sub.member->who.session, c->ticket.session) != 0 ||
	    (ask->answer != p->last && ask->answer != p->acked) ||
	    !poll_seek(p, ask))
		return false;
	r = &p->reader;
	poll_detach(p);
	if (ask->answer == p->last) {
		queue_reset(&p->sent);
	} else {
		queue_put_back(&r->queue, &p->sent);
		r->version = p->from_version;
	}
	p->acked = ask->answer;
	if (ask->version >= 0 && ask->version != r->version)
		reader_list(r);
	presence_return(&c->relay->presence, r->sub.member, clock_mono_ms());
	return true;
}

/* ms that the client rests: a crowd must not come back as one. */
static int64_t
poll_pause(const struct poll *p)
{
	const struct room *r = p->reader.sub.room;
	int64_t most;

	if (r == NULL || p->more || r->members < CROWD)
		return 0;
	most = r->members / 4;
	return (int64_t)random() %
	       (most < LONGPOLL_PAUSE ? most + 1 : LONGPOLL_PAUSE + 1);
}

/* Close events[] and the answer; POS may be NULL. */
static void
put_tail(struct buf *b, const struct event_position *pos, int64_t version,
    int64_t answer, int64_t pause)
{
	char text[EVENT_POSITION_MAX];

	buf_puts(b, "],\"position\":");
	if (pos == NULL) {
		buf_puts(b, "null");
	} else {
		event_position_text(pos, text);
		buf_printf(b, "\"%s\"", text);
	}
	buf_printf(b,
	    ",\"presence_version\":%lld,\"answer\":%lld,\"pause\":%lld}",
	    (long long)version, (long long)answer, (long long)pause);
}

/* The answer of one whose place another poll has taken, or who is refused. */
static void
put_nothing(struct buf *b, const struct ask *ask)
{
	put_tail(b, ask->has_position ? &ask->position : NULL,
	    ask->version < 0 ? 0 : ask->version, ask->answer, 0);
}

static void
put_events(struct poll *p, struct buf *b)
{
	struct reader *r = &p->reader;
	struct frame *f;
	bool first = true;

	while (b->len < LONGPOLL_BYTES && (f = reader_take(r)) != NULL) {
		if (!first)
			buf_puts(b, ",");
		first = false;
		frame_put_json(f, b);
		if (f->lane != LANE_DURABLE)
			queue_keep(&p->sent, f);
		frame_drop(f);
	}
}

/* Where the client is to go on, after the answer; false: not known yet. */
static bool
poll_position(const struct poll *p, struct event_position *pos)
{
	const struct reader *r = &p->reader;
	const struct ask *ask = &p->request->ask;

	if ((!r->ending || r->drains) && r->cursor >= 0) {
		memcpy(
		    pos->epoch, r->relay->feed.ring.epoch, sizeof(pos->epoch));
		pos->seq = r->cursor;
		return true;
	}
	*pos = ask->position;
	return ask->has_position;
}

/* What there is to say to the request, which may be nothing. */
static void
poll_compose(struct poll *p, struct buf *b)
{
	struct reader *r = &p->reader;
	struct event_position pos;

	p->from = r->cursor;
	p->from_version = r->version;
	put_events(p, b);
	p->more = !r->ending && reader_has(r);
	p->answered_at = clock_mono_ms();
	p->last++;
	put_tail(b, poll_position(p, &pos) ? &pos : NULL, r->version, p->last,
	    poll_pause(p));
}

/* Send an answer; its bytes go to libmicrohttpd. */
static bool
request_send(struct call *c, struct buf *b)
{
	struct MHD_Response *resp;
	enum MHD_Result result;

	c->relay->stats.polls++;
	resp = MHD_create_response_from_buffer(
	    b->len, b->data, MHD_RESPMEM_MUST_FREE);
	if (resp == NULL) {
		buf_reset(b);
		return false;
	}
	answer_content(resp, "application/json");
	MHD_add_response_header(resp, "Cache-Control", "no-store");
	answer_head(c, resp);
	result = MHD_queue_response(c->connection, MHD_HTTP_OK, resp);
	MHD_destroy_response(resp);
	return result == MHD_YES;
}

static void
request_gone(void *arg, uint32_t events)
{
	struct longpoll *rq = arg;

	(void)events;
	rq->gone = true;
	request_resume(rq);
}

/* Let the request wait. */
static bool
request_hold(struct longpoll *rq)
{
	struct poll *p = rq->poll;
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return false;
	rq->watch = loop_watch(rq->loop, info->connect_fd,
	    EPOLLRDHUP | EPOLLONESHOT, request_gone, rq);
	if (rq->watch == 0)
		return false;
	timer_set(&p->reader.relay->loop.timers, &p->timer, poll_due(p));
	rq->suspended = true;
	rq->stats->held++;
	MHD_suspend_connection(rq->connection);
	return true;
}

bool
longpoll_go_on(struct call *c)
{
	struct longpoll *rq = c->held;
	struct poll *p = rq->poll;
	struct buf b = {0};

	if (rq->suspended)
		return true;
	if (rq->gone)
		return false;
	if (p != NULL && poll_due(p) > clock_mono_ms())
		return request_hold(rq);
	buf_puts(&b, "{\"events\":[");
	if (p != NULL)
		poll_compose(p, &b);
	else
		put_nothing(&b, &rq->ask);
	return request_send(c, &b);
}

bool
longpoll_open(struct call *c, const struct ask *ask)
{
	struct relay *rl = c->relay;
	struct poll *p = poll_find(c->member);
	struct longpoll *rq;
	struct rate rate = {0};

	if (!poll_continue(p, c, ask)) {
		if (p != NULL)
			rate = p->rate;
		p = poll_new(rl, ask);
		p->rate = rate;
		reader_open(&p->reader, &c->ticket);
	}
	if ((rq = calloc(1, sizeof(*rq))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	rq->poll = p;
	rq->connection = c->connection;
	rq->loop = &rl->loop;
	rq->daemon = c->daemon;
	rq->stats = &rl->stats;
	rq->ask = *ask;
	p->request = rq;
	p->hold_until = clock_mono_ms() + rl->conf.poll_hold * 1000;
	c->held = rq;
	return longpoll_go_on(c);
}

bool
longpoll_refuse(struct call *c, const struct ask *ask, const char *code,
    const char *reason, int64_t retry)
{
	struct frame *f = frame_bye(code, reason, retry);
	struct buf b = {0};

	buf_puts(&b, "{\"events\":[");
	frame_put_json(f, &b);
	frame_drop(f);
	put_nothing(&b, ask);
	c->relay->stats.refused++;
	stats_bye(&c->relay->stats, code);
	return request_send(c, &b);
}

void
longpoll_over(struct call *c)
{
	struct longpoll *rq = c->held;
	struct poll *p;

	if (rq == NULL)
		return;
	loop_unwatch(rq->loop, rq->watch);
	if ((p = rq->poll) != NULL) {
		p->request = NULL;
		p->closed_at = clock_mono_ms();
		if (p->reader.ending)
			poll_free(p);
		else
			timer_set(&rq->loop->timers, &p->timer,
			    p->closed_at + PRESENCE_GRACE);
	}
	free(rq);
	c->held = NULL;
}

bool
longpoll_may(struct call *c)
{
	struct poll *p = poll_find(c->member);

	return p == NULL || rate_take(&p->rate, clock_mono_ms(), LONGPOLL_RATE,
				LONGPOLL_BURST);
}

void
longpoll_abort(struct relay *rl)
{
	struct poll *p;
	struct longpoll *rq;

	while ((p = rl->polls) != NULL) {
		if ((rq = p->request) != NULL) {
			rq->gone = true;
			poll_detach(p);
		}
		poll_free(p);
	}
}
