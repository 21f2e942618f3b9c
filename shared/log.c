/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "log.h"

#include <sys/stat.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "utf8.h"

/* What a cut line still needs: "...", a closing quote, the newline. */
#define LOG_RESERVE 5
#define LOG_ROOM    (sizeof(((struct log_line *)0)->text) - LOG_RESERVE)
#define LOG_MESSAGE 1024 /* bytes of a formatted message with the NUL */

static const struct {
	const char *name;
	int priority; /* syslog(3)'s */
} levels[] = {
    [LOG_ERROR] = {"error", 3},
    [LOG_WARN] = {"warn", 4},
    [LOG_INFO] = {"info", 6},
    [LOG_DEBUG] = {"debug", 7},
};

/* Set once at start, before there are threads. */
static const char *log_program = "stockroom";
static enum log_level log_max = LOG_INFO;
static bool log_journal; /* standard error goes to the journal */
static void (*log_say)(const char *message); /* NULL: as log lines */

/* Whether $JOURNAL_STREAM names what standard error is (systemd.exec(5)). */
static bool
is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char self[64];

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	snprintf(self, sizeof(self), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return strcmp(stream, self) == 0;
}

void
log_init(const char *program, enum log_level max)
{
	/* Now, while files may be read; clock_parse() needs it. */
	tzset();
	log_program = program;
	log_max = max;
	log_journal = is_journal();
}

/* Add bytes whole or, with false, not at all. */
static bool
put(struct log_line *ln, const char *data, size_t len)
{
	if (ln->cut || len > LOG_ROOM - ln->len)
		return false;
	memcpy(ln->text + ln->len, data, len);
	ln->len += (unsigned)len;
	return true;
}

/* Nothing more fits: say so, into the reserve. */
static void
cut(struct log_line *ln, bool quoted)
{
	if (ln->cut)
		return;
	ln->cut = true;
	memcpy(ln->text + ln->len, "...\"", 4);
	ln->len += quoted ? 4 : 3;
}

static bool
is_unsafe(uint32_t ch)
{
	return ch == '"' || ch == '\\' || utf8_garbles(ch);
}

static bool
is_plain(const char *value)
{
	const char *p;

	for (p = value; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\' ||
		    *p == '=')
			return false;
	return p != value && strcmp(value, "-") != 0;
}

/* The value in quotes; each unsafe byte as \xNN. */
static bool
put_quoted(struct log_line *ln, const char *value)
{
	size_t len = strlen(value), n, i;
	uint32_t ch;
	char hex[4 * UTF8_MAX + 1];

	if (!put(ln, "\"", 1))
		return false;
	for (; len > 0; value += n, len -= n) {
		n = utf8_next(value, len, &ch);
		if (n != 0 && !is_unsafe(ch)) {
			if (!put(ln, value, n))
				return false;
			continue;
		}
		n = n == 0 ? 1 : n;
		for (i = 0; i < n; i++)
			snprintf(
			    hex + 4 * i, 5, "\\x%02X", (unsigned char)value[i]);
		if (!put(ln, hex, 4 * n))
			return false;
	}
	return put(ln, "\"", 1);
}

bool
log_wants(enum log_level level)
{
	return level <= log_max;
}

void
log_begin(struct log_line *ln, enum log_level level, const char *event)
{
	char when[CLOCK_TEXT];
	int n;

	ln->level = level;
	ln->len = 0;
	ln->cut = false;
	if (level > log_max)
		return;
	if (log_journal) {
		n = snprintf(ln->text, LOG_ROOM, "<%d>%s",
		    levels[level].priority, event);
	} else {
		clock_text(clock_utc_ms(), when);
		n = snprintf(ln->text, LOG_ROOM, "%s %s %s%s%s", when,
		    log_program, levels[level].name,
		    event[0] == '\0' ? "" : " ", event);
	}
	ln->len = n < 0                    ? 0
		  : (unsigned)n < LOG_ROOM ? (unsigned)n
					   : LOG_ROOM - 1;
}

void
log_str(struct log_line *ln, const char *key, const char *value)
{
	if (ln->level > log_max || ln->cut)
		return;
	/* Behind a bare priority, "<6>", there is none. */
	if ((!(log_journal && ln->len == 3) && !put(ln, " ", 1)) ||
	    !put(ln, key, strlen(key)) || !put(ln, "=", 1)) {
		cut(ln, false);
		return;
	}
	if (value == NULL)
		value = "-";
	else if (!is_plain(value)) {
		if (!put_quoted(ln, value))
			cut(ln, true);
		return;
	}
	if (!put(ln, value, strlen(value)))
		cut(ln, false);
}

void
log_int(struct log_line *ln, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	log_str(ln, key, text);
}

void
log_end(struct log_line *ln)
{
	ssize_t n;

	if (ln->level > log_max)
		return;
	ln->text[ln->len] = '\n';
	/* Nowhere to tell of a failure to log. */
	n = write(STDERR_FILENO, ln->text, ln->len + 1);
	(void)n;
}

static void __attribute__((__format__(printf, 2, 0)))
log_message(enum log_level level, const char *fmt, va_list ap)
{
	struct log_line ln;
	char text[LOG_MESSAGE];

	if (level > log_max)
		return;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	if (log_say != NULL) {
		log_say(text);
		return;
	}
	log_begin(&ln, level, "");
	log_str(&ln, "message", text);
	log_end(&ln);
}

void
log_redirect(void (*say)(const char *message))
{
	log_say = say;
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_ERROR, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_WARN, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_DEBUG, fmt, ap);
	va_end(ap);
}

noreturn void
log_fatal(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_message(LOG_ERROR, fmt, ap);
	va_end(ap);
	exit(code);
}
