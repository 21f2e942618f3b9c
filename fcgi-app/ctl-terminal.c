/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What is asked on the terminal: passwords, and whether it is meant.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl.h"

static volatile sig_atomic_t interrupted;

static void
interrupt(int sig)
{
	interrupted = sig;
}

/* A line without its end; false at the end of the input or when too long. */
static bool
read_line(char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR && !interrupted)
			continue;
		if (n < 0 || (n == 0 && len == 0))
			return false;
		if (n == 0 || c == '\n') {
			out[len] = '\0';
			return true;
		}
		if (c == '\0' || len == size - 1)
			return false;
		out[len++] = c;
	}
}

/*
 * A line from the terminal, unseen.  The terminal is put back before a signal
 * ends us.
 */
static bool
read_unseen(const char *prompt, char *out, size_t size)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction sa = {0}, old[4];
	struct termios seen, unseen;
	bool good;
	size_t i;

	if (tcgetattr(STDIN_FILENO, &seen) != 0)
		return false;
	unseen = seen;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	sa.sa_handler = interrupt;
	for (i = 0; i < 4; i++)
		sigaction(sigs[i], &sa, &old[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
	fputs(prompt, stderr);
	good = read_line(out, size);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
	fputc('\n', stderr);
	for (i = 0; i < 4; i++)
		sigaction(sigs[i], &old[i], NULL);
	if (interrupted)
		raise(interrupted);
	return good;
}

bool
ctl_password(
    struct ctl *ctl, const char *username, char out[USER_PASSWORD_MAX + 1])
{
	char again[USER_PASSWORD_MAX + 1] = "", prompt[400];
	bool good;

	if (!isatty(STDIN_FILENO))
		good = read_line(out, USER_PASSWORD_MAX + 1);
	else {
		snprintf(prompt, sizeof(prompt), "Password for %s: ", username);
		good = read_unseen(prompt, out, USER_PASSWORD_MAX + 1) &&
		       read_unseen("Once more: ", again, sizeof(again));
		if (good && strcmp(out, again) != 0) {
			ctl_fail(ctl, EX_DATAERR,
			    "the two passwords differ; nothing is "
			    "changed");
			goto out;
		}
	}
	if (!good || out[0] == '\0') {
		ctl_fail(ctl, EX_DATAERR,
		    "a password of 1 to %d bytes is needed, on the "
		    "terminal or as a line of standard input",
		    USER_PASSWORD_MAX);
		good = false;
	}
	explicit_bzero(again, sizeof(again));
	return good;
out:
	explicit_bzero(again, sizeof(again));
	explicit_bzero(out, USER_PASSWORD_MAX + 1);
	return false;
}

bool
ctl_confirm(struct ctl *ctl, const char *question, const char *option)
{
	char answer[16];

	if (!isatty(STDIN_FILENO)) {
		ctl_usage(ctl,
		    "there is no terminal to ask on; %s goes on "
		    "without asking",
		    option);
		return false;
	}
	fprintf(stderr, "%s [yes/no] ", question);
	if (read_line(answer, sizeof(answer)) && strcmp(answer, "yes") == 0)
		return true;
	ctl_fail(ctl, EX_USAGE, "not done; only \"yes\" means yes");
	return false;
}
