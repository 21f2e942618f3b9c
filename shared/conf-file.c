/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "conf-file.h"

#include <stddef.h>
#include <string.h>

/*
 * Take quotes and backslashes off, in place.  As in a shell a backslash
 * keeps itself within single quotes, and within double quotes unless it is
 * before one of the four that it can protect.  NULL, or what is wrong.
 */
static const char *
unquote(char *value)
{
	const char *in = value;
	char *out = value, *end = value;
	char quote = '\0';

	for (; *in != '\0'; in++) {
		if (quote == '\0' && (*in == '"' || *in == '\'')) {
			quote = *in;
			end = out;
			continue;
		}
		if (quote != '\0' && *in == quote) {
			quote = '\0';
			end = out;
			continue;
		}
		if (*in == '\\' && quote != '\'') {
			if (in[1] == '\0')
				return "a line cannot be continued";
			if (quote == '\0' || strchr("\"\\`$", in[1]) != NULL)
				in++;
			*out++ = *in;
			end = out;
			continue;
		}
		*out++ = *in;
		/* Unquoted space at the end does not count. */
		if (quote != '\0' || (*in != ' ' && *in != '\t'))
			end = out;
	}
	*end = '\0';
	return quote == '\0' ? NULL : "a quote is not closed on its line";
}

enum conf_line
conf_file_line(char *line, char **key, char **value, const char **why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n;

	line[strcspn(line, "\r")] = '\0';
	line += strspn(line, " \t");
	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return CONF_LINE_EMPTY;
	n = strspn(line, letters);
	if (n > 0)
		n += strspn(line + n,
		    "0123456789_"
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (n == 0 || line[n] != '=') {
		*why = "a line must read NAME=value, without space before "
		       "the \"=\"";
		return CONF_LINE_BAD;
	}
	line[n] = '\0';
	*key = line;
	*value = line + n + 1;
	*value += strspn(*value, " \t");
	*why = unquote(*value);
	return *why == NULL ? CONF_LINE_PAIR : CONF_LINE_BAD;
}
