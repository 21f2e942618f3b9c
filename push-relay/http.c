/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <microhttpd.h>

#include "admit.h"
#include "ask.h"
#include "call.h"
#include "health.h"
#include "http.h"
#include "longpoll.h"
#include "post.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/problem.h"
#include "sse.h"

#define BODY_DRAIN                                                             \
	(2 << 20) /* bytes of too large a body that are read:                  \
		     more than web servers let through */

struct http {
	struct relay *relay;
	struct MHD_Daemon *daemon;
	int64_t requests; /* names the next one */
};

/* What a route needs before its handler is called. */
enum need {
	NEED_NOTHING,
	NEED_MEMBER, /* a ticket that serves a member who is here */
	NEED_PAGE    /* the same, or one that may come */
};

/*
 * A handler of a route returns the status and the pipeline answers; what opens
 * a stream or a poll answers by itself.
 */
struct route {
	const char *path;
	const char *method;
	enum need need;
	enum status (*handle)(struct call *);
	enum MHD_Result (*open)(struct call *); /* or: answers itself */
};

static const char *
header_of(struct call *c, const char *name)
{
	return MHD_lookup_connection_value(
	    c->connection, MHD_HEADER_KIND, name);
}

/*
 * A query parameter; NULL: not there.  A NUL in it would hide its end: such
 * a one is as good as malformed, so its visible part gets a mark.
 */
static const char *
query_of(struct call *c, const char *name)
{
	const char *value = NULL;
	size_t len = 0;

	if (MHD_lookup_connection_value_n(c->connection, MHD_GET_ARGUMENT_KIND,
		name, strlen(name), &value, &len) != MHD_YES ||
	    value == NULL)
		return NULL;
	return strlen(value) == len ? value : "\x7f";
}

/* The ticket of the Authorization header; NULL: none. */
static const char *
bearer_of(struct call *c)
{
	const char *value = header_of(c, "Authorization");

	if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
		return NULL;
	return value + 7 + strspn(value + 7, " ");
}

static enum status
get_health(struct call *c)
{
	c->type = "application/json";
	health_json(c->relay, &c->answer);
	return ST_OK;
}

static enum status
get_metrics(struct call *c)
{
	c->type = "text/plain; version=0.0.4; charset=utf-8";
	health_metrics(c->relay, &c->answer);
	return ST_OK;
}

static enum MHD_Result call_stream(struct call *);
static enum MHD_Result call_poll(struct call *);

/* clang-format off */
static const struct route routes[] = {
	{ "/push/stream",  "GET",  NEED_NOTHING, NULL, call_stream },
	{ "/push/poll",    "GET",  NEED_NOTHING, NULL, call_poll },
	{ "/push/cursor",  "POST", NEED_MEMBER,  post_cursor, NULL },
	{ "/push/beat",    "POST", NEED_PAGE,    post_beat, NULL },
	{ "/push/lease",   "POST", NEED_MEMBER,  post_lease, NULL },
	{ "/push/leave",   "POST", NEED_NOTHING, post_leave, NULL },
	{ "/healthz",      "GET",  NEED_NOTHING, get_health, NULL },
	{ "/metrics",      "GET",  NEED_NOTHING, get_metrics, NULL },
};
/* clang-format on */

static void
log_call(struct call *c, enum log_level level, const char *method,
    const char *path, int status)
{
	struct log_line l;

	log_begin(&l, level, "request");
	log_str(&l, "id", c->id);
	log_str(&l, "method", method);
	log_str(&l, "path", path);
	log_int(&l, "status", status);
	log_str(&l, "user", c->ticket.username);
	log_str(&l, "sid", c->ticket.sid);
	if (c->detail != NULL)
		log_str(&l, "detail", c->detail);
	log_end(&l);
}

/* The problem document of RFC 9457. */
static void
put_problem(struct call *c, enum status st)
{
	struct json_object *obj = problem_new(
	    st, c->detail, c->id, &c->err, c->err.detail[0] != '\0');
	const char *text;
	size_t len;

	if (c->more != NULL) {
		json_object_object_foreach(c->more, key, value)
		    json_object_object_add(obj, key, json_object_get(value));
	}
	text = json_out_text(obj, &len);
	buf_clear(&c->answer);
	buf_add(&c->answer, text, len);
	c->type = "application/problem+json";
	json_object_put(obj);
}

/* Answer what is not a stream. */
static enum MHD_Result
call_answer(struct call *c, enum status st, const char *allow)
{
	struct MHD_Response *resp;
	enum MHD_Result r;

	if (status_http(st) >= 400) {
		put_problem(c, st);
		c->relay->stats.refused++;
	}
	resp = MHD_create_response_from_buffer(
	    c->answer.len, c->answer.data, MHD_RESPMEM_MUST_COPY);
	if (resp == NULL)
		return MHD_NO;
	if (c->type != NULL)
		MHD_add_response_header(resp, "Content-Type", c->type);
	MHD_add_response_header(resp, "Cache-Control", "no-store");
	MHD_add_response_header(resp, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(resp, "X-Request-Id", c->id);
	if (allow != NULL)
		MHD_add_response_header(resp, "Allow", allow);
	if (st == ST_UNAUTHORIZED)
		MHD_add_response_header(resp, "WWW-Authenticate", "Bearer");
	if (st == ST_TOO_MANY || st == ST_UNAVAILABLE)
		MHD_add_response_header(resp, "Retry-After", "1");
	r = MHD_queue_response(c->connection, (unsigned)status_http(st), resp);
	MHD_destroy_response(resp);
	return r;
}

/* An address ends in logs and histories: its ticket opens one stream. */
static bool
stream_use_ticket(struct call *c)
{
	const char *text = c->query_ticket;

	if (c->bearer != NULL)
		return true;
	assert(text != NULL); /* admit_ticket() has read it */
	return gate_use(&c->relay->gate, text, strlen(text), clock_utc_ms());
}

/* Open the stream, or say in one why not; false: close the connection. */
static bool
stream_open(struct call *c)
{
	struct relay *rl = c->relay;
	struct event_position pos;
	const char *text, *why;

	if ((text = c->last_event_id) == NULL || *text == '\0')
		text = c->query_position;
	if (text != NULL && *text == '\0')
		text = NULL;
	if (text != NULL && !event_position_parse(text, &pos))
		return sse_refuse(rl, c->connection, "position",
		    "The position cannot be read", 0);
	if ((why = admit_limit(c)) != NULL)
		return sse_refuse(rl, c->connection, "full", why,
		    ADMIT_FULL_WAIT + admit_wait());
	if (!stream_use_ticket(c))
		return call_answer(c,
			   call_refuse(c, ST_UNAUTHORIZED,
			       "A ticket in the address works once"),
			   NULL) == MHD_YES;
	return sse_open(
	    rl, c->connection, &c->ticket, text == NULL ? NULL : &pos);
}

/* GET /push/stream */
static enum MHD_Result
call_stream(struct call *c)
{
	struct relay *rl = c->relay;
	enum status st = ST_OK;
	bool good;

	if (rl->stopping)
		good = sse_refuse(rl, c->connection, "shutdown",
		    "The server restarts", admit_wait());
	else if ((st = admit_ticket(
		      c, c->bearer != NULL ? c->bearer : c->query_ticket)) ==
		 ST_UNAVAILABLE)
		good = sse_refuse(
		    rl, c->connection, "starting", c->detail, admit_wait());
	else if (st != ST_OK)
		good = call_answer(c, st, NULL) == MHD_YES;
	else
		good = stream_open(c);
	log_call(c, LOG_INFO, "GET", "/push/stream", status_http(st));
	return good ? MHD_YES : MHD_NO;
}

/* Judge a poll, which waits for longer than its handler. */
static enum status
poll_judge(struct call *c, struct ask *ask)
{
	enum status st;

	if (c->relay->stopping)
		return call_refuse(c, ST_UNAVAILABLE, "The server restarts");
	if ((st = admit_ticket(c, c->bearer)) != ST_OK)
		return st;
	st = ask_read(
	    c->query_position, c->query_version, c->query_answer, ask, &c->err);
	if (st != ST_OK)
		return call_refuse(c, st, c->err.detail);
	if (!longpoll_may(c))
		return call_refuse(
		    c, ST_TOO_MANY, "Too many polls of this page");
	return ST_OK;
}

/* GET /push/poll: what is refused is a status, for the client reads it. */
static enum MHD_Result
call_poll(struct call *c)
{
	struct ask ask = {0};
	enum status st = poll_judge(c, &ask);
	const char *why;
	bool good;

	log_call(c, st != ST_OK || ask.answer == 0 ? LOG_INFO : LOG_DEBUG,
	    "GET", "/push/poll", status_http(st));
	if (st != ST_OK)
		return call_answer(c, st, NULL);
	if ((why = admit_limit(c)) != NULL)
		good = longpoll_refuse(
		    c, &ask, "full", why, ADMIT_FULL_WAIT + admit_wait());
	else
		good = longpoll_open(c, &ask);
	return good ? MHD_YES : MHD_NO;
}

/* The path below the site's prefix, which the web server may have cut off. */
static const char *
local_path(const struct relay *rl, const char *url)
{
	size_t len = strlen(rl->conf.base);

	if (len > 0 && strncmp(url, rl->conf.base, len) == 0 && url[len] == '/')
		return url + len;
	return url;
}

/* The request is here as a whole: find its route and answer. */
static enum MHD_Result
call_run(struct call *c, const char *url, const char *method)
{
	const char *path = local_path(c->relay, url);
	const struct route *rt = NULL;
	enum status st = ST_OK;
	size_t i;

	for (i = 0; rt == NULL && i < sizeof(routes) / sizeof(*routes); i++) {
		if (strcmp(routes[i].path, path) == 0)
			rt = &routes[i];
	}
	if (rt == NULL)
		st = ST_NOT_FOUND;
	else if (strcmp(rt->method, method) != 0)
		st = ST_METHOD;
	else if (c->drained > 0)
		st = call_refuse(c, ST_TOO_LARGE, "At most 4096 bytes");
	else if (rt->open != NULL)
		return rt->open(c);
	if (st == ST_OK && rt->need == NEED_MEMBER)
		st = call_member(c);
	else if (st == ST_OK && rt->need == NEED_PAGE)
		st = call_page(c);
	if (st == ST_OK) {
		c->relay->stats.posts += rt->need != NEED_NOTHING;
		st = rt->handle(c);
	}
	log_call(c, status_http(st) >= 400 ? LOG_INFO : LOG_DEBUG, method, path,
	    status_http(st));
	return call_answer(c, st, st == ST_METHOD ? rt->method : NULL);
}

static struct call *
call_new(struct http *h, struct MHD_Connection *connection)
{
	struct call *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	c->relay = h->relay;
	c->connection = connection;
	c->body.max = CALL_BODY_MAX;
	snprintf(c->id, sizeof(c->id), "p%llx-%llx",
	    (unsigned long long)h->relay->started,
	    (unsigned long long)++h->requests);
	return c;
}

static void
call_free(struct call *c)
{
	longpoll_over(c);
	buf_reset(&c->body);
	buf_reset(&c->answer);
	json_object_put(c->more);
	free(c);
}

/*
 * Run the call, and again when a poll that is held goes on.  A stream that it
 * opens does not need it any more.
 */
static enum MHD_Result
call_end(void **con_cls, const char *url, const char *method)
{
	struct call *c = *con_cls;
	enum MHD_Result r;

	if (c->held != NULL)
		return longpoll_go_on(c) ? MHD_YES : MHD_NO;
	c->bearer = bearer_of(c);
	c->last_event_id = header_of(c, "Last-Event-ID");
	c->query_ticket = query_of(c, "ticket");
	c->query_position = query_of(c, "position");
	c->query_version = query_of(c, "presence_version");
	c->query_answer = query_of(c, "answer");
	r = call_run(c, url, method);
	if (c->held != NULL)
		return r;
	call_free(c);
	*con_cls = NULL;
	return r;
}

/* The peer was looked at when it connected. */
static bool
peer_allowed(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info != NULL && info->socket_context != NULL;
}

/* libmicrohttpd has read headers (first), a piece of body, or the end. */
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **con_cls)
{
	struct http *h = cls;
	struct call *c = *con_cls;

	(void)version;
	if (c == NULL) {
		if (!peer_allowed(connection))
			return MHD_NO;
		*con_cls = call_new(h, connection);
		return MHD_YES;
	}
	if (*len == 0)
		return call_end(con_cls, url, method);
	buf_add(&c->body, data, *len);
	if (c->body.full)
		c->drained += *len;
	*len = 0;
	return c->drained > BODY_DRAIN ? MHD_NO : MHD_YES;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
    enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)connection;
	(void)code;
	if (*con_cls != NULL)
		call_free(*con_cls);
	*con_cls = NULL;
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	const struct relay *rl = cls;
	const union MHD_ConnectionInfo *info;
	static char allowed;

	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL && sock_peer_allowed(info->connect_fd, &rl->peers))
		*context = &allowed;
	else
		log_warn("refused a connection to the push socket");
}

static void
on_log(void *cls, const char *fmt, va_list ap)
{
	char text[512];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_debug("libmicrohttpd: %s", text);
}

static void
on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;
	log_error("libmicrohttpd: %s:%u: %s", file, line,
	    reason == NULL ? "panic" : reason);
	abort();
}

struct http *
http_new(struct relay *rl, unsigned limit)
{
	const char *path = rl->conf.push_socket;
	struct http *h;
	int fd;

	if ((fd = sock_listen_unix(path, 0660, HTTP_BACKLOG)) == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if ((h = calloc(1, sizeof(*h))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	h->relay = rl;
	MHD_set_panic_func(on_panic, NULL);
	/* No thread of its own: the loop runs it. */
	h->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, limit,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)rl->conf.stream_pool,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, rl,
	    MHD_OPTION_END);
	if (h->daemon == NULL)
		log_fatal(EX_OSERR, "libmicrohttpd does not start");
	loop_serve(&rl->loop, h->daemon);
	return h;
}

void
http_quiesce(struct http *h)
{
	MHD_socket fd = MHD_quiesce_daemon(h->daemon);

	if (fd != MHD_INVALID_SOCKET)
		close(fd);
}

void
http_free(struct http *h)
{
	loop_unwatch(&h->relay->loop, h->relay->loop.daemon_watch);
	h->relay->loop.daemon = NULL;
	MHD_stop_daemon(h->daemon);
	free(h);
}
