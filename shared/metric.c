/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "metric.h"

#include <inttypes.h>

const struct metric_scale metric_times = {1000000, 15,
    {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	500000, 1000000, 2500000, 10000000}};
const struct metric_scale metric_counts = {1, 8, {1, 2, 4, 8, 16, 32, 64, 128}};

void
histogram_add(
    struct histogram *h, const struct metric_scale *scale, int64_t value)
{
	int i = 0;

	if (value < 0)
		value = 0;
	while (i < scale->count && value > scale->bound[i])
		i++;
	atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

void
metric_head(
    struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void
metric_label(struct buf *labels, const char *key, const char *value)
{
	buf_printf(labels, "%s%s=\"", labels->len > 0 ? "," : "", key);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			buf_puts(labels, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(labels, "\\%c", *value);
		else
			buf_add(labels, value, 1);
	}
	buf_puts(labels, "\"");
}

/* A name, with SUFFIX and the labels there are. */
static void
put_name(
    struct buf *out, const char *name, const char *suffix, const char *labels)
{
	buf_printf(out, "%s%s", name, suffix);
	if (labels != NULL)
		buf_printf(out, "{%s}", labels);
}

void
metric_put(struct buf *out, const char *name, const char *labels, int64_t value)
{
	put_name(out, name, "", labels);
	buf_printf(out, " %" PRId64 "\n", value);
}

/* A value in the unit of a scale, as a decimal number. */
static void
put_scaled(struct buf *out, const struct metric_scale *scale, int64_t value)
{
	if (scale->unit == 1)
		buf_printf(out, "%" PRId64, value);
	else
		buf_printf(out, "%" PRId64 ".%06" PRId64, value / scale->unit,
		    value % scale->unit);
}

/*
 * Buckets are read one after the other while others add: the count is what
 * was read, so that the text is always consistent in itself.
 */
void
metric_histogram(struct buf *out, const char *name, const char *labels,
    struct histogram *h, const struct metric_scale *scale)
{
	const char *comma = labels == NULL ? "" : ",";
	int64_t count = 0;

	for (int i = 0; i <= scale->count; i++) {
		count +=
		    atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{%s%sle=\"", name,
		    labels == NULL ? "" : labels, comma);
		if (i < scale->count)
			put_scaled(out, scale, scale->bound[i]);
		else
			buf_puts(out, "+Inf");
		buf_printf(out, "\"} %" PRId64 "\n", count);
	}
	put_name(out, name, "_sum", labels);
	buf_puts(out, " ");
	put_scaled(
	    out, scale, atomic_load_explicit(&h->sum, memory_order_relaxed));
	buf_puts(out, "\n");
	put_name(out, name, "_count", labels);
	buf_printf(out, " %" PRId64 "\n", count);
}

void
metric_one(struct buf *out, const char *name, const char *type,
    const char *help, int64_t value)
{
	metric_head(out, name, type, help);
	metric_put(out, name, NULL, value);
}
