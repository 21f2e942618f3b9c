/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl: the admin's command line.  A command is a row of the table in
 * ctl.c and a function of its own; it works on the open database and returns
 * the exit code, having said on standard error what went wrong and where.
 */
#ifndef FCGI_APP_CTL_H
#define FCGI_APP_CTL_H

#include <stdbool.h>

#include "db.h"
#include "shared/conf.h"
#include "shared/status.h"
#include "user.h"

#define CTL_OK      0
#define CTL_FAILURE 1
#define CTL_USAGE   64 /* EX_USAGE */

/* What every command has. */
struct ctl {
	struct conf conf;
	struct db *reader;
	const char *command;  /* "user add", for messages */
	const char *synopsis; /* of its arguments */
};

/* ARGV holds what follows the command's name, options and all. */
typedef int ctl_command(struct ctl *, int argc, char **argv);

ctl_command ctl_user_add, ctl_user_list, ctl_user_passwd, ctl_user_role;
ctl_command ctl_user_disable, ctl_user_enable;
ctl_command ctl_token_add, ctl_token_list, ctl_token_revoke;
ctl_command ctl_demo;

/* An option of a command that takes a value, or a switch. */
struct ctl_option {
	const char *name;   /* without the dashes; NULL ends */
	const char **value; /* where it goes; NULL: a switch */
	bool *on;           /* set when a switch is there */
};

/*
 * Take options and exactly COUNT other words out of the arguments, in any
 * order.  False, having said what is wrong, when they are otherwise.
 */
bool ctl_parse(const struct ctl *, int argc, char **argv,
    const struct ctl_option *, int count, const char **words);

/* Say what is wrong; return CTL_USAGE or CTL_FAILURE. */
int ctl_usage(const struct ctl *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
int ctl_fail(const struct ctl *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
/* The same for a status of the database. */
int ctl_fail_status(const struct ctl *, enum status);

/* End a write that came to ST, kept if it went well: ST, or the COMMIT's. */
enum status ctl_write_end(struct db *, enum status st);

/*
 * A password into OUT: from a terminal twice and unseen, else one line of
 * standard input.  False, having said why, when there is none.
 */
bool ctl_password(
    const struct ctl *, const char *username, char out[USER_PASSWORD_MAX + 1]);

/* "2026-11-22 20:40", UTC; "-" for 0. */
#define CTL_TIME 20
void ctl_time(int64_t utc_ms, char out[CTL_TIME]);

#endif
