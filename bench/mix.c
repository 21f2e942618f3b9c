/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "mix.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "figures.h"

#define SOME 1000 /* on hand at first: adjustments seldom come to zero */

/* What events name; all answers are compared by these. */
static const char *const all_fields[] = {"sku", "name", "location", "quantity",
    "unit", "qty_ordered", "reorder_level", "status", "notes"};

void
mix_init(struct mix *m, struct dice *dice, unsigned size, const char *prefix)
{
	char sku[64];
	unsigned i;

	assert(size <= MIX_SLOTS);
	for (i = 0; i < sizeof(all_fields) / sizeof(*all_fields); i++)
		catalog_field(&m->ledger.catalog, all_fields[i]);
	m->dice = dice;
	m->size = size;
	for (i = 0; i < size; i++) {
		snprintf(sku, sizeof(sku), "%s-%u", prefix, i);
		m->slot[i].item = catalog_item(&m->ledger.catalog, sku);
	}
}

void
mix_reset(struct mix *m)
{
	ledger_reset(&m->ledger);
	memset(m, 0, sizeof(*m));
}

/* ---- what is wished */

/* Wish a text that no other write wishes; it says when it is sent. */
static void
wish_text(struct mix_write *w, struct json_object *body, const char *field,
    int64_t serial)
{
	struct effect_field *f = &w->entry.wish[w->entry.wishes++];
	struct json_object *value;
	char text[64];

	snprintf(text, sizeof(text), "t=%lld %lld", (long long)now_us(),
	    (long long)serial);
	value = json_object_new_string(text);
	f->field = catalog_field(&w->mix->ledger.catalog, field);
	f->after = value_hash(value);
	json_object_object_add(body, field, value);
}

static void
make(struct mix_write *w, struct json_object *body, int64_t serial)
{
	const char *sku = w->mix->ledger.catalog.sku[w->entry.item];

	w->entry.kind = EFFECT_CREATE;
	json_object_object_add(body, "sku", json_object_new_string(sku));
	json_object_object_add(body, "quantity", json_object_new_int(SOME));
	wish_text(w, body, "name", serial);
}

/* A merge of one or two fields, often from a version long past. */
static void
edit(struct mix_write *w, struct json_object *body, int64_t serial)
{
	static const char *const fields[] = {"name", "location", "notes"};
	const struct mix_slot *slot = &w->mix->slot[w->slot];
	struct dice *dice = w->mix->dice;
	uint64_t at = dice_roll(dice, 3), more = dice_roll(dice, 3);

	w->method = "PATCH";
	w->entry.kind = EFFECT_EDIT;
	w->entry.base = slot->version;
	if (slot->older != 0 && dice_roll(dice, 3) == 0)
		w->entry.base = slot->older;
	json_object_object_add(
	    body, "base_version", json_object_new_int64(w->entry.base));
	wish_text(w, body, fields[at], serial);
	if (more > 0)
		wish_text(w, body, fields[(at + more) % 3], serial);
}

static void
adjust(struct mix_write *w, struct json_object *body)
{
	w->entry.kind = EFFECT_ADJUST;
	w->entry.delta = 1 + (int64_t)dice_roll(w->mix->dice, 9);
	if (dice_roll(w->mix->dice, 2) == 0)
		w->entry.delta = -w->entry.delta;
	json_object_object_add(
	    body, "delta", json_object_new_int64(w->entry.delta));
}

/* The version that it may delete is named, so its row is known. */
static void
delete_item(struct mix_write *w)
{
	w->method = "DELETE";
	w->entry.kind = EFFECT_DELETE;
	w->entry.base = w->known;
	snprintf(w->match, sizeof(w->match), "\"v%lld\"", (long long)w->known);
}

/* What becomes of an item that is there. */
static void
change(struct mix_write *w, struct json_object *body, int64_t serial)
{
	uint64_t dice = dice_roll(w->mix->dice, 100);

	if (dice < 48)
		edit(w, body, serial);
	else if (dice < 86)
		adjust(w, body);
	else if (dice < 90)
		make(w, body, serial);
	else
		delete_item(w);
}

static void
put_path(struct mix_write *w, const char *base)
{
	const char *sku = w->mix->ledger.catalog.sku[w->entry.item];

	snprintf(w->path, sizeof(w->path), "%s/api/v1/inventory/items%s%s%s",
	    base, w->entry.kind == EFFECT_CREATE ? "" : "/",
	    w->entry.kind == EFFECT_CREATE ? "" : sku,
	    w->entry.kind == EFFECT_ADJUST ? "/adjustments" : "");
}

void
mix_begin(struct mix *m, struct mix_write *w, const char *base, int64_t serial)
{
	struct json_object *body = json_object_new_object();

	memset(&w->entry, 0, sizeof(w->entry));
	w->mix = m;
	w->slot = (unsigned)dice_roll(m->dice, m->size);
	w->known = m->slot[w->slot].version;
	w->entry.item = m->slot[w->slot].item;
	w->method = "POST";
	w->match[0] = '\0';
	if (w->known == 0)
		make(w, body, serial);
	else
		change(w, body, serial);
	put_path(w, base);
	buf_clear(&w->body);
	if (w->entry.kind != EFFECT_DELETE)
		buf_puts(&w->body, json_object_to_json_string(body));
	json_object_put(body);
}

/* ---- what is answered */

static void
learn(struct mix_slot *slot, struct json_object *item)
{
	struct json_object *value;
	int64_t version;

	if (!json_object_object_get_ex(item, "version", &value))
		return;
	version = json_object_get_int64(value);
	if (version <= slot->version)
		return;
	slot->older = slot->version;
	slot->version = version;
}

/* The item is gone, unless it has been made again since. */
static void
forget(struct mix_write *w)
{
	struct mix_slot *slot = &w->mix->slot[w->slot];

	if (slot->version == w->known)
		slot->version = slot->older = 0;
}

/* Note what the answer says of the item; false: it cannot be read. */
static bool
accept_item(struct mix_write *w, struct json_object *item)
{
	struct catalog *c = &w->mix->ledger.catalog;
	struct table table = {0};
	struct table_row *row;

	if (!json_object_is_type(item, json_type_object))
		return false;
	table_put(&table, c, item);
	row = table_row(&table, w->entry.item);
	w->entry.good = true;
	w->entry.version = row->version;
	w->entry.told = row_hash(row);
	table_reset(&table);
	learn(&w->mix->slot[w->slot], item);
	return true;
}

/* A refusal may name the item as it is. */
static void
refused(struct mix_write *w, int status, struct json_object *problem)
{
	struct json_object *current;

	if (status == 404)
		forget(w);
	else if (json_object_object_get_ex(problem, "current", &current))
		learn(&w->mix->slot[w->slot], current);
}

static bool
may_refuse(const struct mix_write *w, int status)
{
	if (w->entry.kind == EFFECT_CREATE)
		return status == 409;
	if (w->entry.kind == EFFECT_DELETE)
		return status == 404 || status == 412;
	return status == 404 || status == 409;
}

int
mix_answered(struct mix_write *w, int status, const char *body, size_t len)
{
	struct json_object *obj = NULL;
	int result = 0;

	if (status == 0 || status == 429 || status >= 500) {
		w->entry.again = true;
		return 1;
	}
	if (len > 0)
		obj = json_tokener_parse(body);
	if (status == 204 && w->entry.kind == EFFECT_DELETE) {
		w->entry.good = true;
		forget(w);
	} else if (status == 200 || status == 201) {
		result = accept_item(w, obj) ? 0 : -1;
	} else if (may_refuse(w, status)) {
		refused(w, status, obj);
	} else {
		result = -1;
	}
	json_object_put(obj);
	if (result == 0)
		ledger_add(&w->mix->ledger, &w->entry);
	return result;
}
