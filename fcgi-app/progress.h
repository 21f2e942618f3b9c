/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A line that tells how far long work has come, redrawn at most ten times a
 * second and gone when it ends.  Nothing at all is written unless standard
 * error is a terminal.
 */
#ifndef FCGI_APP_PROGRESS_H
#define FCGI_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* borrowed: "importing" */
	int64_t total;    /* of steps; 0: not known */
	int64_t shown_at; /* clock_mono_ms() */
	bool on;          /* standard error is a terminal */
	bool drawn;       /* something of ours is on the line */
};

/* Begin; TOTAL 0 when it is not known. */
void progress_begin(struct progress *, const char *what, int64_t total);
/* DONE steps of them are done; never less than before. */
void progress_step(struct progress *, int64_t done);
/* Clear the line; safe when nothing was begun. */
void progress_end(struct progress *);

#endif
