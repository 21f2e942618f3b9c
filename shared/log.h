/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Log lines of key=value pairs to standard error, one line an event, with
 * the time in UTC.  Client bytes are escaped, so that no line can be forged.
 * A line is written with one write(2); safe from any thread.
 *
 * systemd's journal notes the time and the program by itself: where standard
 * error is its stream, a line begins with a priority (sd-daemon(3)) instead.
 */
#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* How much is wanted; a message above the level set is dropped. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* A line under way, at most 2 KiB; what does not fit is cut with "...". */
struct log_line {
	enum log_level level;
	unsigned len; /* bytes of text in use */
	bool cut;     /* nothing more fits */
	char text[2048];
};

/*
 * Name the program (borrowed, for ever) and the highest level to print; find
 * out whether the journal listens.
 */
void log_init(const char *program, enum log_level max);

/* Whether a line of this level is printed: what is dear may be left out. */
bool log_wants(enum log_level);

/* Begin a line about EVENT, a word; then add pairs; then write it. */
void log_begin(struct log_line *, enum log_level, const char *event);
/* Add a pair; NULL is written as "-"; quoted and escaped where needed. */
void log_str(struct log_line *, const char *key, const char *value);
void log_int(struct log_line *, const char *key, int64_t value);
void log_end(struct log_line *);

/* A whole line at once: the message is escaped after formatting. */
void log_error(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));

/*
 * From now on whole lines, errors and all, go to SAY as plain text instead:
 * for a program that people talk to.
 */
void log_redirect(void (*say)(const char *message));

/* Log an error and exit with CODE (sysexits(3), e.g. 78 for settings). */
noreturn void log_fatal(int code, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

#endif
