/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "idem.h"

#include <stdio.h>
#include <string.h>

#include "prune.h"
#include "shared/clock.h"

enum status
idem_key(struct req *rq, const char **key)
{
	const char *text = req_env(rq, "HTTP_IDEMPOTENCY_KEY");

	*key = text;
	if (text == NULL)
		return ST_OK;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			text = "";
	if (*text == '\0' || strlen(text) > REQ_KEY_MAX)
		return req_fail(rq, ST_BAD_REQUEST,
		    "Idempotency-Key must be"
		    " 1 to %d visible ASCII characters",
		    REQ_KEY_MAX);
	return ST_OK;
}

/* What the request was: method, address, and a digest of all that counts. */
static void
describe(const struct req *rq, char *route, size_t size,
    char digest[USER_DIGEST_LEN + 1])
{
	struct buf text = {0};
	const char *match = req_env(rq, "HTTP_IF_MATCH");

	snprintf(route, size, "%s %s", req_method_name(rq->method), rq->path);
	buf_printf(&text, "%s\n%s\n", rq->target, match == NULL ? "" : match);
	if (rq->body_text != NULL)
		buf_add(&text, rq->body_text, rq->body_len);
	user_digest(text.data, digest);
	buf_reset(&text);
}

enum status
idem_find(struct req *rq, const char *key, struct resp *rs, bool *found)
{
	struct query *q;
	char route[512], digest[USER_DIGEST_LEN + 1];
	bool same = true;
	enum status st;

	describe(rq, route, sizeof(route), digest);
	*found = false;
	q = db_query(rq->db, SQL_IDEM_FIND);
	db_bind_int(q, ":user_id", rq->who.user_id);
	db_bind_text(q, ":key", key);
	db_bind_int(q, ":since", clock_utc_ms() - PRUNE_IDEM_MS);
	if (db_row(q)) {
		same = strcmp(db_text(q, 0), route) == 0 &&
		       strcmp(db_text(q, 1), digest) == 0;
		if (same) {
			*found = true;
			rs->http = (int)db_int(q, 2);
			buf_puts(&rs->headers, db_text(q, 3));
			buf_puts(&rs->raw, db_text(q, 4));
			resp_header(rs, "Idempotency-Replayed", "true");
		}
	}
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	if (!same)
		return req_fail(rq, ST_KEY_USED,
		    "this Idempotency-Key was used"
		    " for another request");
	return ST_OK;
}

enum status
idem_keep(struct req *rq, const char *key, struct resp *rs, enum status done)
{
	struct query *q;
	char route[512], digest[USER_DIGEST_LEN + 1];
	const char *body = "";
	size_t len;

	describe(rq, route, sizeof(route), digest);
	if (rs->json != NULL)
		body = json_out_text(rs->json, &len);
	else if (rs->raw.len > 0)
		body = rs->raw.data;
	q = db_query(rq->db, SQL_IDEM_PUT);
	db_bind_int(q, ":user_id", rq->who.user_id);
	db_bind_text(q, ":key", key);
	db_bind_text(q, ":route", route);
	db_bind_text(q, ":body_hash", digest);
	db_bind_int(q, ":status", status_http(done));
	db_bind_text(
	    q, ":headers", rs->headers.len > 0 ? rs->headers.data : "");
	db_bind_text(q, ":body", body);
	db_bind_int(q, ":at", clock_utc_ms());
	return db_done(q, ST_FAULT);
}

enum status
idem_prune(struct db *db)
{
	struct query *q;

	q = db_query(db, SQL_IDEM_PRUNE);
	db_bind_int(q, ":before", clock_utc_ms() - PRUNE_IDEM_MS);
	return db_done(q, ST_OK);
}
