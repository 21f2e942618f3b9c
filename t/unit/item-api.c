/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The handlers beside a log whose old rows are gone: catching up is refused,
 * and a merge asks rather than guesses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "fcgi-app/api.h"
#include "fcgi-app/app.h"
#include "fcgi-app/item-list.h"
#include "t/unit/temp-db.h"

static const char *path;
static char *no_env[] = {NULL};
static FCGX_Request fcgx;
static struct app app;

/* Seven changes of one item: made, then quantity 1 to 6; four are pruned. */
#define HEAD   7
#define OLDEST 5

static struct json_object *
parse(const char *text)
{
	struct json_object *o = NULL;
	struct json_error err;

	assert_int_equal(json_in_parse(text, strlen(text), &o, &err), ST_OK);
	return o;
}

/* A request, as the pipeline would have read it. */
static void
begin(struct req *rq, const char *sku, const char *body)
{
	memset(rq, 0, sizeof(*rq));
	rq->app = &app;
	rq->fcgx = &fcgx;
	snprintf(rq->id, sizeof(rq->id), "0123456789abcdef");
	snprintf(rq->sku, sizeof(rq->sku), "%s", sku);
	rq->who.user_id = 1;
	snprintf(rq->who.display, sizeof(rq->who.display), "ana");
	rq->body = body != NULL ? parse(body) : NULL;
}

/* A write, in a transaction of its own. */
static enum status
write_with(route_handler *handler, const char *body, struct resp *rs)
{
	struct req rq;
	enum status st;

	begin(&rq, "A-1", body);
	memset(rs, 0, sizeof(*rs));
	assert_int_equal(db_write_begin(&rq.db), ST_OK);
	st = handler(&rq, rs);
	assert_int_equal(db_write_end(rq.db, status_http(st) < 300), ST_OK);
	json_object_put(rq.body);
	return st;
}

static int
setup(void **state)
{
	struct resp rs;
	sqlite3 *raw;
	char body[64];
	int i;

	(void)state;
	if ((path = temp_db_open()) == NULL)
		return -1;
	fcgx.envp = no_env;
	app.conf.base = "";
	for (i = 0; i < HEAD; i++) {
		if (i == 0)
			snprintf(body, sizeof(body),
			    "{\"sku\":\"A-1\",\"name\":\"x\"}");
		else
			snprintf(body, sizeof(body), "{\"quantity\":%d}", i);
		write_with(i == 0 ? item_create : item_patch, body, &rs);
		resp_reset(&rs);
	}
	if (sqlite3_open(path, &raw) != SQLITE_OK)
		return -1;
	sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_exec(raw, "DELETE FROM change WHERE seq < 5", NULL, NULL, NULL);
	return sqlite3_close(raw);
}

static int
teardown(void **state)
{
	(void)state;
	return temp_db_remove();
}

/* GET /inventory/changes?since=; its status and how many rows came. */
static enum status
since(const char *text, size_t *rows)
{
	struct req rq;
	struct resp rs = {0};
	struct json_object *page = NULL, *changes;
	enum status st;

	begin(&rq, "", NULL);
	rq.params[0].name = "since";
	rq.params[0].value = text;
	rq.param_count = 1;
	rq.db = db_open_reader(path);
	*rows = 0;
	if ((st = change_since(&rq, &rs)) == ST_OK) {
		page = parse(rs.raw.data);
		assert_true(
		    json_object_object_get_ex(page, "changes", &changes));
		*rows = json_object_array_length(changes);
	}
	json_object_put(page);
	db_close(rq.db);
	resp_reset(&rs);
	return st;
}

static void
test_since(void **state)
{
	size_t rows;

	(void)state;
	assert_int_equal(since("0", &rows), ST_GONE);
	assert_int_equal(since("3", &rows), ST_GONE);
	assert_int_equal(since("4", &rows), ST_OK);
	assert_int_equal(rows, HEAD - OLDEST + 1);
	assert_int_equal(since("7", &rows), ST_OK);
	assert_int_equal(rows, 0);
	assert_int_equal(since("8", &rows), ST_BAD_REQUEST);
}

/* PATCH with a base; its status, and the conflicts as text. */
static enum status
patch(const char *body, char *conflicts, size_t size)
{
	struct resp rs;
	struct json_object *array;
	enum status st;

	st = write_with(item_patch, body, &rs);
	snprintf(conflicts, size, "%s",
	    rs.problem != NULL &&
		    json_object_object_get_ex(rs.problem, "conflicts", &array)
		? json_out_text(array, NULL)
		: "");
	resp_reset(&rs);
	return st;
}

static void
test_merge(void **state)
{
	char conflicts[1024];

	(void)state;
	/* From 3 on nothing is known: what differs is asked. */
	assert_int_equal(
	    patch("{\"quantity\":9,\"name\":\"x\",\"base_version\":3}",
		conflicts, sizeof(conflicts)),
	    ST_CONFLICT);
	assert_string_equal(conflicts,
	    "[{\"field\":\"quantity\",\"base\":null,\"theirs\":6,"
	    "\"yours\":9,\"by\":null,\"at\":null}]");
	assert_int_equal(patch("{\"unit\":\"kg\",\"base_version\":3}",
			     conflicts, sizeof(conflicts)),
	    ST_CONFLICT);
	assert_int_equal(patch("{\"quantity\":6,\"base_version\":3}", conflicts,
			     sizeof(conflicts)),
	    ST_OK);
	/* From 5 on all is. */
	assert_int_equal(patch("{\"quantity\":9,\"base_version\":5}", conflicts,
			     sizeof(conflicts)),
	    ST_CONFLICT);
	assert_non_null(strstr(conflicts, "\"base\":4,\"theirs\":6"));
	assert_int_equal(patch("{\"unit\":\"kg\",\"base_version\":5}",
			     conflicts, sizeof(conflicts)),
	    ST_OK);
}

/* Whatever people type, they find it; and a pattern's signs are signs. */
static void
test_glob(void **state)
{
	struct buf b = {0};

	(void)state;
	list_glob(&b, "Oel 5\xc3\x97"
		      "80");
	assert_string_equal(b.data, "*[Oo][eE][lL]*5\xc3\x97"
				    "80*");
	buf_clear(&b);
	list_glob(&b, "\xc3\xb6\xc3\x84");
	assert_string_equal(b.data, "*[\xc3\xb6\xc3\x96][\xc3\x84\xc3\xa4]*");
	buf_clear(&b);
	list_glob(&b, "*?[]^-%_");
	assert_string_equal(b.data, "*[*][?][[]]^-%_*");
	buf_reset(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_since),
	    cmocka_unit_test(test_merge),
	    cmocka_unit_test(test_glob),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
