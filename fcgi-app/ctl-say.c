/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Messages on standard error, and the exit codes that go with them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "shared/log.h"
#include "shared/utf8.h"

/* The last message: the one that tells why a command failed. */
static char last[1024];
static struct ctl *said_by;

/* What a file or an argument holds is not for the terminal to obey. */
static void
put(const struct ctl *ctl, const char *text)
{
	char plain[4 * sizeof(last)];

	utf8_plain(text, plain, sizeof(plain));
	fprintf(stderr, "stockroomctl: %s%s%s\n",
	    ctl->command != NULL ? ctl->command : "",
	    ctl->command != NULL ? ": " : "", plain);
}

static void __attribute__((__format__(printf, 2, 0)))
say(const struct ctl *ctl, const char *fmt, va_list ap)
{
	vsnprintf(last, sizeof(last), fmt, ap);
	put(ctl, last);
}

int
ctl_usage(struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ctl, fmt, ap);
	va_end(ap);
	if (ctl->command != NULL)
		fprintf(stderr, "usage: stockroomctl %s%s%s\n", ctl->command,
		    ctl->synopsis[0] != '\0' ? " " : "", ctl->synopsis);
	return EX_USAGE;
}

int
ctl_fail(struct ctl *ctl, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ctl, fmt, ap);
	va_end(ap);
	return code;
}

void
ctl_note(struct ctl *ctl, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(ctl, text);
}

int
ctl_fail_status(struct ctl *ctl, enum status st)
{
	if (st == ST_UNAVAILABLE)
		return ctl_fail(ctl, ctl_code(st),
		    "%s is busy, full or not writable", ctl->conf.db);
	return ctl_fail(
	    ctl, ctl_code(st), "%s: %s", ctl->conf.db, status_title(st));
}

int
ctl_fail_errno(struct ctl *ctl, const char *what, int error)
{
	return ctl_fail(
	    ctl, ctl_code_errno(error), "%s: %s", what, strerror(error));
}

int
ctl_flush(FILE *out)
{
	if (fflush(out) != 0)
		return errno;
	/* What was lost before left its mark, but not its errno. */
	return ferror(out) ? EIO : 0;
}

int
ctl_code(enum status st)
{
	switch (status_http(st)) {
	case 404:
	case 410:
		return EX_NOUSER;
	case 409:
	case 423:
		return EX_CANTCREAT;
	case 401:
	case 403:
		return EX_NOPERM;
	case 429:
	case 503:
		return EX_TEMPFAIL;
	case 500:
		return EX_SOFTWARE;
	default:
		return status_http(st) < 300 ? EX_OK : EX_DATAERR;
	}
}

int
ctl_code_errno(int error)
{
	switch (error) {
	case 0:
		return EX_OK;
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
		return EX_NOINPUT;
	case EEXIST:
	case EROFS:
		return EX_CANTCREAT;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case EAGAIN:
	case EBUSY:
		return EX_TEMPFAIL;
	case ECONNREFUSED:
	case ECONNRESET:
	case ETIMEDOUT:
		return EX_UNAVAILABLE;
	case ENOMEM:
	case EMFILE:
		return EX_OSERR;
	default:
		return EX_IOERR;
	}
}

static void
said_by_module(const char *message)
{
	snprintf(last, sizeof(last), "%s", message);
	put(said_by, last);
}

/* However we end: a document tells of a failure that printed none. */
static void
at_exit(int code, void *arg)
{
	if (code != EX_OK)
		ctl_answer_failure(
		    arg, code, last[0] != '\0' ? last : "see standard error");
}

void
ctl_say_init(struct ctl *ctl)
{
	said_by = ctl;
	log_redirect(said_by_module);
	on_exit(at_exit, ctl);
}
