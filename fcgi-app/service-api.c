/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * About the service itself: its description and its health.
 */
#include <inttypes.h>
#include <stdio.h>

#include "api.h"
#include "app.h"
#include "change.h"
#include "metrics.h"
#include "publish.h"
#include "shared/metric.h"

#include "config.h"
#include "fcgi-app/openapi-text.h"

/* GET /openapi.json: this API, described for machines. */
enum status
service_openapi(struct req *rq, struct resp *rs)
{
	(void)rq;
	for (const char *const *line = text_openapi; *line != NULL; line++)
		buf_puts(&rs->raw, *line);
	return ST_OK;
}

/* GET /metrics: figures for Prometheus. */
enum status
service_metrics(struct req *rq, struct resp *rs)
{
	rs->type = METRIC_TYPE;
	return metrics_text(rq->app, rq->db, &rs->raw);
}

/* What only an admin is told: counters, and whether the relay is there. */
static void
add_details(struct json_object *doc, const struct change_log *log)
{
	struct db_counts counts = db_counts();
	char position[EVENT_POSITION_MAX];

	snprintf(
	    position, sizeof(position), "%s:%" PRId64, log->epoch, log->head);
	json_object_object_add(
	    doc, "commits", json_object_new_int64(counts.commits));
	json_object_object_add(
	    doc, "writes", json_object_new_int64(counts.writes));
	json_object_object_add(
	    doc, "waiting", json_object_new_int(counts.waiting));
	json_object_object_add(
	    doc, "position", json_object_new_string(position));
	json_object_object_add(
	    doc, "relay", json_object_new_boolean(publish_connected()));
}

/* GET /health: whether requests are served; the details for admins. */
enum status
service_health(struct req *rq, struct resp *rs)
{
	struct change_log log;
	struct json_object *doc;
	enum status st;

	if ((st = change_log_read(rq->db, &log)) != ST_OK)
		return st;
	doc = json_object_new_object();
	json_object_object_add(doc, "status", json_object_new_string("ok"));
	json_object_object_add(
	    doc, "version", json_object_new_string(PACKAGE_VERSION));
	if (rq->who.role >= ROLE_ADMIN)
		add_details(doc, &log);
	resp_json(rs, doc);
	return ST_OK;
}
