/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The commands' table, and what they share: arguments, messages, passwords.
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "ctl.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/ticket.h"

/* clang-format off */
static const struct {
	const char	*noun, *verb;	/* verb NULL: the noun says it all */
	ctl_command	*run;
	const char	*synopsis;
	const char	*help;
} commands[] = {
	{ "user", "add", ctl_user_add, "NAME --role viewer|editor|admin [--color #RRGGBB]",
	    "add a user; the password is read from the terminal or stdin" },
	{ "user", "list", ctl_user_list, "", "show all users" },
	{ "user", "passwd", ctl_user_passwd, "NAME", "set a password; ends the user's sessions" },
	{ "user", "role", ctl_user_role, "NAME viewer|editor|admin", "set a role; ends the user's sessions" },
	{ "user", "disable", ctl_user_disable, "NAME", "lock a user out at once" },
	{ "user", "enable", ctl_user_enable, "NAME", "let a user in again" },
	{ "token", "add", ctl_token_add, "NAME --user USER [--role viewer|editor|admin] [--expires DAYS]",
	    "make a token for scripts and print it, once" },
	{ "token", "list", ctl_token_list, "", "show all tokens, never their secrets" },
	{ "token", "revoke", ctl_token_revoke, "NAME", "make a token void at once" },
	{ "demo", NULL, ctl_demo, "[--if-empty]", "fill an empty database with a demo shop and its users" },
};
/* clang-format on */

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
help(FILE *f)
{
	size_t i;

	fprintf(f, "usage: stockroomctl COMMAND ...\n"
		   "       stockroomctl --help | --version\n\n");
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(f, "  %s%s%s %s\n      %s\n", commands[i].noun,
		    commands[i].verb ? " " : "",
		    commands[i].verb ? commands[i].verb : "",
		    commands[i].synopsis, commands[i].help);
	fprintf(f, "\nSettings, from the environment or " CONF_FILE ":\n\n");
	conf_help(f);
}

static void __attribute__((__format__(printf, 2, 0)))
say(const struct ctl *ctl, const char *fmt, va_list ap)
{
	fprintf(stderr, "stockroomctl: %s: ", ctl->command);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int
ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ctl, fmt, ap);
	va_end(ap);
	fprintf(
	    stderr, "usage: stockroomctl %s %s\n", ctl->command, ctl->synopsis);
	return CTL_USAGE;
}

int
ctl_fail(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(ctl, fmt, ap);
	va_end(ap);
	return CTL_FAILURE;
}

int
ctl_fail_status(const struct ctl *ctl, enum status st)
{
	if (st == ST_UNAVAILABLE)
		return ctl_fail(
		    ctl, "%s is busy, full or not writable", ctl->conf.db);
	return ctl_fail(ctl, "%s: %s", ctl->conf.db, status_title(st));
}

enum status
ctl_write_end(struct db *db, enum status st)
{
	enum status committed;

	committed = db_write_end(db, st == ST_OK);
	return st != ST_OK ? st : committed;
}

/* The option that ARG names, with or without "=value"; NULL if none. */
static const struct ctl_option *
find_option(
    const struct ctl_option *options, const char *arg, const char **value)
{
	const struct ctl_option *o;
	size_t len = strcspn(arg, "=");

	for (o = options; o->name != NULL; o++)
		if (strlen(o->name) == len && memcmp(arg, o->name, len) == 0) {
			*value = arg[len] == '=' ? arg + len + 1 : NULL;
			return o;
		}
	return NULL;
}

/* One option at ARGV[*I], its value perhaps in the next word. */
static bool
take_option(const struct ctl *ctl, int argc, char **argv, int *i,
    const struct ctl_option *options)
{
	const struct ctl_option *o;
	const char *value;

	if ((o = find_option(options, argv[*i] + 2, &value)) == NULL) {
		ctl_usage(ctl, "there is no option %s", argv[*i]);
		return false;
	}
	if (o->value == NULL) {
		if (value != NULL)
			ctl_usage(ctl, "--%s takes no value", o->name);
		*o->on = true;
		return value == NULL;
	}
	if (value == NULL && *i + 1 < argc)
		value = argv[++*i];
	if (value == NULL) {
		ctl_usage(ctl, "--%s needs a value", o->name);
		return false;
	}
	*o->value = value;
	return true;
}

bool
ctl_parse(const struct ctl *ctl, int argc, char **argv,
    const struct ctl_option *options, int count, const char **words)
{
	bool plain = false; /* after "--" */
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		if (!plain && strcmp(argv[i], "--") == 0)
			plain = true;
		else if (!plain && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(ctl, argc, argv, &i, options))
				return false;
		} else if (n == count) {
			ctl_usage(ctl, "\"%s\" is one word too many", argv[i]);
			return false;
		} else
			words[n++] = argv[i];
	}
	if (n < count)
		ctl_usage(ctl, "a word is missing");
	return n == count;
}

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
ctl_password(const struct ctl *ctl, const char *username,
    char out[USER_PASSWORD_MAX + 1])
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
			ctl_fail(ctl, "the two passwords differ; nothing is "
				      "changed");
			goto out;
		}
	}
	if (!good || out[0] == '\0') {
		ctl_fail(ctl,
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

void
ctl_time(int64_t utc_ms, char out[CTL_TIME])
{
	char text[CLOCK_TEXT];

	if (utc_ms == 0) {
		snprintf(out, CTL_TIME, "-");
		return;
	}
	clock_text(utc_ms, text);
	snprintf(out, CTL_TIME, "%.10s %.5s", text, text + 11);
}

/* The database and the key, both made when they are not there yet. */
static int
run(ctl_command *command, struct ctl *ctl, int argc, char **argv)
{
	struct ticket_keys keys;
	int code;

	if (sodium_init() < 0)
		return ctl_fail(ctl, "libsodium does not start");
	if (ticket_keys_load_or_make(&keys, ctl->conf.key_file) != ST_OK)
		return ctl_fail(ctl,
		    "%s: the ticket key can be neither read "
		    "nor made",
		    ctl->conf.key_file);
	ticket_keys_reset(&keys);
	db_open_writer(ctl->conf.db);
	ctl->reader = db_open_reader(ctl->conf.db);
	code = command(ctl, argc, argv);
	db_close(ctl->reader);
	db_close_writer();
	if (fflush(stdout) != 0) {
		ctl_fail(ctl, "standard output: %s", strerror(errno));
		code = CTL_FAILURE;
	}
	return code;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = {0};
	char name[64];
	size_t i;
	int used;

	log_init("stockroomctl", LOG_WARN);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return CTL_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("stockroomctl " PACKAGE_VERSION);
		return CTL_OK;
	}
	for (i = 0; argc > 1 && i < COMMAND_COUNT; i++) {
		used = commands[i].verb != NULL ? 3 : 2;
		if (argc < used || strcmp(argv[1], commands[i].noun) != 0 ||
		    (used == 3 && strcmp(argv[2], commands[i].verb) != 0))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", commands[i].noun,
		    used == 3 ? " " : "", used == 3 ? commands[i].verb : "");
		ctl.command = name;
		ctl.synopsis = commands[i].synopsis;
		conf_load(&ctl.conf, CONF_FILE);
		return run(commands[i].run, &ctl, argc - used, argv + used);
	}
	if (argc > 1)
		fprintf(stderr,
		    "stockroomctl: there is no command \"%s%s%s\"\n", argv[1],
		    argc > 2 ? " " : "", argc > 2 ? argv[2] : "");
	help(stderr);
	return CTL_USAGE;
}
