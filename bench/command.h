/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a run is made of: commands, a word and at most two numbers each, done
 * one after the other.  Each is answered by a line of JSON.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "crowd.h"
#include "verdict.h"
#include "writer.h"

struct command_row;

/* The run; all zeroes but for what load.c sets at first. */
struct run {
	struct crowd *crowd;
	struct writer *writer; /* NULL: there is no app */
	int64_t patience;      /* ms that a command may wait */
	bool failed;           /* a command has */

	/* The command under way. */
	const struct command_row *now; /* NULL: none */
	int64_t arg[2];
	int64_t began;  /* mono ms */
	bool asking;    /* a request of its own */
	int64_t ask_at; /* mono ms: not before */
	int64_t head;   /* of the log; -1: not known */
	struct verdict verdict;

	/* For the figures. */
	pid_t relay;           /* 0: not told */
	int64_t relay_cpu;     /* ms when the figures began */
	int64_t self_cpu;      /* ms */
	int64_t figures_began; /* mono ms */
};

/* The commands and what they do, for --help. */
void command_help(FILE *);

/* Begin the command of this line; false: it is none. */
bool command_begin(struct run *, const char *line);

/* Go on with it; answers it when it is done. */
void command_tick(struct run *, int64_t now_ms);

/* ---- between the parts of it */

/* Ask the app something, unless that is under way. */
void run_ask(struct run *, const char *path, rest_done, int64_t now_ms);

/* The answer as JSON, the caller's; NULL: ask again later. */
struct json_object *run_asked(
    struct run *, int status, const char *body, size_t len);

void run_put_int(struct json_object *, const char *key, int64_t value);

#endif
