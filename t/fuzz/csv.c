/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A file of comma-separated values: what is read, written and read again is
 * the same, and trouble has a place in the file.
 */
#include <stdio.h>
#include <string.h>

#include "fcgi-app/csv.h"
#include "shared/utf8.h"
#include "target.h"

/* The record as it was read, written as text: the caller's. */
static char *
write_record(const struct csv *csv, size_t *size)
{
	char *data = NULL;
	FILE *out = open_memstream(&data, size);
	int i;

	MUST(out != NULL);
	for (i = 0; i < csv->count; i++)
		csv_write(out, csv->delimiter, i == 0, csv->field[i].text);
	csv_write_end(out);
	MUST(fclose(out) == 0);
	return data;
}

/* A mark would be taken for the file's own: such a field is left out. */
static bool
has_mark(const struct csv *csv)
{
	return strncmp(csv->field[0].text, "\xef\xbb\xbf", 3) == 0;
}

static void
check_record(const struct csv *csv)
{
	struct csv again;
	size_t size, len;
	char *data = write_record(csv, &size);
	FILE *in = fmemopen(data, size, "r");
	int i;

	MUST(in != NULL && csv->count >= 1 && csv->count <= CSV_FIELDS_MAX);
	csv_init(&again, in, csv->delimiter);
	MUST(csv_read(&again) == CSV_RECORD && again.count == csv->count);
	for (i = 0; i < csv->count; i++) {
		len = strlen(csv->field[i].text);
		MUST(utf8_valid(csv->field[i].text, len));
		MUST(strcmp(csv->field[i].text, again.field[i].text) == 0);
		MUST(csv->field[i].place.line >= 1);
		MUST(csv->field[i].place.column >= 1);
	}
	MUST(csv_read(&again) == CSV_END);
	csv_reset(&again);
	fclose(in);
	free(data);
}

void
fuzz_csv(const uint8_t *data, size_t len)
{
	struct csv csv;
	enum csv_result result;
	char *text = fuzz_text(data, len);
	FILE *in = len > 0 ? fmemopen(text, len, "r") : NULL;

	if (in != NULL) {
		csv_init(&csv, in, len % 2 == 0 ? ',' : ';');
		while ((result = csv_read(&csv)) != CSV_END) {
			MUST(result != CSV_FAILED);
			if (result == CSV_BAD)
				MUST(csv.where.line >= 1 &&
				     csv.where.column >= 1 && csv.trouble);
			else if (!has_mark(&csv))
				check_record(&csv);
		}
		csv_reset(&csv);
		fclose(in);
	}
	free(text);
}
