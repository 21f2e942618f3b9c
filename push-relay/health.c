/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdio.h>

#include <json-c/json.h>

#include "health.h"
#include "ingest.h"
#include "reader.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/metric.h"

#include "config.h"

#define NAME      "stockroom_relay_"
#define ROOMS_MAX 100 /* that /healthz names */

/* People in all rooms, and pages of theirs that are seen. */
static void
count_people(const struct relay *rl, int64_t *people, int64_t *pages)
{
	const struct room *r;

	*people = *pages = 0;
	for (r = rl->presence.rooms; r != NULL; r = r->next) {
		*people += r->people;
		*pages += r->listed;
	}
}

static int64_t
count_rooms(const struct relay *rl)
{
	const struct room *r;
	int64_t count = 0;

	for (r = rl->presence.rooms; r != NULL; r = r->next)
		count++;
	return count;
}

/* Leases in all rooms. */
static int64_t
count_leases(const struct relay *rl)
{
	const struct room *r;
	int64_t count = 0;

	for (r = rl->presence.rooms; r != NULL; r = r->next)
		count += r->leases.count;
	return count;
}

static void
put_int(struct json_object *obj, const char *key, int64_t value)
{
	json_object_object_add(obj, key, json_object_new_int64(value));
}

/* [{"room","people","pages"}], the first ROOMS_MAX of them. */
static struct json_object *
rooms_json(const struct relay *rl)
{
	struct json_object *list = json_object_new_array(), *obj;
	const struct room *r;
	int n = 0;

	for (r = rl->presence.rooms; r != NULL && n < ROOMS_MAX; r = r->next) {
		obj = json_object_new_object();
		json_object_object_add(
		    obj, "room", json_object_new_string(r->name));
		put_int(obj, "people", r->people);
		put_int(obj, "pages", r->listed);
		json_object_array_add(list, obj);
		n++;
	}
	return list;
}

void
health_json(const struct relay *rl, struct buf *out)
{
	struct json_object *obj = json_object_new_object();
	const struct ring *r = &rl->feed.ring;
	const char *text;
	char pos[EVENT_POSITION_MAX];
	int64_t people, pages;
	size_t len;
	bool known, ready;

	count_people(rl, &people, &pages);
	known = ring_position(r, pos);
	ready = rl->gate.ready && rl->feed.settled;
	json_object_object_add(obj, "status",
	    json_object_new_string(rl->stopping ? "stopping"
				   : ready      ? "ok"
						: "starting"));
	json_object_object_add(
	    obj, "position", known ? json_object_new_string(pos) : NULL);
	json_object_object_add(
	    obj, "key", json_object_new_boolean(rl->gate.ready));
	put_int(obj, "streams", rl->stats.streams);
	put_int(obj, "people", people);
	put_int(obj, "pages", pages);
	json_object_object_add(obj, "rooms", rooms_json(rl));
	put_int(obj, "app_connections", ingest_peers(rl->ingest));
	put_int(obj, "uptime_s", (clock_mono_ms() - rl->started) / 1000);
	text = json_out_text(obj, &len);
	buf_add(out, text, len);
	json_object_put(obj);
}

static void
metric(struct buf *out, const char *name, const char *type, const char *help,
    int64_t value)
{
	char full[64];

	snprintf(full, sizeof(full), NAME "%s", name);
	metric_one(out, full, type, help, value);
}

/* Streams ended, by why. */
static void
put_byes(const struct relay *rl, struct buf *out)
{
	struct buf labels = {0};

	metric_head(out, NAME "disconnects_total", "counter",
	    "Streams and polls ended by us, by code.");
	for (int i = 0; i < STATS_CODES; i++) {
		buf_clear(&labels);
		metric_label(&labels, "code", stats_code(i));
		metric_put(out, NAME "disconnects_total", labels.data,
		    rl->stats.byes[i]);
	}
	buf_reset(&labels);
}

/* What waits for streams that do not read as fast. */
static void
put_queues(const struct relay *rl, struct buf *out)
{
	const struct subscriber *sub;
	int64_t sum = 0, most = 0, n;

	for (sub = rl->feed.subs; sub != NULL; sub = sub->feed_next) {
		n = (int64_t)reader_queued(sub);
		sum += n;
		if (n > most)
			most = n;
	}
	metric(out, "queue_bytes", "gauge",
	    "Bytes of passing frames that wait for streams.", sum);
	metric(out, "queue_max_bytes", "gauge",
	    "Those of the stream with the most.", most);
}

static void
put_times(struct relay *rl, struct buf *out)
{
	metric_head(out, NAME "delivery_seconds", "histogram",
	    "From a change in the app to its writing into a stream.");
	metric_histogram(out, NAME "delivery_seconds", NULL,
	    &rl->stats.delivery, &metric_times);
	metric_head(out, NAME "fanout_seconds", "histogram",
	    "From a change's arrival here to its writing into a stream.");
	metric_histogram(
	    out, NAME "fanout_seconds", NULL, &rl->stats.fanout, &metric_times);
}

void
health_metrics(struct relay *rl, struct buf *out)
{
	const struct stats *st = &rl->stats;
	const struct ring *r = &rl->feed.ring;
	int64_t people, pages;

	count_people(rl, &people, &pages);
	metric(out, "streams", "gauge",
	    "Streams open now, and pages that poll.", st->streams);
	metric(out, "people", "gauge", "Different people present.", people);
	metric(out, "pages", "gauge", "Pages (sids) present.", pages);
	metric(out, "rooms", "gauge", "Rooms that there are.", count_rooms(rl));
	metric(out, "members", "gauge", "Pages known, present or not.",
	    rl->presence.members);
	metric(out, "leases", "gauge", "Rows and fields being edited.",
	    count_leases(rl));
	metric(out, "ring_head", "gauge", "Newest event held; -1: none known.",
	    r->head);
	metric(out, "ring_events", "gauge", "Events held for replay.",
	    r->head < 0 ? 0 : r->head + 1 - r->oldest);
	metric(out, "app_connections", "gauge", "App processes connected.",
	    ingest_peers(rl->ingest));
	metric(out, "events_total", "counter", "Events taken.", st->events);
	metric(out, "repeats_total", "counter",
	    "Events that were known already.", st->repeats);
	metric(out, "streams_total", "counter", "Streams opened.",
	    st->streams_opened);
	metric(out, "streams_replayed_total", "counter",
	    "Streams opened with nothing missed.", st->streams_replayed);
	metric(out, "streams_slow_total", "counter",
	    "Streams ended because they could not keep up.", st->slow);
	metric(out, "stalls_total", "counter",
	    "Times that a stream's socket had no room.", st->stalls);
	metric(out, "polls_total", "counter", "Polls answered.", st->polls);
	metric(out, "polls_held", "gauge", "Polls that wait now.", st->held);
	metric(out, "frames_total", "counter", "Frames given to streams.",
	    st->frames);
	metric(out, "frames_dropped_total", "counter",
	    "Passing frames dropped for slow streams.", st->dropped);
	metric(out, "cursors_dropped_total", "counter", "Of them, cursors.",
	    st->cursors);
	metric(out, "replays_total", "counter",
	    "Events given to streams that were not there when they came.",
	    st->replays);
	metric(
	    out, "bytes_total", "counter", "Bytes of frames given.", st->bytes);
	metric(out, "posts_total", "counter",
	    "Cursors, beats, leases and leaves.", st->posts);
	metric(
	    out, "refused_total", "counter", "Requests refused.", st->refused);
	metric(out, "tickets_refused_total", "counter",
	    "Of them, those with a ticket that does not hold.",
	    st->unauthorized);
	metric(out, "limited_total", "counter",
	    "Of them, those that came too often.", st->limited);
	metric(out, "revocations_total", "counter",
	    "Sessions, tokens and users that the app took the right from.",
	    st->revocations);
	put_byes(rl, out);
	put_queues(rl, out);
	put_times(rl, out);
	metric_head(out, NAME "build_info", "gauge", "The program's version.");
	metric_put(
	    out, NAME "build_info", "version=\"" PACKAGE_VERSION "\"", 1);
	metric(out, "uptime_seconds", "gauge", "Since the start.",
	    (clock_mono_ms() - rl->started) / 1000);
}
