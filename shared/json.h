/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Strict reading of JSON from outside, on top of json-c, which by itself
 * takes duplicate keys, NaN, bad UTF-8, U+0000 and clamps numbers.  What
 * passes json_in_parse is RFC 8259 text in UTF-8, at most JSON_IN_DEPTH
 * deep, without duplicate keys or U+0000.  Readers then take typed members
 * and remember the first trouble with a JSON pointer (RFC 6901); members
 * that nobody asked for are an error at the end.
 */
#ifndef SHARED_JSON_H
#define SHARED_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "buf.h"
#include "status.h"

#define JSON_IN_DEPTH 8   /* nested arrays and objects, at most */
#define JSON_IN_KEYS  256 /* members of one object, at most */

/* The first trouble met: where and what, for the client. */
struct json_error {
	char pointer[128]; /* RFC 6901, "" for the whole document */
	char detail[160];  /* one English sentence without a full stop */
};

/*
 * Parse LEN bytes.  ST_OK and *OUT is the caller's (json_object_put), else
 * ST_BAD_REQUEST with ERR filled and *OUT untouched.
 */
enum status json_in_parse(const char *text, size_t len,
    struct json_object **out, struct json_error *err);

/*
 * The same, of at most MOST values: each takes some 50 bytes, an object a
 * kilobyte, however short its text is.
 */
enum status json_in_parse_most(const char *text, size_t len, size_t most,
    struct json_object **out, struct json_error *err);

/* Whether the bytes are UTF-8 (RFC 3629: no overlongs, no surrogates). */
bool json_in_is_utf8(const char *text, size_t len);

/*
 * An object being read, member by member.  Declare the members by asking
 * for them; json_in_end() refuses those not asked for.  Trouble sticks: the
 * first one is kept and later calls do nothing.
 */
struct json_in {
	struct json_object *obj;              /* borrowed */
	const char *pointer;                  /* where obj is, "" at the top */
	struct json_error err;                /* of the first trouble */
	unsigned char seen[JSON_IN_KEYS / 8]; /* bit i: member i was asked */

	/* ST_OK, ST_BAD_REQUEST (not an object) or ST_INVALID */
	enum status st;
};

/* Start reading; NULL or another type than an object is ST_BAD_REQUEST. */
void json_in_begin(struct json_in *, struct json_object *, const char *pointer);

enum json_in_need { JSON_OPTIONAL, JSON_REQUIRED };

/*
 * Each returns true when the member is there, not null and good, and only
 * then sets its output.  A missing required one, a null required one, a
 * wrong type or an excess of the limits is trouble.
 */
/* Text of MIN to MAX characters (code points); *OUT is borrowed from obj. */
bool json_in_text(struct json_in *, const char *key, enum json_in_need,
    size_t min, size_t max, const char **out);
bool json_in_int(struct json_in *, const char *key, enum json_in_need,
    int64_t min, int64_t max, int64_t *out);
bool json_in_bool(
    struct json_in *, const char *key, enum json_in_need, bool *out);
/* A number with at most three decimals, in thousandths; 1e3 is refused. */
bool json_in_thousandths(struct json_in *, const char *key, enum json_in_need,
    int64_t min, int64_t max, int64_t *out);
/* Any member as it is; true when present, null included. */
bool json_in_any(struct json_in *, const char *key, struct json_object **out);

/* Record trouble of the caller's own at a member. */
void json_in_fail(struct json_in *, const char *key, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));

/* End: unknown members are ST_INVALID.  Returns the first trouble's status. */
enum status json_in_end(struct json_in *);

/* Thousandths from the decimal text "-12.345"; false when it is not one. */
bool json_in_parse_thousandths(const char *text, size_t len, int64_t *out);

/* A new JSON number with at most three decimals and no trailing zeroes. */
struct json_object *json_out_thousandths(int64_t);
/* The same as text: "-12.345". */
void json_out_thousandths_text(int64_t, char out[24]);

/* Compact text without escaped slashes; borrowed from the object. */
const char *json_out_text(struct json_object *, size_t *len);

/*
 * Append TEXT, which is UTF-8, as a string, byte for byte as json_out_text()
 * writes it: for what is too much to make objects of.
 */
void json_out_put_text(struct buf *out, const char *text);
/* Append a member that is not an object's first: KEY, a word, and its TEXT,
 * or null for NULL. */
void json_out_put_member(struct buf *out, const char *key, const char *text);

#endif
