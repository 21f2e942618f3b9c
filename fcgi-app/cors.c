/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "cors.h"

#include "app.h"
#include "shared/origin.h"

/* Request headers beyond those that any page may send. */
#define ALLOW_HEADERS "Authorization, Content-Type, Idempotency-Key, If-Match"

/* Answer headers beyond those that any page may read. */
#define EXPOSE_HEADERS                                                         \
	"ETag, Location, Retry-After, X-Request-Id, RateLimit, "               \
	"RateLimit-Policy"

#define MAX_AGE "7200" /* seconds a preflight holds; Chromium's most */

/* The origin that is to be let in; NULL: there is none. */
static const char *
allowed(const struct req *rq)
{
	const char *origin = req_env(rq, "HTTP_ORIGIN");

	return origin_allowed(&rq->app->conf, origin) ? origin : NULL;
}

void
cors_preflight(const struct req *rq, struct resp *rs, const char *methods)
{
	if (req_env(rq, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") == NULL ||
	    allowed(rq) == NULL)
		return;
	resp_header(rs, "Access-Control-Allow-Methods", methods);
	resp_header(rs, "Access-Control-Allow-Headers", ALLOW_HEADERS);
	resp_header(rs, "Access-Control-Max-Age", MAX_AGE);
}

void
cors_headers(const struct req *rq, struct resp *rs)
{
	const char *origin = allowed(rq);

	resp_header(rs, "Vary", "Origin");
	if (origin == NULL)
		return;
	resp_header(rs, "Access-Control-Allow-Origin", origin);
	resp_header(rs, "Access-Control-Expose-Headers", EXPOSE_HEADERS);
}
