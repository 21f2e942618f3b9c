/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Figures of many measurements: how long things took, and what a process
 * has used.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <json-c/json.h>

#define TIMES_SLOTS 2560 /* 64 of each power of two */

/* Durations, known to a 64th; all zeroes is none. */
struct times {
	int64_t count;
	int64_t most;              /* us */
	int64_t slot[TIMES_SLOTS]; /* how many were about as long */
};

/* Microseconds of CLOCK_MONOTONIC. */
int64_t now_us(void);

void times_add(struct times *, int64_t us);

/* The duration that PART of 1000 do not exceed, us; 0 without any. */
int64_t times_part(const struct times *, int part);

/* {"count","p50_ms","p90_ms","p99_ms","max_ms"}, the caller's. */
struct json_object *times_json(const struct times *);

/* CPU time that a process has used, ms; -1: there is no such process. */
int64_t cpu_ms(pid_t);

/* Memory of a process that is its own alone, KiB; -1: not known. */
int64_t private_kib(pid_t);

#endif
