/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Origins of pages (RFC 6454, WHATWG Fetch): how one is read, and which
 * other ones may use us.  What comes with a request is read strictly and
 * bounded; "null", lists and anything with a path are no origins at all.
 */
#ifndef SHARED_ORIGIN_H
#define SHARED_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

#define ORIGIN_MAX 288 /* bytes of a normal form, with the NUL */

/*
 * The normal form of an origin of http or https, copied to OUT: small
 * letters, without the scheme's default port.  False when TEXT is none; OUT
 * is then untouched.
 */
bool origin_normal(const char *text, char out[ORIGIN_MAX]);

/* Whether both are origins, and the same. */
bool origin_same(const char *a, const char *b);

/*
 * NULL when ALLOW_ORIGIN_REGEX may be TEXT ("" too), else what is allowed;
 * static until the next call.  Not for threads: conf_load asks it.
 */
const char *origin_check_regex(const char *text);

/*
 * Compile the regular expression of CONF, once at start and before threads.
 * One that conf_load let through compiles; without memory for it: exit.
 */
void origin_init(const struct conf *);

/*
 * Whether pages of that foreign origin may use us, with tokens and never
 * with cookies: ALLOW_ORIGINS names it, or ALLOW_ORIGIN_REGEX matches the
 * whole of its normal form.  ORIGIN is what came in the header, or NULL.
 * After origin_init of the same CONF; any thread may ask.
 */
bool origin_allowed(const struct conf *, const char *origin);

#endif
