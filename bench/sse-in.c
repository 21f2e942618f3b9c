/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "sse-in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SSE_KEEP 8192 /* bytes that an idle client keeps */

/* The event is whole. */
static void
dispatch(struct sse_in *in)
{
	if (in->data.len > 0)
		in->event_fn(in->arg,
		    in->event[0] == '\0' ? "message" : in->event, in->id,
		    in->data.data, in->data.len);
	/* Thousands of clients need not keep room for the largest. */
	if (in->data.size > SSE_KEEP)
		buf_reset(&in->data);
	buf_clear(&in->data);
	in->event[0] = in->id[0] = '\0';
}

static void
take_line(struct sse_in *in, const char *line, size_t len)
{
	const char *colon, *value;
	size_t name;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0) {
		dispatch(in);
		return;
	}
	if ((colon = memchr(line, ':', len)) == NULL || colon == line)
		return;
	name = (size_t)(colon - line);
	value = colon + 1;
	len -= name + 1;
	if (len > 0 && *value == ' ') {
		value++;
		len--;
	}
	if (name == 4 && memcmp(line, "data", 4) == 0) {
		if (in->data.len > 0)
			buf_puts(&in->data, "\n");
		buf_add(&in->data, value, len);
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		snprintf(in->event, SSE_NAME, "%.*s", (int)len, value);
	} else if (name == 2 && memcmp(line, "id", 2) == 0) {
		snprintf(in->id, SSE_NAME, "%.*s", (int)len, value);
	} else if (name == 5 && memcmp(line, "retry", 5) == 0) {
		in->retry = strtoll(value, NULL, 10);
	}
}

void
sse_in_take(struct sse_in *in, const char *bytes, size_t len)
{
	const char *nl;
	size_t n;

	while (len > 0) {
		if ((nl = memchr(bytes, '\n', len)) == NULL) {
			buf_add(&in->line, bytes, len);
			return;
		}
		n = (size_t)(nl - bytes);
		if (in->line.len == 0) {
			take_line(in, bytes, n);
		} else {
			buf_add(&in->line, bytes, n);
			take_line(in, in->line.data, in->line.len);
			buf_clear(&in->line);
		}
		bytes += n + 1;
		len -= n + 1;
	}
}

void
sse_in_clear(struct sse_in *in)
{
	buf_clear(&in->line);
	buf_clear(&in->data);
	in->event[0] = in->id[0] = '\0';
	in->retry = 0;
}

void
sse_in_reset(struct sse_in *in)
{
	buf_reset(&in->line);
	buf_reset(&in->data);
}
