/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * alone DATABASE ITEMS COUNT: what SQLite alone takes for a durable change.
 * Of an item at random: read it, write its quantity and the change's row,
 * with the program's own statements, and COMMIT; so many times one after the
 * other.  Prints the median in microseconds.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "fcgi-app/db.h"
#include "median.h"
#include "shared/clock.h"

static const char *const texts[] = {
#define SQL(name, flags, text) text,
#include "fcgi-app/sql.def"
#undef SQL
};

/* What a request's change says; the names' values are those of its length. */
static const struct {
	const char *name, *text;
} samples[] = {
    {":unit", "pcs"},
    {":status", "active"},
    {":notes", ""},
    {":extra", "{}"},
    {":at", "2026-01-01T00:00:00.000Z"},
    {":updated_by", "ana (bench)"},
    {":changeset", "0123456789abcdef"},
    {":username", "ana (bench)"},
    {":update_type", "edit"},
    {":source", "api"},
    {":changes", "[{\"field\":\"quantity\",\"old_value\":1000001,"
		 "\"new_value\":1000002}]"},
    {":after",
	"{\"sku\":\"PART-00001\",\"name\":\"Part 00001\",\"location\":"
	"\"A-01\",\"quantity\":1000002,\"unit\":\"pcs\",\"qty_ordered\":0,"
	"\"reorder_level\":10,\"status\":\"active\",\"notes\":\"\"}"},
};

static sqlite3 *handle;

static void
check(bool good)
{
	if (!good) {
		fprintf(stderr, "alone: %s\n", sqlite3_errmsg(handle));
		exit(1);
	}
}

static void
bind_int(sqlite3_stmt *stmt, const char *name, int64_t value)
{
	int n = sqlite3_bind_parameter_index(stmt, name);

	if (n > 0)
		sqlite3_bind_int64(stmt, n, value);
}

static void
bind_text(sqlite3_stmt *stmt, const char *name, const char *text)
{
	int n = sqlite3_bind_parameter_index(stmt, name);

	if (n > 0)
		sqlite3_bind_text(stmt, n, text, -1, SQLITE_TRANSIENT);
}

static sqlite3_stmt *
prepare(const char *text)
{
	sqlite3_stmt *stmt;

	check(sqlite3_prepare_v3(handle, text, -1, SQLITE_PREPARE_PERSISTENT,
		  &stmt, NULL) == SQLITE_OK);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		bind_text(stmt, samples[i].name, samples[i].text);
	return stmt;
}

static void
run(sqlite3_stmt *stmt)
{
	check(sqlite3_step(stmt) == SQLITE_DONE);
	sqlite3_reset(stmt);
}

/* One change of the item with that SKU, the N-th. */
static void
change(const char *sku, int64_t n)
{
	static sqlite3_stmt *begin, *load, *add, *save, *commit;
	sqlite3_stmt *writes[2];
	char now[CLOCK_TEXT];
	int64_t id;

	if (begin == NULL) {
		begin = prepare("BEGIN IMMEDIATE");
		load = prepare(texts[SQL_ITEM_LOAD]);
		add = prepare(texts[SQL_CHANGE_ADD]);
		save = prepare(texts[SQL_ITEM_SAVE]);
		commit = prepare("COMMIT");
	}
	writes[0] = add;
	writes[1] = save;
	run(begin);
	bind_text(load, ":sku", sku);
	check(sqlite3_step(load) == SQLITE_ROW);
	id = sqlite3_column_int64(load, 0);
	sqlite3_reset(load);
	clock_text(clock_utc_ms(), now);
	for (int i = 0; i < 2; i++) {
		bind_text(writes[i], ":updated_at", now);
		bind_text(writes[i], ":sku", sku);
		bind_int(writes[i], ":id", id);
		bind_int(writes[i], ":item_id", id);
		bind_int(writes[i], ":user_id", 1);
		bind_int(writes[i], ":version", i == 0 ? 0 : n);
		bind_int(writes[i], ":quantity", (1000000 + n) * 1000);
		bind_int(writes[i], ":qty_ordered", 0);
		bind_int(writes[i], ":reorder_level", 10000);
		run(writes[i]);
	}
	run(commit);
}

int
main(int argc, char *argv[])
{
	int64_t *took, began;
	long items, count;
	char sku[32];

	if (argc != 4 || (items = strtol(argv[2], NULL, 10)) < 1 ||
	    (count = strtol(argv[3], NULL, 10)) < 1 ||
	    (took = calloc((size_t)count, sizeof(*took))) == NULL)
		return 64;
	check(sqlite3_open(argv[1], &handle) == SQLITE_OK &&
	      sqlite3_exec(handle,
		  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL,
		  NULL, NULL) == SQLITE_OK);
	srandom((unsigned)clock_mono_us());
	for (long i = 0; i < count; i++) {
		snprintf(sku, sizeof(sku), "PART-%05ld", random() % items + 1);
		began = clock_mono_us();
		change(sku, i);
		took[i] = clock_mono_us() - began;
	}
	printf("%lld\n", (long long)median(took, (size_t)count));
	free(took);
	sqlite3_close(handle);
	return 0;
}
