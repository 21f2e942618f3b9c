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

#include "call.h"
#include "door.h"
#include "guest.h"
#include "http.h"
#include "longpoll.h"
#include "port.h"
#include "route.h"
#include "shared/log.h"
#include "shared/service.h"
#include "strict.h"
#include "tls.h"

#define BODY_DRAIN                                                             \
	(2 << 20) /* bytes of too large a body that are read:                  \
		     more than web servers let through */

/* Newer ones call it another name; it is their first level. */
#if MHD_VERSION >= 0x00097701
#define HTTP_STRICT MHD_OPTION_CLIENT_DISCIPLINE_LVL
#else
#define HTTP_STRICT MHD_OPTION_STRICT_FOR_CLIENT
#endif

struct http {
	struct relay *relay;
	struct loop_daemon run;
	struct door door;
	unsigned limit; /* connections at once */
	bool outside;   /* our own port, which strangers reach */
	bool secure;    /* speaks TLS */
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

static struct call *
call_new(struct http *h, struct MHD_Connection *connection)
{
	struct call *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	c->relay = h->relay;
	c->connection = connection;
	c->daemon = &h->run;
	c->outside = h->outside;
	c->secure = h->secure;
	c->detail = strict_headers(connection);
	c->last = c->detail != NULL;
	c->body.max = CALL_BODY_MAX;
	snprintf(c->id, sizeof(c->id), "p%llx-%llx",
	    (unsigned long long)h->relay->started,
	    (unsigned long long)++h->relay->calls);
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
static bool
call_end(void **con_cls, const char *url, const char *method)
{
	struct call *c = *con_cls;
	bool good;

	if (c->held != NULL)
		return longpoll_go_on(c);
	c->bearer = bearer_of(c);
	c->origin = header_of(c, "Origin");
	c->last_event_id = header_of(c, "Last-Event-ID");
	c->query_ticket = query_of(c, "ticket");
	c->query_position = query_of(c, "position");
	c->query_version = query_of(c, "presence_version");
	c->query_answer = query_of(c, "answer");
	good = route_call(c, url, method);
	if (c->held != NULL)
		return good;
	call_free(c);
	*con_cls = NULL;
	return good;
}

/* What on_connection() has made of the peer; NULL: it may not be here. */
static void *
peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info == NULL ? NULL : info->socket_context;
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
		if (peer_of(connection) == NULL)
			return MHD_NO;
		*con_cls = call_new(h, connection);
		return MHD_YES;
	}
	if (*len == 0 && h->outside)
		guest_served(peer_of(connection));
	if (*len == 0)
		return call_end(con_cls, url, method) ? MHD_YES : MHD_NO;
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
	struct http *h = cls;

	(void)code;
	if (*con_cls != NULL)
		call_free(*con_cls);
	*con_cls = NULL;
	if (h->outside && peer_of(connection) != NULL)
		guest_wait(peer_of(connection));
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	const struct http *h = cls;
	const union MHD_ConnectionInfo *info;
	static char allowed;

	if (code != MHD_CONNECTION_NOTIFY_STARTED) {
		if (h->outside && *context != NULL)
			guest_free(*context);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(
	    connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info == NULL)
		return;
	if (h->outside)
		*context = guest_new(&h->relay->loop.timers, info->connect_fd,
		    h->relay->conf.request_time * 1000);
	else if (sock_peer_allowed(info->connect_fd, &h->relay->peers))
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
	/* An epoll that is out of memory is among the reasons. */
	log_fatal(EX_SOFTWARE, "libmicrohttpd: %s:%u: %s", file, line,
	    reason == NULL ? "panic" : reason);
}

static bool
has_room(void *arg)
{
	const struct http *h = arg;

	return http_connections(h) < h->limit;
}

/* Should libmicrohttpd not want it, it closes it. */
static void
take(void *arg, int fd, const struct sockaddr *from, socklen_t len)
{
	struct http *h = arg;

	(void)MHD_add_connection(h->run.daemon, fd, from, len);
}

/* Begin to serve the listening socket FD, with no thread of its own. */
static void
http_start(struct http *h, int fd, unsigned limit)
{
	const struct conf *conf = &h->relay->conf;
	struct MHD_Daemon *daemon;

	MHD_set_panic_func(on_panic, NULL);
	daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
		MHD_USE_NO_LISTEN_SOCKET | (h->secure ? MHD_USE_TLS : 0),
	    0, NULL, NULL, on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_log,
	    NULL, MHD_OPTION_CONNECTION_LIMIT, limit,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    h->outside ? (unsigned)conf->address_connections : 0,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    h->outside ? (size_t)PORT_POOL : (size_t)conf->stream_pool,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE, HTTP_STRICT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, strict_unescape, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	    h->secure ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END,
	    TLS_PRIORITIES, MHD_OPTION_HTTPS_CERT_CALLBACK, tls_certificate(),
	    MHD_OPTION_END);
	if (daemon == NULL)
		log_fatal(EX_OSERR, "libmicrohttpd does not start");
	loop_serve(&h->relay->loop, &h->run, daemon);
	h->limit = limit;
	h->door = (struct door){.room = has_room, .take = take, .arg = h};
	door_open(&h->door, &h->relay->loop, fd);
}

static struct http *
http_alloc(struct relay *rl)
{
	struct http *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	h->relay = rl;
	return h;
}

struct http *
http_new(struct relay *rl, unsigned limit)
{
	const char *path = rl->conf.push_socket;
	struct http *h = http_alloc(rl);
	int fd;

	if ((fd = service_socket("push")) != -1)
		rl->push_passed = true;
	else if ((fd = sock_listen_unix(path, 0660, HTTP_BACKLOG)) == -1)
		log_fatal(EX_CANTCREAT, "%s: %s", path, strerror(errno));
	http_start(h, fd, limit);
	return h;
}

struct http *
http_new_port(struct relay *rl, int fd, bool secure, unsigned limit)
{
	struct http *h;

	if (secure && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		log_fatal(EX_UNAVAILABLE, "this libmicrohttpd has no TLS");
	h = http_alloc(rl);
	h->outside = true;
	h->secure = secure;
	http_start(h, fd, limit);
	log_info("listening with%s TLS on our own port", secure ? "" : "out");
	return h;
}

void
http_quiesce(struct http *h)
{
	if (h != NULL)
		door_close(&h->door);
}

unsigned
http_connections(const struct http *h)
{
	const union MHD_DaemonInfo *info;

	if (h == NULL)
		return 0;
	info = MHD_get_daemon_info(
	    h->run.daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return info == NULL ? 0 : info->num_connections;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	door_close(&h->door);
	loop_forsake(&h->relay->loop, &h->run);
	MHD_stop_daemon(h->run.daemon);
	free(h);
}
