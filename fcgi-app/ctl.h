/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl: the admin's command line.  A command is a row of ctl.def and
 * a function; it works on the open database and returns an exit code of
 * sysexits(3), having said on standard error what went wrong and where.  What
 * it has to tell it gives to ctl_answer() or ctl_list() as JSON, so that with
 * --json exactly one document comes out, for failures too.
 */
#ifndef FCGI_APP_CTL_H
#define FCGI_APP_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include <json-c/json.h>

#include "db.h"
#include "shared/conf.h"
#include "shared/status.h"
#include "user.h"

/* What is open when a command runs. */
enum ctl_needs {
	CTL_FIRST,   /* nothing, not even settings */
	CTL_ALONE,   /* the settings are read */
	CTL_DATABASE /* the database, made and migrated when needed, and the
			ticket key */
};

/* What every command has. */
struct ctl {
	struct conf conf;
	struct db *reader;    /* NULL when CTL_ALONE */
	const char *command;  /* "user add", for messages */
	const char *synopsis; /* of its arguments */
	bool json;            /* --json was given */
};

/* ARGV holds what follows the command's name, options and all. */
typedef int ctl_command(struct ctl *, int argc, char **argv);
#define CTL(noun, verb, needs, synopsis, help, details)                        \
	ctl_command ctl_##noun##_##verb;
#include "ctl.def"
#undef CTL

/* --- Arguments (ctl-args.c) --- */

/* An option of a command that takes a value, or a switch. */
struct ctl_option {
	const char *name;   /* without the dashes; NULL ends */
	const char **value; /* where it goes; NULL: a switch */
	bool *on;           /* set when a switch is there */
};
extern const struct ctl_option ctl_no_options[];

/*
 * Take options, and LEAST to MOST other words, out of the arguments, in any
 * order; words that are not there are NULL.  False, having said what is
 * wrong, when they are otherwise.
 */
bool ctl_parse(struct ctl *, int argc, char **argv, const struct ctl_option *,
    int least, int most, const char **words);

/*
 * The whole number MIN to MAX that option NAME was given; TEXT NULL leaves
 * *OUT as it is.  False, having said what is allowed.
 */
bool ctl_number(struct ctl *, const char *name, const char *text, int64_t min,
    int64_t max, int64_t *out);

/*
 * The character that parts fields, from --delimiter (ctl-export.c); TEXT NULL
 * is a comma.  False, having said what is allowed.
 */
bool ctl_delimiter(struct ctl *, const char *text, char *out);

/* --- Trouble (ctl-say.c): one line "stockroomctl: NOUN VERB: ..." --- */

/* Say what is wrong with the arguments, and the usage; EX_USAGE. */
int ctl_usage(struct ctl *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));
/* Say why it cannot be done; CODE, one of sysexits(3). */
int ctl_fail(struct ctl *, int code, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
/* The same for a status of the database, and for an errno about WHAT. */
int ctl_fail_status(struct ctl *, enum status);
int ctl_fail_errno(struct ctl *, const char *what, int error);
/* Write what a stream still holds; 0, or the errno of what it has lost. */
int ctl_flush(FILE *);
/* Say something that is no failure. */
void ctl_note(struct ctl *, const char *fmt, ...)
    __attribute__((__format__(printf, 2, 3)));

/* The exit codes that a status and an errno mean. */
int ctl_code(enum status);
int ctl_code_errno(int error);

/* From now on what the modules log is said in the same style. */
void ctl_say_init(struct ctl *);

/* --- Answers (ctl-answer.c) --- */

/*
 * What a command came to: OBJ, which is consumed, with --json; else the text,
 * and a line feed.  EX_OK.
 */
int ctl_answer(struct ctl *, struct json_object *obj, const char *fmt, ...)
    __attribute__((__format__(printf, 3, 4)));
/*
 * Form what OBJ will be as text, so that ctl_answer() needs no memory for it:
 * before the COMMIT, for what can be told only once.
 */
void ctl_answer_form(struct ctl *, struct json_object *obj);
/* The document alone, whatever was asked for; consumed.  For failures that
 * have more to tell than a line.  CODE. */
int ctl_answer_code(struct ctl *, struct json_object *obj, int code);

/* A column of a list; a row is an object. */
struct ctl_column {
	const char *key;     /* of its member: text, number or null */
	const char *heading; /* NULL ends */
};
/*
 * Print {KEY: ARRAY} with --json, else a table of its rows; ARRAY is
 * consumed.  Times of RFC 3339 are shortened to minutes.  EX_OK.
 */
int ctl_list(struct ctl *, const char *key, struct json_object *array,
    const struct ctl_column *);

/* The command writes the one document itself, from now on. */
void ctl_answer_begun(void);

/* With --json and nothing printed yet: the document that tells of CODE. */
void ctl_answer_failure(struct ctl *, int code, const char *message);

/* Short for members of an answer; TEXT may be NULL: null. */
void ctl_put_text(struct json_object *, const char *key, const char *text);
void ctl_put_int(struct json_object *, const char *key, int64_t value);
void ctl_put_bool(struct json_object *, const char *key, bool value);
/* A time in ms since 1970 as RFC 3339; 0: null. */
void ctl_put_time(struct json_object *, const char *key, int64_t utc_ms);

/* --- The terminal (ctl-terminal.c) --- */

/*
 * A password into OUT: from a terminal twice and unseen, else one line of
 * standard input.  False, having said why, when there is none.
 */
bool ctl_password(
    struct ctl *, const char *username, char out[USER_PASSWORD_MAX + 1]);

/*
 * Ask QUESTION on the terminal; true for "yes".  Without a terminal nobody
 * can be asked: false, having said that OPTION would do.
 */
bool ctl_confirm(struct ctl *, const char *question, const char *option);

/* Of this program: "1.2.3" (ctl.c). */
extern const char ctl_version[];

/* --- The database --- */

/* End a write that came to ST, kept if it went well: ST, or the COMMIT's. */
enum status ctl_write_end(struct db *, enum status st);
/* The same for all that a command does: what is left is to tell of it. */
enum status ctl_write_last(struct db *, enum status st);
/*
 * The same for what takes rights from somebody: the relay hears of it at once,
 * which under plain CGI nobody else would tell it before the next request.
 */
enum status ctl_write_told(struct ctl *, struct db *, enum status st);

#endif
