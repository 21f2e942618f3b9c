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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "log.h"

/* A file is one line: the key as base64url without padding. */
#define KEY_BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define KEY_LINE   96 /* bytes of a line with newline and NUL */

static_assert(
    sizeof(((struct ticket_keys *)0)->secret) == crypto_sign_SECRETKEYBYTES,
    "secret key");
static_assert(
    sizeof(((struct ticket_keys *)0)->public) == crypto_sign_PUBLICKEYBYTES,
    "public key");

static enum status
fault(const char *path, const char *why)
{
	log_error("the key file %s: %s", path, why);
	return ST_FAULT;
}

/* Read a key of SIZE bytes; ST_NOT_FOUND without a file. */
static enum status
read_key(const char *path, bool secret, unsigned char *key, size_t size)
{
	char text[KEY_LINE];
	struct stat sb;
	ssize_t n;
	size_t len;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return errno == ENOENT ? ST_NOT_FOUND
				       : fault(path, strerror(errno));
	n = fstat(fd, &sb) != 0 ? -1 : read(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return fault(path, strerror(errno));
	if (secret && (sb.st_mode & S_IRWXO) != 0) {
		sodium_memzero(text, sizeof(text));
		return fault(path, "other users may read it; chmod 400 it");
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (sodium_base642bin(key, size, text, (size_t)n, NULL, &len, NULL,
		KEY_BASE64) != 0 ||
	    len != size) {
		sodium_memzero(text, sizeof(text));
		return fault(path, "it does not hold a key");
	}
	sodium_memzero(text, sizeof(text));
	return ST_OK;
}

static bool
write_synced(int fd, mode_t mode, const char *text, size_t len)
{
	return fchmod(fd, mode) == 0 && write(fd, text, len) == (ssize_t)len &&
	       fsync(fd) == 0;
}

static bool
sync_directory(const char *path)
{
	char copy[PATH_MAX];
	int fd;
	bool good;

	snprintf(copy, sizeof(copy), "%s", path);
	if ((fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1)
		return false;
	good = fsync(fd) == 0;
	close(fd);
	return good;
}

/*
 * Make a key file that appears whole or not at all, and never replaces one:
 * ST_CONFLICT when another process was first.
 */
static enum status
write_key(const char *path, mode_t mode, const unsigned char *key, size_t size)
{
	char text[KEY_LINE], temp[PATH_MAX];
	size_t len;
	int fd, error = 0;

	sodium_bin2base64(text, sizeof(text), key, size, KEY_BASE64);
	len = strlen(text);
	text[len++] = '\n';
	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >=
	    (int)sizeof(temp))
		return fault(path, strerror(ENAMETOOLONG));
	if ((fd = mkostemp(temp, O_CLOEXEC)) == -1) {
		error = errno;
		sodium_memzero(text, sizeof(text));
		return fault(path, strerror(error));
	}
	if (!write_synced(fd, mode, text, len) || link(temp, path) != 0 ||
	    !sync_directory(path))
		error = errno;
	sodium_memzero(text, sizeof(text));
	unlink(temp);
	close(fd);
	if (error == EEXIST)
		return ST_CONFLICT;
	return error == 0 ? ST_OK : fault(path, strerror(error));
}

/* The secret key holds its seed and the public key: they must agree. */
static enum status
load_secret(struct ticket_keys *keys, const char *path)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	enum status st;

	if ((st = read_key(path, true, keys->secret, sizeof(keys->secret))) !=
	    ST_OK)
		return st;
	crypto_sign_ed25519_sk_to_seed(seed, keys->secret);
	crypto_sign_seed_keypair(keys->public, secret, seed);
	if (sodium_memcmp(secret, keys->secret, sizeof(secret)) != 0)
		st = fault(path, "it does not hold a secret key");
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return st;
}

static enum status
make_secret(struct ticket_keys *keys, const char *path)
{
	enum status st;

	crypto_sign_keypair(keys->public, keys->secret);
	st = write_key(path, 0400, keys->secret, sizeof(keys->secret));
	/* Another process was first: its key is the key. */
	if (st == ST_CONFLICT)
		st = load_secret(keys, path);
	return st;
}

/* The public file must be the twin of the key that was loaded. */
static enum status
check_twin(const struct ticket_keys *keys, const char *path)
{
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	enum status st;

	st = read_key(path, false, public, sizeof(public));
	if (st == ST_OK && memcmp(public, keys->public, sizeof(public)) != 0)
		st = fault(path, "it does not belong to the secret key beside "
				 "it; remove it to have it made again");
	return st;
}

static bool
public_path(const char *path, char *out, size_t size)
{
	return snprintf(out, size, "%s.pub", path) < (int)size;
}

enum status
ticket_keys_load_or_make(struct ticket_keys *out, const char *path)
{
	struct ticket_keys keys = {0};
	char public[PATH_MAX];
	enum status st;
	bool had_public;

	if (!public_path(path, public, sizeof(public)))
		return fault(path, strerror(ENAMETOOLONG));
	/*
	 * The public file first: whoever makes both makes the secret one
	 * first, so a public one without a secret one is a lost key.
	 */
	had_public = access(public, F_OK) == 0;
	st = load_secret(&keys, path);
	if (st == ST_NOT_FOUND && had_public)
		st = fault(path,
		    "it is missing, but its public twin is "
		    "there; put it back, or remove the .pub file too");
	else if (st == ST_NOT_FOUND)
		st = make_secret(&keys, path);
	if (st == ST_OK && (st = check_twin(&keys, public)) == ST_NOT_FOUND) {
		st = write_key(public, 0444, keys.public, sizeof(keys.public));
		if (st == ST_CONFLICT)
			st = check_twin(&keys, public);
	}
	if (st == ST_OK)
		*out = keys;
	ticket_keys_reset(&keys);
	/* Removed between two looks. */
	if (st == ST_NOT_FOUND)
		st = fault(path, strerror(ENOENT));
	return st;
}

enum status
ticket_keys_load_public(struct ticket_keys *out, const char *path)
{
	struct ticket_keys keys = {0};
	char public[PATH_MAX];
	enum status st;

	if (!public_path(path, public, sizeof(public)))
		return fault(path, strerror(ENAMETOOLONG));
	st = read_key(public, false, keys.public, sizeof(keys.public));
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
