/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "json.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json-scan.h"
#include "log.h"
#include "utf8.h"

#define JSON_EXIT    71 /* EX_OSERR: no memory */
#define JSON_C_DEPTH 32 /* json-c's own limit: never reached */

/* json-c's parser over text that was scanned; NULL when it disagrees. */
static struct json_object *
parse_scanned(const char *text, size_t len, enum json_tokener_error *why)
{
	struct json_tokener *tok;
	struct json_object *obj;

	if ((tok = json_tokener_new_ex(JSON_C_DEPTH)) == NULL)
		log_fatal(JSON_EXIT, "out of memory for a JSON parser");
	/* Not strict: 0.18 then refuses all beyond ASCII; the scan is. */
	obj = json_tokener_parse_ex(tok, text, (int)len);
	*why = json_tokener_get_error(tok);
	/* A number at the top ends only with a NUL. */
	if (*why == json_tokener_continue) {
		obj = json_tokener_parse_ex(tok, "", 1);
		*why = json_tokener_get_error(tok);
	} else if (json_tokener_get_parse_end(tok) != len &&
		   *why == json_tokener_success)
		*why = json_tokener_error_parse_unexpected;
	json_tokener_free(tok);
	if (*why == json_tokener_success)
		return obj;
	json_object_put(obj);
	return NULL;
}

enum status
json_in_parse(const char *text, size_t len, struct json_object **out,
    struct json_error *err)
{
	return json_in_parse_most(text, len, SIZE_MAX, out, err);
}

enum status
json_in_parse_most(const char *text, size_t len, size_t most,
    struct json_object **out, struct json_error *err)
{
	struct json_object *obj;
	enum json_tokener_error why;
	size_t start, end;

	if (len > INT32_MAX - 1) {
		*err = (struct json_error){"", "the document is too large"};
		return ST_BAD_REQUEST;
	}
	if (!json_in_scan(text, len, most, &start, &end, err))
		return ST_BAD_REQUEST;
	obj = parse_scanned(text + start, end - start, &why);
	if (why != json_tokener_success) {
		err->pointer[0] = '\0';
		snprintf(err->detail, sizeof(err->detail),
		    "the document cannot be read: %s",
		    json_tokener_error_desc(why));
		return ST_BAD_REQUEST;
	}
	*out = obj;
	return ST_OK;
}

bool
json_in_is_utf8(const char *text, size_t len)
{
	return utf8_valid(text, len);
}

/* Set the trouble's place: the object, or its member KEY. */
static void
point(struct json_in *in, const char *key)
{
	size_t len;

	snprintf(in->err.pointer, sizeof(in->err.pointer), "%s", in->pointer);
	len = utf8_cut(in->err.pointer, strlen(in->err.pointer));
	in->err.pointer[len] = '\0';
	if (key != NULL)
		json_in_point_key(&in->err, key);
}

void
json_in_begin(struct json_in *in, struct json_object *obj, const char *pointer)
{
	*in = (struct json_in){.obj = obj, .pointer = pointer};
	if (!json_object_is_type(obj, json_type_object) ||
	    json_object_object_length(obj) > JSON_IN_KEYS) {
		in->st = ST_BAD_REQUEST;
		point(in, NULL);
		snprintf(in->err.detail, sizeof(in->err.detail), "%s",
		    json_object_is_type(obj, json_type_object)
			? "has too many members"
			: "must be an object");
	}
}

static void __attribute__((__format__(printf, 3, 0)))
fail(struct json_in *in, const char *key, const char *fmt, va_list ap)
{
	size_t len;

	if (in->st != ST_OK)
		return;
	in->st = ST_INVALID;
	point(in, key);
	if (vsnprintf(in->err.detail, sizeof(in->err.detail), fmt, ap) < 0)
		in->err.detail[0] = '\0';
	len = utf8_cut(in->err.detail, strlen(in->err.detail));
	in->err.detail[len] = '\0';
}

void
json_in_fail(struct json_in *in, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(in, key, fmt, ap);
	va_end(ap);
}

/* Find a member and count it as asked for; false when it is not there. */
static bool
find(struct json_in *in, const char *key, struct json_object **out)
{
	struct json_object_iter it;
	unsigned i = 0;

	if (in->st != ST_OK)
		return false;
	json_object_object_foreachC(in->obj, it)
	{
		if (strcmp(it.key, key) == 0) {
			in->seen[i / 8] |= (unsigned char)(1U << i % 8);
			*out = it.val;
			return true;
		}
		i++;
	}
	return false;
}

/* A member that is there and not null; else trouble when it is required. */
static bool
need(struct json_in *in, const char *key, enum json_in_need need,
    struct json_object **out)
{
	struct json_object *obj = NULL;
	bool there = find(in, key, &obj);

	if (obj == NULL && need == JSON_REQUIRED)
		json_in_fail(
		    in, key, there ? "must not be null" : "is required");
	if (obj == NULL)
		return false;
	*out = obj;
	return true;
}

bool
json_in_text(struct json_in *in, const char *key, enum json_in_need how,
    size_t min, size_t max, const char **out)
{
	struct json_object *obj;
	const char *text;
	size_t len, n;

	if (!need(in, key, how, &obj))
		return false;
	if (!json_object_is_type(obj, json_type_string)) {
		json_in_fail(in, key, "must be text");
		return false;
	}
	text = json_object_get_string(obj);
	len = (size_t)json_object_get_string_len(obj);
	n = utf8_characters(text, len);
	if (strlen(text) != len)
		json_in_fail(in, key, "must not hold the character U+0000");
	else if (n < min && n == 0)
		json_in_fail(in, key, "must not be empty");
	else if (min == max && n != min)
		json_in_fail(in, key, "must have %zu characters", min);
	else if (n < min)
		json_in_fail(in, key, "must have at least %zu characters", min);
	else if (n > max)
		json_in_fail(in, key, "must have at most %zu characters", max);
	if (in->st != ST_OK)
		return false;
	*out = text;
	return true;
}

/* A whole number's value; false past int64_t, to which json-c clamps. */
static bool
read_int(struct json_object *obj, int64_t *out)
{
	int64_t value = json_object_get_int64(obj);

	if (json_object_get_uint64(obj) > INT64_MAX || value == INT64_MIN)
		return false;
	*out = value;
	return true;
}

bool
json_in_int(struct json_in *in, const char *key, enum json_in_need how,
    int64_t min, int64_t max, int64_t *out)
{
	struct json_object *obj;
	int64_t value;

	if (!need(in, key, how, &obj))
		return false;
	if (!json_object_is_type(obj, json_type_int) ||
	    !read_int(obj, &value) || value < min || value > max) {
		json_in_fail(in, key,
		    "must be a whole number from %lld to "
		    "%lld",
		    (long long)min, (long long)max);
		return false;
	}
	*out = value;
	return true;
}

bool
json_in_bool(
    struct json_in *in, const char *key, enum json_in_need how, bool *out)
{
	struct json_object *obj;

	if (!need(in, key, how, &obj))
		return false;
	if (!json_object_is_type(obj, json_type_boolean)) {
		json_in_fail(in, key, "must be true or false");
		return false;
	}
	*out = json_object_get_boolean(obj);
	return true;
}

/* Thousandths of a JSON number; json-c keeps the text of fractions. */
static bool
read_thousandths(struct json_object *obj, int64_t *out)
{
	const char *text;
	int64_t value;

	if (json_object_is_type(obj, json_type_int)) {
		if (!read_int(obj, &value) || value > INT64_MAX / 1000 ||
		    value < INT64_MIN / 1000)
			return false;
		*out = value * 1000;
		return true;
	}
	if (!json_object_is_type(obj, json_type_double))
		return false;
	if ((text = json_object_to_json_string(obj)) == NULL)
		log_fatal(JSON_EXIT, "out of memory for a number");
	return json_in_parse_thousandths(text, strlen(text), out);
}

bool
json_in_thousandths(struct json_in *in, const char *key, enum json_in_need how,
    int64_t min, int64_t max, int64_t *out)
{
	struct json_object *obj;
	int64_t value;
	char low[24], high[24];

	if (!need(in, key, how, &obj))
		return false;
	if (!read_thousandths(obj, &value) || value < min || value > max) {
		json_out_thousandths_text(min, low);
		json_out_thousandths_text(max, high);
		json_in_fail(in, key,
		    "must be a number from %s to %s with at "
		    "most three decimals",
		    low, high);
		return false;
	}
	*out = value;
	return true;
}

bool
json_in_any(struct json_in *in, const char *key, struct json_object **out)
{
	return find(in, key, out);
}

enum status
json_in_end(struct json_in *in)
{
	struct json_object_iter it;
	unsigned i = 0;

	if (in->st != ST_OK)
		return in->st;
	json_object_object_foreachC(in->obj, it)
	{
		if ((in->seen[i / 8] & 1U << i % 8) == 0) {
			json_in_fail(in, it.key, "is not known here");
			break;
		}
		i++;
	}
	return in->st;
}

bool
json_in_parse_thousandths(const char *text, size_t len, int64_t *out)
{
	bool negative = len > 0 && text[0] == '-';
	size_t i = negative, start = i, decimals = 0;
	int64_t value = 0;
	bool point_seen = false;

	for (; i < len; i++) {
		if (text[i] == '.' && !point_seen && i > start) {
			point_seen = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9' || decimals == 3 ||
		    value > (INT64_MAX / 1000 - 9) / 10)
			return false;
		value = value * 10 + (text[i] - '0');
		decimals += point_seen;
	}
	if (i == start || (point_seen && decimals == 0) ||
	    (text[start] == '0' && i - start > 1 && text[start + 1] != '.'))
		return false;
	for (; decimals < 3; decimals++)
		value *= 10;
	*out = negative ? -value : value;
	return true;
}

void
json_out_thousandths_text(int64_t value, char out[24])
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	uint64_t part = size % 1000, whole = size / 1000;
	char digits[24], *p = digits + sizeof(digits);

	/* From its end, without printf: a page of items has hundreds. */
	*--p = '\0';
	if (part != 0) {
		for (int i = 0; i < 3; i++, part /= 10)
			if (part % 10 != 0 || *p != '\0')
				*--p = (char)('0' + part % 10);
		*--p = '.';
	}
	do
		*--p = (char)('0' + whole % 10);
	while ((whole /= 10) > 0);
	if (value < 0)
		*--p = '-';
	memcpy(out, p, strlen(p) + 1);
}

struct json_object *
json_out_thousandths(int64_t value)
{
	struct json_object *obj;
	char text[24];

	json_out_thousandths_text(value, text);
	/* json-c wants a double beside the text; only the text is written. */
	if (value % 1000 == 0)
		obj = json_object_new_int64(value / 1000);
	else
		obj = json_object_new_double_s((double)value / 1000, text);
	if (obj == NULL)
		log_fatal(JSON_EXIT, "out of memory for a number");
	return obj;
}

const char *
json_out_text(struct json_object *obj, size_t *len)
{
	const char *text;

	text = json_object_to_json_string_length(
	    obj, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, len);
	if (text == NULL)
		log_fatal(JSON_EXIT, "out of memory for JSON text");
	return text;
}

/* The letter of a short escape, or 0. */
static char
short_escape(char ch)
{
	static const char from[] = "\b\n\r\t\f\"\\", to[] = "bnrtf\"\\";
	const char *found = strchr(from, ch);

	return found != NULL ? to[found - from] : '\0';
}

void
json_out_put_text(struct buf *out, const char *text)
{
	size_t plain;
	char letter;

	buf_add(out, "\"", 1);
	for (;; text++) {
		for (plain = 0; (unsigned char)text[plain] >= 0x20 &&
				text[plain] != '"' && text[plain] != '\\';
		     plain++)
			continue;
		buf_add(out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if ((letter = short_escape(*text)) != '\0')
			buf_printf(out, "\\%c", letter);
		else
			buf_printf(out, "\\u%04x", (unsigned char)*text);
	}
	buf_add(out, "\"", 1);
}

void
json_out_put_member(struct buf *out, const char *key, const char *text)
{
	buf_puts(out, ",\"");
	buf_puts(out, key);
	buf_puts(out, "\":");
	if (text != NULL)
		json_out_put_text(out, text);
	else
		buf_puts(out, "null");
}
