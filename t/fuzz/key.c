/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The files of the ticket keys, the secret one and the list of public ones,
 * which have the same limits whatever is in them.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/ticket-file.h"
#include "target.h"

/* A file in memory, and the name that it is opened by. */
static struct {
	int fd;
	char path[32];
} file = {-1, ""};

static void
put(const void *data, size_t len)
{
	if (file.fd == -1) {
		MUST((file.fd = memfd_create("key", MFD_CLOEXEC)) != -1);
		MUST(fchmod(file.fd, 0600) == 0);
		snprintf(
		    file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	}
	MUST(ftruncate(file.fd, 0) == 0);
	MUST(pwrite(file.fd, data, len, 0) == (ssize_t)len);
}

static void
check_list(const struct ticket_keys *keys)
{
	char print[TICKET_PRINT];

	MUST(keys->count >= 1 && keys->count <= TICKET_KEYS_MAX);
	for (unsigned i = 0; i < keys->count; i++) {
		const struct ticket_public *p = &keys->public[i];

		MUST(p->until >= 0);
		MUST(ticket_keys_until(keys, ticket_key_name(p)) >= 0);
		ticket_key_print(p, print);
		MUST(strncmp(print, "SHA256:", 7) == 0);
	}
}

void
fuzz_key(const uint8_t *data, size_t len)
{
	struct ticket_keys keys = {0};
	struct ticket_public own;

	put(data, len);
	if (ticket_file_public(&keys, file.path) == ST_OK)
		check_list(&keys);
	else
		MUST(keys.count == 0);
	if (ticket_file_secret(&keys, file.path) == ST_OK) {
		ticket_keys_own(&keys, &own);
		MUST(own.until == INT64_MAX);
	}
	ticket_keys_reset(&keys);
}
