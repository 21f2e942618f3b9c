/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "request.h"

#include <sys/random.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "app.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/utf8.h"

#define API_PREFIX "/api/v1"
#define TARGET_MAX 8192              /* bytes of path and query */
#define DRAIN_MAX  (8 * 1024 * 1024) /* bytes of a body not wanted */

static const struct {
	enum method method;
	const char *name;
} methods[] = {
    {M_GET, "GET"},
    {M_HEAD, "HEAD"},
    {M_POST, "POST"},
    {M_PATCH, "PATCH"},
    {M_DELETE, "DELETE"},
    {M_OPTIONS, "OPTIONS"},
};
#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

const char *
req_method_name(enum method method)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "other";
}

static enum method
method_parse(const char *name)
{
	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return M_OTHER;
}

const char *
req_env(const struct req *rq, const char *name)
{
	return FCGX_GetParam(name, rq->fcgx->envp);
}

/* Text that may have been cut to fit ends with a whole character. */
static void
end_whole(char *text)
{
	text[utf8_cut(text, strlen(text))] = '\0';
}

enum status
req_fail(struct req *rq, enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rq->detail, sizeof(rq->detail), fmt, ap);
	va_end(ap);
	end_whole(rq->detail);
	return st;
}

enum status
req_fail_at(
    struct req *rq, enum status st, const char *pointer, const char *fmt, ...)
{
	struct json_error *err;
	va_list ap;

	if (rq->err_count == (int)(sizeof(rq->err) / sizeof(rq->err[0])))
		return st;
	err = &rq->err[rq->err_count++];
	snprintf(err->pointer, sizeof(err->pointer), "%s", pointer);
	va_start(ap, fmt);
	vsnprintf(err->detail, sizeof(err->detail), fmt, ap);
	va_end(ap);
	return st;
}

enum status
req_fail_json(struct req *rq, const struct json_in *in)
{
	if (in->st == ST_OK)
		return ST_OK;
	return req_fail_at(rq, in->st, in->err.pointer, "%s", in->err.detail);
}

const char *
req_param(struct req *rq, const char *name)
{
	for (int i = 0; i < rq->param_count; i++) {
		if (strcmp(rq->params[i].name, name) == 0) {
			rq->params[i].used = true;
			return rq->params[i].value;
		}
	}
	return NULL;
}

enum status
req_params_end(struct req *rq)
{
	char pointer[80];
	enum status st = ST_OK;

	for (int i = 0; i < rq->param_count; i++) {
		if (rq->params[i].used)
			continue;
		snprintf(
		    pointer, sizeof(pointer), "?%.60s", rq->params[i].name);
		end_whole(pointer);
		st = req_fail_at(rq, ST_BAD_REQUEST, pointer,
		    "this parameter is not known here, or comes twice");
	}
	return st;
}

enum status
req_if_match(struct req *rq, int64_t version)
{
	const char *text = req_env(rq, "HTTP_IF_MATCH");
	enum status st;

	if (text == NULL)
		return ST_OK;
	st = req_parse_if_match(text, version);
	if (st == ST_BAD_REQUEST)
		req_fail(rq, st, "If-Match must be a list of entity tags");
	return st;
}

/* --- The head --- */

/*
 * Parameters that we use must come once: libfcgi hands out the first of two,
 * a proxy may have checked the other.
 */
static enum status
check_duplicates(struct req *rq)
{
#define NAME(text) text, sizeof(text) - 1
	static const struct {
		const char *text;
		size_t len;
	} names[] = {{NAME("CONTENT_LENGTH")}, {NAME("CONTENT_TYPE")},
	    {NAME("HTTPS")}, {NAME("HTTP_AUTHORIZATION")},
	    {NAME("HTTP_COOKIE")}, {NAME("HTTP_HOST")},
	    {NAME("HTTP_IDEMPOTENCY_KEY")}, {NAME("HTTP_IF_MATCH")},
	    {NAME("HTTP_ORIGIN")}, {NAME("HTTP_SEC_FETCH_SITE")},
	    {NAME("QUERY_STRING")}, {NAME("REQUEST_METHOD")},
	    {NAME("REQUEST_URI")}, {NAME("REMOTE_USER")}};
#undef NAME
	size_t count = sizeof(names) / sizeof(names[0]);
	unsigned seen = 0;

	/* The last one is none of ours unless it signs people in. */
	if (!app_trusts_server(rq->app))
		count--;

	for (char **e = rq->fcgx->envp; *e != NULL; e++) {
		size_t len = strcspn(*e, "=");

		for (size_t i = 0; i < count; i++) {
			if (len != names[i].len ||
			    memcmp(*e, names[i].text, len) != 0)
				continue;
			if (seen & (1u << i))
				return req_fail(rq, ST_BAD_REQUEST,
				    "%s comes twice", names[i].text);
			seen |= 1u << i;
		}
	}
	return ST_OK;
}

static char *
copy(const char *text, size_t len)
{
	char *out;

	if ((out = strndup(text, len)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	return out;
}

/* The path below the site's base and the API's prefix. */
static enum status
read_path(struct req *rq)
{
	const char *p = rq->target, *base = rq->app->conf.base;
	size_t len = strcspn(p, "?#");

	if (strncmp(p, base, strlen(base)) != 0)
		return ST_NOT_FOUND;
	p += strlen(base);
	len -= strlen(base);
	if (strncmp(p, API_PREFIX, strlen(API_PREFIX)) != 0)
		return ST_NOT_FOUND;
	p += strlen(API_PREFIX);
	len -= strlen(API_PREFIX);
	rq->path = copy(p, len);
	return ST_OK;
}

static enum status
read_query(struct req *rq)
{
	const char *text = req_env(rq, "QUERY_STRING");

	if (text == NULL || *text == '\0')
		return ST_OK;
	if (strlen(text) > REQ_QUERY_MAX)
		return req_fail(rq, ST_BAD_REQUEST,
		    "the query is longer than %d bytes", REQ_QUERY_MAX);
	rq->query_text = copy(text, strlen(text));
	if (req_parse_query(rq->query_text, rq->params, REQ_PARAMS_MAX,
		&rq->param_count) != ST_OK)
		return req_fail(rq, ST_BAD_REQUEST,
		    "the query cannot be read, or has more than %d parameters",
		    REQ_PARAMS_MAX);
	return ST_OK;
}

enum status
req_begin(struct req *rq, const struct app *app, FCGX_Request *fcgx)
{
	const char *method;
	uint64_t number;
	enum status st;

	rq->app = app;
	rq->fcgx = fcgx;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		log_fatal(EX_OSERR, "no random bytes");
	snprintf(rq->id, sizeof(rq->id), "%016" PRIx64, number);
	method = req_env(rq, "REQUEST_METHOD");
	rq->method = method == NULL ? M_OTHER : method_parse(method);
	rq->target = req_env(rq, "REQUEST_URI");
	if (rq->target == NULL || rq->target[0] != '/' ||
	    strlen(rq->target) > TARGET_MAX)
		return req_fail(
		    rq, ST_BAD_REQUEST, "the address cannot be read");
	if ((st = check_duplicates(rq)) != ST_OK ||
	    (st = read_path(rq)) != ST_OK)
		return st;
	return read_query(rq);
}

/* --- The body --- */

enum status
req_check_body(struct req *rq)
{
	const char *type = req_env(rq, "CONTENT_TYPE");
	const char *text = req_env(rq, "CONTENT_LENGTH");
	size_t len = 0;

	if (text != NULL && *text != '\0' &&
	    !req_parse_length(text, REQ_BODY_MAX, &len))
		return req_fail(
		    rq, ST_BAD_REQUEST, "Content-Length is not a number");
	if (len > REQ_BODY_MAX)
		return req_fail(rq, ST_TOO_LARGE,
		    "the body is larger than %d bytes", REQ_BODY_MAX);
	if (type == NULL || !req_parse_is_json(type))
		return ST_MEDIA_TYPE;
	return ST_OK;
}

/* Read to the end, at most a byte more than allowed. */
static enum status
read_text(struct req *rq)
{
	size_t size = 0, len = 0;
	int n;

	for (;;) {
		if (len == size) {
			size = size == 0 ? 4096 : size * 4;
			if (size > REQ_BODY_MAX + 1)
				size = REQ_BODY_MAX + 1;
			if ((rq->body_text =
				    realloc(rq->body_text, size + 1)) == NULL)
				log_fatal(EX_OSERR, "out of memory");
		}
		n = FCGX_GetStr(
		    rq->body_text + len, (int)(size - len), rq->fcgx->in);
		len += n > 0 ? (size_t)n : 0;
		if (len < size)
			break;
		if (len > REQ_BODY_MAX)
			return req_fail(rq, ST_TOO_LARGE,
			    "the body is larger than %d bytes", REQ_BODY_MAX);
	}
	rq->body_text[len] = '\0';
	rq->body_len = len;
	rq->drained = true;
	return ST_OK;
}

bool
req_abandoned(const struct req *rq)
{
	struct pollfd peer = {.fd = rq->fcgx->ipcFd};

	return !rq->app->cgi && poll(&peer, 1, 0) == 1 &&
	       (peer.revents & POLLHUP) != 0;
}

/* Whether reading ended since the time for it was over. */
static bool
came_too_late(const struct req *rq)
{
	int error = FCGX_GetError(rq->fcgx->in);

	return error == EAGAIN ||
	       (error != 0 &&
		   clock_mono_ms() - rq->started >= app_ask_ms(rq->app));
}

enum status
req_read_body(struct req *rq)
{
	const char *text = req_env(rq, "CONTENT_LENGTH");
	struct json_error err = {0};
	size_t want;
	enum status st;

	if ((st = read_text(rq)) != ST_OK)
		return st;
	if (came_too_late(rq))
		return req_fail(rq, ST_TIMEOUT,
		    "the body did not come in whole within %ld seconds",
		    rq->app->conf.request_time);
	if (FCGX_GetError(rq->fcgx->in) != 0 ||
	    (text != NULL && *text != '\0' &&
		(!req_parse_length(text, REQ_BODY_MAX, &want) ||
		    want != rq->body_len)))
		return req_fail(rq, ST_BAD_REQUEST,
		    "the body is not as long as Content-Length says");
	if (rq->body_len == 0)
		return req_fail(
		    rq, ST_BAD_REQUEST, "a JSON object must come with it");
	if ((st = json_in_parse_most(rq->body_text, rq->body_len,
		 REQ_VALUES_MAX, &rq->body, &err)) != ST_OK)
		return req_fail_at(rq, st, err.pointer, "%s", err.detail);
	if (!json_object_is_type(rq->body, json_type_object))
		return req_fail_at(rq, ST_BAD_REQUEST, "", "must be an object");
	return ST_OK;
}

bool
req_drain(struct req *rq)
{
	char scrap[4096];
	long left = DRAIN_MAX;

	while (!rq->drained && left > 0) {
		int n = FCGX_GetStr(scrap, sizeof(scrap), rq->fcgx->in);

		left -= n;
		rq->drained = n < (int)sizeof(scrap);
	}
	return rq->drained && FCGX_GetError(rq->fcgx->in) == 0;
}

void
req_clear(struct req *rq)
{
	rq->err_count = 0;
	rq->detail[0] = '\0';
}

void
req_reset(struct req *rq)
{
	json_object_put(rq->body);
	if (rq->body_text != NULL)
		explicit_bzero(rq->body_text, rq->body_len); /* passwords */
	free(rq->body_text);
	free(rq->query_text);
	free(rq->path);
	explicit_bzero(rq->secret, sizeof(rq->secret));
}
