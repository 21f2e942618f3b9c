/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "conf.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

#include "conf-check.h"
#include "conf-file.h"
#include "utf8.h"

#define FILE_MAX 65536 /* bytes of a settings file, at most */
#define WIDTH    78    /* columns of the help */
#define INDENT   8

extern char **environ;

/* A row of conf.def. */
struct row {
	const char *name;
	const char *(*check)(const char *); /* NULL: a number */
	long min;
	long max;
	const char *def;
	const char *help;
};

/* clang-format off */
static const struct row rows[] = {
#define CONF_TEXT(field, name, check, def, help) \
	{ #name, check, 0, 0, def, help },
#define CONF_INT(field, name, min, max, def, help) \
	{ #name, NULL, min, max, #def, help },
#include "conf.def"
#undef CONF_TEXT
#undef CONF_INT
};
/* clang-format on */
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* A value and where it was found. */
struct found {
	const char *text;
	const char *file; /* NULL: the environment or the default */
	unsigned line;
};

/* Texts handed out: they stay for as long as the process. */
struct kept {
	struct kept *next;
	char text[];
};
static struct kept *kept;

/* Begin the one line of a complaint. */
static void
complain(const char *name, const char *file, unsigned line)
{
	fputs("stockroom: ", stderr);
	if (file != NULL)
		fprintf(stderr, "%s, line %u: ", file, line);
	if (name != NULL)
		fprintf(stderr, "%s: ", name);
}

/* Print within quotes what may be anything. */
static void
complain_value(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t ch;

	fputc('"', stderr);
	for (; len > 0; text += n, len -= n) {
		n = utf8_next(text, len, &ch);
		if (n != 0 && ch >= 0x20 && (ch < 0x7f || ch > 0x9f)) {
			fwrite(text, 1, n, stderr);
			continue;
		}
		n = 1;
		fprintf(stderr, "\\x%02X", (unsigned char)text[0]);
	}
	fputc('"', stderr);
}

static char *
keep(const char *text)
{
	size_t size = strlen(text) + 1;
	struct kept *k;

	if ((k = malloc(sizeof(*k) + size)) == NULL) {
		complain(NULL, NULL, 0);
		fputs("out of memory\n", stderr);
		exit(CONF_EXIT);
	}
	memcpy(k->text, text, size);
	k->next = kept;
	kept = k;
	return k->text;
}

/* The row of a setting; N_ROWS when there is none. */
static size_t
find_row(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_ROWS; i++)
		if (strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			break;
	return i;
}

/* Whether a name looks like a setting of ours. */
static bool
is_ours(const char *name)
{
	return strncmp(name, "STOCKROOM_", 10) == 0 ||
	       strncmp(name, "ALLOW_ORIGIN", 12) == 0;
}

static void
read_line(const char *file, unsigned n, char *line, struct found *found)
{
	char *key, *value;
	const char *why;
	size_t row;

	switch (conf_file_line(line, &key, &value, &why)) {
	case CONF_LINE_EMPTY:
		return;
	case CONF_LINE_BAD:
		complain(NULL, file, n);
		fprintf(stderr, "%s\n", why);
		exit(CONF_EXIT);
	case CONF_LINE_PAIR:
		break;
	}
	row = find_row(key, strlen(key));
	if (row < N_ROWS)
		found[row] = (struct found){keep(value), file, n};
	else if (is_ours(key)) {
		complain(key, file, n);
		fputs("there is no such setting\n", stderr);
		exit(CONF_EXIT);
	}
}

/* Read a file whole; an empty text when there is none. */
static void
slurp(const char *file, char *text, size_t size)
{
	FILE *fp;
	size_t n;

	text[0] = '\0';
	if ((fp = fopen(file, "re")) == NULL && errno == ENOENT)
		return;
	n = fp == NULL ? 0 : fread(text, 1, size, fp);
	if (fp == NULL || ferror(fp) || n == size ||
	    memchr(text, '\0', n) != NULL) {
		complain(NULL, NULL, 0);
		fprintf(stderr, "%s: %s\n", file,
		    fp == NULL || ferror(fp)
			? strerror(errno)
			: "not a settings file: larger than 64 KiB"
			  " or not text");
		exit(CONF_EXIT);
	}
	text[n] = '\0';
	fclose(fp);
}

static void
read_file(const char *file, struct found *found)
{
	static char text[FILE_MAX];
	char *line = text, *end;
	unsigned n = 1;

	slurp(file, text, sizeof(text));
	for (; line != NULL; line = end, n++) {
		if ((end = strchr(line, '\n')) != NULL)
			*end++ = '\0';
		read_line(file, n, line, found);
	}
}

static void
read_environment(struct found *found)
{
	char **p;
	size_t row, len;

	for (p = environ; p != NULL && *p != NULL; p++) {
		len = strcspn(*p, "=");
		row = find_row(*p, len);
		if (row < N_ROWS && (*p)[len] == '=')
			found[row] =
			    (struct found){keep(*p + len + 1), NULL, 0};
		else if (is_ours(*p)) {
			complain(NULL, NULL, 0);
			fprintf(stderr,
			    "warning: %.*s: there is no such "
			    "setting; ignored\n",
			    (int)len, *p);
		}
	}
}

/* What is allowed where TEXT is not; NULL: it is.  Static. */
static const char *
judge(const struct row *row, const char *text)
{
	static char range[80];
	size_t len = strlen(text);
	long value;

	if (row->check != NULL)
		return row->check(text);
	snprintf(range, sizeof(range), "a whole number from %ld to %ld",
	    row->min, row->max);
	if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
		return range;
	value = strtol(text, NULL, 10);
	return value < row->min || value > row->max ? range : NULL;
}

/* A value that is allowed; else the complaint, and the end. */
static const char *
take(const struct row *row, const struct found *f)
{
	const char *allowed;

	if ((allowed = judge(row, f->text)) == NULL)
		return f->text;
	complain(row->name, f->file, f->line);
	complain_value(f->text);
	fprintf(stderr, " is not allowed: %s\n", allowed);
	exit(CONF_EXIT);
}

/* Where each setting is found; an empty one is as good as none. */
static void
find_all(const char *file, struct found found[N_ROWS])
{
	size_t i;

	read_file(file, found);
	read_environment(found);
	for (i = 0; i < N_ROWS; i++)
		if (found[i].text == NULL || found[i].text[0] == '\0')
			found[i] = (struct found){rows[i].def, NULL, 0};
}

void
conf_load(struct conf *conf, const char *file)
{
	struct found found[N_ROWS] = {0};
	size_t i = 0;

	find_all(file, found);
/* clang-format off */
#define CONF_TEXT(field, name, check, def, help) \
	conf->field = take(&rows[i], &found[i]), i++;
#define CONF_INT(field, name, min, max, def, help) \
	conf->field = strtol(take(&rows[i], &found[i]), NULL, 10), i++;
#include "conf.def"
#undef CONF_TEXT
#undef CONF_INT
	/* clang-format on */
	assert(i == N_ROWS);
}

void
conf_each(const char *file, void (*each)(const struct conf_entry *, void *arg),
    void *arg)
{
	struct found found[N_ROWS] = {0};
	struct conf_entry entry;
	size_t i;

	find_all(file, found);
	for (i = 0; i < N_ROWS; i++) {
		entry.name = rows[i].name;
		entry.value = found[i].text;
		entry.def = rows[i].def;
		entry.file = found[i].file;
		entry.line = found[i].line;
		entry.is_default = found[i].text == rows[i].def;
		entry.allowed = judge(&rows[i], found[i].text);
		each(&entry, arg);
	}
}

/* Words of TEXT, indented and broken before WIDTH. */
static void
put_paragraph(FILE *fp, const char *text)
{
	size_t column = 0, n;

	for (; *text != '\0'; text += n, text += strspn(text, " ")) {
		n = strcspn(text, " ");
		if (column != 0 && column + 1 + n > WIDTH) {
			fputc('\n', fp);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(fp, "%*s", INDENT, "");
		else
			column += (size_t)fprintf(fp, " ");
		column += fwrite(text, 1, n, fp);
	}
	fputc('\n', fp);
}

void
conf_help(FILE *fp)
{
	size_t i;

	for (i = 0; i < N_ROWS; i++) {
		fprintf(fp, "  %s=%s\n", rows[i].name, rows[i].def);
		put_paragraph(fp, rows[i].help);
	}
}

_Bool
conf_word(const char *list, unsigned n, char *out, size_t size)
{
	size_t len;

	for (;; list++) {
		list += strspn(list, " \t");
		len = strcspn(list, ",");
		if (n-- == 0)
			break;
		list += len;
		if (*list == '\0')
			return false;
	}
	/* An empty list has no words; ",," has empty ones. */
	while (len > 0 && (list[len - 1] == ' ' || list[len - 1] == '\t'))
		len--;
	if (len == 0 && *list == '\0')
		return false;
	assert(len < size);
	memcpy(out, list, len);
	out[len] = '\0';
	return true;
}
