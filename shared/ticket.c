/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ticket.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "json.h"
#include "log.h"

#define TICKET_VERSION "v1."
#define TICKET_BASE64  sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define TICKET_EXIT    71              /* EX_OSERR: no memory */
#define TIME_MAX       (INT64_MAX / 4) /* ms: room for sums */

/* Characters of LEN bytes as base64 without padding. */
#define BASE64_LEN(len) (((len)*4 + 2) / 3)
#define SIGNATURE_LEN   BASE64_LEN((size_t)crypto_sign_BYTES)

/* The characters of base64url, and of names of ours. */
#define WORD_SET                                                               \
	"0123456789abcdefghijklmnopqrstuvwxyz"                                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

void
ticket_new_sid(char sid[TICKET_SID_LEN + 1])
{
	unsigned char bytes[16];

	static_assert(BASE64_LEN(sizeof(bytes)) == TICKET_SID_LEN, "sid");
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(
	    sid, TICKET_SID_LEN + 1, bytes, sizeof(bytes), TICKET_BASE64);
}

static void
add(struct json_object *obj, const char *key, struct json_object *value)
{
	if (obj == NULL || value == NULL ||
	    json_object_object_add(obj, key, value) != 0)
		log_fatal(TICKET_EXIT, "out of memory for a ticket");
}

static struct json_object *
to_json(const struct ticket *t)
{
	struct json_object *obj = json_object_new_object();

	add(obj, "sid", json_object_new_string(t->sid));
	add(obj, "user_id", json_object_new_int64(t->user_id));
	add(obj, "username", json_object_new_string(t->username));
	add(obj, "name", json_object_new_string(t->name));
	add(obj, "role", json_object_new_string(t->role));
	add(obj, "color", json_object_new_string(t->color));
	add(obj, "room", json_object_new_string(t->room));
	add(obj, "session", json_object_new_string(t->session));
	add(obj, "issued", json_object_new_int64(t->issued));
	add(obj, "ends", json_object_new_int64(t->ends));
	add(obj, "rights", json_object_new_int64(t->rights));
	return obj;
}

void
ticket_sign(const struct ticket *t, const struct ticket_keys *keys, char *out)
{
	struct json_object *obj = to_json(t);
	unsigned char signature[crypto_sign_BYTES];
	const char *payload;
	size_t len, at = strlen(TICKET_VERSION);

	payload = json_out_text(obj, &len);
	assert(at + BASE64_LEN(len) + 1 + SIGNATURE_LEN < TICKET_MAX);
	memcpy(out, TICKET_VERSION, at);
	sodium_bin2base64(out + at, TICKET_MAX - at,
	    (const unsigned char *)payload, len, TICKET_BASE64);
	json_object_put(obj);
	at += BASE64_LEN(len);
	crypto_sign_detached(
	    signature, NULL, (const unsigned char *)out, at, keys->secret);
	out[at++] = '.';
	sodium_bin2base64(out + at, TICKET_MAX - at, signature,
	    sizeof(signature), TICKET_BASE64);
}

/*
 * Decode LEN characters, all of them; false unless they are base64url.
 * libsodium 1.0.18 takes bytes from 0x80 on for letters: look first.
 */
static bool
decode(const char *text, size_t len, unsigned char *out, size_t size,
    size_t *out_len)
{
	const char *end;
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\0' || strchr(WORD_SET, text[i]) == NULL)
			return false;
	return sodium_base642bin(out, size, text, len, NULL, out_len, &end,
		   TICKET_BASE64) == 0 &&
	       end == text + len;
}

/* A member of at most SIZE - 1 bytes and MAX characters of SET, or any. */
static void
read_text(struct json_in *in, const char *key, size_t min, size_t max,
    const char *set, char *out, size_t size)
{
	const char *text;
	size_t len;

	if (!json_in_text(in, key, JSON_REQUIRED, min, max, &text))
		return;
	len = strlen(text);
	if (len >= size || (set != NULL && strspn(text, set) != len))
		json_in_fail(in, key, "is malformed");
	else
		memcpy(out, text, len + 1);
}

static bool
is_role(const char *text)
{
	return strcmp(text, "viewer") == 0 || strcmp(text, "editor") == 0 ||
	       strcmp(text, "admin") == 0;
}

static bool
is_color(const char *text)
{
	return text[0] == '\0' ||
	       (text[0] == '#' && strlen(text) == 7 &&
		   strspn(text + 1, "0123456789abcdefABCDEF") == 6);
}

static enum status
from_json(struct json_object *obj, struct ticket *t)
{
	struct json_in in;

	json_in_begin(&in, obj, "");
	read_text(&in, "sid", TICKET_SID_LEN, TICKET_SID_LEN, WORD_SET, t->sid,
	    sizeof(t->sid));
	json_in_int(&in, "user_id", JSON_REQUIRED, 1, INT64_MAX, &t->user_id);
	read_text(
	    &in, "username", 1, 64, NULL, t->username, sizeof(t->username));
	read_text(
	    &in, "name", 0, TICKET_NAME_MAX, NULL, t->name, sizeof(t->name));
	read_text(&in, "role", 1, 15, WORD_SET, t->role, sizeof(t->role));
	read_text(&in, "color", 0, 7, NULL, t->color, sizeof(t->color));
	read_text(&in, "room", 1, 64, WORD_SET ".", t->room, sizeof(t->room));
	read_text(
	    &in, "session", 1, 32, WORD_SET, t->session, sizeof(t->session));
	json_in_int(&in, "issued", JSON_REQUIRED, 0, TIME_MAX, &t->issued);
	json_in_int(&in, "ends", JSON_REQUIRED, 0, TIME_MAX, &t->ends);
	json_in_int(&in, "rights", JSON_OPTIONAL, 0, TIME_MAX, &t->rights);
	if (!is_role(t->role) || !is_color(t->color))
		json_in_fail(&in, NULL, "is malformed");
	return json_in_end(&in);
}

/* Which of the keys has signed it; NULL: none. */
static const struct ticket_public *
find_signer(const struct ticket_keys *keys, const unsigned char *signature,
    const char *text, size_t len)
{
	unsigned i;

	for (i = 0; i < keys->count; i++) {
		if (crypto_sign_verify_detached(signature,
			(const unsigned char *)text, len,
			keys->public[i].key) == 0)
			return &keys->public[i];
	}
	return NULL;
}

/* By which key the text was signed, and its payload; NULL: it was not. */
static const struct ticket_public *
open_signed(const char *text, size_t len, const struct ticket_keys *keys,
    unsigned char *payload, size_t *payload_len)
{
	unsigned char signature[crypto_sign_BYTES];
	const char *dot;
	size_t start = strlen(TICKET_VERSION), signed_len, n;

	if (len >= TICKET_MAX || len <= start + 1 + SIGNATURE_LEN ||
	    memcmp(text, TICKET_VERSION, start) != 0)
		return NULL;
	signed_len = len - SIGNATURE_LEN - 1;
	dot = text + signed_len;
	if (*dot != '.' ||
	    !decode(dot + 1, SIGNATURE_LEN, signature, sizeof(signature), &n) ||
	    n != sizeof(signature) ||
	    !decode(text + start, signed_len - start, payload, TICKET_MAX,
		payload_len))
		return NULL;
	return find_signer(keys, signature, text, signed_len);
}

enum status
ticket_verify(const char *text, size_t len, const struct ticket_keys *keys,
    struct ticket *out)
{
	unsigned char payload[TICKET_MAX];
	struct json_object *obj = NULL;
	struct json_error err;
	struct ticket t = {0};
	enum status st = ST_UNAUTHORIZED;
	const struct ticket_public *signer;
	size_t n;

	signer = open_signed(text, len, keys, payload, &n);
	if (signer != NULL &&
	    json_in_parse((const char *)payload, n, &obj, &err) == ST_OK &&
	    from_json(obj, &t) == ST_OK) {
		t.key = ticket_key_name(signer);
		t.replaced = signer != keys->public;
		if (t.ends > signer->until)
			t.ends = signer->until;
		*out = t;
		st = ST_OK;
	}
	json_object_put(obj);
	return st;
}

void
ticket_digest(const char *text, size_t len, unsigned char out[TICKET_DIGEST])
{
	crypto_generichash(
	    out, TICKET_DIGEST, (const unsigned char *)text, len, NULL, 0);
}
