/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include <microhttpd.h>

#include "cors.h"
#include "shared/origin.h"

#define MAX_AGE "7200" /* seconds that a browser remembers a preflight */

bool
cors_is_set(const struct conf *conf)
{
	return conf->origin[0] != '\0' || conf->allow_origins[0] != '\0' ||
	       conf->allow_origin_regex[0] != '\0';
}

/* Whether the call comes from a page that may read the answer. */
static bool
is_welcome(const struct call *c)
{
	const struct conf *conf = &c->relay->conf;

	return c->origin != NULL && (origin_same(conf->origin, c->origin) ||
					origin_allowed(conf, c->origin));
}

void
cors_add(const struct call *c, struct MHD_Response *resp)
{
	if (!cors_is_set(&c->relay->conf))
		return;
	MHD_add_response_header(resp, "Vary", "Origin");
	if (!is_welcome(c))
		return;
	MHD_add_response_header(resp, "Access-Control-Allow-Origin", c->origin);
	MHD_add_response_header(
	    resp, "Access-Control-Expose-Headers", "Retry-After, X-Request-Id");
}

void
cors_add_preflight(
    const struct call *c, struct MHD_Response *resp, const char *method)
{
	if (!is_welcome(c))
		return;
	MHD_add_response_header(resp, "Access-Control-Allow-Methods", method);
	MHD_add_response_header(resp, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, Last-Event-ID, Cache-Control");
	MHD_add_response_header(resp, "Access-Control-Max-Age", MAX_AGE);
}
