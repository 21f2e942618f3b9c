/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * CSV: RFC 4180 as files have it, malformed records with their places, and
 * texts that spreadsheets would run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi-app/csv.h"

#define MARK "\xef\xbb\xbf"

/*
 * Read all of it: records as "[a|b]", trouble as "(line:column)".  OUT holds
 * 4 KiB.
 */
static void
read_all(const char *text, size_t len, char delimiter, char *out)
{
	struct csv csv;
	enum csv_result result;
	FILE *in = len > 0 ? fmemopen((void *)(uintptr_t)text, len, "r")
			   : fopen("/dev/null", "r");
	size_t n = 0;

	assert_non_null(in);
	csv_init(&csv, in, delimiter);
	out[0] = '\0';
	while ((result = csv_read(&csv)) != CSV_END) {
		assert_int_not_equal(result, CSV_FAILED);
		if (result == CSV_BAD)
			n += (size_t)snprintf(out + n, 4096 - n, "(%lld:%d)",
			    (long long)csv.where.line, csv.where.column);
		for (int i = 0; result == CSV_RECORD && i < csv.count; i++)
			n += (size_t)snprintf(out + n, 4096 - n, "%s%s%s",
			    i == 0 ? "[" : "|", csv.field[i].text,
			    i == csv.count - 1 ? "]" : "");
		assert_true(n < 4096);
	}
	csv_reset(&csv);
	fclose(in);
}

static void
reads(const char *text, const char *want)
{
	char out[4096];

	read_all(text, strlen(text), ',', out);
	assert_string_equal(out, want);
}

static void
test_records(void **state)
{
	(void)state;
	reads("", "");
	reads("a,b\r\nc,d\r\n", "[a|b][c|d]");
	reads("a,b\nc,d", "[a|b][c|d]");
	reads("a,,\n,\n", "[a||][|]");
	reads("a\n\n\r\nb\n", "[a][b]");
	reads(MARK "a,b\n", "[a|b]");
	reads(MARK, "");
	reads("\xef\xbb\xac,b\n", "[\xef\xbb\xac|b]");
	reads("\"a\",\"b\"\n", "[a|b]");
	reads("\"a,\"\"b\"\"\",c\n", "[a,\"b\"|c]");
	reads("\"\",x\n\"\"\n", "[|x]");
	reads("\"a\nb\",c\n", "[a\nb|c]");
	reads("\"a\r\nb\",c\r\n", "[a\nb|c]");
	reads("\"a\r\r\nb\"\n", "[a\nb]");
	reads(" a , b \n", "[ a | b ]");
	reads("\xc3\xa9,\xf0\x9f\x93\xa6\n", "[\xc3\xa9|\xf0\x9f\x93\xa6]");
	reads("a,\"b\"", "[a|b]");
}

static void
test_delimiters(void **state)
{
	char out[4096];

	(void)state;
	read_all("a;b,c\n", 6, ';', out);
	assert_string_equal(out, "[a|b,c]");
	read_all("a\tb\n", 4, '\t', out);
	assert_string_equal(out, "[a|b]");
}

/* The place of the trouble; the next line is read again. */
static void
test_trouble(void **state)
{
	char out[4096];

	(void)state;
	reads("a,b\"c\nd\n", "(1:4)[d]");
	reads("a,\"b\"c,e\nd\n", "(1:6)[d]");
	reads("a\nb,\"c\nd\ne", "[a](2:3)");
	reads("\"a\nb\",\"c\"d\ne\n", "(2:7)[e]");
	reads("a,b\rc\nd\n", "(1:4)[d]");
	reads("\xc3\xa9\xc3\xa9,\"\"x\nd\n", "(1:6)[d]");
	reads("a,\xff\nd\n", "(1:3)[d]");
	reads("\xff\xfe"
	      "a\nd\n",
	    "(1:1)[d]");
	read_all("a\0b,c\nd\n", 8, ',', out);
	assert_string_equal(out, "(1:1)[d]");
}

static void
test_limits(void **state)
{
	static char text[3 * CSV_RECORD_MAX];
	char out[4096];
	size_t len;

	(void)state;
	memset(text, ',', CSV_FIELDS_MAX);
	memcpy(text + CSV_FIELDS_MAX, "\nd\n", 3);
	read_all(text, CSV_FIELDS_MAX + 3, ',', out);
	assert_string_equal(out, "(1:129)[d]");
	read_all(text + 1, CSV_FIELDS_MAX + 2, ',', out);
	assert_int_equal(out[0], '[');
	len = 2 * CSV_RECORD_MAX;
	memset(text, 'x', len);
	memcpy(text + len, "\nd\n", 3);
	read_all(text, len + 3, ',', out);
	assert_string_equal(out, "(1:1)[d]");
	text[0] = '"';
	read_all(text, len + 3, ',', out);
	assert_string_equal(out, "(1:1)");
}

/* What is written is read as it was. */
static void
test_round_trip(void **state)
{
	static const char *const texts[] = {"", "a", " a", "a ", "a,b", "a;b",
	    "\"", "a\"b\"", "a\nb", "\n", "=1", "\xc3\xa9", "'", "''x"};
	const int count = sizeof(texts) / sizeof(texts[0]);
	struct csv csv;
	char *data;
	size_t size;
	FILE *f = open_memstream(&data, &size);

	(void)state;
	for (int i = 0; i < count; i++)
		csv_write(f, ',', i == 0, texts[i]);
	csv_write_end(f);
	fclose(f);
	assert_memory_equal(data + size - 2, "\r\n", 2);
	f = fmemopen(data, size, "r");
	csv_init(&csv, f, ',');
	assert_int_equal(csv_read(&csv), CSV_RECORD);
	assert_int_equal(csv.count, count);
	for (int i = 0; i < count; i++)
		assert_string_equal(csv.field[i].text, texts[i]);
	assert_int_equal(csv_read(&csv), CSV_END);
	csv_reset(&csv);
	fclose(f);
	free(data);
}

static void
test_guard(void **state)
{
	static const char *const risky[] = {
	    "=1+1", "+1", "-1", "@x", "\tx", "\rx", "'", "'a", "'=1"};
	char guarded[20];

	(void)state;
	for (size_t i = 0; i < sizeof(risky) / sizeof(risky[0]); i++) {
		assert_true(csv_is_risky(risky[i]));
		snprintf(guarded, sizeof(guarded), "'%s", risky[i]);
		assert_string_equal(csv_unguard(guarded), risky[i]);
	}
	assert_false(csv_is_risky(""));
	assert_false(csv_is_risky("a=1"));
	assert_string_equal(csv_unguard("'a"), "'a");
	assert_string_equal(csv_unguard("'"), "'");
	assert_string_equal(csv_unguard(""), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_delimiters),
	    cmocka_unit_test(test_trouble),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_guard),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
