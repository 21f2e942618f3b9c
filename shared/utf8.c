/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "utf8.h"

#include <assert.h>
#include <string.h>

size_t
utf8_next(const char *text, size_t len, uint32_t *out)
{
	/* The lowest character that may take 2, 3 and 4 bytes. */
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char byte;
	uint32_t ch;
	size_t n, i;

	if (len == 0)
		return 0;
	byte = (unsigned char)text[0];
	if (byte < 0x80) {
		*out = byte;
		return 1;
	}
	if (byte >= 0xc2 && byte <= 0xdf)
		n = 2;
	else if (byte >= 0xe0 && byte <= 0xef)
		n = 3;
	else if (byte >= 0xf0 && byte <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;
	ch = byte & (0x7fU >> n);
	for (i = 1; i < n; i++) {
		byte = (unsigned char)text[i];
		if ((byte & 0xc0) != 0x80)
			return 0;
		ch = ch << 6 | (byte & 0x3fU);
	}
	if (ch < lowest[n] || ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff))
		return 0;
	*out = ch;
	return n;
}

size_t
utf8_put(uint32_t ch, char out[UTF8_MAX])
{
	assert(ch <= 0x10ffff && (ch < 0xd800 || ch > 0xdfff));
	if (ch < 0x80) {
		out[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		out[0] = (char)(0xc0 | ch >> 6);
		out[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	if (ch < 0x10000) {
		out[0] = (char)(0xe0 | ch >> 12);
		out[1] = (char)(0x80 | (ch >> 6 & 0x3f));
		out[2] = (char)(0x80 | (ch & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | ch >> 18);
	out[1] = (char)(0x80 | (ch >> 12 & 0x3f));
	out[2] = (char)(0x80 | (ch >> 6 & 0x3f));
	out[3] = (char)(0x80 | (ch & 0x3f));
	return 4;
}

bool
utf8_valid(const char *text, size_t len)
{
	uint32_t ch;
	size_t n;

	for (; len > 0; text += n, len -= n)
		if ((n = utf8_next(text, len, &ch)) == 0)
			return false;
	return true;
}

size_t
utf8_characters(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			n++;
	return n;
}

size_t
utf8_cut(const char *text, size_t len)
{
	size_t start = len;
	uint32_t ch;

	/* Step back over a last character that is not whole. */
	while (start > 0 && len - start < UTF8_MAX) {
		start--;
		if (((unsigned char)text[start] & 0xc0) != 0x80)
			return utf8_next(text + start, len - start, &ch) ==
				       len - start
				   ? len
				   : start;
	}
	return len;
}

bool
utf8_garbles(uint32_t ch)
{
	return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || ch == 0x2028 ||
	       ch == 0x2029 || (ch >= 0x202a && ch <= 0x202e) ||
	       (ch >= 0x2066 && ch <= 0x2069);
}

void
utf8_plain(const char *text, char *out, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t left = strlen(text), at = 0, n, i;
	uint32_t ch;

	for (; left > 0; text += n, left -= n) {
		n = utf8_next(text, left, &ch);
		if (n != 0 && !utf8_garbles(ch)) {
			if (n >= size - at)
				break;
			memcpy(out + at, text, n);
			at += n;
			continue;
		}
		n = n == 0 ? 1 : n;
		if (4 * n >= size - at)
			break;
		for (i = 0; i < n; i++) {
			out[at++] = '\\';
			out[at++] = 'x';
			out[at++] = hex[(unsigned char)text[i] >> 4];
			out[at++] = hex[text[i] & 15];
		}
	}
	out[at] = '\0';
}
