/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The answer under way.  Handlers fill it; the pipeline alone writes it, and
 * makes a problem document (RFC 9457) of every status that is not a success.
 */
#ifndef FCGI_APP_RESPONSE_H
#define FCGI_APP_RESPONSE_H

#include <stdint.h>

#include <json-c/json.h>

#include "shared/buf.h"
#include "shared/status.h"

struct req;

struct resp {
	struct buf headers;          /* "Name: value\r\n" lines */
	struct json_object *json;    /* owned; body of a success */
	struct json_object *problem; /* owned; members added to the
					problem document, or NULL */
	struct buf raw;              /* body as text, instead of json
					(openapi, idempotent replay) */
	const char *type;            /* of raw; NULL: JSON.  Static */
	int http;                    /* HTTP status of a replay, else 0 */
	size_t sent;                 /* bytes of the body written */
};

/* The body of a success; the object is resp's from now on. */
void resp_json(struct resp *, struct json_object *);
/* A member of the problem document; the object is resp's from now on. */
void resp_problem(struct resp *, const char *key, struct json_object *);
/* A header; CR, LF and other controls in the value are dropped. */
void resp_header(struct resp *, const char *name, const char *value);
/* ETag: "v17" (RFC 9110, 8.8.3). */
void resp_etag(struct resp *, int64_t version);

/* Forget it all: what was answered did not come to pass. */
void resp_clear(struct resp *);

/*
 * Write it: the body for a success, a problem document for all others.
 * Returns the HTTP status written.
 */
int resp_send(struct resp *, const struct req *, enum status);

void resp_reset(struct resp *);

#endif
