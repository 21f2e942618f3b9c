/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Stream tickets: "v1.payload.signature", both base64url without padding,
 * the payload JSON, the signature Ed25519 (RFC 8032) over "v1.payload".  The
 * app holds the secret key and signs; the relay holds only public keys (the
 * same path with ".pub" appended) and verifies.  A ticket opens a
 * stream for TICKET_OPEN_MS after it was issued; then it serves its sid
 * while that is present, at most to the end of the session.
 *
 * The secret file is one line, the key as base64url without padding.  The
 * public one is a list of at most TICKET_KEYS_MAX lines:
 *
 *	KEY		tickets of this key are good
 *	KEY MS		until that time, in ms since 1970
 *
 * the app's own first, but for the moments of a rotation.  Who holds the list
 * looks at it again when it has changed: an app and a relay take up a new key
 * by themselves.
 */

#ifndef SHARED_TICKET_H
#define SHARED_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define TICKET_OPEN_MS  60000 /* a new ticket opens a stream this long */
#define TICKET_MAX      2048  /* bytes of a ticket's text, with the NUL */
#define TICKET_NAME_MAX 40    /* characters of name */
#define TICKET_SID_LEN  22    /* characters of a sid: base64url, 128 bits */

/* What a ticket says; all strings NUL-terminated UTF-8. */
struct ticket {
	char sid[TICKET_SID_LEN + 1]; /* one page or tab */
	int64_t user_id;
	char role[16];    /* viewer, editor, admin */
	char color[8];    /* wish: "#RRGGBB" or "" */
	char room[65];    /* the room that was joined */
	char session[33]; /* who signed in; names it in revoke */
	int64_t issued;   /* ms since 1970 */
	int64_t ends;     /* ms since 1970: the session's end */
	int64_t rights;   /* ms since 1970: of the newest change of what the
			     user may that was known; 0: of none */
	/* Not of its text, but of who has verified it. */
	uint64_t key;  /* names the public key that it was verified with */
	bool replaced; /* by a newer one */
	/* The last, and mostly short: who keeps many keeps only their text. */
	char username[64 * 4 + 1];
	char name[TICKET_NAME_MAX * 4 + 1]; /* a tab's own, or "" */
};

#define TICKET_KEYS_MAX 8        /* public keys that are good at once */
#define TICKET_KEEP_MS  86400000 /* a replaced one stays good this long */

/* A public key. */
struct ticket_public {
	unsigned char key[32];
	int64_t until; /* ms since 1970; INT64_MAX: no end is set */
};

/* The keys; zeroed by ticket_keys_reset. */
struct ticket_keys {
	unsigned char secret[64]; /* zeroes with who only verifies */
	struct ticket_public public[TICKET_KEYS_MAX];
	unsigned count; /* of public */
};

/* By which a file is known that has changed.  All zeroes: not there. */
struct ticket_stamp {
	uint64_t inode;
	int64_t changed; /* ns */
	int64_t size;
};

/*
 * Load the secret key file with its list of public keys; make both (modes
 * 0400 and 0444) when neither is there.  Below $CREDENTIALS_DIRECTORY, which
 * belongs to systemd, nothing is made, and without a list the secret's own
 * public key is the list.  ST_OK, or ST_FAULT with the reason logged.
 */
enum status ticket_keys_load_or_make(struct ticket_keys *, const char *path);

/* The same, but nothing is ever made: without a file ST_NOT_FOUND. */
enum status ticket_keys_load(struct ticket_keys *, const char *path);

/*
 * Load only PATH.pub; ST_OK, or ST_UNAVAILABLE when it is not there, or
 * ST_FAULT, logged, when it is not a list of keys.
 */
enum status ticket_keys_load_public(struct ticket_keys *, const char *path);
void ticket_keys_reset(struct ticket_keys *);

/*
 * Make a new pair of keys the one to sign with, and set when the tickets of
 * those before end: after KEEP ms from NOW (ms since 1970), 0: at once.  The
 * new public key is in the list before the new secret one is in its place,
 * so whatever happens in between, what is signed is good.  Two that do this
 * at once do it one after the other.  OUT: the keys from now on.  ST_OK;
 * ST_NOT_FOUND: there is no key yet; ST_FAULT, logged.
 */
enum status ticket_keys_rotate(
    struct ticket_keys *out, const char *path, int64_t now, int64_t keep);

/* Whether tickets of the key of that name are good, and until when; else 0. */
int64_t ticket_keys_until(const struct ticket_keys *, uint64_t name);

/* The name of a public key, as struct ticket has it. */
uint64_t ticket_key_name(const struct ticket_public *);

/* The public key of the secret one; until is INT64_MAX. */
void ticket_keys_own(const struct ticket_keys *, struct ticket_public *out);

#define TICKET_PRINT 52 /* bytes of a fingerprint, with the NUL */

/* "SHA256:..." of a public key, for people. */
void ticket_key_print(const struct ticket_public *, char out[TICKET_PRINT]);

/*
 * Whether the file is another one than the stamp says, which then is the new
 * one's.  One that is gone is no change.
 */
bool ticket_stamp_changed(struct ticket_stamp *, const char *path);

/* A fresh random sid. */
void ticket_new_sid(char sid[TICKET_SID_LEN + 1]);

/* Sign; OUT is TICKET_MAX bytes.  A ticket always fits. */
void ticket_sign(const struct ticket *, const struct ticket_keys *, char *out);

/*
 * Verify the signature and read.  ST_OK, or ST_UNAUTHORIZED and *OUT
 * untouched.  Times are not judged, which is the caller's; but the end is not
 * later than the key's.
 */
enum status ticket_verify(const char *text, size_t len,
    const struct ticket_keys *, struct ticket *out);

#define TICKET_DIGEST 32 /* bytes */

/* A digest that no two texts share: who has it need not keep the text. */
void ticket_digest(
    const char *text, size_t len, unsigned char out[TICKET_DIGEST]);

#endif
