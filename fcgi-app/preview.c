/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "preview.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* FastCGI Specification 1.0, sections 3.3 and 8. */
#define HEAD        8
#define BEGIN       1
#define END         3
#define PARAMS      4
#define STDIN       5
#define STDOUT      6
#define BEGIN_BYTES 8
#define FIRST       (HEAD + BEGIN_BYTES) /* of what follows the begin */

/* Whether names and values fill LEN bytes to the last (section 3.4). */
static enum preview
judge_pairs(const unsigned char *p, size_t len)
{
	size_t at = 0, sum;

	while (at < len) {
		sum = 0;
		for (int i = 0; i < 2; i++) {
			size_t size = at < len && p[at] >= 0x80 ? 4 : 1;

			if (len - at < size)
				return PREVIEW_BAD;
			sum += size == 1
				   ? p[at]
				   : (size_t)(p[at] & 0x7f) << 24 |
					 (size_t)p[at + 1] << 16 |
					 (size_t)p[at + 2] << 8 | p[at + 3];
			at += size;
		}
		if (sum > len - at)
			return PREVIEW_BAD;
		at += sum;
	}
	return PREVIEW_GOOD;
}

/* Whether the body's records, of the request ID, go to its end. */
static enum preview
judge_body(const unsigned char *p, size_t len, const unsigned char id[2])
{
	size_t size;

	while (len >= HEAD) {
		size = (size_t)p[4] << 8 | p[5];
		/* Anything else is for libfcgi to judge. */
		if (p[0] != 1 || p[1] != STDIN ||
		    (size == 0 && memcmp(id, p + 2, 2) == 0))
			return PREVIEW_GOOD;
		size += HEAD + p[6];
		if (len < size)
			break;
		p += size;
		len -= size;
	}
	return PREVIEW_BODY;
}

/* All that follows the begin record and the parameters. */
static enum preview
judge_rest(unsigned char *bytes, size_t pairs, size_t at, size_t len)
{
	enum preview body;

	if (judge_pairs(bytes + FIRST, pairs) != PREVIEW_GOOD)
		return PREVIEW_BAD;
	body = judge_body(bytes + at, len - at, bytes + 2);
	return body == PREVIEW_BODY && len == PREVIEW_MAX ? PREVIEW_LONG : body;
}

/*
 * Records must be: a begin, parameters of the same request, and an empty
 * record of those.  The parameters are moved together to be
 * judged; the begin stays.
 */
enum preview
preview_judge(unsigned char *bytes, size_t len)
{
	size_t at = 0, pairs = 0, size, pad;
	unsigned char id[2] = {0};
	const unsigned char *r;

	for (;;) {
		if (at + HEAD > PREVIEW_MAX)
			return PREVIEW_LARGE;
		if (len - at < HEAD)
			return PREVIEW_MORE;
		r = bytes + at;
		size = (size_t)r[4] << 8 | r[5];
		pad = r[6];
		if (r[0] != 1 || r[1] != (at == 0 ? BEGIN : PARAMS) ||
		    (at == 0 && size != BEGIN_BYTES) ||
		    (at == 0 && r[2] == 0 && r[3] == 0) ||
		    (at != 0 && memcmp(id, r + 2, 2) != 0))
			return PREVIEW_BAD;
		if (at + HEAD + size + pad > PREVIEW_MAX)
			return PREVIEW_LARGE;
		if (len - at < HEAD + size + pad)
			return PREVIEW_MORE;
		if (at != 0 && size == 0)
			return judge_rest(bytes, pairs, at + HEAD + pad, len);
		memcpy(id, r + 2, 2);
		if (at != 0) {
			memmove(bytes + FIRST + pairs, r + HEAD, size);
			pairs += size;
		}
		at += HEAD + size + pad;
	}
}

enum preview
preview_look(int fd, unsigned char *bytes)
{
	ssize_t n;

	do
		n = recv(fd, bytes, PREVIEW_MAX, MSG_PEEK | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		return preview_judge(bytes, (size_t)n);
	return n == -1 && errno == EAGAIN ? PREVIEW_MORE : PREVIEW_GONE;
}

/* A record for the request ID. */
static size_t
put_record(unsigned char *out, int type, const unsigned char id[2],
    const void *content, size_t len)
{
	const unsigned char head[HEAD] = {1, (unsigned char)type, id[0], id[1],
	    (unsigned char)(len >> 8), (unsigned char)len, 0, 0};

	memcpy(out, head, HEAD);
	memcpy(out + HEAD, content, len);
	return HEAD + len;
}

void
preview_refuse(int fd, const unsigned char *bytes)
{
	static const char text[] =
	    "Status: 431\r\nContent-Type: application/problem+json\r\n"
	    "Cache-Control: no-store\r\n\r\n"
	    "{\"type\":\"/problems/headers-too-large\","
	    "\"title\":\"The request's headers are too large\","
	    "\"status\":431}";
	unsigned char out[sizeof(text) + 3 * HEAD + BEGIN_BYTES];
	const unsigned char zeroes[BEGIN_BYTES] = {0};
	size_t len;

	len = put_record(out, STDOUT, bytes + 2, text, sizeof(text) - 1);
	len += put_record(out + len, STDOUT, bytes + 2, "", 0);
	len += put_record(out + len, END, bytes + 2, zeroes, sizeof(zeroes));
	/* It fits an empty socket buffer, or the peer does without. */
	(void)!send(fd, out, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}
