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

#include "health.h"
#include "http.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/log.h"
#include "sse.h"

#define BODY_DRAIN 65536 /* bytes of too large a body that are read */

struct http {
	struct relay *relay;
	struct MHD_Daemon *daemon;
	int64_t requests; /* names the next one */
};

/* A request under way. */
struct call {
	struct http *http;
	struct MHD_Connection *connection;
	char id[32]; /* X-Request-Id */
	struct buf body;
	size_t drained;     /* bytes beyond the limit */
	const char *detail; /* of a problem; static or in err */
	struct json_error err;
	struct ticket ticket;  /* of who calls */
	struct member *member; /* whose it is */
	struct buf answer;     /* of a GET */
	const char *type;      /* its content type */
};

/* What a route needs before its handler is called. */
enum need {
	NEED_NOTHING,
	NEED_MEMBER /* a ticket that serves a member who is here */
};

/* A handler of a route returns the status; the pipeline answers. */
struct route {
	const char *path;
	const char *method;
	enum need need;
	enum status (*handle)(struct call *);
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
refuse(struct call *c, enum status st, const char *detail)
{
	c->detail = detail;
	return st;
}

/* The first trouble of a body, at its place. */
static enum status
refuse_body(struct call *c, enum status st, const struct json_error *err)
{
	c->err = *err;
	return refuse(c, st, c->err.detail);
}

/* Read a ticket into the call. */
static enum status
call_ticket(struct call *c, const char *text, size_t len)
{
	enum status st;

	if (text == NULL)
		return refuse(c, ST_UNAUTHORIZED, "A ticket is needed");
	st = gate_read(
	    &c->http->relay->gate, text, len, clock_utc_ms(), &c->ticket);
	if (st == ST_UNAUTHORIZED)
		c->detail = "The ticket is not valid, or no longer";
	else if (st == ST_UNAVAILABLE)
		c->detail = "The relay waits for the app's key";
	else
		c->member =
		    presence_find(&c->http->relay->presence, c->ticket.sid);
	return st;
}

/* The member that the call's ticket serves. */
static enum status
call_member(struct call *c)
{
	const char *text = bearer_of(c);
	enum status st;

	st = call_ticket(c, text, text == NULL ? 0 : strlen(text));
	if (st != ST_OK)
		return st;
	if (c->member == NULL)
		return refuse(c, ST_UNAUTHORIZED,
		    "This page is not present: open its stream first");
	if ((st = gate_serves(&c->ticket, c->member)) == ST_FORBIDDEN)
		return refuse(c, st, "The sid is another user's");
	if (st != ST_OK)
		return refuse(c, st, "A newer ticket has replaced this one");
	if (!member_may_post(c->member, clock_mono_ms()))
		return refuse(c, ST_TOO_MANY, "Too many posts of this page");
	return ST_OK;
}

/* A text of the page without control characters, or nothing. */
static void
read_place(struct json_in *in, const char *key, char *out, size_t size)
{
	const char *text = NULL, *p;
	size_t len;

	if (!json_in_text(in, key, JSON_OPTIONAL, 0, MEMBER_ROW_MAX, &text))
		return;
	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			json_in_fail(
			    in, key, "must not have control characters");
			return;
		}
	}
	len = strlen(text);
	assert(len < size);
	memcpy(out, text, len + 1);
}

/* A number of CSS pixels, which a browser may give with a fraction. */
static bool
read_pixels(struct json_object *obj, const char *key, int *out)
{
	struct json_object *num;
	double value;

	if (!json_object_object_get_ex(obj, key, &num) ||
	    !(json_object_is_type(num, json_type_int) ||
		json_object_is_type(num, json_type_double)))
		return false;
	value = json_object_get_double(num);
	if (!(value >= -1e6 && value <= 1e6))
		return false;
	*out = (int)(value < 0 ? value - 0.5 : value + 0.5);
	return true;
}

static void
read_xy(struct json_in *in, struct member_cursor *cur)
{
	struct json_object *xy = NULL;

	if (!json_in_any(in, "cursor_position", &xy) || xy == NULL)
		return;
	if (json_object_is_type(xy, json_type_object) &&
	    json_object_object_length(xy) == 2 &&
	    read_pixels(xy, "x", &cur->x) && read_pixels(xy, "y", &cur->y))
		cur->has_xy = true;
	else
		json_in_fail(in, "cursor_position",
		    "must be null or {\"x\": pixels, \"y\": pixels}");
}

/* Parse the body and begin to read its object; the object is the caller's. */
static enum status
read_begin(struct call *c, struct json_in *in, struct json_object **obj)
{
	enum status st;

	st = json_in_parse(
	    c->body.len == 0 ? "" : c->body.data, c->body.len, obj, &c->err);
	if (st != ST_OK)
		return refuse(c, st, c->err.detail);
	json_in_begin(in, *obj, "");
	return ST_OK;
}

/* POST /push/cursor: where the pointer and the edited cell are. */
static enum status
post_cursor(struct call *c)
{
	struct member_cursor cur = {0};
	struct json_object *obj = NULL;
	struct json_in in;
	const char *sid = NULL, *mode = NULL;
	enum status st;

	if ((st = read_begin(c, &in, &obj)) != ST_OK)
		return st;
	json_in_text(&in, "sid", JSON_OPTIONAL, 1, 64, &sid);
	json_in_text(&in, "mode", JSON_OPTIONAL, 1, 16, &mode);
	read_xy(&in, &cur);
	read_place(&in, "editing_row", cur.row, sizeof(cur.row));
	read_place(&in, "editing_field", cur.field, sizeof(cur.field));
	if (mode != NULL && !member_mode_parse(mode, &cur.mode))
		json_in_fail(&in, "mode", "must be hover, select or edit");
	if ((st = json_in_end(&in)) != ST_OK)
		st = refuse_body(c, st, &in.err);
	else if (sid != NULL && strcmp(sid, c->ticket.sid) != 0)
		st = refuse(c, ST_FORBIDDEN, "The sid is not the ticket's");
	else
		presence_cursor(&c->http->relay->presence, c->member, &cur,
		    clock_mono_ms());
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
}

/* POST /push/beat: the page lives; without a body it is active. */
static enum status
post_beat(struct call *c)
{
	struct json_object *obj = NULL;
	struct json_in in;
	const char *sid = NULL, *state = "active";
	enum status st = ST_OK;

	if (c->body.len > 0) {
		if ((st = read_begin(c, &in, &obj)) != ST_OK)
			return st;
		json_in_text(&in, "sid", JSON_OPTIONAL, 1, 64, &sid);
		json_in_text(&in, "state", JSON_OPTIONAL, 1, 16, &state);
		if (strcmp(state, "active") != 0 && strcmp(state, "away") != 0)
			json_in_fail(&in, "state", "must be active or away");
		if ((st = json_in_end(&in)) != ST_OK)
			st = refuse_body(c, st, &in.err);
		else if (sid != NULL && strcmp(sid, c->ticket.sid) != 0)
			st = refuse(
			    c, ST_FORBIDDEN, "The sid is not the ticket's");
	}
	if (st == ST_OK)
		presence_beat(&c->http->relay->presence, c->member,
		    strcmp(state, "away") == 0, clock_mono_ms());
	json_object_put(obj);
	return st == ST_OK ? ST_NO_CONTENT : st;
}

/*
 * POST /push/leave: the page goes.  The ticket is the body, since a beacon
 * has no headers of its own; that of a page that has gone already is fine.
 */
static enum status
post_leave(struct call *c)
{
	const char *text = c->body.data;
	size_t len = c->body.len;
	enum status st;

	if (len == 0 && (text = bearer_of(c)) != NULL)
		len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	if ((st = call_ticket(c, text, len)) != ST_OK)
		return st;
	if (c->member == NULL)
		return ST_NO_CONTENT;
	st = gate_serves(&c->ticket, c->member);
	if (st == ST_FORBIDDEN)
		return refuse(c, st, "The sid is another user's");
	/* An older ticket is of a page that a reload has replaced already. */
	if (st == ST_OK)
		presence_leave(
		    &c->http->relay->presence, c->member, clock_mono_ms());
	return ST_NO_CONTENT;
}

static enum status
get_health(struct call *c)
{
	c->type = "application/json";
	health_json(c->http->relay, &c->answer);
	return ST_OK;
}

static enum status
get_metrics(struct call *c)
{
	c->type = "text/plain; version=0.0.4; charset=utf-8";
	health_metrics(c->http->relay, &c->answer);
	return ST_OK;
}

/* clang-format off */
static const struct route routes[] = {
	{ "/push/stream",  "GET",  NEED_NOTHING, NULL },	/* call_stream */
	{ "/push/cursor",  "POST", NEED_MEMBER,  post_cursor },
	{ "/push/beat",    "POST", NEED_MEMBER,  post_beat },
	{ "/push/leave",   "POST", NEED_NOTHING, post_leave },
	{ "/healthz",      "GET",  NEED_NOTHING, get_health },
	{ "/metrics",      "GET",  NEED_NOTHING, get_metrics },
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
	struct json_object *obj = json_object_new_object(), *errs, *e;
	const char *text;
	char type[64];
	size_t len;

	snprintf(type, sizeof(type), "/problems/%s", status_type(st));
	json_object_object_add(obj, "type", json_object_new_string(type));
	json_object_object_add(
	    obj, "title", json_object_new_string(status_title(st)));
	json_object_object_add(
	    obj, "status", json_object_new_int(status_http(st)));
	if (c->detail != NULL)
		json_object_object_add(
		    obj, "detail", json_object_new_string(c->detail));
	json_object_object_add(
	    obj, "request_id", json_object_new_string(c->id));
	if (c->err.detail[0] != '\0') {
		e = json_object_new_object();
		json_object_object_add(
		    e, "pointer", json_object_new_string(c->err.pointer));
		json_object_object_add(
		    e, "detail", json_object_new_string(c->err.detail));
		errs = json_object_new_array();
		json_object_array_add(errs, e);
		json_object_object_add(obj, "errors", errs);
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
		c->http->relay->stats.refused++;
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

/* Some ms around a second, so that those refused do not return as one. */
static int64_t
some_time(void)
{
	return 500 + (int64_t)random() % 1000;
}

/* Whether one more stream may open; else the reason. */
static const char *
stream_limit(struct call *c)
{
	struct relay *rl = c->http->relay;
	long mine;

	mine = (long)presence_streams(&rl->presence, c->ticket.user_id);
	/* One of the same sid will be replaced. */
	if (c->member != NULL && c->member->sub != NULL)
		return NULL;
	if (rl->stats.streams >= rl->conf.max_streams)
		return "The relay serves as many streams as it may";
	if (mine >= rl->conf.user_streams)
		return "This user has too many streams open";
	return NULL;
}

/* Judge who wants a stream; ST_OK: it may open. */
static enum status
stream_ticket(struct call *c)
{
	const char *text = bearer_of(c), *query = NULL;
	enum status st;
	int64_t utc = clock_utc_ms();

	if (text == NULL)
		text = query = query_of(c, "ticket");
	st = call_ticket(c, text, text == NULL ? 0 : strlen(text));
	if (st != ST_OK)
		return st;
	if ((st = gate_opens(&c->ticket, c->member, utc)) == ST_FORBIDDEN)
		return refuse(c, st, "The sid is another user's");
	if (st != ST_OK)
		return refuse(c, st, "The ticket is too old: join again");
	/* An address ends in logs and histories: it opens one stream. */
	if (query != NULL &&
	    !gate_use(&c->http->relay->gate, query, strlen(query), utc))
		return refuse(
		    c, ST_UNAUTHORIZED, "A ticket in the address works once");
	return ST_OK;
}

/* GET /push/stream */
static enum MHD_Result
call_stream(struct call *c)
{
	struct relay *rl = c->http->relay;
	struct event_position pos;
	const char *text, *why;
	enum status st;
	bool good;

	if (rl->stopping)
		return sse_refuse(rl, c->connection, "shutdown",
			   "The server restarts", some_time())
			   ? MHD_YES
			   : MHD_NO;
	if ((st = stream_ticket(c)) == ST_UNAVAILABLE)
		return sse_refuse(rl, c->connection, "starting", c->detail,
			   some_time())
			   ? MHD_YES
			   : MHD_NO;
	log_call(c, LOG_INFO, "GET", "/push/stream", status_http(st));
	if (st != ST_OK)
		return call_answer(c, st, NULL);
	if ((text = header_of(c, "Last-Event-ID")) == NULL || *text == '\0')
		text = query_of(c, "position");
	if (text != NULL && *text == '\0')
		text = NULL;
	if (text != NULL && !event_position_parse(text, &pos))
		good = sse_refuse(rl, c->connection, "position",
		    "The position cannot be read", 0);
	else if ((why = stream_limit(c)) != NULL)
		good = sse_refuse(
		    rl, c->connection, "full", why, 5000 + some_time());
	else
		good = sse_open(
		    rl, c->connection, &c->ticket, text == NULL ? NULL : &pos);
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
	const char *path = local_path(c->http->relay, url);
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
		st = refuse(c, ST_TOO_LARGE, "At most 4096 bytes");
	else if (rt->handle == NULL)
		return call_stream(c);
	if (st == ST_OK && rt->need == NEED_MEMBER)
		st = call_member(c);
	if (st == ST_OK) {
		c->http->relay->stats.posts += rt->need == NEED_MEMBER;
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
	c->http = h;
	c->connection = connection;
	c->body.max = HTTP_BODY_MAX;
	snprintf(c->id, sizeof(c->id), "p%llx-%llx",
	    (unsigned long long)h->relay->started,
	    (unsigned long long)++h->requests);
	return c;
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
		return call_run(c, url, method);
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
	struct call *c = *con_cls;

	(void)cls;
	(void)connection;
	(void)code;
	if (c == NULL)
		return;
	buf_reset(&c->body);
	buf_reset(&c->answer);
	free(c);
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

	if ((h = calloc(1, sizeof(*h))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	h->relay = rl;
	if ((fd = sock_listen_unix(path, 0660, 1024)) == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", path, strerror(errno));
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
