/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "writer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define AGAIN_US 50000 /* until an unanswered write is sent again */

void
writer_init(struct writer *wr, struct crowd *crowd,
    const struct http_address *api, unsigned hands)
{
	unsigned i;

	assert(hands > 0 && hands <= WRITER_HANDS);
	memset(wr, 0, sizeof(*wr));
	wr->crowd = crowd;
	wr->hands = hands;
	rest_init(&wr->rest, crowd->epfd, api, hands);
	snprintf(wr->run, sizeof(wr->run), "%lx-%llx", (long)getpid(),
	    (unsigned long long)clock_utc_ms() & 0xffffff);
	for (i = 0; i < hands; i++) {
		wr->hand[i].writer = wr;
		wr->hand[i].n = i;
	}
}

void
writer_mix(struct writer *wr, unsigned size)
{
	char prefix[48];

	snprintf(prefix, sizeof(prefix), "MIX-%s", wr->run);
	mix_init(&wr->mix, &wr->crowd->dice, size, prefix);
	wr->crowd->ledger = &wr->mix.ledger;
}

static void
mixed_written(void *arg, int status, const char *body, size_t len)
{
	struct writer_hand *h = arg;
	struct writer *wr = h->writer;
	int result = mix_answered(&h->mixed, status, body, len);

	if (result == 0) {
		wr->done++;
		h->busy = false;
		return;
	}
	wr->refused += result == -1;
	wr->again++;
	h->due = now_us() + AGAIN_US;
}

static void
send_mixed(struct writer_hand *h)
{
	struct mix_write *w = &h->mixed;
	bool keyed = w->entry.kind != EFFECT_DELETE;

	rest_send(&h->writer->rest,
	    &(struct rest_request){.method = w->method,
		.path = w->path,
		.bearer = h->writer->crowd->token,
		.key = keyed ? h->key : NULL,
		.match = w->match[0] != '\0' ? w->match : NULL,
		.body = keyed ? w->body.data : NULL,
		.done = mixed_written,
		.arg = h});
}

static void
written(void *arg, int status, const char *body, size_t len)
{
	struct writer_hand *h = arg;
	struct writer *wr = h->writer;

	(void)body;
	(void)len;
	if (status == 200 || status == 201) {
		wr->done++;
		h->made = true;
		h->busy = false;
		return;
	}
	/* 409: a write of the same key is under way still. */
	if (status != 0 && status != 409 && status != 429 && status < 500)
		wr->refused++;
	wr->again++;
	h->due = now_us() + AGAIN_US;
}

static void
send_write(struct writer_hand *h)
{
	struct crowd *w = h->writer->crowd;
	char path[256];

	h->due = 0;
	if (h->writer->mix.size > 0) {
		send_mixed(h);
		return;
	}
	snprintf(path, sizeof(path), "%s/api/v1/inventory/items", w->base);
	if (h->made)
		snprintf(path, sizeof(path),
		    "%s/api/v1/inventory/items/LOAD-%s-%u", w->base,
		    h->writer->run, h->n);
	rest_send(&h->writer->rest,
	    &(struct rest_request){.method = h->made ? "PATCH" : "POST",
		.path = path,
		.bearer = w->token,
		.key = h->key,
		.body = h->body,
		.done = written,
		.arg = h});
}

/* A new write: the first of a hand makes its item. */
static void
begin(struct writer_hand *h)
{
	struct writer *wr = h->writer;

	h->busy = true;
	snprintf(h->key, sizeof(h->key), "load-%s-%lld", wr->run,
	    (long long)++wr->serial);
	if (wr->mix.size > 0)
		mix_begin(&wr->mix, &h->mixed, wr->crowd->base, wr->serial);
	else if (h->made)
		snprintf(h->body, sizeof(h->body),
		    "{\"notes\":\"t=%lld %lld\"}", (long long)now_us(),
		    (long long)wr->serial);
	else
		snprintf(h->body, sizeof(h->body),
		    "{\"sku\":\"LOAD-%s-%u\",\"name\":\"written by load\"}",
		    wr->run, h->n);
	send_write(h);
}

void
writer_add(struct writer *wr, int64_t count, int64_t rate)
{
	wr->wanted += count;
	wr->rate = rate;
	wr->next = now_us();
}

void
writer_tick(struct writer *wr, int64_t now)
{
	struct writer_hand *h;
	unsigned i;

	rest_tick(&wr->rest, now / 1000);
	for (i = 0; i < wr->hands; i++) {
		h = &wr->hand[i];
		if (h->busy && h->due != 0 && now >= h->due)
			send_write(h);
		if (h->busy || wr->wanted == 0 || now < wr->next)
			continue;
		wr->wanted--;
		if (wr->rate > 0)
			wr->next += 1000000 / wr->rate;
		begin(h);
	}
}

bool
writer_idle(const struct writer *wr)
{
	unsigned i;

	for (i = 0; i < wr->hands; i++) {
		if (wr->hand[i].busy)
			return false;
	}
	return wr->wanted == 0;
}

void
writer_reset(struct writer *wr)
{
	unsigned i;

	rest_reset(&wr->rest);
	for (i = 0; i < wr->hands; i++)
		buf_reset(&wr->hand[i].mixed.body);
	mix_reset(&wr->mix);
}
