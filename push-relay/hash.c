/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <string.h>

#include "hash.h"

uint64_t
hash_bytes(const char *text, size_t len)
{
	uint64_t h = 14695981039346656037ULL;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211ULL;
	return h;
}

uint64_t
hash_text(const char *text)
{
	return hash_bytes(text, strlen(text));
}
