/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ticket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <sodium.h>

#include "ticket-file.h"

/* Append to the list, unless it is full: those longest replaced go. */
static void
append(struct ticket_keys *keys, const struct ticket_public *public)
{
	if (keys->count < TICKET_KEYS_MAX)
		keys->public[keys->count++] = *public;
}

/* Append those of FROM that are still good, but for OWN; none after END. */
static void
append_others(struct ticket_keys *keys, const struct ticket_keys *from,
    const struct ticket_public *own, int64_t now, int64_t end)
{
	struct ticket_public public;
	unsigned i;

	for (i = 0; i < from->count; i++) {
		public = from->public[i];
		if (public.until > end)
		public.until = end;
		if (public.until > now &&
		    memcmp(public.key, own->key, sizeof(own->key)) != 0)
			append(keys, &public);
	}
}

/*
 * Three steps, after each of which what is signed with the secret key in
 * place is good: the new one is listed, it is in place, the old ones end.
 */
static enum status
replace(struct ticket_keys *keys, const struct ticket_keys *old,
    const char *path, const char *public, int64_t now, int64_t keep)
{
	struct ticket_public own, new;
	enum status st;

	crypto_sign_keypair(new.key, keys->secret);
	new.until = INT64_MAX;
	ticket_keys_own(old, &own);
	keys->count = 0;
	append(keys, &own);
	append(keys, &new);
	append_others(keys, old, &own, now, INT64_MAX);
	if ((st = ticket_file_replace_public(keys, public)) != ST_OK ||
	    (st = ticket_file_replace_secret(keys, path)) != ST_OK)
		return st;
	keys->count = 0;
	append(keys, &new);
	append_others(keys, old, &new, now, now + keep);
	return ticket_file_replace_public(keys, public);
}

static int
lock_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

enum status
ticket_keys_rotate(
    struct ticket_keys *out, const char *path, int64_t now, int64_t keep)
{
	struct ticket_keys old = {0}, keys = {0};
	char public[PATH_MAX];
	enum status st;
	int lock;

	assert(keep >= 0);
	if (snprintf(public, sizeof(public), "%s.pub", path) >=
	    (int)sizeof(public))
		return ticket_file_fault(path, strerror(ENAMETOOLONG));
	if ((lock = lock_directory(path)) == -1)
		return ticket_file_fault(path, strerror(errno));
	st = ticket_keys_load(&old, path);
	if (st == ST_OK && access(public, F_OK) != 0)
		st = ticket_file_make_public(&old, public);
	if (st == ST_OK)
		st = replace(&keys, &old, path, public, now, keep);
	if (st == ST_OK)
		*out = keys;
	ticket_keys_reset(&old);
	ticket_keys_reset(&keys);
	close(lock);
	return st;
}
