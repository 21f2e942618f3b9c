/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The check at the end: the log as the app has it, against what the clients
 * have heard; and where a ledger is kept, the log and the items against what
 * was written, and each client's table against the items.
 */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger.h"

struct run;

/* All zeroes before the first check. */
struct verdict {
	int64_t since;         /* how far the log was compared */
	bool log_read;         /* to its end */
	int64_t holes;         /* seqs that the log leaves out */
	int64_t unheard;       /* events that no client had */
	int64_t false_events;  /* that clients heard differently */
	char cursor[512];      /* of the next page of items; "": the first */
	struct table items;    /* as the app has them */
	unsigned wrong_items;  /* that are not what the log makes of them */
	unsigned wrong_tables; /* clients that do not show these items */
	struct ledger_faults ledger;
};

void verdict_begin(struct run *);

/* Go on; true when it is found. */
bool verdict_wait(struct run *, int64_t now);

/* Say it; the run has failed when there is a fault. */
void verdict_answer(struct run *, struct json_object *);

/* What was found so far at the clients. */
void verdict_put_faults(const struct run *, struct json_object *);

void verdict_reset(struct verdict *);

#endif
