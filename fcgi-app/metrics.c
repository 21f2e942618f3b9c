/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "metrics.h"

#include <sys/stat.h>

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "accept.h"
#include "change.h"
#include "publish.h"
#include "shared/clock.h"
#include "shared/metric.h"

#include "config.h"

#define NAME       "stockroom_app_"
#define ROUTES_MAX 64 /* rows of routes.c, and one for no route */
#define CLASSES    6  /* of HTTP statuses, by the first digit */

/* The limits that have a name, and "busy" for those that have none. */
static const char *const limit_names[] = {
    "signin", "address", "account", "writes", "busy"};
#define LIMITS (sizeof(limit_names) / sizeof(limit_names[0]))

static struct {
	atomic_int_fast64_t requests[ROUTES_MAX][CLASSES];
	struct histogram times[ROUTES_MAX];
	atomic_int_fast64_t limited[LIMITS];
	atomic_int_fast64_t signins[2]; /* bad, good */
} counts;

static void
add(atomic_int_fast64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static int64_t
get(const atomic_int_fast64_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

void
metrics_request(const struct route *route, int http, int64_t us)
{
	int i = route == NULL ? route_count : (int)(route - routes);

	assert(i >= 0 && i < ROUTES_MAX && http >= 100 && http < 600);
	add(&counts.requests[i][http / 100]);
	histogram_add(&counts.times[i], &metric_times, us);
}

void
metrics_limited(const char *name)
{
	size_t i = 0;

	while (i < LIMITS - 1 &&
	       (name == NULL || strcmp(name, limit_names[i]) != 0))
		i++;
	add(&counts.limited[i]);
}

void
metrics_signin(bool good)
{
	add(&counts.signins[good]);
}

/* --- The text --- */

static void
gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	metric_one(out, name, "gauge", help, value);
}

static void
counter(struct buf *out, const char *name, const char *help, int64_t value)
{
	metric_one(out, name, "counter", help, value);
}

/* The labels of a row of routes.c. */
static void
label_route(struct buf *labels, int i)
{
	buf_clear(labels);
	metric_label(labels, "method",
	    i < route_count ? req_method_name(routes[i].method) : "none");
	metric_label(
	    labels, "route", i < route_count ? routes[i].path : "none");
}

static void
put_requests(struct buf *out)
{
	struct buf labels = {0};
	char class[] = "2xx";

	metric_head(out, NAME "requests_total", "counter",
	    "Requests answered, by route and class of status.");
	for (int i = 0; i <= route_count; i++) {
		for (int c = 2; c < CLASSES; c++) {
			label_route(&labels, i);
			class[0] = (char)('0' + c);
			metric_label(&labels, "status", class);
			metric_put(out, NAME "requests_total", labels.data,
			    get(&counts.requests[i][c]));
		}
	}
	metric_head(out, NAME "request_seconds", "histogram",
	    "Time from reading a request to its answer.");
	for (int i = 0; i <= route_count; i++) {
		label_route(&labels, i);
		metric_histogram(out, NAME "request_seconds", labels.data,
		    &counts.times[i], &metric_times);
	}
	buf_reset(&labels);
}

static void
put_limits(struct buf *out)
{
	struct buf labels = {0};

	metric_head(out, NAME "limited_total", "counter",
	    "Requests answered 429, by limit.");
	for (size_t i = 0; i < LIMITS; i++) {
		buf_clear(&labels);
		metric_label(&labels, "limit", limit_names[i]);
		metric_put(out, NAME "limited_total", labels.data,
		    get(&counts.limited[i]));
	}
	metric_head(out, NAME "signins_total", "counter",
	    "Passwords looked at, by what they were.");
	metric_put(out, NAME "signins_total", "password=\"wrong\"",
	    get(&counts.signins[0]));
	metric_put(out, NAME "signins_total", "password=\"right\"",
	    get(&counts.signins[1]));
	buf_reset(&labels);
}

static void
put_writes(struct buf *out)
{
	struct db_counts db = db_counts();

	counter(
	    out, NAME "commits_total", "Transactions committed.", db.commits);
	counter(out, NAME "writes_total", "Requests kept in them.", db.writes);
	gauge(out, NAME "writes_waiting",
	    "Requests that wait for the write lock.", db.waiting);
	metric_head(out, NAME "commit_writes", "histogram",
	    "Requests that shared a commit.");
	metric_histogram(
	    out, NAME "commit_writes", NULL, db_batch_sizes(), &metric_counts);
}

static void
put_process(struct buf *out)
{
	struct accept_counts now = accept_counts();

	gauge(out, NAME "start_time_seconds",
	    "When this process began to serve, since 1970.",
	    now.started / 1000);
	gauge(out, NAME "threads", "Threads that serve requests.", now.threads);
	gauge(
	    out, NAME "threads_busy", "Of them, those that do now.", now.busy);
	gauge(out, NAME "requests_queued", "Requests that wait for a thread.",
	    now.queued);
	gauge(out, NAME "requests_parked",
	    "Requests of which only a part has come.", now.parked);
	gauge(out, NAME "connections",
	    "Connections of web servers, idle ones too.", now.connections);
}

/* Bytes of the database's file with this ending; 0 when it is not there. */
static int64_t
size_of(const char *path, const char *ending)
{
	char name[PATH_MAX];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, ending);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

static enum status
put_database(const struct app *app, struct db *reader, struct buf *out)
{
	struct change_log log;
	struct query *q;
	int64_t buckets = 0;
	enum status st;

	if ((st = change_log_read(reader, &log)) != ST_OK)
		return st;
	q = db_query(reader, SQL_BUCKET_COUNT);
	if (db_row(q))
		buckets = db_int(q, 0);
	if ((st = db_done(q, ST_OK)) != ST_OK)
		return st;
	gauge(
	    out, NAME "change_head", "Number of the newest change.", log.head);
	gauge(out, NAME "limit_buckets", "Limits that are not whole.", buckets);
	gauge(out, NAME "database_bytes", "Size of the database's file.",
	    size_of(app->conf.db, ""));
	gauge(out, NAME "wal_bytes", "Size of its write-ahead log.",
	    size_of(app->conf.db, "-wal"));
	if (app->cgi)
		return ST_OK;
	gauge(out, NAME "relay_up", "Whether the relay is connected.",
	    publish_connected());
	gauge(out, NAME "outbox_lag",
	    "Changes that the relay has not confirmed; without it, all since.",
	    log.head - publish_acked());
	return ST_OK;
}

enum status
metrics_text(const struct app *app, struct db *reader, struct buf *out)
{
	struct buf labels = {0};

	metric_label(&labels, "version", PACKAGE_VERSION);
	metric_head(out, NAME "build_info", "gauge", "The program's version.");
	metric_put(out, NAME "build_info", labels.data, 1);
	buf_reset(&labels);
	if (!app->cgi) {
		put_process(out);
		put_requests(out);
		put_limits(out);
		put_writes(out);
	}
	return put_database(app, reader, out);
}
