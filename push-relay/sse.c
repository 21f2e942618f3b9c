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
#include "reader.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "sse.h"

#define SSE_BLOCK 1024 /* bytes a read where the client is HTTP/1.0 */

/* One stream. */
struct sse {
	struct reader reader; /* first: the reader's functions get this */
	struct sse *next;     /* of all, until freed */
	struct sse *prev;
	struct MHD_Connection *connection;
	struct loop_daemon *daemon; /* borrowed */
	uint64_t watch;             /* for the peer's going */
	struct frame *now;          /* being written, held */
	size_t offset;              /* in it */
	char id[CALL_ID_MAX];       /* of the request */
	int64_t began;              /* mono ms */
	int64_t sent;               /* bytes given to libmicrohttpd */
	bool dead;                  /* the client is gone */
	bool suspended;
};

static struct sse *
sse_of(struct reader *r)
{
	return (struct sse *)(void *)r;
}

/* There is something to write, or it ends. */
static void
sse_ready(struct reader *r)
{
	struct sse *s = sse_of(r);

	if (!s->suspended)
		return;
	s->suspended = false;
	s->daemon->resumed = true;
	MHD_resume_connection(s->connection);
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
			if ((s->now = reader_take(&s->reader)) == NULL)
				break;
			s->offset = 0;
		}
		n = s->now->len - s->offset;
		if (n > max - len)
			n = max - len;
		memcpy(out + len, s->now->text + s->offset, n);
		s->offset += n;
		s->sent += (int64_t)n;
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
	if (s->reader.ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	s->suspended = true;
	MHD_suspend_connection(s->connection);
	return 0;
}

/* The line of a stream at its begin has the rest. */
static void
sse_log(const struct sse *s)
{
	struct log_line l;

	log_begin(&l, LOG_INFO, "stream-end");
	log_str(&l, "id", s->id);
	log_int(&l, "ms", clock_mono_ms() - s->began);
	log_int(&l, "out", s->sent);
	log_end(&l);
}

/* libmicrohttpd is done with the stream. */
static void
sse_free(void *cls)
{
	struct sse *s = cls;
	struct relay *rl = s->reader.relay;

	sse_log(s);
	loop_unwatch(&rl->loop, s->watch);
	reader_reset(&s->reader);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		rl->streams = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	frame_drop(s->now);
	rl->stats.streams--;
	free(s);
}

static void
sse_cut(struct sse *s)
{
	s->dead = true;
	reader_part(&s->reader, clock_mono_ms());
	sse_ready(&s->reader);
}

/* The client has closed, or at least will send no more: it is gone. */
static void
sse_gone(void *arg, uint32_t events)
{
	(void)events;
	sse_cut(arg);
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
	s->watch = loop_watch(&s->reader.relay->loop, info->connect_fd,
	    EPOLLRDHUP | EPOLLONESHOT, sse_gone, s);
	return s->watch != 0;
}

static bool
sse_answer(const struct call *c, struct MHD_Response *resp)
{
	enum MHD_Result r;

	if (resp == NULL)
		return false;
	MHD_add_response_header(resp, "Content-Type", "text/event-stream");
	MHD_add_response_header(
	    resp, "Cache-Control", "no-cache, no-transform");
	MHD_add_response_header(resp, "X-Accel-Buffering", "no");
	MHD_add_response_header(resp, "Connection", "close");
	answer_head(c, resp);
	r = MHD_queue_response(c->connection, MHD_HTTP_OK, resp);
	MHD_destroy_response(resp);
	return r == MHD_YES;
}

static struct sse *
sse_new(const struct call *c, const struct event_position *wish)
{
	struct relay *rl = c->relay;
	struct sse *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	reader_init(&s->reader, rl, wish, sse_ready);
	reader_stay(&s->reader);
	s->connection = c->connection;
	s->daemon = c->daemon;
	s->began = clock_mono_ms();
	memcpy(s->id, c->id, sizeof(s->id));
	if ((s->next = rl->streams) != NULL)
		s->next->prev = s;
	rl->streams = s;
	rl->stats.streams++;
	rl->stats.streams_opened++;
	return s;
}

bool
sse_open(const struct call *c, const struct event_position *wish)
{
	struct MHD_Response *resp;
	struct sse *s;

	s = sse_new(c, wish);
	resp = MHD_create_response_from_callback(
	    MHD_SIZE_UNKNOWN, SSE_BLOCK, sse_read, s, sse_free);
	if (resp == NULL || !sse_watch(s)) {
		if (resp == NULL)
			sse_free(s);
		else
			MHD_destroy_response(resp);
		return false;
	}
	reader_push(&s->reader, frame_retry(SSE_RETRY));
	reader_open(&s->reader, &c->ticket);
	return sse_answer(c, resp);
}

bool
sse_refuse(
    const struct call *c, const char *code, const char *reason, int64_t retry)
{
	struct MHD_Response *resp;
	struct frame *f;

	f = frame_bye(code, reason, retry);
	resp = MHD_create_response_from_buffer(
	    f->len, f->text, MHD_RESPMEM_MUST_COPY);
	frame_drop(f);
	c->relay->stats.refused++;
	stats_bye(&c->relay->stats, code);
	return sse_answer(c, resp);
}

void
sse_abort(struct relay *rl)
{
	struct sse *s;

	for (s = rl->streams; s != NULL; s = s->next)
		sse_cut(s);
}
