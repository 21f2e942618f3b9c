/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Whether a database is what it should be: the file sound, every reference
 * met, the log without holes, and the items what the log says of them.
 * Nothing is changed.
 */
#ifndef FCGI_APP_VERIFY_H
#define FCGI_APP_VERIFY_H

#include <stdint.h>

#include "db.h"

/* What was looked at, and what was found. */
struct verify {
	/* Called for each finding: which check it was, and what is wrong. */
	void (*found)(const char *check, const char *text, void *arg);
	/* Called now and then with the rows looked at; or NULL. */
	void (*step)(int64_t rows, void *arg);
	void *arg;

	int64_t findings;
	int64_t schema;
	int64_t items, changes; /* that there are */
	int64_t rows;           /* looked at so far */
	int64_t head, oldest;   /* of the log */
};

/*
 * Look at all of it in one snapshot.  ST_OK when it could be looked at,
 * whatever was found; else it cannot be read at all.
 */
enum status verify_run(struct db *, struct verify *);

#endif
