/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "csv.h"

#include <errno.h>
#include <string.h>

#include "shared/utf8.h"

void
csv_init(struct csv *csv, FILE *in, char delimiter)
{
	memset(csv, 0, sizeof(*csv));
	csv->in = in;
	csv->delimiter = delimiter;
	csv->text.max = CSV_RECORD_MAX;
	csv->next = (struct csv_place){1, 1};
}

void
csv_rewind(struct csv *csv)
{
	rewind(csv->in);
	csv->next = (struct csv_place){1, 1};
	csv->begun = false;
	csv->error = 0;
}

void
csv_reset(struct csv *csv)
{
	buf_reset(&csv->text);
	memset(csv, 0, sizeof(*csv));
}

/* The next byte, EOF at the end; keeps count of lines and characters. */
static int
get(struct csv *csv)
{
	int c = getc_unlocked(csv->in);

	if (c == '\n')
		csv->next = (struct csv_place){csv->next.line + 1, 1};
	else if (c != EOF && (c & 0xc0) != 0x80)
		csv->next.column++;
	return c;
}

/* The next byte, which stays where it is. */
static int
peek(struct csv *csv)
{
	int c = getc_unlocked(csv->in);

	if (c != EOF)
		ungetc(c, csv->in);
	return c;
}

static enum csv_result
bad(struct csv *csv, struct csv_place where, const char *trouble)
{
	csv->where = where;
	csv->trouble = trouble;
	return CSV_BAD;
}

static void
add(struct csv *csv, int c)
{
	char byte = (char)c;

	buf_add(&csv->text, &byte, 1);
}

/* A line feed comes next: the returns before it are its own. */
static void
drop_returns(struct csv *csv, size_t start)
{
	struct buf *text = &csv->text;

	while (text->len > start && text->data[text->len - 1] == '\r')
		text->data[--text->len] = '\0';
}

/*
 * What stands after the opening quote, up to the closing one; *C is what
 * follows that.
 */
static enum csv_result
read_quoted(struct csv *csv, struct csv_place open, int *c)
{
	size_t start = csv->text.len;

	for (;;) {
		*c = get(csv);
		if (*c == EOF)
			return bad(csv, open, "this quote is never closed");
		if (*c == '"') {
			*c = peek(csv);
			if (*c != '"')
				break;
			get(csv);
		}
		if (*c == '\n')
			drop_returns(csv, start);
		add(csv, *c);
	}
	open = csv->next;
	*c = get(csv);
	if (*c == '\r' && peek(csv) == '\n')
		*c = get(csv);
	if (*c != EOF && *c != '\n' && *c != csv->delimiter)
		return bad(csv, open,
		    "something follows the closing quote; a quote within a "
		    "quoted field is doubled");
	return CSV_RECORD;
}

/* A field that begins with *C; *C is what ended it. */
static enum csv_result
read_plain(struct csv *csv, int *c)
{
	struct csv_place here = csv->next;

	while (*c != EOF && *c != '\n' && *c != csv->delimiter) {
		if (*c == '\r' && peek(csv) == '\n') {
			*c = get(csv);
			break;
		}
		if (*c == '"')
			return bad(csv, here,
			    "a quote stands within a field that does not "
			    "begin with one");
		if (*c == '\r')
			return bad(csv, here,
			    "a carriage return stands without a line feed");
		add(csv, *c);
		here = csv->next;
		*c = get(csv);
	}
	return CSV_RECORD;
}

/* One field with its NUL; *C is what ended it. */
static enum csv_result
read_field(struct csv *csv, int *c)
{
	struct csv_place here = csv->next;
	size_t start = csv->text.len, len;
	enum csv_result result;
	const char *text;

	if (csv->count == CSV_FIELDS_MAX)
		return bad(csv, here, "there are more than 128 fields");
	*c = get(csv);
	csv->start[csv->count] = start;
	csv->field[csv->count].place = here;
	if (*c == '"')
		result = read_quoted(csv, here, c);
	else
		result = read_plain(csv, c);
	if (result != CSV_RECORD)
		return result;
	if (csv->text.full)
		return bad(csv, here, "the record is longer than 64 KiB");
	/* There may be no text at all yet. */
	len = csv->text.len - start;
	text = len > 0 ? csv->text.data + start : "";
	if (memchr(text, '\0', len) != NULL)
		return bad(
		    csv, here, "it holds a NUL byte; text must be UTF-8");
	if (!utf8_valid(text, len))
		return bad(csv, here, "it is not UTF-8");
	add(csv, '\0');
	csv->count++;
	return CSV_RECORD;
}

/* After trouble: drop what is left of the line; *C was read last. */
static void
skip_line(struct csv *csv, int c)
{
	while (c != EOF && c != '\n')
		c = get(csv);
}

/* The byte order mark, if there is one. */
static void
skip_mark(struct csv *csv)
{
	csv->begun = true;
	if (peek(csv) != 0xef)
		return;
	getc_unlocked(csv->in);
	if (peek(csv) != 0xbb) {
		ungetc(0xef, csv->in);
		return;
	}
	getc_unlocked(csv->in);
	if (peek(csv) == 0xbf) {
		getc_unlocked(csv->in);
	} else {
		ungetc(0xbb, csv->in);
		ungetc(0xef, csv->in);
	}
}

/* All fields up to the end of the record. */
static enum csv_result
read_record(struct csv *csv)
{
	enum csv_result result;
	int c = 0;

	csv->count = 0;
	buf_clear(&csv->text);
	do {
		if ((result = read_field(csv, &c)) != CSV_RECORD) {
			skip_line(csv, c);
			return result;
		}
	} while (c == csv->delimiter);
	for (int i = 0; i < csv->count; i++)
		csv->field[i].text = csv->text.data + csv->start[i];
	return CSV_RECORD;
}

/* The stream's error stays, but not its errno. */
static enum csv_result
failed(struct csv *csv)
{
	if (csv->error == 0)
		csv->error = errno;
	return CSV_FAILED;
}

enum csv_result
csv_read(struct csv *csv)
{
	enum csv_result result;

	if (!csv->begun)
		skip_mark(csv);
	do {
		if (peek(csv) == EOF)
			return ferror(csv->in) ? failed(csv) : CSV_END;
		result = read_record(csv);
		if (ferror(csv->in))
			return failed(csv);
	} while (result == CSV_RECORD && csv->count == 1 &&
		 csv->field[0].text[0] == '\0');
	return result;
}

/* Whether a field can only stand within quotes. */
static bool
needs_quotes(const char *text, char delimiter)
{
	size_t len = strlen(text);

	return strchr(text, delimiter) != NULL ||
	       text[strcspn(text, "\"\r\n")] != '\0' ||
	       (len > 0 && (text[0] == ' ' || text[len - 1] == ' '));
}

void
csv_write(FILE *out, char delimiter, bool first, const char *text)
{
	if (!first)
		putc(delimiter, out);
	if (!needs_quotes(text, delimiter)) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

void
csv_write_end(FILE *out)
{
	fputs("\r\n", out);
}

bool
csv_is_risky(const char *text)
{
	return text[0] != '\0' && strchr("=+-@\t\r'", text[0]) != NULL;
}

const char *
csv_unguard(const char *text)
{
	return text[0] == '\'' && csv_is_risky(text + 1) ? text + 1 : text;
}
