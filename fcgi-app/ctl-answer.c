/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a command has to tell, for people or as one JSON document.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "shared/utf8.h"

#define COLUMNS_MAX 16

static bool answered; /* the one document is out */

/* json-c keeps the text's memory with the object. */
static const char *
document(struct json_object *obj)
{
	return json_object_to_json_string_ext(
	    obj, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
}

static void
print_document(struct json_object *obj)
{
	puts(document(obj));
	answered = true;
}

void
ctl_answer_form(struct ctl *ctl, struct json_object *obj)
{
	static char buffer[BUFSIZ];

	if (ctl->json)
		document(obj);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

void
ctl_answer_begun(void)
{
	answered = true;
}

int
ctl_answer(struct ctl *ctl, struct json_object *obj, const char *fmt, ...)
{
	va_list ap;

	if (ctl->json) {
		print_document(obj);
	} else {
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		putchar('\n');
	}
	json_object_put(obj);
	return EX_OK;
}

int
ctl_answer_code(struct ctl *ctl, struct json_object *obj, int code)
{
	if (ctl->json)
		print_document(obj);
	json_object_put(obj);
	return code;
}

void
ctl_answer_failure(struct ctl *ctl, int code, const char *message)
{
	struct json_object *obj, *error;

	if (!ctl->json || answered)
		return;
	error = json_object_new_object();
	ctl_put_int(error, "exit", code);
	ctl_put_text(error, "command", ctl->command);
	ctl_put_text(error, "message", message);
	obj = json_object_new_object();
	json_object_object_add(obj, "error", error);
	print_document(obj);
	json_object_put(obj);
	fflush(stdout);
}

#define CELL (4 * 4096) /* bytes of a cell, each of its text written out */

/* A member as a table shows it: "2026-11-22 20:40" for a time. */
static const char *
cell(struct json_object *row, const char *key, char out[CELL])
{
	struct json_object *value = NULL;
	const char *text;

	json_object_object_get_ex(row, key, &value);
	if (value == NULL)
		return "-";
	text = json_object_get_string(value);
	if (text[0] == '\0')
		return "-";
	if (strlen(text) != CLOCK_TEXT - 1 || text[10] != 'T' ||
	    text[CLOCK_TEXT - 2] != 'Z')
		utf8_plain(text, out, CELL);
	else
		snprintf(out, CELL, "%.10s %.5s", text, text + 11);
	return out;
}

static int
width(const char *text)
{
	return (int)utf8_characters(text, strlen(text));
}

/* A line of the table; the last column is not padded. */
static void
print_row(struct json_object *row, const struct ctl_column *columns,
    const int *widths)
{
	const struct ctl_column *c;
	const char *text;
	char out[CELL];

	for (c = columns; c->heading != NULL; c++) {
		text = row != NULL ? cell(row, c->key, out) : c->heading;
		fputs(text, stdout);
		if (c[1].heading != NULL)
			printf(
			    "%*s", widths[c - columns] - width(text) + 2, "");
	}
	putchar('\n');
}

static void
print_table(struct json_object *array, const struct ctl_column *columns)
{
	int widths[COLUMNS_MAX], w, n = 0;
	size_t i, count = json_object_array_length(array);
	char out[CELL];

	for (; columns[n].heading != NULL; n++) {
		widths[n] = width(columns[n].heading);
		for (i = 0; i < count; i++) {
			w = width(cell(json_object_array_get_idx(array, i),
			    columns[n].key, out));
			if (w > widths[n])
				widths[n] = w;
		}
	}
	print_row(NULL, columns, widths);
	for (i = 0; i < count; i++)
		print_row(json_object_array_get_idx(array, i), columns, widths);
}

int
ctl_list(struct ctl *ctl, const char *key, struct json_object *array,
    const struct ctl_column *columns)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, key, array);
	if (ctl->json)
		print_document(obj);
	else
		print_table(array, columns);
	json_object_put(obj);
	return EX_OK;
}

void
ctl_put_text(struct json_object *obj, const char *key, const char *text)
{
	json_object_object_add(
	    obj, key, text != NULL ? json_object_new_string(text) : NULL);
}

void
ctl_put_int(struct json_object *obj, const char *key, int64_t value)
{
	json_object_object_add(obj, key, json_object_new_int64(value));
}

void
ctl_put_bool(struct json_object *obj, const char *key, bool value)
{
	json_object_object_add(obj, key, json_object_new_boolean(value));
}

void
ctl_put_time(struct json_object *obj, const char *key, int64_t utc_ms)
{
	char text[CLOCK_TEXT];

	if (utc_ms != 0)
		clock_text(utc_ms, text);
	ctl_put_text(obj, key, utc_ms != 0 ? text : NULL);
}
