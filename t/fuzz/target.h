/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What is fuzzed: every parser of bytes from outside, a function each.  It
 * takes any bytes at all, and aborts when a promise of the parser's header is
 * broken; the sanitizers see the rest.
 *
 * driver.c hands targets to libFuzzer; replay.c runs them over the corpus, as
 * one of the tests.
 */
#ifndef T_FUZZ_TARGET_H
#define T_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef void fuzz_function(const uint8_t *data, size_t len);

struct fuzz_target {
	const char *name; /* and its folder below corpus/ */
	fuzz_function *run;
};

/* All of them; a name of NULL ends. */
extern const struct fuzz_target fuzz_targets[];

/* To be called first: what bad input makes the parsers log is dropped. */
void fuzz_begin(void);

/* The one of that name, or NULL. */
const struct fuzz_target *fuzz_find(const char *name);

/* A copy with a NUL behind it; the caller's to free. */
char *fuzz_text(const uint8_t *data, size_t len);

/* A promise: kept, or the end.  Not assert(), which may be compiled out. */
#define MUST(promise) ((promise) ? (void)0 : abort())

fuzz_function fuzz_cookie, fuzz_csv, fuzz_event, fuzz_head, fuzz_ingest;
fuzz_function fuzz_json, fuzz_key, fuzz_link, fuzz_list, fuzz_origin;
fuzz_function fuzz_position, fuzz_post, fuzz_query, fuzz_request;
fuzz_function fuzz_settings, fuzz_ticket, fuzz_value;

#endif
