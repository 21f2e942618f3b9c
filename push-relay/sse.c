/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <config.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>

#include <microhttpd.h>

#include "queue.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"
#include "sse.h"

#define SSE_BLOCK 1024 /* bytes a read where the client is HTTP/1.0 */

/* One stream. */
struct sse {
	struct subscriber sub; /* first: ops get this */
	struct sse *next;      /* of all, until freed */
	struct sse *prev;
	struct relay *relay;
	struct MHD_Connection *connection;
	uint64_t watch;    /* for the peer's going */
	struct timer ping; /* or the session's end */
	int64_t ends;      /* UTC ms: the session's end */
	bool has_wish;
	struct event_position wish; /* what the client has */
	bool blind;                 /* began without a ring */
	int64_t cursor;             /* last event read; -1: none
				       is to be read yet */
	struct queue queue;
	struct frame *now; /* being written, held */
	size_t offset;     /* in it */
	bool list_due;     /* passing things were dropped */
	bool ending;       /* nothing but now and bye */
	struct frame *bye; /* held */
	bool dead;         /* the client is gone */
	bool suspended;
};

static struct sse *
sse_of(struct subscriber *sub)
{
	return (struct sse *)(void *)sub;
}

static void
sse_resume(struct sse *s)
{
	if (!s->suspended)
		return;
	s->suspended = false;
	s->relay->loop.resumed = true;
	MHD_resume_connection(s->connection);
}

static void
sse_push(struct sse *s, struct frame *f)
{
	(void)queue_push(&s->queue, f);
	frame_drop(f);
	sse_resume(s);
}

/* Leave everything but the connection itself. */
static void
sse_part(struct sse *s)
{
	timer_stop(&s->relay->loop.timers, &s->ping);
	feed_part(&s->relay->feed, &s->sub);
	room_unsubscribe(&s->sub);
	presence_close(&s->relay->presence, &s->sub, clock_mono_ms());
}

/* What "disconnect" says, as a frame. */
static struct frame *
sse_bye(const char *code, const char *reason, int64_t retry)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "code", json_object_new_string(code));
	json_object_object_add(obj, "reason", json_object_new_string(reason));
	json_object_object_add(obj, "retry", json_object_new_int64(retry));
	return frame_json(LANE_CONTROL, "disconnect", obj);
}

static void
sse_end(
    struct subscriber *sub, const char *code, const char *reason, int64_t retry)
{
	struct sse *s = sse_of(sub);

	if (s->ending || s->dead)
		return;
	s->ending = true;
	s->bye = sse_bye(code, reason, retry);
	queue_reset(&s->queue);
	if (retry > 0)
		sse_push(s, frame_retry(retry));
	sse_part(s);
	sse_resume(s);
}

static void
sse_deliver(struct subscriber *sub, struct frame *f)
{
	struct sse *s = sse_of(sub);

	if (s->ending || s->dead)
		return;
	if (!s->list_due && !queue_push(&s->queue, f)) {
		/* It cannot keep up: one list will say all that waits. */
		s->list_due = true;
		s->relay->stats.dropped +=
		    queue_purge(&s->queue, LANE_CURSOR) +
		    queue_purge(&s->queue, LANE_PRESENCE);
	}
	s->relay->stats.dropped += s->list_due;
	sse_resume(s);
}

static void
put_position(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(
	    obj, key, text == NULL ? NULL : json_object_new_string(text));
}

static struct frame *
sse_ping_frame(struct sse *s)
{
	struct json_object *obj = json_object_new_object();
	struct room *r = s->sub.room;
	char pos[EVENT_POSITION_MAX];
	bool known;

	known = ring_position(&s->relay->feed.ring, pos);
	put_position(obj, "position", known ? pos : NULL);
	json_object_object_add(obj, "presence_version",
	    json_object_new_int64(r == NULL ? 0 : r->version));
	return frame_json(LANE_CONTROL, "ping", obj);
}

/* Set the timer to the next ping, or to the session's end before it. */
static void
sse_arm(struct sse *s, int64_t now)
{
	int64_t left = s->ends - clock_utc_ms();

	timer_set(&s->relay->loop.timers, &s->ping,
	    now + (left < SSE_PING ? (left > 0 ? left : 0) : SSE_PING));
}

static void
sse_ping(void *arg, int64_t now)
{
	struct sse *s = arg;

	if (clock_utc_ms() >= s->ends) {
		sse_end(&s->sub, "ticket", "The session has ended", 0);
		return;
	}
	/* One that has not read the last ping needs no other. */
	if (queue_first(&s->queue) == NULL ||
	    queue_first(&s->queue)->lane != LANE_CONTROL)
		sse_push(s, sse_ping_frame(s));
	sse_arm(s, now);
}

/* The members of room_joined but for the users. */
static struct json_object *
sse_joined_head(struct sse *s, struct room *r, bool recovered)
{
	struct json_object *obj = json_object_new_object();
	struct event_position to = s->wish;
	char from[EVENT_POSITION_MAX];
	char pos[EVENT_POSITION_MAX];
	char text[EVENT_POSITION_MAX];
	bool known;

	known = ring_position(&s->relay->feed.ring, pos);
	if (s->has_wish)
		event_position_text(&s->wish, from);
	if (known) {
		memcpy(to.epoch, s->relay->feed.ring.epoch, sizeof(to.epoch));
		to.seq = s->cursor > s->relay->feed.ring.head
			     ? s->cursor
			     : s->relay->feed.ring.head;
		event_position_text(&to, text);
	}
	json_object_object_add(obj, "room", json_object_new_string(r->name));
	json_object_object_add(obj, "count", json_object_new_int64(r->people));
	json_object_object_add(
	    obj, "recovered", json_object_new_boolean(recovered));
	put_position(obj, "from", s->has_wish ? from : NULL);
	put_position(obj, "to", known ? text : NULL);
	put_position(obj, "position", known ? pos : NULL);
	json_object_object_add(obj, "settling",
	    json_object_new_boolean(
		clock_mono_ms() - s->relay->started < RELAY_SETTLING));
	json_object_object_add(
	    obj, "build", json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(
	    obj, "presence_version", json_object_new_int64(r->version));
	return obj;
}

/* The ring has settled: the stream begins. */
static void
sse_begin(struct sse *s)
{
	struct feed *fd = &s->relay->feed;
	struct room *r = s->sub.member->room;
	struct json_object *obj;
	struct buf b = {0};
	const char *text;
	size_t len;
	bool recovered = false;

	s->blind = fd->ring.head < 0;
	if (!s->blind)
		recovered = ring_resolve(
		    &fd->ring, s->has_wish ? &s->wish : NULL, &s->cursor);
	s->relay->stats.streams_replayed += recovered;
	s->sub.begun = true;
	obj = sse_joined_head(s, r, recovered);
	text = json_out_text(obj, &len);
	buf_add(&b, text, len - 1); /* the users close the object */
	text = room_users(r, &len);
	buf_add(&b, text, len);
	sse_push(
	    s, frame_new(LANE_CONTROL, "room_joined", NULL, b.data, b.len));
	buf_reset(&b);
	json_object_put(obj);
	room_subscribe(r, &s->sub);
}

/*
 * A stream that began without a ring, since no app came in time, now gets its
 * place in it: after what the client has, if the ring goes back so far, else
 * at the newest event; the ping tells the client at once what it lacks.
 */
static void
sse_see(struct sse *s)
{
	struct ring *r = &s->relay->feed.ring;

	s->blind = false;
	if (s->has_wish && strcmp(s->wish.epoch, r->epoch) != 0) {
		sse_end(&s->sub, "epoch", "The inventory was restored", 0);
		return;
	}
	(void)ring_resolve(r, s->has_wish ? &s->wish : NULL, &s->cursor);
	sse_push(s, sse_ping_frame(s));
}

static void
sse_wake(struct subscriber *sub)
{
	struct sse *s = sse_of(sub);

	if (s->ending || s->dead)
		return;
	if (!sub->begun && s->relay->feed.settled)
		sse_begin(s);
	else if (s->blind && ring_complete(&s->relay->feed.ring))
		sse_see(s);
	if (s->cursor >= 0 && s->relay->feed.ring.head > s->cursor)
		sse_resume(s);
}

static const struct subscriber_ops sse_ops = {
    .deliver = sse_deliver,
    .wake = sse_wake,
    .end = sse_end,
};

/* The next event of the ring; NULL: there is none, or the stream ends. */
static struct frame *
sse_durable(struct sse *s)
{
	struct ring *r = &s->relay->feed.ring;
	struct frame *f;

	if (s->cursor < 0 || s->cursor >= r->head)
		return NULL;
	if (s->cursor + 1 < r->oldest) {
		s->relay->stats.slow++;
		sse_end(&s->sub, "slow", "Too far behind", 0);
		return NULL;
	}
	f = frame_hold(ring_at(r, s->cursor + 1));
	s->cursor++;
	return f;
}

/*
 * What is to be written next, held.  About the stream itself comes first,
 * then the durable events, then the rest.
 */
static struct frame *
sse_next(struct sse *s)
{
	struct frame *f;

	f = queue_first(&s->queue);
	if (f != NULL && f->lane == LANE_CONTROL)
		return queue_pop(&s->queue);
	if (!s->ending && (f = sse_durable(s)) != NULL)
		return f;
	if (s->ending) {
		f = s->bye;
		s->bye = NULL;
		return f;
	}
	if ((f = queue_pop(&s->queue)) == NULL && s->list_due) {
		/* It has what it makes the room send first. */
		f = frame_hold(room_list(s->sub.room));
		s->list_due = false;
	}
	return f;
}

/* libmicrohttpd asks for up to MAX bytes. */
static ssize_t
sse_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct sse *s = cls;
	size_t n, len = 0;

	(void)pos;
	while (!s->dead && len < max) {
		if (s->now == NULL) {
			if ((s->now = sse_next(s)) == NULL)
				break;
			s->offset = 0;
			s->relay->stats.frames++;
		}
		n = s->now->len - s->offset;
		if (n > max - len)
			n = max - len;
		memcpy(out + len, s->now->text + s->offset, n);
		s->offset += n;
		len += n;
		if (s->offset == s->now->len) {
			frame_drop(s->now);
			s->now = NULL;
		}
	}
	if (s->dead)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len > 0)
		return (ssize_t)len;
	if (s->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	s->suspended = true;
	MHD_suspend_connection(s->connection);
	return 0;
}

/* libmicrohttpd is done with the stream. */
static void
sse_free(void *cls)
{
	struct sse *s = cls;

	loop_unwatch(&s->relay->loop, s->watch);
	sse_part(s);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		s->relay->streams = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	queue_reset(&s->queue);
	frame_drop(s->now);
	frame_drop(s->bye);
	s->relay->stats.streams--;
	free(s);
}

/* The client has closed, or at least will send no more: it is gone. */
static void
sse_gone(void *arg, uint32_t events)
{
	struct sse *s = arg;

	(void)events;
	s->dead = true;
	sse_part(s);
	sse_resume(s);
}

static bool
sse_watch(struct sse *s)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return false;
	/* Once: level-triggered, it would spin until the stream is closed. */
	s->watch = loop_watch(&s->relay->loop, info->connect_fd,
	    EPOLLRDHUP | EPOLLONESHOT, sse_gone, s);
	return s->watch != 0;
}

static bool
sse_answer(struct MHD_Connection *c, struct MHD_Response *resp)
{
	enum MHD_Result r;

	if (resp == NULL)
		return false;
	MHD_add_response_header(resp, "Content-Type", "text/event-stream");
	MHD_add_response_header(
	    resp, "Cache-Control", "no-cache, no-transform");
	MHD_add_response_header(resp, "X-Accel-Buffering", "no");
	MHD_add_response_header(resp, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(resp, "Connection", "close");
	r = MHD_queue_response(c, MHD_HTTP_OK, resp);
	MHD_destroy_response(resp);
	return r == MHD_YES;
}

static struct sse *
sse_new(struct relay *rl, struct MHD_Connection *c, const struct ticket *who,
    const struct event_position *wish)
{
	struct sse *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	s->sub.ops = &sse_ops;
	s->relay = rl;
	s->connection = c;
	s->ends = who->ends;
	s->cursor = -1;
	s->ping = (struct timer){.fn = sse_ping, .arg = s};
	if (wish != NULL) {
		s->has_wish = true;
		s->wish = *wish;
	}
	if ((s->next = rl->streams) != NULL)
		s->next->prev = s;
	rl->streams = s;
	rl->stats.streams++;
	rl->stats.streams_opened++;
	return s;
}

bool
sse_open(struct relay *rl, struct MHD_Connection *c, const struct ticket *who,
    const struct event_position *wish)
{
	struct json_object *hello;
	struct MHD_Response *resp;
	struct sse *s;
	int64_t now = clock_mono_ms();

	s = sse_new(rl, c, who, wish);
	resp = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, SSE_BLOCK, sse_read, s, sse_free);
	if (resp == NULL || !sse_watch(s)) {
		if (resp == NULL)
			sse_free(s);
		else
			MHD_destroy_response(resp);
		return false;
	}
	hello = json_object_new_object();
	json_object_object_add(hello, "sid", json_object_new_string(who->sid));
	sse_push(s, frame_retry(SSE_RETRY));
	sse_push(s, frame_json(LANE_CONTROL, "connection_established", hello));
	if (presence_open(&rl->presence, who, &s->sub, now) != ST_OK) {
		sse_end(&s->sub, "full", "Too many are here", SSE_RETRY);
		return sse_answer(c, resp);
	}
	feed_join(&rl->feed, &s->sub);
	sse_arm(s, now);
	if (rl->feed.settled)
		sse_begin(s);
	return sse_answer(c, resp);
}

bool
sse_refuse(struct relay *rl, struct MHD_Connection *c, const char *code,
    const char *reason, int64_t retry)
{
	struct MHD_Response *resp;
	struct buf b = {0};
	struct frame *f;

	f = sse_bye(code, reason, retry);
	if (retry > 0)
		buf_printf(&b, "retry: %lld\n", (long long)retry);
	buf_add(&b, f->text, f->len);
	frame_drop(f);
	resp = MHD_create_response_from_buffer(
	    b.len, b.data, MHD_RESPMEM_MUST_COPY);
	buf_reset(&b);
	rl->stats.refused++;
	return sse_answer(c, resp);
}

void
sse_shutdown(struct relay *rl)
{
	struct subscriber *sub, *next;
	int64_t window;

	/* A thousand a second come back; a few need not wait long. */
	window = rl->stats.streams > 500 ? rl->stats.streams : 500;
	for (sub = rl->feed.subs; sub != NULL; sub = next) {
		next = sub->feed_next;
		sub->ops->end(sub, "shutdown", "The server restarts",
		    (int64_t)random() % window);
	}
}

void
sse_abort(struct relay *rl)
{
	struct sse *s;

	for (s = rl->streams; s != NULL; s = s->next) {
		s->dead = true;
		sse_part(s);
		sse_resume(s);
	}
}
