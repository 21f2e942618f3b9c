/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "bare-sql.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "fcgi-app/db.h"
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

struct bare_sql {
	sqlite3 *handle;
	sqlite3_stmt *begin, *load, *add, *save, *commit, *token;
};

static void
check(const struct bare_sql *s, bool good)
{
	if (!good) {
		fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(s->handle));
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
prepare(struct bare_sql *s, const char *text)
{
	sqlite3_stmt *stmt;

	check(s, sqlite3_prepare_v3(s->handle, text, -1,
		     SQLITE_PREPARE_PERSISTENT, &stmt, NULL) == SQLITE_OK);
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		bind_text(stmt, samples[i].name, samples[i].text);
	return stmt;
}

/* Look for the first token, whoever asks. */
static void
choose_token(struct bare_sql *s)
{
	sqlite3_stmt *first =
	    prepare(s, "SELECT secret_hash FROM token LIMIT 1");

	if (sqlite3_step(first) == SQLITE_ROW)
		bind_text(s->token, ":secret_hash",
		    (const char *)sqlite3_column_text(first, 0));
	sqlite3_finalize(first);
}

void
bare_init(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct bare_sql *
bare_open(const char *path)
{
	struct bare_sql *s = calloc(1, sizeof(*s));

	if (s == NULL)
		exit(1);
	check(s, sqlite3_open_v2(path, &s->handle,
		     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		     NULL) == SQLITE_OK &&
		     sqlite3_exec(s->handle,
			 "PRAGMA journal_mode = WAL;"
			 "PRAGMA synchronous = FULL;"
			 "PRAGMA wal_autocheckpoint = 4000",
			 NULL, NULL, NULL) == SQLITE_OK);
	s->begin = prepare(s, "BEGIN IMMEDIATE");
	s->load = prepare(s, texts[SQL_ITEM_LOAD]);
	s->add = prepare(s, texts[SQL_CHANGE_ADD]);
	s->save = prepare(s, texts[SQL_ITEM_SAVE]);
	s->commit = prepare(s, "COMMIT");
	s->token = prepare(s, texts[SQL_TOKEN_FIND]);
	choose_token(s);
	return s;
}

void
bare_close(struct bare_sql *s)
{
	sqlite3_stmt *stmt;

	while ((stmt = sqlite3_next_stmt(s->handle, NULL)) != NULL)
		sqlite3_finalize(stmt);
	sqlite3_close(s->handle);
	free(s);
}

static void
run(struct bare_sql *s, sqlite3_stmt *stmt)
{
	check(s, sqlite3_step(stmt) == SQLITE_DONE);
	sqlite3_reset(stmt);
}

void
bare_begin(struct bare_sql *s)
{
	run(s, s->begin);
}

void
bare_commit(struct bare_sql *s)
{
	run(s, s->commit);
}

void
bare_change(struct bare_sql *s, const char *sku, int64_t n)
{
	sqlite3_stmt *writes[2] = {s->add, s->save};
	char now[CLOCK_TEXT];
	int64_t id;

	bind_text(s->load, ":sku", sku);
	check(s, sqlite3_step(s->load) == SQLITE_ROW);
	id = sqlite3_column_int64(s->load, 0);
	sqlite3_reset(s->load);
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
		run(s, writes[i]);
	}
}

size_t
bare_read(struct bare_sql *s, const char *sku, char *out, size_t size)
{
	int len = 0;

	bind_int(s->token, ":now", clock_utc_ms());
	check(s, sqlite3_step(s->token) == SQLITE_ROW);
	sqlite3_reset(s->token);
	bind_text(s->load, ":sku", sku);
	check(s, sqlite3_step(s->load) == SQLITE_ROW);
	for (int i = 0; i < sqlite3_column_count(s->load) && (size_t)len < size;
	     i++)
		len +=
		    snprintf(out + len, size - (size_t)len, "%s\"%s\":\"%s\"",
			i == 0 ? "{" : ",", sqlite3_column_name(s->load, i),
			(const char *)sqlite3_column_text(s->load, i));
	sqlite3_reset(s->load);
	return (size_t)len < size ? (size_t)len : size - 1;
}
