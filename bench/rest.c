/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "rest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"

struct rest_call {
	struct rest_call *next;
	struct buf request;
	rest_done done;
	void *arg;
	int64_t until; /* mono ms */
};

/* One connection; all zeroes but for fd = -1 is one that is not open. */
struct rest_conn {
	struct source source; /* first */
	struct rest *rest;
	int fd;
	struct rest_call *call; /* under way; owned */
	size_t sent;            /* bytes of it */
	struct http_in in;
	struct buf body;
};

static void rest_ready(struct source *, uint32_t);

void
rest_init(struct rest *r, int epfd, const struct http_address *address,
    unsigned connections)
{
	unsigned i;

	memset(r, 0, sizeof(*r));
	r->epfd = epfd;
	r->address = *address;
	r->size = connections;
	r->timeout = REST_TIMEOUT;
	if ((r->conns = calloc(connections, sizeof(*r->conns))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	for (i = 0; i < connections; i++) {
		r->conns[i].source.ready = rest_ready;
		r->conns[i].rest = r;
		r->conns[i].fd = -1;
	}
}

static void
call_free(struct rest_call *call)
{
	buf_reset(&call->request);
	free(call);
}

static void
conn_close(struct rest_conn *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
}

static void
conn_want(struct rest_conn *c, int op, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	if (epoll_ctl(c->rest->epfd, op, c->fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

/* The call has ended; its caller may send another one at once. */
static void
conn_done(struct rest_conn *c, int status)
{
	struct rest_call *call = c->call;
	struct buf body = c->body;

	c->call = NULL;
	memset(&c->body, 0, sizeof(c->body));
	if (status == 0 || !c->in.keep)
		conn_close(c);
	c->rest->failed += status == 0;
	if (call != NULL && call->done != NULL)
		call->done(call->arg, status, body.data, body.len);
	if (call != NULL)
		call_free(call);
	buf_reset(&body);
}

static void
conn_write(struct rest_conn *c)
{
	struct buf *b = &c->call->request;
	ssize_t n;

	n = send(c->fd, b->data + c->sent, b->len - c->sent, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		conn_done(c, 0);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent == b->len)
		conn_want(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void
conn_read(struct rest_conn *c)
{
	char bytes[16384];
	const char *body, *p = bytes;
	size_t used, len;
	ssize_t n;

	n = recv(c->fd, bytes, sizeof(bytes), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->call == NULL) {
		if (c->call == NULL)
			conn_close(c);
		else
			conn_done(c, http_in_end(&c->in) ? c->in.status : 0);
		return;
	}
	while (n > 0 && c->in.state != HTTP_DONE && c->in.state != HTTP_BAD) {
		used = http_in_take(&c->in, p, (size_t)n, &body, &len);
		if (len > 0)
			buf_add(&c->body, body, len);
		p += used;
		n -= (ssize_t)used;
	}
	if (c->in.state == HTTP_DONE)
		conn_done(c, c->in.status);
	else if (c->in.state == HTTP_BAD)
		conn_done(c, 0);
}

/* Give the next call to a connection that has none. */
static void
conn_begin(struct rest_conn *c)
{
	struct rest *r = c->rest;
	bool fresh = c->fd == -1;

	if (r->first == NULL || c->call != NULL)
		return;
	c->call = r->first;
	if ((r->first = c->call->next) == NULL)
		r->last = NULL;
	c->sent = 0;
	http_in_init(&c->in);
	if (fresh && (c->fd = http_connect(&r->address, 0)) == -1) {
		conn_done(c, 0);
		return;
	}
	conn_want(c, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void
rest_ready(struct source *s, uint32_t events)
{
	struct rest_conn *c = (struct rest_conn *)(void *)s;

	if (c->fd == -1)
		return;
	if ((events & EPOLLOUT) != 0 && c->call != NULL)
		conn_write(c);
	if (c->fd != -1 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		conn_read(c);
	if (c->call == NULL)
		conn_begin(c);
}

static void
add_header(struct buf *b, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_puts(b, name);
	buf_puts(b, value);
	buf_puts(b, "\r\n");
}

void
rest_send(struct rest *r, const struct rest_request *rq)
{
	struct rest_call *call;
	struct buf *b;
	unsigned i;

	if ((call = calloc(1, sizeof(*call))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	call->done = rq->done;
	call->arg = rq->arg;
	call->until = clock_mono_ms() + r->timeout;
	b = &call->request;
	buf_printf(
	    b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", rq->method, rq->path);
	add_header(b, "Authorization: Bearer ", rq->bearer);
	add_header(b, "Idempotency-Key: ", rq->key);
	add_header(b, "If-Match: ", rq->match);
	if (rq->body != NULL)
		buf_printf(b,
		    "Content-Type: application/json\r\nContent-Length: %zu\r\n",
		    strlen(rq->body));
	buf_puts(b, "\r\n");
	buf_puts(b, rq->body == NULL ? "" : rq->body);
	if (r->last != NULL)
		r->last->next = call;
	else
		r->first = call;
	r->last = call;
	for (i = 0; i < r->size && r->first != NULL; i++)
		conn_begin(&r->conns[i]);
}

void
rest_tick(struct rest *r, int64_t now)
{
	unsigned i;

	for (i = 0; i < r->size; i++) {
		if (r->conns[i].call != NULL && r->conns[i].call->until < now)
			conn_done(&r->conns[i], 0);
		conn_begin(&r->conns[i]);
	}
}

void
rest_reset(struct rest *r)
{
	struct rest_call *call;
	unsigned i;

	for (i = 0; i < r->size; i++) {
		conn_close(&r->conns[i]);
		buf_reset(&r->conns[i].body);
		if (r->conns[i].call != NULL)
			call_free(r->conns[i].call);
	}
	while ((call = r->first) != NULL) {
		r->first = call->next;
		call_free(call);
	}
	free(r->conns);
	memset(r, 0, sizeof(*r));
}
