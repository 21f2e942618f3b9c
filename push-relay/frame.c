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

#define FRAME_ID "id: " /* begins a durable event */

/* Append a text and return the place behind it. */
static char *
frame_put(char *p, const char *text, size_t len)
{
	memcpy(p, text, len);
	return p + len;
}

/* A frame whose first line is FIELD with VALUE; VALUE may be NULL for none. */
static struct frame *
frame_make(enum lane lane, const char *event, const char *field,
    const char *value, const char *data, size_t len)
{
	struct frame *f;
	char *p;
	size_t head;

	/* A line break would end the field, and start one of its own. */
	assert(memchr(data, '\n', len) == NULL);
	assert(memchr(data, '\r', len) == NULL);
	head = strlen("event: \ndata: ") + strlen(event);
	if (value != NULL)
		head += strlen(field) + strlen(value) + 1;
	if ((f = malloc(sizeof(*f) + head + len + 2)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
	*f = (struct frame){.refs = 1, .lane = lane, .event = event};
	f->data = head;
	f->data_len = len;
	f->len = head + len + 2;
	p = f->text;
	if (value != NULL) {
		p = frame_put(p, field, strlen(field));
		p = frame_put(p, value, strlen(value));
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
frame_new(enum lane lane, const char *event, const char *id, const char *data,
    size_t len)
{
	struct frame *f;

	f = frame_make(lane, event, FRAME_ID, id, data, len);
	f->id_len = id == NULL ? 0 : strlen(id);
	return f;
}

struct frame *
frame_json(enum lane lane, const char *event, struct json_object *obj)
{
	struct json_object *version;
	struct frame *f;
	const char *text;
	size_t len;

	text = json_out_text(obj, &len);
	f = frame_new(lane, event, NULL, text, len);
	if (lane == LANE_PRESENCE &&
	    json_object_object_get_ex(obj, "version", &version))
		f->version = json_object_get_int64(version);
	json_object_put(obj);
	return f;
}

struct frame *
frame_bye(const char *code, const char *reason, int64_t retry)
{
	struct json_object *obj = json_object_new_object();
	struct frame *f;
	const char *text;
	char wait[24];
	size_t len;

	json_object_object_add(obj, "code", json_object_new_string(code));
	json_object_object_add(obj, "reason", json_object_new_string(reason));
	json_object_object_add(obj, "retry", json_object_new_int64(retry));
	text = json_out_text(obj, &len);
	snprintf(wait, sizeof(wait), "%lld", (long long)retry);
	f = frame_make(LANE_CONTROL, "disconnect",
	    "retry: ", retry > 0 ? wait : NULL, text, len);
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

void
frame_put_json(const struct frame *f, struct buf *out)
{
	assert(f->event != NULL);
	buf_puts(out, "{\"event\":\"");
	buf_puts(out, f->event);
	if (f->id_len > 0) {
		buf_puts(out, "\",\"id\":\"");
		buf_add(out, f->text + strlen(FRAME_ID), f->id_len);
	}
	buf_puts(out, "\",\"data\":");
	buf_add(out, f->text + f->data, f->data_len);
	buf_puts(out, "}");
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
