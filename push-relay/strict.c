/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "strict.h"

/* What may be there once only, and what was found so far. */
struct headers {
	unsigned host, length, encoding, ticket, origin;
	bool bad; /* one that no client sends */
};

/* A name is of these and of letters and digits (RFC 9110, section 5.6.2). */
#define MARKS "!#$%&'*+-.^_`|~"

static bool
is_name(const char *text, size_t len)
{
	size_t i;
	char c;

	for (i = 0; i < len; i++) {
		c = text[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    memchr(MARKS, c, sizeof(MARKS) - 1) == NULL)
			return false;
	}
	return len > 0;
}

/* A value holds no controls but the tab. */
static bool
is_value(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 0x7f)
			return false;
	}
	return true;
}

static enum MHD_Result
look(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct headers *h = cls;

	(void)kind;
	if (!is_name(name, name_len) ||
	    (value != NULL && !is_value(value, value_len))) {
		h->bad = true;
		return MHD_NO;
	}
	h->host += strcasecmp(name, "Host") == 0;
	h->length += strcasecmp(name, "Content-Length") == 0;
	h->encoding += strcasecmp(name, "Transfer-Encoding") == 0;
	h->ticket += strcasecmp(name, "Authorization") == 0;
	h->origin += strcasecmp(name, "Origin") == 0;
	return MHD_YES;
}

const char *
strict_headers(struct MHD_Connection *connection)
{
	struct headers h = {0};

	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &h);
	if (h.bad)
		return "A header is malformed";
	if (h.host > 1 || h.ticket > 1 || h.origin > 1)
		return "A header is there twice";
	if (h.length + h.encoding > 1)
		return "Content-Length or Transfer-Encoding, and once";
	return NULL;
}

size_t
strict_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	if (strstr(text, "%00") != NULL)
		return strlen(text);
	return MHD_http_unescape(text);
}
