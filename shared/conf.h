/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Settings: read once at start from the environment and, for what it does
 * not name, from a file of KEY=VALUE lines (systemd's EnvironmentFile form:
 * # comments, optional quotes).  conf.def is the table of them all.
 */
#ifndef SHARED_CONF_H
#define SHARED_CONF_H

#include <stdio.h>

#define CONF_FILE     "/etc/stockroom.conf"
#define CONF_EXIT     78  /* EX_CONFIG: a setting is wrong */
#define CONF_WORD_MAX 288 /* bytes, with the NUL, of a list's longest word */

/* One member a row of conf.def; texts live as long as the process. */
struct conf {
#define CONF_TEXT(field, name, check, def, help)   const char *field;
#define CONF_INT(field, name, min, max, def, help) long field;
#include "conf.def"
#undef CONF_TEXT
#undef CONF_INT
};

/*
 * Read all settings.  FILE may be missing (then only the environment
 * counts).  A wrong value, or an unreadable line of the file: one line on
 * stderr that names the setting and what is allowed, and exit CONF_EXIT.
 */
void conf_load(struct conf *, const char *file);

/* A setting as it stands, for conf_each(); all texts are borrowed. */
struct conf_entry {
	const char *name, *value, *def;
	const char *file;    /* that names it; NULL: the environment or none */
	unsigned line;       /* of the file */
	_Bool is_default;    /* nothing names it */
	const char *allowed; /* what would be; NULL: the value is */
};

/*
 * Call EACH for all settings in the table's order, wrong ones too.  A line of
 * the file that cannot be read ends the process as above.
 */
void conf_each(const char *file,
    void (*each)(const struct conf_entry *, void *arg), void *arg);

/* The table as text for --help: name, default, meaning, a line or two each. */
void conf_help(FILE *);

/*
 * The Nth (from 0) word of a comma-separated list, copied to OUT; false past
 * the end.  Spaces around words are dropped.  OUT must be large enough:
 * CONF_WORD_MAX is for any list that conf_load let through.
 */
_Bool conf_word(const char *list, unsigned n, char *out, size_t size);

#endif
