/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "response.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "request.h"
#include "shared/json.h"
#include "shared/problem.h"

void
resp_json(struct resp *rs, struct json_object *json)
{
	json_object_put(rs->json);
	rs->json = json;
}

void
resp_problem(struct resp *rs, const char *key, struct json_object *value)
{
	if (rs->problem == NULL)
		rs->problem = json_object_new_object();
	json_object_object_add(rs->problem, key, value);
}

void
resp_header(struct resp *rs, const char *name, const char *value)
{
	buf_puts(&rs->headers, name);
	buf_puts(&rs->headers, ": ");
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x20 && *p != 0x7f)
			buf_add(&rs->headers, p, 1);
	buf_puts(&rs->headers, "\r\n");
}

void
resp_etag(struct resp *rs, int64_t version)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "\"v%" PRId64 "\"", version);
	resp_header(rs, "ETag", tag);
}

void
resp_clear(struct resp *rs)
{
	json_object_put(rs->json);
	json_object_put(rs->problem);
	rs->json = rs->problem = NULL;
	rs->http = 0;
	rs->type = NULL;
	buf_clear(&rs->headers);
	buf_clear(&rs->raw);
}

void
resp_reset(struct resp *rs)
{
	resp_clear(rs);
	buf_reset(&rs->headers);
	buf_reset(&rs->raw);
}

/* The problem document (RFC 9457) of a status. */
static struct json_object *
problem(struct resp *rs, const struct req *rq, enum status st)
{
	struct json_object *doc =
	    problem_new(st, rq->detail, rq->id, rq->err, (size_t)rq->err_count);

	if (rs->problem != NULL) {
		json_object_object_foreach(rs->problem, key, value)
		    json_object_object_add(doc, key, json_object_get(value));
	}
	return doc;
}

/* Headers that the status itself asks for. */
static void
status_headers(struct resp *rs, const struct req *rq, enum status st)
{
	char seconds[24];

	if (st == ST_UNAUTHORIZED)
		resp_header(rs, "WWW-Authenticate", "Bearer");
	if (st != ST_UNAVAILABLE && st != ST_TOO_MANY)
		return;
	snprintf(seconds, sizeof(seconds), "%ld",
	    st == ST_TOO_MANY && rq->limit.retry_s > 0 ? rq->limit.retry_s : 1);
	resp_header(rs, "Retry-After", seconds);
}

/*
 * How many more a client may: RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers).
 */
static void
put_limit(FCGX_Stream *out, const struct limit *limit)
{
	if (limit->name == NULL)
		return;
	FCGX_FPrintF(out, "RateLimit-Policy: \"%s\";q=%ld;w=%ld\r\n",
	    limit->name, limit->quota, limit->window_s);
	FCGX_FPrintF(out, "RateLimit: \"%s\";r=%ld;t=%ld\r\n", limit->name,
	    limit->left, limit->reset_s);
}

int
resp_send(struct resp *rs, const struct req *rq, enum status st)
{
	FCGX_Stream *out = rq->fcgx->out;
	struct json_object *doc = NULL;
	const char *body = "";
	size_t len = 0;
	int http = rs->http;
	bool good = status_http(st) < 300;

	if (http == 0)
		http = status_http(st);
	if (!good) {
		doc = problem(rs, rq, st);
		status_headers(rs, rq, st);
	} else if (rs->json != NULL) {
		doc = json_object_get(rs->json);
	}
	if (doc != NULL) {
		body = json_out_text(doc, &len);
	} else if (rs->raw.len > 0) {
		body = rs->raw.data;
		len = rs->raw.len;
	}
	FCGX_FPrintF(out, "Status: %d\r\n", http);
	if (len > 0)
		FCGX_FPrintF(out, "Content-Type: %s\r\n",
		    !good              ? "application/problem+json"
		    : rs->type != NULL ? rs->type
				       : "application/json");
	if (http != 204)
		FCGX_FPrintF(out, "Content-Length: %d\r\n", (int)len);
	FCGX_FPrintF(out,
	    "X-Request-Id: %s\r\nCache-Control: no-store\r\n"
	    "X-Content-Type-Options: nosniff\r\n",
	    rq->id);
	put_limit(out, &rq->limit);
	if (rs->headers.len > 0)
		FCGX_PutStr(rs->headers.data, (int)rs->headers.len, out);
	FCGX_PutS("\r\n", out);
	if (rq->method != M_HEAD && len > 0) {
		FCGX_PutStr(body, (int)len, out);
		rs->sent = len;
	}
	json_object_put(doc);
	return http;
}
