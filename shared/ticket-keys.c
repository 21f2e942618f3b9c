/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ticket.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "ticket-file.h"

#define LOAD_TRIES 3 /* a rotation may come in between */

static bool
public_path(const char *path, char *out, size_t size)
{
	return snprintf(out, size, "%s.pub", path) < (int)size;
}

/* Whether systemd has put the key there: a copy, which is only read. */
static bool
is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir == NULL ? 0 : strlen(dir);

	return len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/';
}

void
ticket_keys_own(const struct ticket_keys *keys, struct ticket_public *out)
{
	crypto_sign_ed25519_sk_to_pk(out->key, keys->secret);
	out->until = INT64_MAX;
}

static bool
lists_own(const struct ticket_keys *keys)
{
	struct ticket_public own;

	ticket_keys_own(keys, &own);
	return ticket_keys_until(keys, ticket_key_name(&own)) != 0;
}

/*
 * The list, made when it is not there and MAKE is true.  ST_CONFLICT: it does
 * not hold the secret key's twin.
 */
static enum status
load_list(struct ticket_keys *keys, const char *path, bool make)
{
	enum status st;

	st = ticket_file_public(keys, path);
	if (st == ST_NOT_FOUND) {
		ticket_keys_own(keys, &keys->public[0]);
		keys->count = 1;
		st = make ? ticket_file_make_public(keys, path) : ST_OK;
		/* Another process was first. */
		if (st == ST_CONFLICT)
			st = ticket_file_public(keys, path);
	}
	if (st == ST_OK && !lists_own(keys))
		return ST_CONFLICT;
	return st;
}

static enum status
make_secret(struct ticket_keys *keys, const char *path)
{
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	enum status st;

	crypto_sign_keypair(public, keys->secret);
	st = ticket_file_make_secret(keys, path);
	/* Another process was first: its key is the key. */
	if (st == ST_CONFLICT)
		st = ticket_file_secret(keys, path);
	return st;
}

static enum status
load(struct ticket_keys *keys, const char *path, bool make)
{
	char public[PATH_MAX];
	enum status st;
	bool had_public;
	int tries = 0;

	if (!public_path(path, public, sizeof(public)))
		return ticket_file_fault(path, strerror(ENAMETOOLONG));
	make = make && !is_credential(path);
	do {
		/*
		 * The public file first: whoever makes both makes the secret
		 * one first, so a public one without a secret one is a lost
		 * key.
		 */
		had_public = access(public, F_OK) == 0;
		st = ticket_file_secret(keys, path);
		if (st == ST_NOT_FOUND && make && had_public)
			return ticket_file_fault(path,
			    "it is missing, but its public twin is there; put "
			    "it back, or remove the .pub file too");
		if (st == ST_NOT_FOUND && make)
			st = make_secret(keys, path);
		if (st == ST_OK)
			st = load_list(keys, public, make);
	} while (st == ST_CONFLICT && ++tries < LOAD_TRIES);
	if (st == ST_CONFLICT)
		st = ticket_file_fault(public,
		    "it does not belong to the secret key beside "
		    "it; remove it to have it made again");
	return st;
}

enum status
ticket_keys_load(struct ticket_keys *out, const char *path)
{
	struct ticket_keys keys = {0};
	enum status st;

	if ((st = load(&keys, path, false)) == ST_OK)
		*out = keys;
	ticket_keys_reset(&keys);
	return st;
}

enum status
ticket_keys_load_or_make(struct ticket_keys *out, const char *path)
{
	struct ticket_keys keys = {0};
	enum status st;

	if ((st = load(&keys, path, true)) == ST_OK)
		*out = keys;
	ticket_keys_reset(&keys);
	/* A credential that is not there, or one removed between two looks. */
	if (st == ST_NOT_FOUND)
		st = ticket_file_fault(path, strerror(ENOENT));
	return st;
}

enum status
ticket_keys_load_public(struct ticket_keys *out, const char *path)
{
	struct ticket_keys keys = {0};
	char public[PATH_MAX];
	enum status st;

	if (!public_path(path, public, sizeof(public)))
		return ticket_file_fault(path, strerror(ENAMETOOLONG));
	st = ticket_file_public(&keys, public);
	if (st == ST_NOT_FOUND)
		return ST_UNAVAILABLE;
	if (st == ST_OK)
		*out = keys;
	return st;
}

void
ticket_keys_reset(struct ticket_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

uint64_t
ticket_key_name(const struct ticket_public *public)
{
	uint64_t name;

	memcpy(&name, public->key, sizeof(name));
	return name;
}

int64_t
ticket_keys_until(const struct ticket_keys *keys, uint64_t name)
{
	unsigned i;

	for (i = 0; i < keys->count; i++) {
		if (ticket_key_name(&keys->public[i]) == name)
			return keys->public[i].until;
	}
	return 0;
}

void
ticket_key_print(const struct ticket_public *public, char out[TICKET_PRINT])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, public->key, sizeof(public->key));
	memcpy(out, "SHA256:", 8);
	sodium_bin2base64(out + 7, TICKET_PRINT - 7, hash, sizeof(hash),
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

bool
ticket_stamp_changed(struct ticket_stamp *stamp, const char *path)
{
	struct ticket_stamp now;
	struct stat sb;

	if (stat(path, &sb) != 0)
		return false;
	now.inode = sb.st_ino;
	now.changed =
	    (int64_t)sb.st_mtim.tv_sec * 1000000000 + sb.st_mtim.tv_nsec;
	now.size = sb.st_size;
	if (now.inode == stamp->inode && now.changed == stamp->changed &&
	    now.size == stamp->size)
		return false;
	*stamp = now;
	return true;
}
