/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The handlers of the inventory's items and of their columns.  What happened
 * to them is change-api.c's.
 */
#include "api.h"
#include "app.h"
#include "change.h"
#include "field.h"
#include "item-list.h"
#include "item.h"
#include "merge.h"

#define REASON_MAX 200 /* characters */

/* The caller as the log names him. */
static struct change
change_by(const struct req *rq, const char *update_type)
{
	struct change what = {0};

	what.update_type = update_type;
	what.user_id = rq->who.user_id;
	what.username = rq->who.display;
	what.changeset = rq->id;
	what.source = "api";
	return what;
}

/* The item that the address names, and the fields to show it by. */
static enum status
load(struct req *rq, struct field_set *set, struct item *it)
{
	enum status st;

	if ((st = field_set_load(rq->db, set)) != ST_OK)
		return st;
	if ((st = item_load(rq->db, rq->sku, it)) == ST_NOT_FOUND)
		return req_fail(rq, st, "no item has the SKU %s", rq->sku);
	return st;
}

/* item_commit() with its troubles said. */
static enum status
commit(struct req *rq, const struct field_set *set, const struct item *before,
    struct item *after, struct change *what)
{
	enum status st;

	st = item_commit(rq->db, set, before, after, what);
	if (st == ST_CONFLICT && after != NULL)
		return req_fail(rq, st, "the SKU %s is taken", after->sku);
	if (st == ST_INVALID)
		return req_fail_at(rq, st, "",
		    "the custom fields hold more than %d bytes",
		    FIELD_EXTRA_MAX);
	return st;
}

/* Answer with an item as it is now. */
static void
answer(struct resp *rs, const struct field_set *set, const struct item *it)
{
	resp_etag(rs, it->version);
	field_item_text(set, it, &rs->raw);
}

/* The same, and what others changed meanwhile, if they did. */
static void
answer_merged(struct resp *rs, const struct field_set *set,
    const struct item *it, const struct merge *m)
{
	struct json_object *o;

	if (m->merged_with == NULL ||
	    json_object_array_length(m->merged_with) == 0) {
		answer(rs, set, it);
		return;
	}
	o = field_item_json(set, it);
	json_object_object_add(
	    o, "merged_with", json_object_get(m->merged_with));
	resp_etag(rs, it->version);
	resp_json(rs, o);
}

/* GET /inventory/fields: the columns. */
enum status
field_list(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct json_object *o;
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = field_set_load(rq->db, &set)) != ST_OK)
		goto out;
	o = json_object_new_object();
	json_object_object_add(o, "fields", field_set_json(&set));
	resp_json(rs, o);
out:
	field_set_reset(&set);
	return st;
}

static struct json_object *
counts_json(const struct item_counts *counts)
{
	struct json_object *o;

	o = json_object_new_object();
	json_object_object_add(o, "all", json_object_new_int64(counts->all));
	json_object_object_add(o, "low", json_object_new_int64(counts->low));
	json_object_object_add(o, "out", json_object_new_int64(counts->out));
	json_object_object_add(
	    o, "on_order", json_object_new_int64(counts->on_order));
	return o;
}

/* What a page has beside its items. */
static struct json_object *
page_rest(const struct list_question *question, const struct item_page *page,
    const struct item_counts *counts, const struct change_log *log)
{
	struct json_object *o, *next = NULL;
	char cursor[CURSOR_MAX], place[EVENT_POSITION_MAX];

	if (page->more) {
		list_question_cursor(
		    question, &page->items[page->count - 1], cursor);
		next = json_object_new_string(cursor);
	}
	o = json_object_new_object();
	json_object_object_add(o, "next_cursor", next);
	json_object_object_add(o, "counts", counts_json(counts));
	change_position(log, log->head, place);
	json_object_object_add(o, "position", json_object_new_string(place));
	return o;
}

/* The whole page; the rest goes on behind its own brace. */
static void
page_text(const struct field_set *set, const struct item_page *page,
    struct json_object *rest, struct buf *out)
{
	const char *text;
	size_t len;
	int i;

	buf_puts(out, "{\"items\":[");
	for (i = 0; i < page->count; i++) {
		buf_puts(out, i == 0 ? "" : ",");
		field_item_text(set, &page->items[i], out);
	}
	text = json_out_text(rest, &len);
	buf_puts(out, "],");
	buf_add(out, text + 1, len - 1);
}

/* GET /inventory/items: a page; counts and position of the same snapshot. */
enum status
item_list(struct req *rq, struct resp *rs)
{
	struct list_question question;
	struct field_set set = {0};
	struct item_page page = {0};
	struct item_counts counts;
	struct change_log log;
	struct json_object *rest;
	enum status st;

	if ((st = list_question_read(rq, &question)) != ST_OK ||
	    (st = db_snapshot_begin(rq->db)) != ST_OK)
		goto out;
	if ((st = field_set_load(rq->db, &set)) == ST_OK &&
	    (st = item_page_read(rq->db, &question.query, &page)) == ST_OK &&
	    (st = item_counts(rq->db, &counts)) == ST_OK)
		st = change_log_read(rq->db, &log);
	db_snapshot_end(rq->db);
	if (st != ST_OK)
		goto out;
	rest = page_rest(&question, &page, &counts, &log);
	page_text(&set, &page, rest, &rs->raw);
	json_object_put(rest);
out:
	item_page_reset(&page);
	field_set_reset(&set);
	list_question_reset(&question);
	return st;
}

/* POST /inventory/items: a new item. */
enum status
item_create(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct item it = {0};
	struct json_object *wish = json_object_new_object();
	struct change what = change_by(rq, "create");
	struct json_in in;
	struct buf place = {0};
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = field_set_load(rq->db, &set)) != ST_OK)
		goto out;
	json_in_begin(&in, rq->body, "");
	field_read(&set, &in, true, wish);
	if (json_in_end(&in) != ST_OK) {
		st = req_fail_json(rq, &in);
		goto out;
	}
	item_init(&it);
	field_apply(&set, &it, wish);
	if ((st = commit(rq, &set, NULL, &it, &what)) != ST_OK)
		goto out;
	buf_printf(
	    &place, "%s/api/v1/inventory/items/%s", rq->app->conf.base, it.sku);
	resp_header(rs, "Location", place.data);
	answer(rs, &set, &it);
	st = ST_CREATED;
out:
	buf_reset(&place);
	json_object_put(wish);
	item_reset(&it);
	field_set_reset(&set);
	return st;
}

/* GET /inventory/items/{sku} */
enum status
item_get(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct item it = {0};
	enum status st;

	if ((st = req_params_end(rq)) == ST_OK &&
	    (st = load(rq, &set, &it)) == ST_OK)
		answer(rs, &set, &it);
	item_reset(&it);
	field_set_reset(&set);
	return st;
}

/* Whose version a base is, as far as the log tells. */
enum base { BASE_OWN, BASE_OTHERS, BASE_UNKNOWN };

/* Another item may have had the SKU before, or a restore made another log. */
static enum status
read_base_of(
    struct req *rq, const struct item *it, int64_t base, enum base *out)
{
	int64_t item_id = it->id;
	enum status st = ST_OK;

	if (base != it->version)
		st = change_item(rq->db, base, &item_id);
	if (item_id == it->id)
		*out = BASE_OWN;
	else if (item_id != 0 || base > it->version)
		*out = BASE_OTHERS;
	else
		*out = BASE_UNKNOWN;
	return st;
}

/*
 * Judge a wish that rests on version BASE.  ST_OK, and M says what others
 * changed meanwhile; ST_CONFLICT with the problem document filled.
 */
static enum status
judge(struct req *rq, struct resp *rs, const struct field_set *set,
    const struct item *it, int64_t base, struct json_object *wish,
    struct merge *m)
{
	struct json_object *now, *log = NULL;
	enum base of;
	enum status st;

	if (base == it->version)
		return ST_OK;
	if ((st = read_base_of(rq, it, base, &of)) != ST_OK ||
	    (of == BASE_OWN &&
		(st = change_of_item(rq->db, it->id, base, &log)) != ST_OK))
		return st;
	now = field_item_json(set, it);
	if (log != NULL)
		merge_wish(wish, now, log, m);
	else
		merge_blind(wish, now, of == BASE_OTHERS, m);
	if (json_object_array_length(m->conflicts) > 0) {
		resp_problem(rs, "conflicts", json_object_get(m->conflicts));
		resp_problem(rs, "current", json_object_get(now));
		st = req_fail(rq, ST_CONFLICT,
		    "somebody else changed the same field since version %lld",
		    (long long)base);
	}
	json_object_put(log);
	json_object_put(now);
	return st;
}

/* The version that a wish rests on; -1: it does not say. */
static int64_t
read_base(struct json_in *in)
{
	struct json_object *any;
	int64_t base = -1;

	if (json_in_any(in, "base_version", &any))
		json_in_int(
		    in, "base_version", JSON_REQUIRED, 0, INT64_MAX, &base);
	return base;
}

/* The body of a PATCH: the fields wished for, and what they rest on. */
static enum status
read_patch(struct req *rq, const struct field_set *set,
    struct json_object *wish, int64_t *base)
{
	struct json_in in;

	json_in_begin(&in, rq->body, "");
	field_read(set, &in, false, wish);
	*base = read_base(&in);
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	return ST_OK;
}

/*
 * PATCH /inventory/items/{sku}: change some fields.  If-Match, when sent,
 * must name the current version; base_version asks for a merge by field.
 */
enum status
item_patch(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct item it = {0}, after = {0};
	struct merge m = {0};
	struct json_object *wish = json_object_new_object();
	struct change what = change_by(rq, "edit");
	int64_t base = -1;
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = load(rq, &set, &it)) != ST_OK ||
	    (st = req_if_match(rq, it.version)) != ST_OK ||
	    (st = read_patch(rq, &set, wish, &base)) != ST_OK ||
	    (base >= 0 &&
		(st = judge(rq, rs, &set, &it, base, wish, &m)) != ST_OK))
		goto out;
	item_copy(&it, &after);
	field_apply(&set, &after, wish);
	st = commit(rq, &set, &it, &after, &what);
	if (st == ST_NO_CONTENT) /* nothing differs: as it is */
		st = ST_OK;
	if (st != ST_OK)
		goto out;
	answer_merged(rs, &set, &after, &m);
out:
	merge_reset(&m);
	json_object_put(wish);
	item_reset(&after);
	item_reset(&it);
	field_set_reset(&set);
	return st;
}

/* DELETE /inventory/items/{sku}: the history stays. */
enum status
item_delete(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct item it = {0};
	struct change what = change_by(rq, "delete");
	enum status st;

	(void)rs;
	if ((st = req_params_end(rq)) == ST_OK &&
	    (st = load(rq, &set, &it)) == ST_OK &&
	    (st = req_if_match(rq, it.version)) == ST_OK &&
	    (st = commit(rq, &set, &it, NULL, &what)) == ST_OK)
		st = ST_NO_CONTENT;
	item_reset(&it);
	field_set_reset(&set);
	return st;
}

static enum status
read_adjustment(
    struct req *rq, int64_t *delta, const char **reason, int64_t *base)
{
	struct json_in in;

	json_in_begin(&in, rq->body, "");
	if (json_in_thousandths(&in, "delta", JSON_REQUIRED,
		-FIELD_QUANTITY_MAX, FIELD_QUANTITY_MAX, delta) &&
	    *delta == 0)
		json_in_fail(&in, "delta", "must not be 0");
	if (json_in_text(&in, "reason", JSON_OPTIONAL, 0, REASON_MAX, reason) &&
	    field_has_controls(*reason, false))
		json_in_fail(&in, "reason", "must not hold control characters");
	*base = read_base(&in);
	if (json_in_end(&in) != ST_OK)
		return req_fail_json(rq, &in);
	return ST_OK;
}

/* Whether an adjustment that rests on BASE, or -1, was meant for another. */
static enum status
check_base(struct req *rq, const struct item *it, int64_t base)
{
	enum base of = BASE_OWN;
	enum status st;

	if (base >= 0 && (st = read_base_of(rq, it, base, &of)) != ST_OK)
		return st;
	if (of != BASE_OTHERS)
		return ST_OK;
	return req_fail(rq, ST_CONFLICT,
	    "version %lld is of another item, which had this SKU before",
	    (long long)base);
}

/* The quantity after an adjustment, within its limits. */
static enum status
adjust(struct req *rq, struct item *it, int64_t delta)
{
	char on_hand[24];

	if (it->quantity + delta < 0) {
		json_out_thousandths_text(it->quantity, on_hand);
		return req_fail(rq, ST_CONFLICT, "only %s on hand", on_hand);
	}
	if (it->quantity + delta > FIELD_QUANTITY_MAX)
		return req_fail_at(rq, ST_INVALID, "/delta",
		    "would make more than 999999999.999");
	it->quantity += delta;
	return ST_OK;
}

/*
 * POST /inventory/items/{sku}/adjustments: add or take, never below zero.
 * Adjustments add up, whatever version they rest on; base_version says of
 * which item they were meant, should another one get its SKU.
 */
enum status
item_adjust(struct req *rq, struct resp *rs)
{
	struct field_set set = {0};
	struct item it = {0}, after = {0};
	struct change what = change_by(rq, "adjust");
	int64_t delta = 0, base = -1;
	enum status st;

	if ((st = req_params_end(rq)) != ST_OK ||
	    (st = read_adjustment(rq, &delta, &what.reason, &base)) != ST_OK ||
	    (st = load(rq, &set, &it)) != ST_OK ||
	    (st = req_if_match(rq, it.version)) != ST_OK ||
	    (st = check_base(rq, &it, base)) != ST_OK)
		goto out;
	item_copy(&it, &after);
	if ((st = adjust(rq, &after, delta)) == ST_OK &&
	    (st = commit(rq, &set, &it, &after, &what)) == ST_OK)
		answer(rs, &set, &after);
out:
	item_reset(&after);
	item_reset(&it);
	field_set_reset(&set);
	return st;
}
