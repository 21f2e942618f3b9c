/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "site.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app.h"
#include "shared/origin.h"

static bool
is_https(const struct req *rq)
{
	const char *https = req_env(rq, "HTTPS");

	if (rq->app->conf.origin[0] != '\0')
		return strncmp(rq->app->conf.origin, "https:", 6) == 0;
	return https != NULL && strcasecmp(https, "on") == 0;
}

bool
site_is_own_origin(const struct req *rq, const char *origin)
{
	const char *host = req_env(rq, "HTTP_HOST");
	char own[ORIGIN_MAX];

	if (rq->app->conf.origin[0] != '\0')
		return origin_same(origin, rq->app->conf.origin);
	if (host == NULL || snprintf(own, sizeof(own), "%s%s",
				is_https(rq) ? "https://" : "http://",
				host) >= (int)sizeof(own))
		return false;
	return origin_same(origin, own);
}

bool
site_is_same_origin(const struct req *rq)
{
	const char *site = req_env(rq, "HTTP_SEC_FETCH_SITE");

	return site != NULL && strcmp(site, "same-origin") == 0;
}

bool
site_is_foreign(const struct req *rq)
{
	const char *origin = req_env(rq, "HTTP_ORIGIN");

	return origin != NULL && origin[0] != '\0' &&
	       !site_is_same_origin(rq) && !site_is_own_origin(rq, origin);
}

/* --- The cookie --- */

/* A name that only a page of this very site can have set, where it can be. */
static const char *
cookie_name(const struct req *rq)
{
	if (!is_https(rq))
		return "stockroom_session";
	return rq->app->conf.base[0] == '\0' ? "__Host-stockroom_session"
					     : "__Secure-stockroom_session";
}

void
site_read_cookie(struct req *rq)
{
	const char *cookies = req_env(rq, "HTTP_COOKIE");

	if (cookies == NULL ||
	    !req_parse_cookie(
		cookies, cookie_name(rq), rq->secret, sizeof(rq->secret)) ||
	    strlen(rq->secret) != USER_SECRET_LEN)
		rq->secret[0] = '\0';
}

void
site_set_cookie(
    const struct req *rq, struct resp *rs, const char *secret, long max_age)
{
	const char *base = rq->app->conf.base;
	struct buf text = {0};

	buf_printf(&text,
	    "%s=%s; Path=%s; Max-Age=%ld; HttpOnly; SameSite=Lax%s",
	    cookie_name(rq), secret, base[0] == '\0' ? "/" : base, max_age,
	    is_https(rq) ? "; Secure" : "");
	resp_header(rs, "Set-Cookie", text.data);
	buf_reset(&text);
}
