/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Lines of KEY=VALUE in the form of systemd's EnvironmentFile, without its
 * continued lines.  Only conf.c needs this.
 */
#ifndef SHARED_CONF_FILE_H
#define SHARED_CONF_FILE_H

/* What a line holds. */
enum conf_line { CONF_LINE_EMPTY, CONF_LINE_PAIR, CONF_LINE_BAD };

/*
 * Read one line without its newline, in place: empty or a comment; a pair,
 * *KEY and *VALUE set, both within LINE; or bad, *WHY says why.
 */
enum conf_line conf_file_line(
    char *line, char **key, char **value, const char **why);

#endif
