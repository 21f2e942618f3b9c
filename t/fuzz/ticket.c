/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Tickets.  Input that begins with "!" is a payload, which is signed here, so
 * that what lies behind the signature is reached; else it is a ticket's text,
 * and no key has signed that.
 */
#include <string.h>

#include <sodium.h>

#include "shared/ticket.h"
#include "target.h"

#define VERSION   "v1."
#define BASE64    sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SIGNATURE 86 /* characters of a signature, without the NUL */

static struct ticket_keys keys;

static void
make_keys(void)
{
	unsigned char seed[crypto_sign_SEEDBYTES] = {1};
	static bool made;

	if (made)
		return;
	crypto_sign_seed_keypair(keys.public[0].key, keys.secret, seed);
	keys.public[0].until = INT64_MAX;
	keys.count = 1;
	made = true;
}

/* The payload as a ticket of ours; its length, 0 when it is too long. */
static size_t
sign(const uint8_t *payload, size_t len, char out[TICKET_MAX])
{
	unsigned char signature[crypto_sign_BYTES];
	size_t at = strlen(VERSION);
	size_t need = sodium_base64_encoded_len(len, BASE64);

	if (at + need + 1 + SIGNATURE >= TICKET_MAX)
		return 0;
	memcpy(out, VERSION, at);
	sodium_bin2base64(out + at, TICKET_MAX - at, payload, len, BASE64);
	at += strlen(out + at);
	crypto_sign_detached(
	    signature, NULL, (const unsigned char *)out, at, keys.secret);
	out[at++] = '.';
	sodium_bin2base64(
	    out + at, TICKET_MAX - at, signature, sizeof(signature), BASE64);
	return at + strlen(out + at);
}

static bool
ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* What was read can be signed again, and says the same. */
static void
check(const struct ticket *t)
{
	char text[TICKET_MAX];
	struct ticket same;

	MUST(ends(t->sid, sizeof(t->sid)) && ends(t->room, sizeof(t->room)));
	MUST(ends(t->username, sizeof(t->username)));
	MUST(ends(t->name, sizeof(t->name)));
	MUST(ends(t->session, sizeof(t->session)));
	MUST(t->user_id > 0 && t->issued >= 0 && t->ends >= 0);
	ticket_sign(t, &keys, text);
	MUST(ticket_verify(text, strlen(text), &keys, &same) == ST_OK);
	MUST(memcmp(t->sid, same.sid, sizeof(same.sid)) == 0);
	MUST(strcmp(t->username, same.username) == 0);
	MUST(strcmp(t->name, same.name) == 0);
	MUST(t->issued == same.issued && t->ends == same.ends);
}

void
fuzz_ticket(const uint8_t *data, size_t len)
{
	struct ticket t = {0};
	char text[TICKET_MAX], *copy;
	size_t n;

	make_keys();
	if (len == 0 || data[0] != '!') {
		copy = fuzz_text(data, len);
		MUST(ticket_verify(copy, len, &keys, &t) != ST_OK);
		free(copy);
		return;
	}
	if ((n = sign(data + 1, len - 1, text)) == 0)
		return;
	if (ticket_verify(text, n, &keys, &t) == ST_OK)
		check(&t);
}
