/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define BUF_FIRST 256 /* bytes allocated at first */
#define BUF_EXIT  71  /* EX_OSERR: no memory */

/* Make room for MORE bytes and a NUL; false when that is past the limit. */
static bool
reserve(struct buf *b, size_t more)
{
	size_t need, size;

	if (b->full || more > SIZE_MAX / 2 - b->len - 1 ||
	    (b->max != 0 && b->len + more > b->max)) {
		b->full = true;
		return false;
	}
	need = b->len + more + 1;
	if (need <= b->size)
		return true;
	size = b->size == 0 ? BUF_FIRST : b->size;
	while (size < need)
		size *= 2;
	if ((b->data = realloc(b->data, size)) == NULL)
		log_fatal(BUF_EXIT, "out of memory for %zu bytes", size);
	b->size = size;
	return true;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	char *end = b->data == NULL ? NULL : b->data + b->len;
	size_t room = b->size - b->len;
	va_list ap;
	int n;

	/* Into what room there is, and only if that was too little again. */
	va_start(ap, fmt);
	n = vsnprintf(end, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_fatal(BUF_EXIT, "cannot format a text");
	if (!reserve(b, (size_t)n)) {
		if (end != NULL)
			*end = '\0';
		return;
	}
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_reset(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}
