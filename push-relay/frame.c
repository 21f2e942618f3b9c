/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "frame.h"
#include "shared/json.h"
#include "shared/log.h"

/* Append a text and return the place behind it. */
static char *
frame_put(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

struct frame *
frame_new(enum lane lane, const char *event, const char *id, const char *data,
    size_t len)
{
	struct frame *f;
	char *p;
	size_t head;

	/* A line break would end the field, and start one of its own. */
	assert(memchr(data, '\n', len) == NULL);
	assert(memchr(data, '\r', len) == NULL);
	head = strlen("event: \ndata: ") + strlen(event);
	if (id != NULL)
		head += strlen("id: \n") + strlen(id);
	if ((f = malloc(sizeof(*f) + head + len + 2)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	f->refs = 1;
	f->lane = lane;
	f->event = event;
	f->data = head;
	f->data_len = len;
	f->len = head + len + 2;
	p = f->text;
	if (id != NULL) {
		p = frame_put(p, "id: ", 4);
		p = frame_put(p, id, strlen(id));
		p = frame_put(p, "\n", 1);
	}
	p = frame_put(p, "event: ", 7);
	p = frame_put(p, event, strlen(event));
	p = frame_put(p, "\ndata: ", 7);
	p = frame_put(p, data, len);
	p = frame_put(p, "\n\n", 2);
	assert(p == f->text + f->len);
	return f;
}

struct frame *
frame_json(enum lane lane, const char *event, struct json_object *obj)
{
	struct frame *f;
	const char *text;
	size_t len;

	text = json_out_text(obj, &len);
	f = frame_new(lane, event, NULL, text, len);
	json_object_put(obj);
	return f;
}

struct frame *
frame_retry(int64_t ms)
{
	struct frame *f;
	char text[40];
	int len;

	len = snprintf(text, sizeof(text), "retry: %lld\n\n", (long long)ms);
	if ((f = calloc(1, sizeof(*f) + (size_t)len)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	f->refs = 1;
	f->lane = LANE_CONTROL;
	f->len = (size_t)len;
	memcpy(f->text, text, f->len);
	return f;
}

struct frame *
frame_hold(struct frame *f)
{
	f->refs++;
	return f;
}

void
frame_drop(struct frame *f)
{
	if (f == NULL)
		return;
	assert(f->refs > 0);
	if (--f->refs == 0)
		free(f);
}
