/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "json-scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "utf8.h"

#define SCAN_EXIT 71 /* EX_OSERR: no memory */

/* Reads the characters of strings. */
struct cursor {
	const char *text;
	size_t len;
	size_t at;       /* the next byte */
	const char *why; /* set with CHAR_BAD */
};

enum { CHAR_END = -1, CHAR_BAD = -2 };

/* The way from the top to the value under the cursor. */
struct step {
	enum { STEP_NONE, STEP_KEY, STEP_INDEX } kind;
	size_t n; /* offset behind a key's opening quote, or index */
};

/* A key of an object that is still open. */
struct key {
	size_t at;     /* offset behind its opening quote */
	uint32_t hash; /* of its decoded characters */
};

struct scan {
	struct cursor c;
	struct json_error *err;
	struct step path[JSON_IN_DEPTH];
	unsigned depth;   /* steps in use */
	size_t left;      /* values that may still come */
	struct key *keys; /* owned; those of the open
			     objects, innermost last */
	size_t n_keys;
	size_t keys_size;
};

static bool scan_value(struct scan *);

static int32_t
read_hex4(struct cursor *c)
{
	int32_t value = 0;
	int i;
	char ch;

	if (c->len - c->at < 4)
		return CHAR_BAD;
	for (i = 0; i < 4; i++) {
		ch = c->text[c->at + (size_t)i];
		if (ch >= '0' && ch <= '9')
			value = value * 16 + (ch - '0');
		else if (ch >= 'a' && ch <= 'f')
			value = value * 16 + (ch - 'a' + 10);
		else if (ch >= 'A' && ch <= 'F')
			value = value * 16 + (ch - 'A' + 10);
		else
			return CHAR_BAD;
	}
	c->at += 4;
	return value;
}

/* What follows "\u": four digits, or two such escapes for one character. */
static int32_t
read_unicode_escape(struct cursor *c)
{
	int32_t high, low;

	if ((high = read_hex4(c)) == CHAR_BAD) {
		c->why = "four hex digits must follow \\u";
		return CHAR_BAD;
	}
	if (high == 0) {
		c->why = "the character U+0000 is not allowed";
		return CHAR_BAD;
	}
	if (high < 0xd800 || high > 0xdfff)
		return high;
	c->why = "half a surrogate pair is not a character";
	if (high > 0xdbff || c->len - c->at < 2 ||
	    memcmp(c->text + c->at, "\\u", 2) != 0)
		return CHAR_BAD;
	c->at += 2;
	if ((low = read_hex4(c)) < 0xdc00 || low > 0xdfff)
		return CHAR_BAD;
	return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

static int32_t
read_escape(struct cursor *c)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *p;
	char ch;

	c->at++;
	ch = c->at < c->len ? c->text[c->at] : '\0';
	if (ch == 'u') {
		c->at++;
		return read_unicode_escape(c);
	}
	if (ch == '\0' || (p = strchr(names, ch)) == NULL) {
		c->why = "there is no such escape";
		return CHAR_BAD;
	}
	c->at++;
	return values[p - names];
}

/* The next character of a string, CHAR_END past its quote, or CHAR_BAD. */
static int32_t
read_char(struct cursor *c)
{
	uint32_t ch;
	size_t n;

	if (c->at == c->len) {
		c->why = "the text ends within a string";
		return CHAR_BAD;
	}
	if (c->text[c->at] == '"') {
		c->at++;
		return CHAR_END;
	}
	if (c->text[c->at] == '\\')
		return read_escape(c);
	/* As most are: of one byte; a char may have a sign, or not. */
	if (c->text[c->at] >= ' ' && c->text[c->at] <= '~')
		return c->text[c->at++];
	if ((n = utf8_next(c->text + c->at, c->len - c->at, &ch)) == 0) {
		c->why = "these bytes are not UTF-8";
		return CHAR_BAD;
	}
	if (ch < 0x20) {
		c->why = "a control character must be escaped";
		return CHAR_BAD;
	}
	c->at += n;
	return (int32_t)ch;
}

/* Append one character; one that does not fit ends the pointer for good. */
static void
point_char(struct json_error *err, uint32_t ch)
{
	char bytes[UTF8_MAX];
	size_t len = strlen(err->pointer), n;

	n = utf8_put(ch, bytes);
	if (n >= sizeof(err->pointer) - len)
		return;
	memcpy(err->pointer + len, bytes, n);
	err->pointer[len + n] = '\0';
}

static void
point_key_char(struct json_error *err, uint32_t ch)
{
	if (ch == '~' || ch == '/') {
		point_char(err, '~');
		point_char(err, ch == '~' ? '0' : '1');
	} else
		point_char(err, ch);
}

void
json_in_point_key(struct json_error *err, const char *key)
{
	size_t len = strlen(key), n;
	uint32_t ch;

	point_char(err, '/');
	for (; len > 0 && (n = utf8_next(key, len, &ch)) != 0; key += n) {
		point_key_char(err, ch);
		len -= n;
	}
}

void
json_in_point_index(struct json_error *err, size_t index)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", index);
	json_in_point_key(err, text);
}

/* Fill the pointer from the path. */
static void
point_path(const struct scan *s)
{
	struct cursor c = s->c;
	int32_t ch;
	unsigned i;

	s->err->pointer[0] = '\0';
	for (i = 0; i < s->depth; i++) {
		if (s->path[i].kind == STEP_INDEX)
			json_in_point_index(s->err, s->path[i].n);
		if (s->path[i].kind != STEP_KEY)
			continue;
		point_char(s->err, '/');
		c.at = s->path[i].n;
		while ((ch = read_char(&c)) >= 0)
			point_key_char(s->err, (uint32_t)ch);
	}
}

/* Say where it is and what; always false. */
static bool
fail(struct scan *s, const char *why)
{
	size_t i, line = 1, start = 0;

	point_path(s);
	for (i = 0; i < s->c.at && i < s->c.len; i++)
		if (s->c.text[i] == '\n') {
			line++;
			start = i + 1;
		}
	snprintf(s->err->detail, sizeof(s->err->detail),
	    "line %zu, column %zu: %s", line,
	    utf8_characters(s->c.text + start, s->c.at - start) + 1, why);
	return false;
}

static void
skip_space(struct scan *s)
{
	while (s->c.at < s->c.len &&
	       memchr(" \t\r\n", s->c.text[s->c.at], 4) != NULL)
		s->c.at++;
}

/* The byte under the cursor, or 0 at the end. */
static char
peek(const struct scan *s)
{
	return s->c.at < s->c.len ? s->c.text[s->c.at] : '\0';
}

static bool
is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

static bool
scan_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return fail(s, "a digit is missing");
	while (is_digit(peek(s)))
		s->c.at++;
	return true;
}

static bool
scan_number(struct scan *s)
{
	size_t start = s->c.at;

	if (peek(s) == '-')
		s->c.at++;
	if (peek(s) == '0') {
		s->c.at++;
		if (is_digit(peek(s)))
			return fail(s, "a number has no leading zeroes");
	} else if (!scan_digits(s))
		return false;
	if (peek(s) == '.') {
		s->c.at++;
		if (!scan_digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->c.at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->c.at++;
		if (!scan_digits(s))
			return false;
	}
	if (s->c.at - start > JSON_SCAN_NUMBER)
		return fail(s, "the number is too long");
	return true;
}

static bool
scan_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if (s->c.len - s->c.at < len ||
	    memcmp(s->c.text + s->c.at, word, len) != 0)
		return fail(s, "this is not a JSON value");
	s->c.at += len;
	return true;
}

/* A string, its opening quote under the cursor. */
static bool
scan_string(struct scan *s, uint32_t *hash)
{
	int32_t ch;

	*hash = 2166136261U;
	s->c.at++;
	while ((ch = read_char(&s->c)) >= 0)
		*hash = (*hash ^ (uint32_t)ch) * 16777619U;
	return ch == CHAR_END || fail(s, s->c.why);
}

/* Whether two keys, both scanned, are the same once decoded. */
static bool
same_key(const struct scan *s, const struct key *a, const struct key *b)
{
	struct cursor ca = s->c, cb = s->c;
	int32_t ch;

	if (a->hash != b->hash)
		return false;
	ca.at = a->at;
	cb.at = b->at;
	do {
		ch = read_char(&ca);
		if (ch != read_char(&cb))
			return false;
	} while (ch >= 0);
	return true;
}

static void
grow_keys(struct scan *s)
{
	s->keys_size = s->keys_size == 0 ? 32 : s->keys_size * 2;
	s->keys = realloc(s->keys, s->keys_size * sizeof(*s->keys));
	if (s->keys == NULL)
		log_fatal(
		    SCAN_EXIT, "out of memory for %zu keys", s->keys_size);
}

/* A key; those from FIRST on belong to the same object. */
static bool
scan_key(struct scan *s, size_t first)
{
	struct key key = {0};
	size_t i;

	s->path[s->depth - 1].kind = STEP_NONE;
	if (peek(s) != '"')
		return fail(s, "a key in double quotes is missing");
	key.at = s->c.at + 1;
	if (!scan_string(s, &key.hash))
		return false;
	s->path[s->depth - 1] = (struct step){STEP_KEY, key.at};
	if (s->n_keys - first == JSON_IN_KEYS)
		return fail(s, "the object has too many members");
	for (i = first; i < s->n_keys; i++)
		if (same_key(s, &s->keys[i], &key))
			return fail(s, "the key is there twice");
	if (s->n_keys == s->keys_size)
		grow_keys(s);
	s->keys[s->n_keys++] = key;
	return true;
}

static bool
scan_members(struct scan *s)
{
	size_t first = s->n_keys;

	skip_space(s);
	if (peek(s) == '}') {
		s->c.at++;
		return true;
	}
	for (;;) {
		skip_space(s);
		if (!scan_key(s, first))
			return false;
		skip_space(s);
		if (peek(s) != ':')
			return fail(s, "a colon is missing");
		s->c.at++;
		if (!scan_value(s))
			return false;
		if (peek(s) == '}')
			break;
		if (peek(s) != ',')
			return fail(s, "a comma or } is missing");
		s->c.at++;
	}
	s->c.at++;
	s->n_keys = first;
	return true;
}

static bool
scan_elements(struct scan *s)
{
	struct step *step = &s->path[s->depth - 1];

	skip_space(s);
	if (peek(s) == ']') {
		s->c.at++;
		return true;
	}
	for (*step = (struct step){STEP_INDEX, 0};; step->n++) {
		if (!scan_value(s))
			return false;
		if (peek(s) == ']')
			break;
		if (peek(s) != ',')
			return fail(s, "a comma or ] is missing");
		s->c.at++;
	}
	s->c.at++;
	return true;
}

static bool
scan_nested(struct scan *s)
{
	bool good;

	if (s->depth == JSON_IN_DEPTH)
		return fail(s, "nested too deep");
	s->path[s->depth++].kind = STEP_NONE;
	if (s->c.text[s->c.at++] == '{')
		good = scan_members(s);
	else
		good = scan_elements(s);
	s->depth--;
	return good;
}

/* A value with the space around it. */
static bool
scan_value(struct scan *s)
{
	uint32_t hash;
	bool good;

	skip_space(s);
	if (s->left-- == 0)
		return fail(s, "too many values");
	switch (peek(s)) {
	case '{':
	case '[':
		good = scan_nested(s);
		break;
	case '"':
		good = scan_string(s, &hash);
		break;
	case 't':
		good = scan_word(s, "true");
		break;
	case 'f':
		good = scan_word(s, "false");
		break;
	case 'n':
		good = scan_word(s, "null");
		break;
	default:
		if (peek(s) == '-' || is_digit(peek(s)))
			good = scan_number(s);
		else if (s->c.at == s->c.len)
			good = fail(s, "the text ends where a value is due");
		else
			good = fail(s, "this is not a JSON value");
	}
	skip_space(s);
	return good;
}

bool
json_in_scan(const char *text, size_t len, size_t most, size_t *start,
    size_t *end, struct json_error *err)
{
	struct scan s = {
	    .c = {.text = text, .len = len}, .err = err, .left = most};
	size_t first, last;
	bool good;

	skip_space(&s);
	first = s.c.at;
	good = scan_value(&s);
	if (good && s.c.at < s.c.len)
		good = fail(&s, "something follows the JSON value");
	free(s.keys);
	if (!good)
		return false;
	for (last = s.c.at; memchr(" \t\r\n", text[last - 1], 4) != NULL;)
		last--;
	*start = first;
	*end = last;
	return true;
}
