/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Stream tickets: "v1.payload.signature", both base64url without padding,
 * the payload JSON, the signature Ed25519 (RFC 8032) over "v1.payload".  The
 * app holds the secret key and signs; the relay holds only the public key
 * (the same path with ".pub" appended) and verifies.  A ticket opens a
 * stream for TICKET_OPEN_MS after it was issued; then it serves its sid
 * while that is present, at most to the end of the session.
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
	char username[64 * 4 + 1];
	char name[TICKET_NAME_MAX * 4 + 1]; /* a tab's own, or "" */
	char role[16];                      /* viewer, editor, admin */
	char color[8];                      /* wish: "#RRGGBB" or "" */
	char room[65];                      /* the room that was joined */
	char session[33]; /* who signed in; names it in revoke */
	int64_t issued;   /* ms since 1970 */
	int64_t ends;     /* ms since 1970: the session's end */
};

/* The keys; zeroed by ticket_keys_reset. */
struct ticket_keys {
	unsigned char secret[64];
	unsigned char public[32];
};

/*
 * Load the secret key file, or make it (mode 0400) with its public twin
 * (0444) when neither is there.  ST_OK, or ST_FAULT with the reason logged.
 */
enum status ticket_keys_load_or_make(struct ticket_keys *, const char *path);
/*
 * Load only PATH.pub; ST_OK, or ST_UNAVAILABLE when it is not there, or
 * ST_FAULT, logged, when it is not a key.
 */
enum status ticket_keys_load_public(struct ticket_keys *, const char *path);
void ticket_keys_reset(struct ticket_keys *);

/* A fresh random sid. */
void ticket_new_sid(char sid[TICKET_SID_LEN + 1]);

/* Sign; OUT is TICKET_MAX bytes.  A ticket always fits. */
void ticket_sign(const struct ticket *, const struct ticket_keys *, char *out);

/*
 * Verify the signature and read.  ST_OK, or ST_UNAUTHORIZED and *OUT
 * untouched.  Times are not judged: that is the caller's.
 */
enum status ticket_verify(const char *text, size_t len,
    const struct ticket_keys *, struct ticket *out);

#endif
