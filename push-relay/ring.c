/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <string.h>

#include "ring.h"

static void
ring_empty(struct ring *r)
{
	int64_t seq;

	if (r->head < 0)
		return;
	for (seq = r->oldest; seq <= r->head; seq++) {
		frame_drop(r->slot[seq % EVENT_RING]);
		r->slot[seq % EVENT_RING] = NULL;
	}
	r->oldest = r->head + 1;
}

void
ring_init(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->head = r->target = -1;
}

void
ring_start(struct ring *r, const char *epoch)
{
	size_t len = strlen(epoch);

	assert(len == EVENT_EPOCH_LEN);
	ring_empty(r);
	memcpy(r->epoch, epoch, len + 1);
	r->head = r->target = -1;
	r->oldest = 0;
}

void
ring_skip_to(struct ring *r, int64_t seq)
{
	assert(seq > 0 && r->epoch[0] != '\0');
	ring_empty(r);
	r->head = seq - 1;
	r->oldest = seq;
}

void
ring_push(struct ring *r, struct frame *f)
{
	struct frame **slot;

	assert(r->head >= 0);
	slot = &r->slot[++r->head % EVENT_RING];
	if (*slot != NULL) {
		frame_drop(*slot);
		r->oldest++;
	}
	*slot = f;
	if (r->target < r->head)
		r->target = r->head;
}

struct frame *
ring_at(const struct ring *r, int64_t seq)
{
	if (r->head < 0 || seq < r->oldest || seq > r->head)
		return NULL;
	return r->slot[seq % EVENT_RING];
}

bool
ring_complete(const struct ring *r)
{
	return r->head >= 0 && r->head >= r->target;
}

bool
ring_resolve(
    const struct ring *r, const struct event_position *pos, int64_t *cursor)
{
	assert(r->head >= 0);
	if (pos != NULL && strcmp(pos->epoch, r->epoch) == 0 &&
	    pos->seq >= r->oldest - 1 && pos->seq <= r->head + EVENT_RING) {
		*cursor = pos->seq;
		return true;
	}
	*cursor = r->target > r->head ? r->target : r->head;
	return false;
}

bool
ring_position(const struct ring *r, char out[EVENT_POSITION_MAX])
{
	struct event_position pos = {0};

	if (r->head < 0)
		return false;
	memcpy(pos.epoch, r->epoch, sizeof(pos.epoch));
	pos.seq = r->head;
	event_position_text(&pos, out);
	return true;
}

void
ring_reset(struct ring *r)
{
	ring_empty(r);
	ring_init(r);
}
