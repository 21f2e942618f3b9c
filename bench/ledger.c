/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ledger.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check.h"
#include "shared/log.h"

/* Room for one more in an array of which COUNT are in use. */
static void *
grow(void *array, size_t count, size_t *size, size_t one)
{
	if (count < *size)
		return array;
	*size = *size == 0 ? 256 : *size * 2;
	if ((array = realloc(array, *size * one)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	return array;
}

static void
drop_rows(struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->rows; i++)
		free(l->row[i]);
	l->rows = 0;
}

void
ledger_begin(struct ledger *l, int64_t seq)
{
	drop_rows(l);
	table_reset(&l->table);
	l->first = seq + 1;
}

void
ledger_add(struct ledger *l, const struct entry *e)
{
	l->entry = grow(l->entry, l->count, &l->size, sizeof(*l->entry));
	l->entry[l->count++] = *e;
}

void
ledger_row(struct ledger *l, int64_t seq, struct json_object *change)
{
	size_t at = (size_t)(seq - l->first);

	/* Of what the log leaves out, nothing is known. */
	while (l->rows <= at) {
		l->row = grow(
		    l->row, l->rows, &l->rows_size, sizeof(struct effect *));
		l->row[l->rows++] = NULL;
	}
	free(l->row[at]);
	l->row[at] = effect_read(&l->catalog, change);
}

uint64_t
row_hash(const struct table_row *row)
{
	return content_bytes((const char *)row->value, sizeof(row->value));
}

/* ---- the judgement */

/* Whether the row is what was wished. */
static bool
fits(const struct entry *e, const struct effect *row)
{
	const struct effect_field *f;
	unsigned i;

	if (row == NULL || row->kind != e->kind || row->item != e->item)
		return false;
	for (i = 0; i < e->wishes; i++) {
		f = effect_find(row, e->wish[i].field);
		if (f == NULL || f->after != e->wish[i].after)
			return false;
	}
	return e->kind == EFFECT_CREATE || e->kind == EFFECT_DELETE ||
	       row->delta == e->delta;
}

/* The place of the first row of an item after a version; or of the end. */
static size_t
row_after(const struct ledger *l, unsigned item, int64_t version)
{
	size_t at = version < l->first ? 0 : (size_t)(version - l->first) + 1;

	while (at < l->rows && (l->row[at] == NULL || l->row[at]->item != item))
		at++;
	return at;
}

/* The place of the row that an entry stands for; l->rows: there is none. */
static size_t
row_of(const struct ledger *l, const struct entry *e)
{
	size_t at = l->rows;

	if (e->kind == EFFECT_DELETE)
		at = row_after(l, e->item, e->base);
	else if (e->version >= l->first)
		at = (size_t)(e->version - l->first);
	return at < l->rows && fits(e, l->row[at]) ? at : l->rows;
}

/* Whether an edit took away what another had written after its base. */
static bool
overrules(const struct ledger *l, const struct entry *e, size_t at)
{
	const struct effect_field *f;
	size_t i;
	unsigned k;

	if (e->kind != EFFECT_EDIT || e->base == 0)
		return false;
	for (i = row_after(l, e->item, e->base); i < at;
	     i = row_after(l, e->item, l->row[i]->version)) {
		for (k = 0; k < e->wishes; k++) {
			f = effect_find(l->row[i], e->wish[k].field);
			if (f != NULL && f->after != e->wish[k].after)
				return true;
		}
	}
	return false;
}

/*
 * Each answer takes its row; TOLD is then what the answer for a row said.
 * Two answers for one row: one of the two changes is not there.
 */
static void
take_rows(struct ledger *l, struct ledger_faults *f, const struct entry **told)
{
	const struct entry *e;
	size_t i, at;

	for (i = 0; i < l->count; i++) {
		e = &l->entry[i];
		if (!e->good)
			continue;
		at = row_of(l, e);
		if (at == l->rows || told[at] != NULL) {
			f->lost++;
			continue;
		}
		told[at] = e;
		f->overruled += overrules(l, e, at);
	}
}

/* The place of a row that nobody was told of and that fits; or l->rows. */
static size_t
untold_row(
    const struct ledger *l, const struct entry *e, const struct entry **told)
{
	size_t at = 0;

	while (at < l->rows && (told[at] != NULL || !fits(e, l->row[at])))
		at++;
	return at;
}

/* A row that no answer stands for, and what was refused of its item. */
static void
name_row(const struct ledger *l, size_t at)
{
	const struct effect *row = l->row[at];
	const struct entry *e;
	size_t i;

	if (row == NULL) {
		log_warn("change %lld: not read, or of no item",
		    (long long)l->first + (long long)at);
		return;
	}
	log_warn("change %lld, %s of %s by %lld: nobody was told",
	    (long long)l->first + (long long)at, effect_kinds[row->kind],
	    l->catalog.sku[row->item], (long long)row->delta);
	for (i = 0; i < l->count; i++) {
		e = &l->entry[i];
		if (e->item == row->item && !e->good)
			log_warn("refused: %s by %lld, based on %lld%s",
			    effect_kinds[e->kind], (long long)e->delta,
			    (long long)e->base, e->again ? ", again" : "");
	}
}

/*
 * What was sent again and refused may have been done.  A delete has no key:
 * when its answer is lost, it finds the item gone.  Others may be late.
 */
static void
take_refused(
    struct ledger *l, struct ledger_faults *f, const struct entry **told)
{
	const struct entry *e;
	size_t i, at;

	for (i = 0; i < l->count; i++) {
		e = &l->entry[i];
		if (e->good || !e->again)
			continue;
		at = e->kind == EFFECT_DELETE ? row_of(l, e)
					      : untold_row(l, e, told);
		if (at == l->rows || told[at] != NULL)
			continue;
		told[at] = e;
		if (e->kind == EFFECT_DELETE)
			continue;
		f->late++;
		name_row(l, at);
	}
}

void
ledger_judge(struct ledger *l, struct ledger_faults *f)
{
	const struct entry **told;
	size_t i;

	memset(f, 0, sizeof(*f));
	table_reset(&l->table);
	if ((told = calloc(l->rows + 1, sizeof(struct entry *))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	take_rows(l, f, told);
	take_refused(l, f, told);
	for (i = 0; i < l->rows; i++) {
		if (told[i] == NULL) {
			f->twice++;
			name_row(l, i);
		}
		if (l->row[i] == NULL)
			continue;
		f->torn += !table_apply(&l->table, l->row[i]);
		f->mistold += told[i] != NULL && told[i]->good &&
			      told[i]->kind != EFFECT_DELETE &&
			      told[i]->told != row_hash(table_row(
						   &l->table, l->row[i]->item));
	}
	free(told);
}

void
ledger_reset(struct ledger *l)
{
	drop_rows(l);
	table_reset(&l->table);
	catalog_reset(&l->catalog);
	free(l->row);
	free(l->entry);
	memset(l, 0, sizeof(*l));
}
