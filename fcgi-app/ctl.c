/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl: find the command in the table, open what it needs, run it.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "ctl-owner.h"
#include "ctl.h"
#include "publish.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/ticket.h"

/* A row of ctl.def. */
struct row {
	const char *noun, *verb;
	ctl_command *run;
	enum ctl_needs needs;
	const char *synopsis, *help, *details;
};

static const struct row rows[] = {
#define CTL(noun, verb, needs, synopsis, help, details)                        \
	{#noun, #verb, ctl_##noun##_##verb, needs, synopsis, help, details},
#include "ctl.def"
#undef CTL
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

#define TELL_MS 1000 /* to tell the relay, if there is one */

const char ctl_version[] = PACKAGE_VERSION;

static const char common[] = "--json    print one JSON document\n"
			     "--help    print this\n";

static void
help_row(const struct row *row)
{
	printf("  %s %s%s%s\n      %s\n", row->noun, row->verb,
	    row->synopsis[0] != '\0' ? " " : "", row->synopsis, row->help);
}

/* All commands, or those of a noun. */
static void
help(const char *noun)
{
	size_t i;

	printf("usage: stockroomctl NOUN VERB ... [--json]\n"
	       "       stockroomctl NOUN VERB --help\n"
	       "       stockroomctl --help | --version\n\n");
	for (i = 0; i < ROW_COUNT; i++)
		if (noun == NULL || strcmp(rows[i].noun, noun) == 0)
			help_row(&rows[i]);
	if (noun != NULL)
		return;
	printf("\nSettings, from the environment or " CONF_FILE ":\n\n");
	conf_help(stdout);
}

/* One command with its options. */
static void
help_command(const struct row *row)
{
	const char *line, *texts[] = {row->details, common};
	size_t i, len, name;

	printf("usage: stockroomctl %s %s%s%s\n\n%s\n\n", row->noun, row->verb,
	    row->synopsis[0] != '\0' ? " " : "", row->synopsis, row->help);
	for (i = 0; i < 2; i++)
		for (line = texts[i]; *line != '\0'; line += len + 1) {
			len = strcspn(line, "\n");
			name = strcspn(line, " ");
			printf("  %-12.*s%.*s\n", (int)name, line,
			    (int)(len - name), line + name);
		}
}

enum status
ctl_write_end(struct db *db, enum status st)
{
	enum status committed;

	committed = db_write_end(db, st == ST_OK);
	return st != ST_OK ? st : committed;
}

enum status
ctl_write_last(struct db *db, enum status st)
{
	if ((st = ctl_write_end(db, st)) == ST_OK)
		memory_done();
	return st;
}

enum status
ctl_write_told(struct ctl *ctl, struct db *db, enum status st)
{
	if ((st = ctl_write_last(db, st)) == ST_OK)
		publish_flush(&ctl->conf, ctl->reader, TELL_MS);
	return st;
}

/* The database and the key, both made when they are not there yet. */
static int
open_database(struct ctl *ctl)
{
	struct ticket_keys keys;

	if (ticket_keys_load_or_make(&keys, ctl->conf.key_file) != ST_OK)
		return ctl_fail(ctl, EX_CANTCREAT,
		    "%s: the ticket key can be neither read nor made",
		    ctl->conf.key_file);
	ticket_keys_reset(&keys);
	db_open_writer(ctl->conf.db);
	ctl->reader = db_open_reader(ctl->conf.db);
	return EX_OK;
}

/* Standard output is lost: what was to be done may be done all the same. */
static int
not_told(struct ctl *ctl, int error)
{
	return ctl_fail(ctl, ctl_code_errno(error), "%sstandard output: %s",
	    memory_is_done() ? "it is done, but " : "", strerror(error));
}

static int
run(const struct row *row, struct ctl *ctl, int argc, char **argv)
{
	int error, code = EX_OK;

	if (sodium_init() < 0)
		return ctl_fail(ctl, EX_OSERR, "libsodium does not start");
	if (row->needs == CTL_DATABASE)
		code = open_database(ctl);
	if (code == EX_OK)
		code = row->run(ctl, argc, argv);
	if (ctl->reader != NULL)
		db_close(ctl->reader);
	db_close_writer();
	error = ctl_flush(stdout);
	return error != 0 && code == EX_OK ? not_told(ctl, error) : code;
}

/* Take a switch out of the arguments before "--"; true if it was there. */
static bool
take_switch(int *argc, char **argv, const char *name)
{
	bool found = false;
	int i, n = 0;

	for (i = 0; i < *argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], name) == 0)
			found = true;
		else
			argv[n++] = argv[i];
	for (; i < *argc; i++)
		argv[n++] = argv[i];
	*argc = n;
	return found;
}

/* The row of "NOUN VERB"; NULL, *NOUN set if there is such a noun. */
static const struct row *
find_row(int argc, char **argv, const char **noun)
{
	size_t i;

	*noun = NULL;
	for (i = 0; argc > 0 && i < ROW_COUNT; i++) {
		if (strcmp(argv[0], rows[i].noun) != 0)
			continue;
		*noun = rows[i].noun;
		if (argc > 1 && strcmp(argv[1], rows[i].verb) == 0)
			return &rows[i];
	}
	return NULL;
}

/* Nothing that can be run: say so. */
static int
no_command(struct ctl *ctl, int argc, char **argv)
{
	if (argc == 0)
		ctl_usage(ctl, "a command is missing");
	else
		ctl_usage(ctl, "there is no command \"%s%s%s\"", argv[0],
		    argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	fputs("usage: stockroomctl NOUN VERB ... [--json]; --help shows all "
	      "commands\n",
	    stderr);
	return EX_USAGE;
}

int
main(int argc, char **argv)
{
	static struct ctl ctl; /* read after main, too */
	const struct row *row;
	const char *noun;
	static char name[64];
	bool wants_help;

	log_init("stockroomctl", LOG_WARN);
	ctl_say_init(&ctl);
	argc--;
	argv++;
	ctl.json = take_switch(&argc, argv, "--json");
	wants_help = take_switch(&argc, argv, "--help");
	row = find_row(argc, argv, &noun);
	if (wants_help && (argc == 0 || noun != NULL)) {
		if (row != NULL)
			help_command(row);
		else
			help(noun);
		return EX_OK;
	}
	if (argc == 1 && strcmp(argv[0], "--version") == 0) {
		puts("stockroomctl " PACKAGE_VERSION);
		return EX_OK;
	}
	if (row == NULL)
		return no_command(&ctl, argc, argv);
	snprintf(name, sizeof(name), "%s %s", row->noun, row->verb);
	ctl.command = name;
	ctl.synopsis = row->synopsis;
	if (row->needs != CTL_FIRST) {
		conf_load(&ctl.conf, CONF_FILE);
		ctl_owner_drop(ctl.conf.db);
	}
	return run(row, &ctl, argc - 2, argv + 2);
}
