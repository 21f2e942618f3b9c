/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "answer.h"
#include "health.h"
#include "open.h"
#include "post.h"
#include "route.h"

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
	bool (*open)(struct call *); /* or: answers itself */
	bool local;                  /* not for strangers on our own port */
};

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

/* clang-format off */
static const struct route routes[] = {
	{ "/push/stream",  "GET",  NEED_NOTHING, NULL, open_stream, false },
	{ "/push/poll",    "GET",  NEED_NOTHING, NULL, open_poll, false },
	{ "/push/cursor",  "POST", NEED_MEMBER,  post_cursor, NULL, false },
	{ "/push/beat",    "POST", NEED_PAGE,    post_beat, NULL, false },
	{ "/push/lease",   "POST", NEED_MEMBER,  post_lease, NULL, false },
	{ "/push/leave",   "POST", NEED_NOTHING, post_leave, NULL, false },
	{ "/healthz",      "GET",  NEED_NOTHING, get_health, NULL, true },
	{ "/metrics",      "GET",  NEED_NOTHING, get_metrics, NULL, true },
};
/* clang-format on */

/* The path below the site's prefix, which the web server may have cut off. */
static const char *
local_path(const struct relay *rl, const char *url)
{
	size_t len = strlen(rl->conf.base);

	if (len > 0 && strncmp(url, rl->conf.base, len) == 0 && url[len] == '/')
		return url + len;
	return url;
}

/* The route of a path; NULL: there is none for who calls. */
static const struct route *
find_route(const struct call *c, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (strcmp(routes[i].path, path) == 0)
			return routes[i].local && c->outside ? NULL
							     : &routes[i];
	}
	return NULL;
}

bool
route_call(struct call *c, const char *url, const char *method)
{
	const char *path = local_path(c->relay, url);
	const struct route *rt = find_route(c, path);
	enum status st = ST_OK;

	if (c->last)
		st = ST_BAD_REQUEST; /* and its detail says why */
	else if (rt == NULL)
		st = ST_NOT_FOUND;
	else if (strcmp(method, "OPTIONS") == 0 && !rt->local)
		return answer_preflight(c, rt->method);
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
	answer_log(c, status_http(st) >= 400 ? LOG_INFO : LOG_DEBUG, method,
	    path, status_http(st));
	return answer_send(c, st, st == ST_METHOD ? rt->method : NULL);
}
