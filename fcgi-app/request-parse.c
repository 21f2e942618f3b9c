/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "request-parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/json.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
req_parse_percent(const char *in, size_t len, bool plus, char *out)
{
	size_t n = 0;
	int high, low;
	char c;

	for (size_t i = 0; i < len; i++) {
		c = in[i];
		if (c == '+' && plus) {
			c = ' ';
		} else if (c == '%') {
			if (len - i < 3 || (high = hex_digit(in[i + 1])) < 0 ||
			    (low = hex_digit(in[i + 2])) < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return json_in_is_utf8(out, n);
}

enum status
req_parse_query(char *text, struct req_param *params, int max, int *count)
{
	char *next, *value;
	int n = 0;

	for (; text != NULL; text = next) {
		if ((next = strchr(text, '&')) != NULL)
			*next++ = '\0';
		if (*text == '\0')
			continue;
		if ((value = strchr(text, '=')) != NULL)
			*value++ = '\0';
		else
			value = text + strlen(text);
		if (n == max || *text == '\0' ||
		    !req_parse_percent(text, strlen(text), true, text) ||
		    !req_parse_percent(value, strlen(value), true, value))
			return ST_BAD_REQUEST;
		params[n++] = (struct req_param){text, value, false};
	}
	*count = n;
	return ST_OK;
}

bool
req_parse_cookie(const char *header, const char *name, char *out, size_t size)
{
	size_t len, name_len = strlen(name);

	for (const char *p = header; *p != '\0'; p += len) {
		p += strspn(p, "; \t");
		len = strcspn(p, ";");
		if (len <= name_len || strncmp(p, name, name_len) != 0 ||
		    p[name_len] != '=')
			continue;
		p += name_len + 1;
		len -= name_len + 1;
		while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		if (len >= size)
			return false;
		memcpy(out, p, len);
		out[len] = '\0';
		return true;
	}
	return false;
}

/* The length of the entity tag at the start, quotes and W/ included; 0: none.
 */
static size_t
tag_length(const char *p)
{
	size_t n = 0;

	if (p[0] == 'W' && p[1] == '/')
		n = 2;
	if (p[n] != '"')
		return 0;
	for (n++; p[n] != '"'; n++)
		if ((unsigned char)p[n] < 0x21 || p[n] == 0x7f)
			return 0;
	return n + 1;
}

enum status
req_parse_if_match(const char *text, int64_t version)
{
	char want[32];
	size_t len;
	bool any = false, match = false;

	snprintf(want, sizeof(want), "\"v%" PRId64 "\"", version);
	text += strspn(text, " \t");
	if (text[0] == '*' && text[1 + strspn(text + 1, " \t")] == '\0')
		return ST_OK;
	while (*text != '\0') {
		if ((len = tag_length(text)) == 0)
			return ST_BAD_REQUEST;
		any = true;
		if (len == strlen(want) && strncmp(text, want, len) == 0)
			match = true;
		text += len;
		text += strspn(text, " \t");
		if (*text != ',' && *text != '\0')
			return ST_BAD_REQUEST;
		text += strspn(text, ", \t");
	}
	if (!any)
		return ST_BAD_REQUEST;
	return match ? ST_OK : ST_STALE;
}

bool
req_parse_is_json(const char *type)
{
	static const char json[] = "application/json";
	static const char charset[] = "charset=";

	if (strncasecmp(type, json, sizeof(json) - 1) != 0)
		return false;
	type += sizeof(json) - 1;
	type += strspn(type, " \t");
	if (*type == '\0')
		return true;
	if (*type != ';')
		return false;
	type += strspn(type, "; \t");
	if (*type == '\0')
		return true;
	if (strncasecmp(type, charset, sizeof(charset) - 1) != 0)
		return false;
	type += sizeof(charset) - 1;
	return strcasecmp(type, "utf-8") == 0 ||
	       strcasecmp(type, "\"utf-8\"") == 0;
}

bool
req_parse_length(const char *text, size_t max, size_t *out)
{
	size_t n = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (size_t)(*text - '0');
		if (n > max)
			n = max + 1; /* too large, whatever follows */
	}
	*out = n;
	return true;
}
