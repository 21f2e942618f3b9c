/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What was written and what the server said of it, held against the log at
 * the end.  Every write is sent until it is answered, so each row of the log
 * must be what one answer stands for, and each answer must have its row: a
 * row without an answer is a change applied twice, or wished by nobody, and an
 * answer without a row is a change lost.  A refusal leaves its key free: of a
 * write that was sent again, a copy that was held up may be done after another
 * one has been refused.
 */
#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define LEDGER_WISHES 2 /* fields that an edit names, at most */

/* A write and its answer. */
struct entry {
	enum effect_kind kind;
	unsigned item;
	bool good;       /* it was acknowledged; else refused */
	bool again;      /* it was sent more than once */
	int64_t base;    /* the version that it rests on; 0: none */
	int64_t version; /* that the answer told; a delete's has none */
	int64_t delta;   /* of an adjustment */
	unsigned wishes;
	struct effect_field wish[LEDGER_WISHES]; /* after: what is wished */
	uint64_t told; /* row_hash() of the item as answered */
};

/* What must not be, but for LATE. */
struct ledger_faults {
	int64_t lost;      /* acknowledged, and not in the log as wished */
	int64_t twice;     /* in the log, and acknowledged by no answer */
	int64_t overruled; /* took another's change of the same field away */
	int64_t torn;      /* rests on a row that was not so */
	int64_t mistold;   /* answered otherwise than it was done */
	int64_t late;      /* done by a copy, after another one was refused */
};

/* All zeroes but for what ledger_begin sets. */
struct ledger {
	struct catalog catalog;
	size_t count, size;
	struct entry *entry; /* owned */
	int64_t first;       /* seq of row[0] */
	size_t rows, rows_size;
	struct effect **row; /* owned, as is each; NULL: none of ours */
	struct table table;  /* what the rows make, when judged */
};

/* The log goes on after SEQ; its rows so far are forgotten. */
void ledger_begin(struct ledger *, int64_t seq);

/* A write is answered. */
void ledger_add(struct ledger *, const struct entry *);

/* A row of the log, SEQ after the beginning. */
void ledger_row(struct ledger *, int64_t seq, struct json_object *change);

/* All rows are there: what is wrong. */
void ledger_judge(struct ledger *, struct ledger_faults *);

void ledger_reset(struct ledger *);

/* A row's values as one number. */
uint64_t row_hash(const struct table_row *);

#endif
