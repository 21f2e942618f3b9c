/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Figures for an operator: histograms that cost an atomic addition or two,
 * and the text format of Prometheus (version 0.0.4) to tell them in.
 * Cardinality is the caller's: labels come from tables, never from clients.
 */
#ifndef SHARED_METRIC_H
#define SHARED_METRIC_H

#include <stdatomic.h>
#include <stdint.h>

#include "buf.h"

#define METRIC_TYPE    "text/plain; version=0.0.4; charset=utf-8"
#define METRIC_BUCKETS 15 /* of a histogram, at most, without +Inf */

/* What the buckets of a histogram are. */
struct metric_scale {
	int64_t unit; /* values are in 1/unit: 1000000 for µs, 1 for counts */
	int count;    /* of bounds */
	int64_t bound[METRIC_BUCKETS]; /* rising, in that unit */
};

/* From 100 µs to 10 s; from 1 to 128. */
extern const struct metric_scale metric_times, metric_counts;

/* All zeroes is an empty one.  Any thread may add. */
struct histogram {
	atomic_int_fast64_t bucket[METRIC_BUCKETS + 1]; /* not cumulated */
	atomic_int_fast64_t sum;
};

/* Count a value; one below 0 is taken as 0. */
void histogram_add(struct histogram *, const struct metric_scale *, int64_t);

/* # HELP and # TYPE ("counter", "gauge", "histogram"): once a name. */
void metric_head(
    struct buf *, const char *name, const char *type, const char *help);

/* A sample; LABELS is NULL or as metric_label() made it. */
void metric_put(
    struct buf *, const char *name, const char *labels, int64_t value);

/* The samples of a histogram. */
void metric_histogram(struct buf *, const char *name, const char *labels,
    struct histogram *, const struct metric_scale *);

/* A metric without labels, as a whole. */
void metric_one(struct buf *, const char *name, const char *type,
    const char *help, int64_t value);

/* Append key="value" to labels, which may be empty; VALUE is escaped. */
void metric_label(struct buf *, const char *key, const char *value);

#endif
