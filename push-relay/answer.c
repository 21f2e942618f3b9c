/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <microhttpd.h>

#include "answer.h"
#include "cors.h"
#include "shared/log.h"
#include "shared/problem.h"

#define HSTS "max-age=31536000" /* a year */

/* The peer of our own port; behind a web server it is that. */
static void
log_address(struct log_line *l, struct call *c)
{
	const union MHD_ConnectionInfo *info;
	const struct sockaddr *peer;
	char text[INET6_ADDRSTRLEN] = "";

	if (!c->outside)
		return;
	info = MHD_get_connection_info(
	    c->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	peer = info == NULL ? NULL : info->client_addr;
	if (peer != NULL &&
	    getnameinfo(peer,
		peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					    : sizeof(struct sockaddr_in),
		text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
		log_str(l, "from", text);
}

void
answer_log(struct call *c, enum log_level level, const char *method,
    const char *path, int status)
{
	struct log_line l;

	if (!log_wants(level))
		return;
	log_begin(&l, level, "request");
	log_str(&l, "id", c->id);
	log_str(&l, "method", method);
	log_str(&l, "path", path);
	log_int(&l, "status", status);
	log_address(&l, c);
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

void
answer_content(struct MHD_Response *resp, const char *type)
{
	MHD_add_response_header(resp, "Content-Type", type);
	MHD_add_response_header(resp, "X-Content-Type-Options", "nosniff");
}

void
answer_head(const struct call *c, struct MHD_Response *resp)
{
	const char *origin = c->relay->conf.origin;

	MHD_add_response_header(resp, "X-Request-Id", c->id);
	/* It binds the host on all ports: only where the site has TLS too. */
	if (c->secure && strncmp(origin, "https://", 8) == 0)
		MHD_add_response_header(
		    resp, "Strict-Transport-Security", HSTS);
	if (c->last)
		MHD_add_response_header(resp, "Connection", "close");
	cors_add(c, resp);
}

bool
answer_send(struct call *c, enum status st, const char *allow)
{
	struct MHD_Response *resp;
	enum MHD_Result r;

	if (status_http(st) >= 400) {
		put_problem(c, st);
		c->relay->stats.refused++;
		c->relay->stats.unauthorized += st == ST_UNAUTHORIZED;
		c->relay->stats.limited += st == ST_TOO_MANY;
	}
	resp = MHD_create_response_from_buffer(
	    c->answer.len, c->answer.data, MHD_RESPMEM_MUST_COPY);
	if (resp == NULL)
		return false;
	/* Without content: most are of beats, each page gets four a minute. */
	if (c->type != NULL) {
		answer_content(resp, c->type);
		MHD_add_response_header(resp, "Cache-Control", "no-store");
	}
	answer_head(c, resp);
	if (allow != NULL)
		MHD_add_response_header(resp, "Allow", allow);
	if (st == ST_UNAUTHORIZED)
		MHD_add_response_header(resp, "WWW-Authenticate", "Bearer");
	if (st == ST_TOO_MANY || st == ST_UNAVAILABLE)
		MHD_add_response_header(resp, "Retry-After", "1");
	r = MHD_queue_response(c->connection, (unsigned)status_http(st), resp);
	MHD_destroy_response(resp);
	return r == MHD_YES;
}

bool
answer_preflight(struct call *c, const char *method)
{
	struct MHD_Response *resp;
	enum MHD_Result r;
	char allow[32];

	resp = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (resp == NULL)
		return false;
	snprintf(allow, sizeof(allow), "%s, OPTIONS", method);
	MHD_add_response_header(resp, "Allow", allow);
	answer_head(c, resp);
	cors_add_preflight(c, resp, method);
	r = MHD_queue_response(c->connection, MHD_HTTP_NO_CONTENT, resp);
	MHD_destroy_response(resp);
	return r == MHD_YES;
}
