/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Merging, by thousands of random histories beside a model of it: several
 * people read an item, edit it on top of what they have read, adjust it, or
 * insist on a version, in every order.  The model keeps the item at each
 * version and knows no log.
 *
 *	STOCKROOM_SEED=7 t/unit/merge-model.t	the history of this seed alone
 *	STOCKROOM_RUNS=100000 ...		so many
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/dice.h"
#include "fcgi-app/merge.h"
#include "shared/json.h"

#define FIELDS 5
#define PEOPLE 4
#define STEPS  40
#define VALUES 3 /* few, so that people often wish the same, or back */

static const char *const names[FIELDS] = {
    "name", "location", "quantity", "unit", "notes"};
#define QUANTITY 2

/* One history. */
struct history {
	struct dice dice;
	int head;                     /* the newest version */
	int state[STEPS + 1][FIELDS]; /* at each version */
	int author[STEPS + 1];        /* who made it */
	int read[PEOPLE];             /* the version that each has read */
	struct json_object *log;      /* all events */
};

/* What one of them wishes. */
struct wish {
	int who;
	int base; /* the version that it rests on */
	bool named[FIELDS];
	int value[FIELDS];
};

static int
roll(struct history *h, int n)
{
	return (int)dice_roll(&h->dice, (uint64_t)n);
}

static struct json_object *
value_json(int field, int value)
{
	char text[16];

	if (field == QUANTITY)
		return json_object_new_int(value);
	snprintf(text, sizeof(text), "v%d", value);
	return json_object_new_string(text);
}

static void
put_text(struct json_object *o, const char *key, const char *word, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%s%d", word, n);
	json_object_object_add(o, key, json_object_new_string(text));
}

/* ---- the history goes on */

static struct json_object *
change_json(int field, int before, int after)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(
	    o, "field", json_object_new_string(names[field]));
	json_object_object_add(o, "old_value", value_json(field, before));
	json_object_object_add(o, "new_value", value_json(field, after));
	return o;
}

/* A new version, and its event; none when nothing differs. */
static void
commit(struct history *h, int who, const int after[FIELDS])
{
	const int *before = h->state[h->head];
	struct json_object *o, *changes;
	int i;

	if (memcmp(before, after, sizeof(h->state[0])) == 0)
		return;
	o = json_object_new_object();
	changes = json_object_new_array();
	for (i = 0; i < FIELDS; i++)
		if (before[i] != after[i])
			json_object_array_add(
			    changes, change_json(i, before[i], after[i]));
	h->head++;
	memcpy(h->state[h->head], after, sizeof(h->state[0]));
	h->author[h->head] = who;
	put_text(o, "username", "p", who);
	put_text(o, "timestamp", "t", h->head);
	json_object_object_add(o, "version", json_object_new_int(h->head));
	json_object_object_add(o, "changes", changes);
	json_object_array_add(h->log, o);
}

static struct json_object *
item_json(const struct history *h)
{
	struct json_object *o = json_object_new_object();
	int i;

	for (i = 0; i < FIELDS; i++)
		json_object_object_add(
		    o, names[i], value_json(i, h->state[h->head][i]));
	return o;
}

static struct json_object *
wish_json(const struct wish *w)
{
	struct json_object *o = json_object_new_object();
	int i;

	for (i = 0; i < FIELDS; i++)
		if (w->named[i])
			json_object_object_add(
			    o, names[i], value_json(i, w->value[i]));
	return o;
}

/* The events after a version. */
static struct json_object *
log_since(const struct history *h, int version)
{
	struct json_object *o = json_object_new_array();
	int i;

	for (i = version; i < h->head; i++)
		json_object_array_add(
		    o, json_object_get(
			   json_object_array_get_idx(h->log, (size_t)i)));
	return o;
}

/* ---- the model: what must come of a wish */

/* The version that changed the field last, after that of the base. */
static int
last_change(const struct history *h, int field, int base)
{
	int v;

	for (v = h->head; v > base; v--)
		if (h->state[v][field] != h->state[v - 1][field])
			break;
	return v;
}

static void
expect_conflict(const struct history *h, const struct wish *w, int field,
    struct json_object *out)
{
	struct json_object *o = json_object_new_object();
	int v = last_change(h, field, w->base);

	json_object_object_add(
	    o, "field", json_object_new_string(names[field]));
	json_object_object_add(
	    o, "base", value_json(field, h->state[w->base][field]));
	json_object_object_add(
	    o, "theirs", value_json(field, h->state[h->head][field]));
	json_object_object_add(o, "yours", value_json(field, w->value[field]));
	put_text(o, "by", "p", h->author[v]);
	put_text(o, "at", "t", v);
	json_object_array_add(out, o);
}

static void
expect_merged(const struct history *h, const struct wish *w, int field,
    struct json_object *out)
{
	struct json_object *o = json_object_new_object();
	int v = last_change(h, field, w->base);

	json_object_object_add(
	    o, "field", json_object_new_string(names[field]));
	json_object_object_add(
	    o, "value", value_json(field, h->state[h->head][field]));
	put_text(o, "by", "p", h->author[v]);
	json_object_object_add(o, "version", json_object_new_int(v));
	json_object_array_add(out, o);
}

/* Both lists as they must be; true when the wish may be had. */
static bool
expect(const struct history *h, const struct wish *w, struct merge *out)
{
	int i, base, now;

	out->conflicts = json_object_new_array();
	out->merged_with = json_object_new_array();
	for (i = 0; i < FIELDS; i++) {
		base = h->state[w->base][i];
		now = h->state[h->head][i];
		if (base == now)
			continue;
		if (!w->named[i])
			expect_merged(h, w, i, out->merged_with);
		else if (w->value[i] != now)
			expect_conflict(h, w, i, out->conflicts);
	}
	return json_object_array_length(out->conflicts) == 0;
}

/* ---- a history */

static bool
same(struct json_object *a, struct json_object *b)
{
	return strcmp(json_out_text(a, NULL), json_out_text(b, NULL)) == 0;
}

/* What was tried; and whether a conflict is kept back, to be missed. */
static long conflicts, merges;
static bool lie;

/* Merge a wish; false when the outcome is not the model's. */
static bool
try_wish(struct history *h, const struct wish *w, bool *granted)
{
	struct json_object *wish = wish_json(w), *now = item_json(h);
	struct json_object *log = log_since(h, w->base);
	struct merge is = {0}, want = {0};
	bool good;

	*granted = expect(h, w, &want);
	merge_wish(wish, now, log, &is);
	conflicts += !*granted;
	merges += *granted && json_object_array_length(is.merged_with) > 0;
	if (lie && !*granted)
		json_object_array_del_idx(is.conflicts, 0, 1);
	good = same(is.conflicts, want.conflicts) &&
	       same(is.merged_with, want.merged_with);
	if (!good && !lie)
		print_error("wish %s from %d, item %s\nlog %s\n"
			    "is   %s %s\nwant %s %s\n",
		    json_out_text(wish, NULL), w->base,
		    json_out_text(now, NULL), json_out_text(log, NULL),
		    json_out_text(is.conflicts, NULL),
		    json_out_text(is.merged_with, NULL),
		    json_out_text(want.conflicts, NULL),
		    json_out_text(want.merged_with, NULL));
	merge_reset(&is);
	merge_reset(&want);
	json_object_put(wish);
	json_object_put(now);
	json_object_put(log);
	return good;
}

/* Somebody edits on top of what he has read. */
static bool
merge(struct history *h, int who)
{
	struct wish w = {.who = who, .base = h->read[who]};
	int i, after[FIELDS], n = 1 + roll(h, 3);
	bool granted, good;

	while (n-- > 0) {
		i = roll(h, FIELDS);
		w.named[i] = true;
		w.value[i] = roll(h, VALUES);
	}
	good = try_wish(h, &w, &granted);
	if (!granted)
		return good;
	memcpy(after, h->state[h->head], sizeof(after));
	for (i = 0; i < FIELDS; i++)
		if (w.named[i])
			after[i] = w.value[i];
	commit(h, who, after);
	return good;
}

/* Somebody adds or takes, whatever he has read. */
static void
adjust(struct history *h, int who)
{
	int after[FIELDS];

	memcpy(after, h->state[h->head], sizeof(after));
	after[QUANTITY] = (after[QUANTITY] + 1 + roll(h, VALUES)) % VALUES;
	commit(h, who, after);
}

/* Somebody changes a field of the version that he has read, or nothing. */
static void
insist(struct history *h, int who)
{
	int after[FIELDS];

	if (h->read[who] != h->head)
		return;
	memcpy(after, h->state[h->head], sizeof(after));
	after[roll(h, FIELDS)] = roll(h, VALUES);
	commit(h, who, after);
}

static bool
step(struct history *h)
{
	int who = roll(h, PEOPLE);

	switch (roll(h, 6)) {
	case 0:
		adjust(h, who);
		return true;
	case 1:
		insist(h, who);
		return true;
	case 2:
	case 3:
		h->read[who] = h->head;
		return true;
	default:
		return merge(h, who);
	}
}

/* The number of an environment variable. */
static long
setting(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtol(text, NULL, 10);
}

/* One history; the step that went wrong, from 1, or 0. */
static int
play(long seed)
{
	struct history h = {0};
	int i, wrong = 0;

	dice_seed(&h.dice, (uint64_t)seed);
	h.log = json_object_new_array();
	for (i = 1; i <= STEPS && wrong == 0; i++)
		if (!step(&h))
			wrong = i;
	json_object_put(h.log);
	return wrong;
}

static void
test_histories(void **state)
{
	long seed = setting("STOCKROOM_SEED", 1);
	long runs = setting(
	    "STOCKROOM_RUNS", getenv("STOCKROOM_SEED") != NULL ? 1 : 5000);
	long last = seed + runs;
	int wrong;

	(void)state;
	assert_true(runs > 0);
	for (; seed < last; seed++)
		if ((wrong = play(seed)) != 0)
			fail_msg("STOCKROOM_SEED=%ld, step %d", seed, wrong);
	if (runs >= 100) {
		assert_true(conflicts > runs);
		assert_true(merges > runs);
	}
}

/* A conflict that merging does not tell of is found, in most histories. */
static void
test_lie(void **state)
{
	long seed, found = 0;

	(void)state;
	lie = true;
	for (seed = 1; seed <= 100; seed++)
		found += play(seed) != 0;
	lie = false;
	assert_true(found > 90);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_histories),
	    cmocka_unit_test(test_lie),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
