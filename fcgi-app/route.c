/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "route.h"

#include <string.h>

#include "app.h"
#include "auth.h"
#include "cors.h"
#include "idem.h"
#include "metrics.h"
#include "session.h"
#include "shared/clock.h"
#include "shared/log.h"

/* --- Match --- */

/* The {sku} of an address, decoded; false when it cannot be one. */
static bool
take_sku(const char *text, size_t len, char *out, size_t size)
{
	return len > 0 && len < size &&
	       req_parse_percent(text, len, false, out);
}

/* Whether a row's path fits; a segment in braces is copied to SKU. */
static bool
path_fits(const char *pattern, const char *path, char *sku, size_t size)
{
	while (*pattern != '\0') {
		if (*pattern == '{') {
			size_t have = strcspn(path, "/");

			if (!take_sku(path, have, sku, size))
				return false;
			pattern += strcspn(pattern, "/");
			path += have;
		} else if (*pattern++ != *path++) {
			return false;
		}
	}
	return *path == '\0';
}

/* "GET, HEAD, POST" of a set of methods, with OPTIONS in Allow. */
static void
allow_headers(const struct req *rq, struct resp *rs, int set)
{
	static const enum method all[] = {
	    M_GET, M_HEAD, M_POST, M_PATCH, M_DELETE};
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (set & (int)all[i])
			buf_printf(&text, "%s%s", text.len > 0 ? ", " : "",
			    req_method_name(all[i]));
	if (rq->method == M_OPTIONS)
		cors_preflight(rq, rs, text.data);
	buf_puts(&text, ", OPTIONS");
	resp_header(rs, "Allow", text.data);
	buf_reset(&text);
}

/* Find the row; ST_NO_CONTENT when only the methods were asked for. */
static enum status
match(struct req *rq, struct resp *rs)
{
	enum method want = rq->method == M_HEAD ? M_GET : rq->method;
	int set = 0;

	for (int i = 0; i < route_count; i++) {
		if (!path_fits(
			routes[i].path, rq->path, rq->sku, sizeof(rq->sku)))
			continue;
		if (routes[i].method == want) {
			rq->route = &routes[i];
			return ST_OK;
		}
		set |= (int)routes[i].method;
		if (routes[i].method == M_GET)
			set |= M_HEAD;
	}
	if (set == 0)
		return ST_NOT_FOUND;
	allow_headers(rq, rs, set);
	return rq->method == M_OPTIONS ? ST_NO_CONTENT : ST_METHOD;
}

/* --- Run --- */

/* Note once a minute that a session is used which only joins and looks. */
static void
note_use(struct req *rq)
{
	struct db *reader = rq->db;

	if (rq->route->method == M_GET || rq->who.user_id == 0 ||
	    clock_utc_ms() - rq->who.seen < SESSION_SEEN_MS ||
	    db_write_begin(&rq->db) != ST_OK)
		return;
	db_write_end(rq->db, auth_again(rq) == ST_OK);
	rq->db = reader;
}

/* A read; parameters that the handler did not ask for are refused. */
static enum status
run_read(struct req *rq, struct resp *rs)
{
	enum status st;

	note_use(rq);
	if ((st = auth_role(rq, rq->route->role)) != ST_OK)
		return st;
	st = rq->route->handler(rq, rs);
	if (status_http(st) < 300)
		return req_params_end(rq) == ST_OK ? st : ST_BAD_REQUEST;
	return st;
}

/* The handler, or the answer that it gave to this key before. */
static enum status
run_once(struct req *rq, struct resp *rs, const char *key)
{
	bool found;
	enum status st, kept;

	if (key == NULL)
		return rq->route->handler(rq, rs);
	if ((st = idem_find(rq, key, rs, &found)) != ST_OK || found)
		return st;
	st = rq->route->handler(rq, rs);
	if (status_http(st) >= 300)
		return st;
	kept = idem_keep(rq, key, rs, st);
	return kept == ST_OK ? st : kept;
}

/* A write, and what came of it. */
struct write {
	struct req *rq;
	struct resp *rs;
	const char *key; /* or NULL */
	enum status st;
};

/*
 * In the write transaction: who asks is read again, since what was read
 * before may have been taken away meanwhile.  Nothing is done for who has
 * gone: it was told nothing, and may have asked again and been refused.
 */
static bool
write_work(struct db *db, void *arg)
{
	struct write *w = arg;
	struct db *reader = w->rq->db;

	req_clear(w->rq);
	resp_clear(w->rs);
	w->rq->db = db;
	if (req_abandoned(w->rq))
		w->st = req_fail(w->rq, ST_TIMEOUT, "who asked has gone");
	else if ((w->st = auth_again(w->rq)) == ST_OK &&
		 (w->st = auth_role(w->rq, w->rq->route->role)) == ST_OK)
		w->st = run_once(w->rq, w->rs, w->key);
	w->rq->db = reader;
	return status_http(w->st) < 300;
}

static enum status
run_write(struct req *rq, struct resp *rs)
{
	struct write w = {.rq = rq, .rs = rs};
	enum status st;

	if ((rq->route->flags & R_IDEM) != 0 &&
	    (st = idem_key(rq, &w.key)) != ST_OK)
		return st;
	if ((st = db_write(write_work, &w)) == ST_OK)
		return w.st;
	resp_clear(rs);
	return st;
}

/* One write less for whoever asks, if there are any left. */
static enum status
count_write(struct req *rq)
{
	enum status st;

	st = limit_write(
	    rq->db, &rq->app->conf, &rq->who, rq->app->cgi, &rq->limit);
	if (st == ST_TOO_MANY)
		return req_fail(rq, st,
		    "too many writes; try again in %ld seconds",
		    rq->limit.retry_s);
	return st;
}

/* The steps before the handler. */
static enum status
admit(struct req *rq)
{
	unsigned flags = rq->route->flags;
	bool changes = rq->route->method != M_GET;
	enum status st;

	if ((flags & R_BODY) != 0 && (st = req_check_body(rq)) != ST_OK)
		return st;
	st = auth_identify(rq);
	/* What is open to all is open to whom we do not let in, too. */
	if (st == ST_FORBIDDEN && rq->route->role == ROLE_NONE)
		st = ST_OK;
	if (st != ST_OK || (st = auth_role(rq, rq->route->role)) != ST_OK ||
	    (changes && (st = auth_origin(rq)) != ST_OK) ||
	    (changes && (st = req_params_end(rq)) != ST_OK) ||
	    ((flags & R_RATE) != 0 && (st = count_write(rq)) != ST_OK))
		return st;
	return (flags & R_BODY) != 0 ? req_read_body(rq) : ST_OK;
}

static enum status
serve(
    struct req *rq, struct resp *rs, const struct app *app, FCGX_Request *fcgx)
{
	enum status st;

	if ((st = req_begin(rq, app, fcgx)) != ST_OK ||
	    (st = match(rq, rs)) != ST_OK || (st = admit(rq)) != ST_OK)
		return st;
	/* From here: what the body took is none of the database's time. */
	db_limit_time(rq->db, app->conf.query_time * INT64_C(1000));
	if ((rq->route->flags & R_WRITE) != 0)
		return run_write(rq, rs);
	return run_read(rq, rs);
}

/* Neither the query nor a header: secrets have a way of being in those. */
static void
log_request(const struct req *rq, const struct resp *rs, int http)
{
	struct log_line line;

	log_begin(&line, LOG_INFO, "request");
	log_str(&line, "id", rq->id);
	log_str(&line, "method", req_method_name(rq->method));
	log_str(&line, "path", rq->path);
	log_int(&line, "status", http);
	log_int(&line, "ms", clock_mono_ms() - rq->started);
	log_int(&line, "in", (int64_t)rq->body_len);
	log_int(&line, "out", (int64_t)rs->sent);
	log_str(&line, "from", req_env(rq, "REMOTE_ADDR"));
	log_str(&line, "user", rq->who.user_id == 0 ? NULL : rq->who.display);
	if (http >= 400 && rq->detail[0] != '\0')
		log_str(&line, "detail", rq->detail);
	log_end(&line);
}

bool
route_serve(const struct app *app, FCGX_Request *fcgx, struct db *reader,
    int64_t started)
{
	struct req rq = {.db = reader, .started = started};
	struct resp rs = {0};
	int64_t began = clock_mono_us();
	bool whole;
	enum status st;
	int http;

	st = serve(&rq, &rs, app, fcgx);
	whole = req_drain(&rq);
	cors_headers(&rq, &rs);
	http = resp_send(&rs, &rq, st);
	db_limit_time(reader, 0);
	if (http == status_http(ST_TOO_MANY))
		metrics_limited(rq.limit.name);
	metrics_request(rq.route, http, clock_mono_us() - began);
	log_request(&rq, &rs, http);
	resp_reset(&rs);
	req_reset(&rq);
	return whole;
}
