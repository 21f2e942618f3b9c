/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "queue.h"
#include "shared/log.h"

static size_t
queue_weight(const struct frame *f)
{
	return f->lane == LANE_CONTROL ? 0 : f->len;
}

static void
queue_grow(struct queue *q)
{
	struct frame **slot;
	unsigned i, size;

	size = q->size == 0 ? 4 : q->size * 2;
	if ((slot = malloc(size * sizeof(*slot))) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	for (i = 0; i < q->count; i++)
		slot[i] = q->slot[(q->first + i) & (q->size - 1)];
	free(q->slot);
	q->slot = slot;
	q->size = size;
	q->first = 0;
}

void
queue_keep(struct queue *q, struct frame *f)
{
	if (q->count == q->size)
		queue_grow(q);
	q->slot[(q->first + q->count++) & (q->size - 1)] = frame_hold(f);
	q->bytes += queue_weight(f);
}

bool
queue_push(struct queue *q, struct frame *f)
{
	size_t weight = queue_weight(f);

	if (weight > 0 && q->bytes > 0 && q->bytes + weight > QUEUE_MAX)
		return false;
	queue_keep(q, f);
	return true;
}

void
queue_put_back(struct queue *q, struct queue *taken)
{
	struct queue rest = *q;
	struct frame *f;

	*q = *taken;
	memset(taken, 0, sizeof(*taken));
	while ((f = queue_pop(&rest)) != NULL) {
		queue_keep(q, f);
		frame_drop(f);
	}
	queue_reset(&rest);
}

struct frame *
queue_first(const struct queue *q)
{
	return q->count == 0 ? NULL : q->slot[q->first];
}

struct frame *
queue_pop(struct queue *q)
{
	struct frame *f;

	if ((f = queue_first(q)) == NULL)
		return NULL;
	q->first = (q->first + 1) & (q->size - 1);
	q->count--;
	q->bytes -= queue_weight(f);
	return f;
}

unsigned
queue_purge(struct queue *q, enum lane lane)
{
	struct frame *f;
	unsigned i, kept = 0, count = q->count;

	for (i = 0; i < count; i++) {
		f = q->slot[(q->first + i) & (q->size - 1)];
		if (f->lane != lane) {
			q->slot[(q->first + kept++) & (q->size - 1)] = f;
			continue;
		}
		q->bytes -= queue_weight(f);
		frame_drop(f);
	}
	q->count = kept;
	return count - kept;
}

void
queue_reset(struct queue *q)
{
	struct frame *f;

	while ((f = queue_pop(q)) != NULL)
		frame_drop(f);
	free(q->slot);
	memset(q, 0, sizeof(*q));
}
