/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ws-in.h"

#include <string.h>

#define WS_TEXT  0x81 /* a whole text */
#define WS_CLOSE 0x88
#define WS_MASK  0x80 /* of the length: clients mask what they send */
#define WS_LONG  126  /* as length: two bytes of it follow */
#define WS_HUGE  127  /* eight do */

/* Length of the frame that begins here; 0: not known yet. */
static size_t
frame_length(const unsigned char *p, size_t len, size_t *head)
{
	*head = len > 1 && p[1] == WS_LONG ? 4 : 2;
	if (len < *head)
		return 0;
	return *head + (*head == 4 ? (size_t)p[2] << 8 | p[3] : p[1]);
}

/* Take the frame that BYTES begin with; 0: it is not whole, -1: the end. */
static long
take_frame(struct ws_in *in, const char *bytes, size_t len)
{
	const unsigned char *p = (const unsigned char *)bytes;
	char text[65536];
	size_t head, whole;

	if (len > 1 && (p[0] == WS_CLOSE || p[1] >= WS_HUGE))
		return -1;
	whole = frame_length(p, len, &head);
	if (whole == 0 || whole > len)
		return 0;
	if (p[0] == WS_TEXT) {
		memcpy(text, bytes + head, whole - head);
		text[whole - head] = '\0';
		in->text_fn(in->arg, text, whole - head);
	} else if ((p[0] & 0x0f) < 8) {
		return -1;
	}
	return (long)whole;
}

bool
ws_in_take(struct ws_in *in, const char *bytes, size_t len)
{
	bool kept = in->frame.len > 0;
	long n = 0;

	if (kept) {
		buf_add(&in->frame, bytes, len);
		bytes = in->frame.data;
		len = in->frame.len;
	}
	while (len > 0 && (n = take_frame(in, bytes, len)) > 0) {
		bytes += n;
		len -= (size_t)n;
	}
	if (kept)
		buf_consume(&in->frame, in->frame.len - len);
	else if (len > 0)
		buf_add(&in->frame, bytes, len);
	return n >= 0;
}

void
ws_in_clear(struct ws_in *in)
{
	buf_clear(&in->frame);
}

void
ws_in_reset(struct ws_in *in)
{
	buf_reset(&in->frame);
}

/* The mask is all zeroes, which leaves the text as it is. */
void
ws_out(struct buf *out, const char *text, size_t len)
{
	unsigned char head[8] = {WS_TEXT};
	size_t n = 2;

	head[1] = WS_MASK | (unsigned char)(len < WS_LONG ? len : WS_LONG);
	if (len >= WS_LONG) {
		head[2] = (unsigned char)(len >> 8);
		head[3] = (unsigned char)len;
		n = 4;
	}
	buf_add(out, (const char *)head, n + 4);
	buf_add(out, text, len);
}
