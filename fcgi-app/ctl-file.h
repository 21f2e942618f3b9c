/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A file that a command makes: it appears under its name only when it is
 * whole and on the disk, and what a signal or a failure leaves half-done is
 * removed, with what SQLite puts beside a database.
 */
#ifndef FCGI_APP_CTL_FILE_H
#define FCGI_APP_CTL_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "ctl.h"

struct ctl_file {
	char path[PATH_MAX]; /* as it is to be called */
	char temp[PATH_MAX]; /* its name until then; "" when there is none */
	bool force;          /* an older file gives way */
	int fd;
};

/*
 * Make the temporary file beside PATH, for the caller alone to read.  EX_OK,
 * or having said why it cannot be; EX_CANTCREAT when PATH is there and not
 * FORCE.  Only one at a time.
 */
int ctl_file_begin(
    struct ctl *, struct ctl_file *, const char *path, bool force);

/*
 * It is whole: sync it and give it its name, which is the last that a command
 * does but tell of it.  EX_OK, or having said why not: then it is not there
 * under either name, unless FORCE had put it in an older one's place.
 */
int ctl_file_keep(struct ctl *, struct ctl_file *);

/* Remove what there is of it; safe at any time after a begin. */
void ctl_file_drop(struct ctl_file *);

#endif
