/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Comma-separated values as RFC 4180 has them, read and written a record at
 * a time.  The text is UTF-8, with or without a byte order mark; records end
 * with CRLF or LF; a quoted field may hold line ends, which are read as LF.
 * What is wrong is told with its line and column, and reading goes on with
 * the next line.
 */
#ifndef FCGI_APP_CSV_H
#define FCGI_APP_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/buf.h"

#define CSV_FIELDS_MAX 128   /* fields of a record */
#define CSV_RECORD_MAX 65536 /* bytes of all its fields */

/* A place in the file, both from 1; the column counts characters. */
struct csv_place {
	int64_t line;
	int column;
};

struct csv_field {
	const char *text; /* borrowed until the next csv_read(); a NUL ends */
	struct csv_place place;
};

enum csv_result {
	CSV_RECORD, /* one was read */
	CSV_END,    /* there are no more */
	CSV_BAD,    /* it is malformed: see trouble and where */
	CSV_FAILED  /* the file cannot be read: see error */
};

struct csv {
	FILE *in;
	char delimiter;
	struct csv_field field[CSV_FIELDS_MAX];
	int count;
	const char *trouble;    /* static */
	struct csv_place where; /* of the trouble */
	int error;              /* errno of a read that failed, or 0 */

	struct csv_place next; /* of the byte to be read next */
	struct buf text;       /* of the fields, each with a NUL */
	size_t start[CSV_FIELDS_MAX];
	bool begun; /* the byte order mark is behind us */
};

/* Prepare to read from IN, which stays the caller's. */
void csv_init(struct csv *, FILE *in, char delimiter);
/* Begin again with the file's first record. */
void csv_rewind(struct csv *);
void csv_reset(struct csv *);

/* The next record that is not an empty line. */
enum csv_result csv_read(struct csv *);

/*
 * Write a field, quoted where it must be, after a delimiter unless it is the
 * record's FIRST; then the record's end.  Errors stay with the stream.
 */
void csv_write(FILE *, char delimiter, bool first, const char *text);
void csv_write_end(FILE *);

/*
 * Spreadsheets run a text that begins with = + - @ TAB or CR as a formula.
 * Such a text, and one that begins with an apostrophe, is written behind an
 * apostrophe; reading takes that one away again, so that both are exact.
 */
bool csv_is_risky(const char *text);
/* The text that was meant: past the apostrophe, if it guards one. */
const char *csv_unguard(const char *text);

#endif
