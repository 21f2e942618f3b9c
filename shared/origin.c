/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "origin.h"

#include <sys/types.h>

#include <assert.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

#define HOST_MAX   253
#define REGEX_MAX  500 /* bytes of the regular expression */
#define REPEAT_MAX 255 /* product of its {n,m}: glibc copies that often */
#define USES_MAX   255 /* of it until it is made anew */

_Static_assert(ORIGIN_MAX <= CONF_WORD_MAX, "a list's words are long enough");

/*
 * The expression of the settings.  glibc keeps what it learns of an
 * expression while it matches, without bounds: it is made anew at times.
 */
static struct {
	bool ready;
	const char *text; /* "": there is none */
	pthread_mutex_t mu;
	regex_t re;
	int uses; /* of re, so far */
} allowed = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* --- Reading --- */

/* The port of ":port" or of nothing; -1 when it is neither. */
static long
read_port(const char *text, long otherwise)
{
	size_t n;
	long port;

	if (text[0] == '\0')
		return otherwise;
	n = strspn(text + 1, DIGITS);
	if (text[0] != ':' || n == 0 || n > 5 || text[1 + n] != '\0' ||
	    text[1] == '0')
		return -1;
	port = strtol(text + 1, NULL, 10);
	return port <= 65535 ? port : -1;
}

/* Bytes of a host name or of an IPv6 address in brackets; 0: neither. */
static size_t
host_length(const char *text)
{
	size_t n;

	if (text[0] == '[') {
		n = 1 + strspn(text + 1, DIGITS "abcdef:.");
		return n > 2 && text[n] == ']' ? n + 1 : 0;
	}
	n = strspn(text, LETTERS DIGITS "-._");
	return text[0] == '.' || text[0] == '-' ? 0 : n;
}

bool
origin_normal(const char *text, char out[ORIGIN_MAX])
{
	char lower[ORIGIN_MAX];
	const char *host;
	size_t n = strlen(text), len;
	long port, usual = 80;

	if (n >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z'
				      ? text[i] - 'A' + 'a'
				      : text[i]);
	if (strncmp(lower, "https://", 8) == 0) {
		host = lower + 8;
		usual = 443;
	} else if (strncmp(lower, "http://", 7) == 0) {
		host = lower + 7;
	} else {
		return false;
	}
	len = host_length(host);
	port = read_port(host + len, usual);
	if (len == 0 || len > HOST_MAX || port == -1)
		return false;
	if (port == usual)
		snprintf(
		    out, ORIGIN_MAX, "%.*s", (int)(host - lower + len), lower);
	else
		memcpy(out, lower, n + 1);
	return true;
}

bool
origin_same(const char *a, const char *b)
{
	char x[ORIGIN_MAX], y[ORIGIN_MAX];

	return origin_normal(a, x) && origin_normal(b, y) && strcmp(x, y) == 0;
}

/* --- The regular expression --- */

/*
 * The greatest number of "{n,m}", at least 1, for "{n,}" one more: it is "n
 * times, then any"; above REPEAT_MAX: too great.
 */
static unsigned long
interval(const char *text)
{
	unsigned long most = 1, n;
	char *end;

	for (text += text[1] == ',' ? 2 : 1; *text >= '0' && *text <= '9';
	     text = end + strspn(end, ",")) {
		n = strtoul(text, &end, 10);
		most = n > most ? n : most;
	}
	if (most <= REPEAT_MAX && text[-1] == ',' && *text == '}')
		most++;
	return most > REPEAT_MAX ? REPEAT_MAX + 1 : most;
}

/*
 * Whether TEXT costs little, whatever it is asked about: repetitions that
 * multiply take memory without bounds, back-references take time.
 */
static bool
is_cheap(const char *text)
{
	unsigned long product = 1;

	if (strlen(text) > REGEX_MAX)
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '{')
			product *= interval(p);
		/* A group, or a repetition, and then any number of it. */
		if (*p == '+' && p > text && strchr(")}*+?", p[-1]) != NULL)
			product *= 2;
		if (product > REPEAT_MAX)
			return false;
		if (*p == '\\' && *++p >= '1' && *p <= '9')
			return false;
		if (*p == '\0')
			break;
	}
	return true;
}

/* Not wrapped into "^(...)$", out of which a ")" could break. */
static int
compile(const char *text, regex_t *re)
{
	return regcomp(re, text, REG_EXTENDED | REG_ICASE);
}

const char *
origin_check_regex(const char *text)
{
	static char what[200];
	char why[80] = "this one costs too much";
	regex_t re;
	int code = 0;

	if (text[0] == '\0')
		return NULL;
	if (is_cheap(text) && (code = compile(text, &re)) == 0) {
		regfree(&re);
		return NULL;
	}
	if (code != 0)
		regerror(code, NULL, why, sizeof(why));
	snprintf(what, sizeof(what),
	    "empty, or a POSIX extended regular expression of at most %d "
	    "bytes, without back-references (%s)",
	    REGEX_MAX, why);
	return what;
}

static void
compile_allowed(void)
{
	if (compile(allowed.text, &allowed.re) != 0)
		log_fatal(EX_OSERR, "ALLOW_ORIGIN_REGEX: out of memory");
	allowed.uses = 0;
}

void
origin_init(const struct conf *conf)
{
	assert(!allowed.ready);
	allowed.text = conf->allow_origin_regex;
	if (allowed.text[0] != '\0')
		compile_allowed();
	allowed.ready = true;
}

/* POSIX finds the leftmost longest match: is it the whole text? */
static bool
matches_whole(const char *text)
{
	regmatch_t m;
	bool whole;

	if (allowed.text[0] == '\0')
		return false;
	pthread_mutex_lock(&allowed.mu);
	if (allowed.uses++ == USES_MAX) {
		regfree(&allowed.re);
		compile_allowed();
	}
	whole = regexec(&allowed.re, text, 1, &m, 0) == 0 && m.rm_so == 0 &&
		(size_t)m.rm_eo == strlen(text);
	pthread_mutex_unlock(&allowed.mu);
	return whole;
}

bool
origin_allowed(const struct conf *conf, const char *origin)
{
	char normal[ORIGIN_MAX], word[CONF_WORD_MAX];

	assert(allowed.ready);
	if (origin == NULL || !origin_normal(origin, normal))
		return false;
	for (unsigned i = 0;
	     conf_word(conf->allow_origins, i, word, sizeof(word)); i++)
		if (origin_same(word, normal))
			return true;
	return matches_whole(normal);
}
