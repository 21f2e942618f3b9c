/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The arguments of a command: options and words.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

const struct ctl_option ctl_no_options[] = {{NULL, NULL, NULL}};

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
take_option(struct ctl *ctl, int argc, char **argv, int *i,
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
ctl_parse(struct ctl *ctl, int argc, char **argv,
    const struct ctl_option *options, int least, int most, const char **words)
{
	bool plain = false; /* after "--" */
	int i, n = 0;

	for (i = 0; i < most; i++)
		words[i] = NULL;
	for (i = 0; i < argc; i++) {
		if (!plain && strcmp(argv[i], "--") == 0)
			plain = true;
		else if (!plain && strncmp(argv[i], "--", 2) == 0) {
			if (!take_option(ctl, argc, argv, &i, options))
				return false;
		} else if (n == most) {
			ctl_usage(ctl, "\"%s\" is one word too many", argv[i]);
			return false;
		} else
			words[n++] = argv[i];
	}
	if (n < least)
		ctl_usage(ctl, "a word is missing");
	return n >= least;
}

bool
ctl_number(struct ctl *ctl, const char *name, const char *text, int64_t min,
    int64_t max, int64_t *out)
{
	size_t len;
	int64_t n;

	if (text == NULL)
		return true;
	len = strlen(text);
	n = len > 0 && len <= 12 && strspn(text, "0123456789") == len
		? strtoll(text, NULL, 10)
		: -1;
	if (n < min || n > max) {
		ctl_usage(ctl, "--%s must be a whole number from %lld to %lld",
		    name, (long long)min, (long long)max);
		return false;
	}
	*out = n;
	return true;
}
