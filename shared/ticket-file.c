/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ticket-file.h"

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

#define KEY_BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define KEY_LINE   128 /* bytes of a line with newline and NUL */
#define KEY_TEXT   (TICKET_KEYS_MAX * KEY_LINE)

static_assert(
    sizeof(((struct ticket_keys *)0)->secret) == crypto_sign_SECRETKEYBYTES,
    "secret key");
static_assert(
    sizeof(((struct ticket_public *)0)->key) == crypto_sign_PUBLICKEYBYTES,
    "public key");

enum status
ticket_file_fault(const char *path, const char *why)
{
	log_error("the key file %s: %s", path, why);
	return ST_FAULT;
}

/* Read a file whole, with a NUL at its end; ST_NOT_FOUND without one. */
static enum status
read_text(const char *path, bool secret, char text[KEY_TEXT])
{
	struct stat sb;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return errno == ENOENT
			   ? ST_NOT_FOUND
			   : ticket_file_fault(path, strerror(errno));
	n = fstat(fd, &sb) != 0 ? -1 : read(fd, text, KEY_TEXT);
	close(fd);
	if (n < 0)
		return ticket_file_fault(path, strerror(errno));
	if (n == KEY_TEXT || memchr(text, '\0', (size_t)n) != NULL)
		return ticket_file_fault(path, "it does not hold a key");
	text[n] = '\0';
	if (secret && (sb.st_mode & S_IRWXO) != 0)
		return ticket_file_fault(
		    path, "other users may read it; chmod 400 it");
	return ST_OK;
}

static bool
decode(const char *text, size_t len, unsigned char *key, size_t size)
{
	size_t n;

	return sodium_base642bin(
		   key, size, text, len, NULL, &n, NULL, KEY_BASE64) == 0 &&
	       n == size;
}

enum status
ticket_file_secret(struct ticket_keys *keys, const char *path)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	char text[KEY_TEXT];
	enum status st;

	if ((st = read_text(path, true, text)) == ST_OK) {
		if (!decode(text, strcspn(text, "\n"), keys->secret,
			sizeof(keys->secret)))
			st = ticket_file_fault(path, "it does not hold a key");
	}
	sodium_memzero(text, sizeof(text));
	if (st != ST_OK)
		return st;
	crypto_sign_ed25519_sk_to_seed(seed, keys->secret);
	crypto_sign_seed_keypair(public, secret, seed);
	if (sodium_memcmp(secret, keys->secret, sizeof(secret)) != 0)
		st = ticket_file_fault(path, "it does not hold a secret key");
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return st;
}

/* A line of the list: a key, and perhaps a time in ms. */
static bool
read_line(const char *line, size_t len, struct ticket_public *out)
{
	size_t n = strcspn(line, " \n"), digits;

	if (!decode(line, n, out->key, sizeof(out->key)))
		return false;
	out->until = INT64_MAX;
	if (n == len)
		return true;
	digits = strspn(line + n + 1, "0123456789");
	if (digits == 0 || digits > 15 || n + 1 + digits != len)
		return false;
	out->until = strtoll(line + n + 1, NULL, 10);
	return true;
}

enum status
ticket_file_public(struct ticket_keys *keys, const char *path)
{
	struct ticket_public list[TICKET_KEYS_MAX] = {0};
	char text[KEY_TEXT];
	const char *line = text;
	unsigned count = 0;
	enum status st;
	size_t len;

	if ((st = read_text(path, false, text)) != ST_OK)
		return st;
	do {
		len = strcspn(line, "\n");
		if (count == TICKET_KEYS_MAX ||
		    !read_line(line, len, &list[count++]))
			return ticket_file_fault(
			    path, "it does not hold a key");
		line += len + (line[len] == '\n');
	} while (*line != '\0');
	memcpy(keys->public, list, sizeof(list));
	keys->count = count;
	return ST_OK;
}

static void
put_secret(const struct ticket_keys *keys, char text[KEY_TEXT])
{
	sodium_bin2base64(
	    text, KEY_LINE, keys->secret, sizeof(keys->secret), KEY_BASE64);
	memcpy(text + strlen(text), "\n", 2);
}

static void
put_public(const struct ticket_keys *keys, char text[KEY_TEXT])
{
	const struct ticket_public *p;
	char base64[KEY_LINE];
	size_t len = 0;
	unsigned i;

	for (i = 0; i < keys->count; i++) {
		p = &keys->public[i];
		sodium_bin2base64(
		    base64, sizeof(base64), p->key, sizeof(p->key), KEY_BASE64);
		len +=
		    (size_t)snprintf(text + len, KEY_TEXT - len, "%s", base64);
		if (p->until != INT64_MAX)
			len += (size_t)snprintf(text + len, KEY_TEXT - len,
			    " %lld", (long long)p->until);
		len += (size_t)snprintf(text + len, KEY_TEXT - len, "\n");
		assert(len < KEY_TEXT);
	}
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

/* Give the new file what the old one has; OLD NULL: MODE, and ours. */
static bool
dress(int fd, mode_t mode, const char *old)
{
	struct stat sb, mine;

	if (old == NULL)
		return fchmod(fd, mode) == 0;
	if (stat(old, &sb) != 0 || fstat(fd, &mine) != 0)
		return false;
	if ((sb.st_uid != mine.st_uid || sb.st_gid != mine.st_gid) &&
	    fchown(fd, sb.st_uid, sb.st_gid) != 0)
		return false;
	return fchmod(fd, sb.st_mode & 07777) == 0;
}

/* Write TEXT to PATH: where nothing is, or in the place of what is there. */
static enum status
write_text(const char *path, mode_t mode, bool replace, char text[KEY_TEXT])
{
	char temp[PATH_MAX];
	size_t len = strlen(text);
	int fd, error = 0;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >=
	    (int)sizeof(temp))
		error = ENAMETOOLONG;
	else if ((fd = mkostemp(temp, O_CLOEXEC)) == -1)
		error = errno;
	else {
		errno = 0;
		if (!dress(fd, mode, replace ? path : NULL) ||
		    write(fd, text, len) != (ssize_t)len || fsync(fd) != 0 ||
		    (replace ? rename(temp, path) : link(temp, path)) != 0 ||
		    !sync_directory(path))
			error = errno != 0 ? errno : EIO; /* a short write */
		unlink(temp);
		close(fd);
	}
	sodium_memzero(text, KEY_TEXT);
	if (error == EEXIST)
		return ST_CONFLICT;
	return error == 0 ? ST_OK : ticket_file_fault(path, strerror(error));
}

enum status
ticket_file_make_secret(const struct ticket_keys *keys, const char *path)
{
	char text[KEY_TEXT];

	put_secret(keys, text);
	return write_text(path, 0400, false, text);
}

enum status
ticket_file_make_public(const struct ticket_keys *keys, const char *path)
{
	char text[KEY_TEXT];

	put_public(keys, text);
	return write_text(path, 0444, false, text);
}

enum status
ticket_file_replace_secret(const struct ticket_keys *keys, const char *path)
{
	char text[KEY_TEXT];

	put_secret(keys, text);
	return write_text(path, 0, true, text);
}

enum status
ticket_file_replace_public(const struct ticket_keys *keys, const char *path)
{
	char text[KEY_TEXT];

	put_public(keys, text);
	return write_text(path, 0, true, text);
}
