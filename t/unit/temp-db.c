/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "t/unit/temp-db.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fcgi-app/db.h"

static char dir[32];
static char path[64];

const char *
temp_db_open(void)
{
	snprintf(dir, sizeof(dir), "/tmp/stockroom-unit-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/test.db", dir);
	db_open_writer(path);
	return path;
}

int
temp_db_remove(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
	char name[80];
	size_t i;

	db_close_writer();
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return rmdir(dir);
}
