/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "command.h"

/* ---- the log against what was heard */

static void
compare(struct run *r, struct json_object *row)
{
	struct verdict *v = &r->verdict;
	struct json_object *value;
	struct truth_event *ev;
	int64_t seq;

	json_object_object_get_ex(row, "seq", &value);
	seq = json_object_get_int64(value);
	v->holes += seq - v->since - 1;
	v->since = seq;
	if (r->crowd->ledger != NULL)
		ledger_row(r->crowd->ledger, seq, row);
	ev = truth_at(&r->crowd->truth, seq);
	if (ev == NULL)
		return;
	if (ev->content == 0)
		v->unheard++;
	else if (ev->content != content_hash(row))
		v->false_events++;
}

static void
compare_done(void *arg, int status, const char *body, size_t len)
{
	struct run *r = arg;
	struct json_object *obj = run_asked(r, status, body, len);
	struct json_object *rows, *more;
	size_t i;

	if (obj != NULL && json_object_object_get_ex(obj, "changes", &rows) &&
	    json_object_object_get_ex(obj, "more", &more)) {
		for (i = 0; i < json_object_array_length(rows); i++)
			compare(r, json_object_array_get_idx(rows, i));
		r->verdict.log_read = !json_object_get_boolean(more);
	}
	json_object_put(obj);
}

/* ---- the items against the log, and the clients' tables against them */

static void
judge(struct run *r)
{
	struct crowd *w = r->crowd;
	struct verdict *v = &r->verdict;
	unsigned i;

	ledger_judge(w->ledger, &v->ledger);
	v->wrong_items = table_differs(&w->ledger->table, &v->items);
	v->wrong_tables = 0;
	for (i = 0; i < w->size; i++)
		v->wrong_tables +=
		    table_differs(&w->clients[i].check.table, &v->items) > 0;
}

/* Other items than those of the ledger are not ours to judge. */
static void
put_items(struct run *r, struct json_object *items)
{
	struct catalog *c = &r->crowd->ledger->catalog;
	struct json_object *item, *sku;
	size_t i;

	for (i = 0; i < json_object_array_length(items); i++) {
		item = json_object_array_get_idx(items, i);
		if (json_object_object_get_ex(item, "sku", &sku) &&
		    catalog_knows(c, json_object_get_string(sku)))
			table_put(&r->verdict.items, c, item);
	}
}

static void
items_done(void *arg, int status, const char *body, size_t len)
{
	struct run *r = arg;
	struct json_object *obj = run_asked(r, status, body, len);
	struct json_object *items, *cursor;

	if (obj != NULL && json_object_object_get_ex(obj, "items", &items) &&
	    json_object_object_get_ex(obj, "next_cursor", &cursor)) {
		put_items(r, items);
		if (cursor == NULL) {
			r->head = r->verdict.since;
			judge(r);
		} else
			snprintf(r->verdict.cursor, sizeof(r->verdict.cursor),
			    "%s", json_object_get_string(cursor));
	}
	json_object_put(obj);
}

/* ---- the command */

void
verdict_begin(struct run *r)
{
	struct verdict *v = &r->verdict;

	verdict_reset(v);
	r->head = r->writer == NULL ? r->arg[0] : -1;
	v->since = r->crowd->truth.first - 1;
	if (r->crowd->ledger != NULL)
		ledger_begin(r->crowd->ledger, v->since);
}

bool
verdict_wait(struct run *r, int64_t now)
{
	const struct verdict *v = &r->verdict;
	char path[1024];

	if (r->head >= 0)
		return true;
	if (v->log_read && r->crowd->ledger == NULL) {
		r->head = v->since;
		return true;
	}
	if (!v->log_read) {
		snprintf(path, sizeof(path),
		    "%s/api/v1/inventory/changes?since=%s:%lld&limit=1000",
		    r->crowd->base, r->crowd->truth.epoch, (long long)v->since);
		run_ask(r, path, compare_done, now);
	} else {
		snprintf(path, sizeof(path),
		    "%s/api/v1/inventory/items?limit=500%s%s", r->crowd->base,
		    v->cursor[0] == '\0' ? "" : "&cursor=", v->cursor);
		run_ask(r, path, items_done, now);
	}
	return false;
}

void
verdict_put_faults(const struct run *r, struct json_object *obj)
{
	const struct check_faults *f = &r->crowd->faults;

	run_put_int(obj, "holes", f->holes + r->verdict.holes);
	run_put_int(obj, "repeats", f->repeats);
	run_put_int(obj, "disorder", f->disorder);
	run_put_int(obj, "differs", f->differs);
	run_put_int(obj, "broken", f->broken);
}

/* The ledger's part; how many faults. */
static int64_t
put_ledger(const struct run *r, struct json_object *obj)
{
	static const char *const names[] = {
	    "creates", "edits", "adjustments", "deletes"};
	const struct ledger *l = r->crowd->ledger;
	const struct verdict *v = &r->verdict;
	const struct ledger_faults *f = &v->ledger;
	int64_t done[4] = {0}, refused = 0;
	size_t i;

	for (i = 0; i < l->count; i++) {
		done[l->entry[i].kind] += l->entry[i].good;
		refused += !l->entry[i].good;
	}
	for (i = 0; i < 4; i++)
		run_put_int(obj, names[i], done[i]);
	run_put_int(obj, "refused", refused);
	run_put_int(obj, "lost", f->lost);
	run_put_int(obj, "twice", f->twice);
	run_put_int(obj, "overruled", f->overruled);
	run_put_int(obj, "torn", f->torn);
	run_put_int(obj, "mistold", f->mistold);
	run_put_int(obj, "late", f->late);
	run_put_int(obj, "wrong_items", v->wrong_items);
	run_put_int(obj, "wrong_tables", v->wrong_tables);
	return f->lost + f->twice + f->overruled + f->torn + f->mistold +
	       v->wrong_items + v->wrong_tables;
}

void
verdict_answer(struct run *r, struct json_object *obj)
{
	const struct check_faults *f = &r->crowd->faults;
	const struct verdict *v = &r->verdict;
	unsigned behind = crowd_lacking(r->crowd, r->head);
	int64_t refused = r->writer == NULL ? 0 : r->writer->refused;
	int64_t faults = f->holes + v->holes + f->repeats + f->disorder +
			 f->differs + f->broken + behind + v->unheard +
			 v->false_events + refused;

	verdict_put_faults(r, obj);
	run_put_int(obj, "behind", behind);
	run_put_int(obj, "unheard", v->unheard);
	run_put_int(obj, "false", v->false_events);
	run_put_int(obj, "refused_writes", refused);
	run_put_int(obj, "events", r->head - r->crowd->start);
	run_put_int(obj, "head", r->head);
	if (r->crowd->ledger != NULL)
		faults += put_ledger(r, obj);
	if (faults > 0)
		r->failed = true;
	json_object_object_add(obj, "ok", json_object_new_boolean(!r->failed));
}

void
verdict_reset(struct verdict *v)
{
	table_reset(&v->items);
	memset(v, 0, sizeof(*v));
}
