/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "signer.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>

#include "shared/log.h"

static struct {
	pthread_mutex_t mu; /* of all below */
	const char *path;
	char public[PATH_MAX]; /* the list's path */
	struct ticket_keys keys;
	struct ticket_stamp secret_stamp, public_stamp;
} signer = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* Whether a file has changed since this was asked last. */
static bool
has_changed(void)
{
	bool secret = ticket_stamp_changed(&signer.secret_stamp, signer.path);
	bool public = ticket_stamp_changed(&signer.public_stamp, signer.public);

	return secret || public;
}

/*
 * The keys of now, to be reset by the caller.  Files that are no good were
 * logged, and change nothing.
 */
static void
get_keys(struct ticket_keys *out)
{
	struct ticket_public before, after;

	pthread_mutex_lock(&signer.mu);
	ticket_keys_own(&signer.keys, &before);
	if (has_changed())
		(void)ticket_keys_load(&signer.keys, signer.path);
	ticket_keys_own(&signer.keys, &after);
	if (ticket_key_name(&before) != ticket_key_name(&after))
		log_info("signing with a new ticket key");
	*out = signer.keys;
	pthread_mutex_unlock(&signer.mu);
}

enum status
signer_start(const char *path)
{
	if (snprintf(signer.public, sizeof(signer.public), "%s.pub", path) >=
	    (int)sizeof(signer.public))
		return ST_FAULT;
	signer.path = path;
	/* First the stamps: what changes from now on is seen. */
	(void)has_changed();
	return ticket_keys_load_or_make(&signer.keys, path);
}

void
signer_sign(const struct ticket *t, char out[TICKET_MAX])
{
	struct ticket_keys keys;

	get_keys(&keys);
	ticket_sign(t, &keys, out);
	ticket_keys_reset(&keys);
}

enum status
signer_verify(const char *text, size_t len, struct ticket *out)
{
	struct ticket_keys keys;
	enum status st;

	get_keys(&keys);
	st = ticket_verify(text, len, &keys, out);
	ticket_keys_reset(&keys);
	return st;
}

void
signer_stop(void)
{
	ticket_keys_reset(&signer.keys);
}
