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
#include "http.h"
#include "longpoll.h"
#include "route.h"
#include "shared/log.h"
#include "shared/service.h"

#define BODY_DRAIN                                                             \
	(2 << 20) /* bytes of too large a body that are read:                  \
		     more than web servers let through */

struct http {
	struct relay *relay;
	struct MHD_Daemon *daemon;
	int64_t requests; /* names the next one */
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
static bool
call_end(void **con_cls, const char *url, const char *method)
{
	struct call *c = *con_cls;
	bool good;

	if (c->held != NULL)
		return longpoll_go_on(c);
	c->bearer = bearer_of(c);
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

	if ((fd = service_socket("push")) != -1)
		rl->push_passed = true;
	else if ((fd = sock_listen_unix(path, 0660, HTTP_BACKLOG)) == -1)
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

unsigned
http_connections(const struct http *h)
{
	const union MHD_DaemonInfo *info;

	info =
	    MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
	return info == NULL ? 0 : info->num_connections;
}

void
http_free(struct http *h)
{
	loop_unwatch(&h->relay->loop, h->relay->loop.daemon_watch);
	h->relay->loop.daemon = NULL;
	MHD_stop_daemon(h->daemon);
	free(h);
}
