/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>

#include <microhttpd.h>

#include "answer.h"
#include "reader.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "sse.h"

#define SSE_BLOCK 256  /* bytes a read of libmicrohttpd's: of a full socket */
#define SSE_TLS   2048 /* the same where it writes all */
#define SSE_BATCH 16   /* frames a write of ours, at most */
#define SSE_SEND  (MSG_DONTWAIT | MSG_NOSIGNAL)

/* One stream. */
struct sse {
	struct reader reader; /* first: the reader's functions get this */
	int fd;               /* the socket, libmicrohttpd's; -1: only that may
				 write, which encrypts */
	bool dead;            /* the client is gone */
	bool suspended;       /* all taken is written, and the socket is left
				 alone by libmicrohttpd */
	bool due;             /* in the list of those to be written */
	struct queue left;    /* frames taken, but not written */
	size_t offset;        /* bytes of the first that were */
	int64_t sent;         /* bytes written */
	struct sse *due_next; /* of that list */
	struct sse *next;     /* of all, until freed */
	struct sse *prev;
	struct MHD_Connection *connection;
	struct MHD_Response *head;  /* with headers; NULL: was sent */
	struct loop_daemon *daemon; /* borrowed */
	uint64_t watch;             /* for the peer's going */
	char id[CALL_ID_MAX];       /* of the request */
	int64_t began;              /* mono ms */
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
	struct relay *rl = r->relay;

	if (!s->suspended || s->due)
		return;
	s->due = true;
	s->due_next = NULL;
	if (rl->due == NULL)
		rl->due = s;
	else
		rl->due_last->due_next = s;
	rl->due_last = s;
}

/* The frame that libmicrohttpd is to write next, borrowed; NULL: none. */
static struct frame *
sse_next(struct sse *s)
{
	struct frame *f;

	if (s->left.count == 0 && (s->fd == -1 || s->reader.ending) &&
	    (f = reader_take(&s->reader)) != NULL) {
		queue_keep(&s->left, f);
		frame_drop(f);
	}
	return queue_first(&s->left);
}

/* The first header of a response is enough. */
static enum MHD_Result
first_header(
    void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	const char **header = cls;

	(void)kind;
	header[0] = key;
	header[1] = value;
	return MHD_NO;
}

/* The head was sent: thousands of streams need not keep its headers. */
static void
sse_drop_head(struct sse *s)
{
	const char *header[2];

	while (
	    MHD_get_response_headers(s->head, first_header, header) > 0 &&
	    MHD_del_response_header(s->head, header[0], header[1]) == MHD_YES)
		continue;
	s->head = NULL;
}

/* libmicrohttpd asks for up to MAX bytes. */
static ssize_t
sse_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct sse *s = cls;
	struct frame *f;
	size_t n, len = 0;

	(void)pos;
	if (s->head != NULL)
		sse_drop_head(s);
	while (!s->dead && len < max && (f = sse_next(s)) != NULL) {
		n = f->len - s->offset;
		if (n > max - len)
			n = max - len;
		memcpy(out + len, f->text + s->offset, n);
		len += n;
		s->offset += n;
		if (s->offset == f->len) {
			frame_drop(queue_pop(&s->left));
			s->offset = 0;
		}
	}
	s->sent += (int64_t)len;
	if (s->dead)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (len > 0)
		return (ssize_t)len;
	if (s->reader.ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	queue_reset(&s->left);
	s->suspended = true;
	MHD_suspend_connection(s->connection);
	if (reader_has(&s->reader))
		sse_ready(&s->reader);
	return 0;
}

/*
 * Write some frames; false: nothing to say.  An error is as good as a full
 * socket: libmicrohttpd will meet it, too.
 */
static bool
sse_send(struct sse *s)
{
	struct frame *f[SSE_BATCH];
	struct iovec v[SSE_BATCH];
	struct msghdr msg = {.msg_iov = v};
	ssize_t sent;
	size_t i, n = 0;

	assert(s->left.count == 0 && s->offset == 0);
	while (n < SSE_BATCH && (f[n] = reader_take(&s->reader)) != NULL) {
		v[n].iov_base = f[n]->text;
		v[n].iov_len = f[n]->len;
		n++;
	}
	if (n == 0)
		return false;
	msg.msg_iovlen = n;
	if (n == 1)
		sent = send(s->fd, f[0]->text, f[0]->len, SSE_SEND);
	else
		sent = sendmsg(s->fd, &msg, SSE_SEND);
	if (sent > 0) {
		s->sent += sent;
		s->offset = (size_t)sent;
	}
	for (i = 0; i < n; i++) {
		if (s->left.count == 0 && s->offset >= f[i]->len)
			s->offset -= f[i]->len;
		else
			queue_keep(&s->left, f[i]);
		frame_drop(f[i]);
	}
	s->reader.relay->stats.stalls += s->left.count > 0;
	return true;
}

/*
 * Whether we may write.  libmicrohttpd sends the head of a stream, asks for
 * its body, gets none and from then on leaves the socket alone: it has nothing
 * left to write.  So we write ourselves, which is as good, since the body has
 * no framing, and costs one call.  What the socket does not take, and the end,
 * are libmicrohttpd's again, until it has nothing left.
 */
static bool
sse_is_ours(const struct sse *s)
{
	return s->fd != -1 && !s->dead && !s->reader.ending &&
	       s->left.count == 0;
}

static void
sse_write(struct sse *s)
{
	while (sse_is_ours(s) && sse_send(s))
		continue;
	if (sse_is_ours(s))
		return;
	s->suspended = false;
	s->daemon->resumed = true;
	MHD_resume_connection(s->connection);
}

static void
sse_wake(struct subscriber *sub)
{
	struct sse *s = sse_of(reader_of(sub));

	reader_wake(sub);
	if (s->suspended)
		sse_write(s);
}

static const struct subscriber_ops sse_ops = {
    .deliver = reader_deliver,
    .wake = sse_wake,
    .end = reader_end,
};

void
sse_flush(struct relay *rl)
{
	struct sse *s;

	while ((s = rl->due) != NULL) {
		if (s->suspended)
			sse_write(s);
		rl->due = s->due_next;
		s->due = false;
	}
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

	assert(!s->due);
	sse_log(s);
	loop_unwatch(&rl->loop, s->watch);
	reader_reset(&s->reader);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		rl->streams = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	queue_reset(&s->left);
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
sse_watch(struct sse *s, const struct call *c)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return false;
	if (!c->secure)
		s->fd = info->connect_fd;
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
	/* No chunks: the body ends with the connection. */
	MHD_set_response_options(
	    resp, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	answer_content(resp, "text/event-stream");
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
	reader_init(&s->reader, rl, &sse_ops, wish, sse_ready);
	reader_stay(&s->reader);
	s->connection = c->connection;
	s->daemon = c->daemon;
	s->fd = -1;
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
	resp = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
	    c->secure ? SSE_TLS : SSE_BLOCK, sse_read, s, sse_free);
	if (resp == NULL || !sse_watch(s, c)) {
		if (resp == NULL)
			sse_free(s);
		else
			MHD_destroy_response(resp);
		return false;
	}
	s->head = resp;
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
