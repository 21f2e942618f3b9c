/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Base64url (RFC 4648, 5, without padding) of: a check of 8 bytes over the
 * question and what follows, the SKU, a line feed, the key.
 */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "cursor.h"
#include "shared/utf8.h"

#define CHECK_LEN 8
#define RAW_MAX   (CHECK_LEN + CURSOR_SKU_MAX + 1 + CURSOR_KEY_MAX)

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* FNV-1a, 64 bits: against accidents, not against people. */
static uint64_t
hash(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

uint64_t
cursor_question(uint64_t sum, const char *name, const char *value)
{
	/* The NUL between them keeps a=bc apart from ab=c. */
	return sum + hash(hash(HASH_START, name, strlen(name) + 1), value,
			 strlen(value));
}

static void
put_check(unsigned char *raw, size_t len, uint64_t question)
{
	uint64_t h;
	int i;

	h = hash(hash(HASH_START, &question, sizeof(question)), raw + CHECK_LEN,
	    len - CHECK_LEN);
	for (i = 0; i < CHECK_LEN; i++)
		raw[i] = (unsigned char)(h >> (8 * i));
}

static void
encode(const unsigned char *raw, size_t len, char *out)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		bits = (bits << 8 | raw[i]) & 0xffff;
		for (have += 8; have >= 6; have -= 6)
			*out++ = digits[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = digits[bits << (6 - have) & 63];
	*out = '\0';
}

/* Bytes decoded, or 0 when malformed or more than MAX. */
static size_t
decode(const char *text, unsigned char *raw, size_t max)
{
	const char *digit;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t len = 0;

	for (; *text != '\0'; text++) {
		if ((digit = strchr(digits, *text)) == NULL)
			return 0;
		bits = (bits << 6 | (uint32_t)(digit - digits)) & 0xffff;
		if ((have += 6) < 8)
			continue;
		have -= 8;
		if (len == max)
			return 0;
		raw[len++] = (unsigned char)(bits >> have & 0xff);
	}
	/* Bits left over must be padding: fewer than a digit's, and zero. */
	if (have >= 6 || (bits & ((1U << have) - 1)) != 0)
		return 0;
	return len;
}

void
cursor_encode(const struct cursor *c, uint64_t question, char out[CURSOR_MAX])
{
	unsigned char raw[RAW_MAX];
	size_t sku = strlen(c->sku), key = strlen(c->key);

	assert(sku <= CURSOR_SKU_MAX && key <= CURSOR_KEY_MAX);
	memcpy(raw + CHECK_LEN, c->sku, sku);
	raw[CHECK_LEN + sku] = '\n';
	memcpy(raw + CHECK_LEN + sku + 1, c->key, key);
	put_check(raw, CHECK_LEN + sku + 1 + key, question);
	encode(raw, CHECK_LEN + sku + 1 + key, out);
}

bool
cursor_decode(const char *text, uint64_t question, struct cursor *out)
{
	unsigned char raw[RAW_MAX], check[CHECK_LEN];
	const char *rest, *end;
	size_t len, sku, key;

	if ((len = decode(text, raw, sizeof(raw))) <= CHECK_LEN)
		return false;
	memcpy(check, raw, CHECK_LEN);
	put_check(raw, len, question);
	if (memcmp(check, raw, CHECK_LEN) != 0)
		return false;
	rest = (const char *)raw + CHECK_LEN;
	len -= CHECK_LEN;
	if ((end = memchr(rest, '\n', len)) == NULL)
		return false;
	sku = (size_t)(end - rest);
	key = len - sku - 1;
	if (sku == 0 || sku > CURSOR_SKU_MAX || key > CURSOR_KEY_MAX ||
	    memchr(rest, '\0', len) != NULL || !utf8_valid(rest, len))
		return false;
	memcpy(out->sku, rest, sku);
	out->sku[sku] = '\0';
	memcpy(out->key, end + 1, key);
	out->key[key] = '\0';
	return true;
}
