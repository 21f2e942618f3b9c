/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
 * U+10FFFF.  Lengths are bytes unless a name says characters (code points).
 */
#ifndef SHARED_UTF8_H
#define SHARED_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX 4 /* bytes of the longest character */

/*
 * Read the first character of LEN bytes.  Returns its bytes, 1 to UTF8_MAX,
 * and sets *OUT; 0, *OUT untouched, when there is none or it is malformed.
 */
size_t utf8_next(const char *text, size_t len, uint32_t *out);

/* Write a character; returns its bytes.  CH must not be a surrogate. */
size_t utf8_put(uint32_t ch, char out[UTF8_MAX]);

/* Whether all LEN bytes are UTF-8; no bytes are. */
bool utf8_valid(const char *text, size_t len);

/* Characters in LEN bytes of valid UTF-8. */
size_t utf8_characters(const char *text, size_t len);

/*
 * Whether a character could forge a line or garble a terminal: controls, line
 * separators, and what overrides the direction of writing.
 */
bool utf8_garbles(uint32_t ch);

/*
 * TEXT as people may read it: what garbles and what is not UTF-8 is written
 * as \xNN, a byte each.  SIZE bytes of OUT at most, with a NUL, and whole
 * characters.
 */
void utf8_plain(const char *text, char *out, size_t size);

/* The most bytes, at most LEN, that do not cut a character of TEXT. */
size_t utf8_cut(const char *text, size_t len);

#endif
