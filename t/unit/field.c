/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Reading items from JSON and showing them, by the table of fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi-app/field.h"

static struct json_object *
parse(const char *text)
{
	struct json_object *o = NULL;
	struct json_error err;

	assert_int_equal(json_in_parse(text, strlen(text), &o, &err), ST_OK);
	return o;
}

static void
custom_set(struct field_set *set)
{
	field_set_init(set);
	assert_true(field_set_add(
	    set, "qty_ordered_jason", "Ordered (Jason)", FIELD_NUMBER, 0));
	assert_true(field_set_add(set, "colour", "Colour", FIELD_TEXT, 5));
}

/* Read TEXT; the reader's status, with the wish as text in OUT if wanted. */
static enum status
read_text(const char *text, bool fresh, struct json_error *err, char *out,
    size_t size)
{
	struct field_set set;
	struct json_object *body = parse(text), *wish;
	struct json_in in;
	enum status st;

	custom_set(&set);
	wish = json_object_new_object();
	json_in_begin(&in, body, "");
	field_read(&set, &in, fresh, wish);
	st = json_in_end(&in);
	if (err != NULL)
		*err = in.err;
	if (out != NULL)
		snprintf(out, size, "%s", json_out_text(wish, NULL));
	json_object_put(wish);
	json_object_put(body);
	field_set_reset(&set);
	return st;
}

static void
refused(const char *text, const char *pointer)
{
	struct json_error err;

	assert_int_equal(read_text(text, false, &err, NULL, 0), ST_INVALID);
	assert_string_equal(err.pointer, pointer);
	assert_string_not_equal(err.detail, "");
}

static void
taken(const char *text, const char *wish)
{
	char out[4096];

	assert_int_equal(read_text(text, false, NULL, out, sizeof(out)), ST_OK);
	assert_string_equal(out, wish);
}

static void
test_required(void **state)
{
	struct json_error err;

	(void)state;
	assert_int_equal(
	    read_text("{\"sku\":\"A\",\"name\":\"x\"}", true, NULL, NULL, 0),
	    ST_OK);
	assert_int_equal(
	    read_text("{\"sku\":\"A\"}", true, &err, NULL, 0), ST_INVALID);
	assert_string_equal(err.pointer, "/name");
	assert_int_equal(
	    read_text("{\"name\":\"A\"}", true, &err, NULL, 0), ST_INVALID);
	assert_string_equal(err.pointer, "/sku");
	taken("{}", "{}");
}

static void
test_unknown_and_read_only(void **state)
{
	(void)state;
	refused("{\"nme\":\"x\"}", "/nme");
	refused("{\"a/b~c\":1}", "/a~1b~0c");
	refused("{\"stock\":\"ok\"}", "/stock");
	refused("{\"on_order\":true}", "/on_order");
	refused("{\"version\":1}", "/version");
	refused("{\"created_at\":null}", "/created_at");
	refused("{\"updated_by\":\"me\"}", "/updated_by");
}

static void
test_sku(void **state)
{
	char text[128];

	(void)state;
	taken("{\"sku\":\"A.b_c-9\"}", "{\"sku\":\"A.b_c-9\"}");
	refused("{\"sku\":\"A B\"}", "/sku");
	refused("{\"sku\":\"A/B\"}", "/sku");
	refused("{\"sku\":\"A\\\"B\"}", "/sku");
	refused("{\"sku\":\"<b>\"}", "/sku");
	refused("{\"sku\":\"\xc3\x84\"}", "/sku");
	refused("{\"sku\":\"\"}", "/sku");
	refused("{\"sku\":\"..\"}", "/sku");
	refused("{\"sku\":\".\"}", "/sku");
	refused("{\"sku\":null}", "/sku");
	refused("{\"sku\":7}", "/sku");
	snprintf(text, sizeof(text), "{\"sku\":\"%064d\"}", 0);
	assert_int_equal(read_text(text, false, NULL, NULL, 0), ST_OK);
	snprintf(text, sizeof(text), "{\"sku\":\"%065d\"}", 0);
	refused(text, "/sku");
}

/* Limits count characters, not bytes. */
static void
test_lengths(void **state)
{
	char text[1024] = "{\"name\":\"", *end;
	int i;

	(void)state;
	end = text + strlen(text);
	for (i = 0; i < 200; i++, end += 2)
		memcpy(end, "\xc3\xbc", 2);
	memcpy(end, "\"}", 3);
	assert_int_equal(read_text(text, false, NULL, NULL, 0), ST_OK);
	memcpy(end, "u\"}", 4);
	refused(text, "/name");
	taken("{\"colour\":\"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\"}",
	    "{\"colour\":\"\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\"}");
	refused("{\"colour\":\"123456\"}", "/colour");
	refused("{\"unit\":\"123456789012345678901\"}", "/unit");
	refused("{\"name\":\"   \"}", "/name");
}

static void
test_controls(void **state)
{
	(void)state;
	refused("{\"name\":\"a\\nb\"}", "/name");
	refused("{\"name\":\"a\\u001bb\"}", "/name");
	refused("{\"name\":\"a\\u007fb\"}", "/name");
	refused("{\"name\":\"a\\u0085b\"}", "/name");
	taken("{\"name\":\"a\\u00a0b\"}", "{\"name\":\"a\xc2\xa0"
					  "b\"}");
	taken("{\"notes\":\"a\\n\\tb\"}", "{\"notes\":\"a\\n\\tb\"}");
	refused("{\"notes\":\"a\\rb\"}", "/notes");
	refused("{\"colour\":\"a\\tb\"}", "/colour");
}

static void
test_thousandths(void **state)
{
	(void)state;
	taken("{\"quantity\":12.50}", "{\"quantity\":12.5}");
	taken("{\"quantity\":0.001}", "{\"quantity\":0.001}");
	taken("{\"quantity\":7.000}", "{\"quantity\":7}");
	taken("{\"quantity\":999999999.999}", "{\"quantity\":999999999.999}");
	taken("{\"qty_ordered_jason\":0.1}", "{\"qty_ordered_jason\":0.1}");
	refused("{\"quantity\":1000000000}", "/quantity");
	refused("{\"quantity\":0.0001}", "/quantity");
	refused("{\"quantity\":-1}", "/quantity");
	refused("{\"quantity\":1e3}", "/quantity");
	refused("{\"quantity\":\"1\"}", "/quantity");
	refused("{\"quantity\":true}", "/quantity");
	refused("{\"quantity\":null}", "/quantity");
	refused("{\"qty_ordered_jason\":-0.5}", "/qty_ordered_jason");
}

static void
test_choice(void **state)
{
	(void)state;
	taken("{\"status\":\"discontinued\"}", "{\"status\":\"discontinued\"}");
	refused("{\"status\":\"active,discontinued\"}", "/status");
	refused("{\"status\":\"act\"}", "/status");
	refused("{\"status\":\"\"}", "/status");
}

/* An item with the body's fields set. */
static void
make(const struct field_set *set, struct item *it, const char *text)
{
	struct json_object *wish = parse(text);

	item_init(it);
	field_apply(set, it, wish);
	json_object_put(wish);
}

static void
is_value(const struct field_set *set, const struct item *it, const char *name,
    const char *want)
{
	struct json_object *value;

	value = field_get(field_find(set, name), it);
	assert_string_equal(json_out_text(value, NULL), want);
	json_object_put(value);
}

static void
test_stock(void **state)
{
	struct field_set set;
	struct item it;

	(void)state;
	custom_set(&set);
	make(&set, &it, "{\"quantity\":5,\"reorder_level\":4.999}");
	is_value(&set, &it, "stock", "\"ok\"");
	it.reorder_level = 5000;
	is_value(&set, &it, "stock", "\"low\"");
	it.quantity = 0;
	is_value(&set, &it, "stock", "\"out\"");
	it.reorder_level = 0;
	is_value(&set, &it, "stock", "\"out\"");
	is_value(&set, &it, "on_order", "false");
	it.qty_ordered = 1;
	is_value(&set, &it, "on_order", "true");
	is_value(&set, &it, "qty_ordered_jason", "0");
	is_value(&set, &it, "colour", "\"\"");
	item_reset(&it);
	field_set_reset(&set);
}

static void
test_diff(void **state)
{
	struct field_set set;
	struct item before, after;
	struct json_object *diff;

	(void)state;
	custom_set(&set);
	make(&set, &before, "{\"sku\":\"A\",\"name\":\"x\",\"quantity\":12.5}");
	item_copy(&before, &after);
	diff = field_diff(&set, &before, &after);
	assert_int_equal(json_object_array_length(diff), 0);
	json_object_put(diff);
	/* The copy shares nothing: only AFTER changes. */
	after.quantity = 12000;
	json_object_object_add(
	    after.extra, "qty_ordered_jason", json_out_thousandths(1500));
	diff = field_diff(&set, &before, &after);
	assert_string_equal(json_out_text(diff, NULL),
	    "[{\"field\":\"quantity\",\"old_value\":12.5,\"new_value\":12},"
	    "{\"field\":\"qty_ordered_jason\",\"old_value\":0,"
	    "\"new_value\":1.5}]");
	json_object_put(diff);
	/* Made: every field that may be set, the SKU first. */
	diff = field_diff(&set, NULL, &after);
	assert_int_equal(json_object_array_length(diff), 11);
	assert_string_equal(
	    json_out_text(json_object_array_get_idx(diff, 0), NULL),
	    "{\"field\":\"sku\",\"old_value\":null,\"new_value\":\"A\"}");
	json_object_put(diff);
	item_reset(&before);
	item_reset(&after);
	field_set_reset(&set);
}

/* Nobody who reads a number as text takes it for a text. */
static void
test_same(void **state)
{
	struct json_object *a = parse("[5,\"5\",5.5,null,5]");

	(void)state;
#define AT(i) json_object_array_get_idx(a, i)
	assert_false(field_same(AT(0), AT(1)));
	assert_false(field_same(AT(0), AT(2)));
	assert_false(field_same(AT(0), AT(3)));
	assert_true(field_same(AT(3), AT(3)));
	assert_true(field_same(AT(0), AT(4)));
#undef AT
	json_object_put(a);
}

static void
test_columns(void **state)
{
	struct field_set set;
	struct json_object *columns, *first;
	int i;

	(void)state;
	custom_set(&set);
	columns = field_set_json(&set);
	first = json_object_array_get_idx(columns, 0);
	assert_string_equal(json_out_text(first, NULL),
	    "{\"name\":\"sku\",\"label\":\"SKU\",\"type\":\"text\","
	    "\"max_length\":64,\"required\":true,\"read_only\":false,"
	    "\"custom\":false}");
	assert_string_equal(
	    json_out_text(json_object_array_get_idx(columns, 10), NULL),
	    "{\"name\":\"qty_ordered_jason\",\"label\":\"Ordered (Jason)\","
	    "\"type\":\"number\",\"required\":false,\"read_only\":false,"
	    "\"custom\":true}");
	json_object_put(columns);
	/* Custom columns end at a limit, and stay in order. */
	for (i = 2; i < FIELD_CUSTOM_MAX; i++)
		assert_true(field_set_add(&set, "more", "More", FIELD_TEXT, 9));
	assert_false(field_set_add(&set, "over", "Over", FIELD_TEXT, 9));
	assert_string_equal(set.field[11].name, "colour");
	assert_non_null(field_find(&set, "created_at"));
	assert_null(field_find(&set, "over"));
	field_set_reset(&set);
}

/* An item as text is its object as text, to the byte. */
static void
test_text(void **state)
{
	static const char *const bodies[] = {
	    "{\"quantity\":12.5,\"notes\":\"a\\n\\\"b\\\"\\u00e9\"}",
	    "{\"qty_ordered\":0.001,\"colour\":\"\\\\red\","
	    "\"qty_ordered_jason\":3.25}",
	    "{\"reorder_level\":7,\"status\":\"discontinued\"}"};
	struct field_set set;
	struct json_object *o;
	struct buf out = {0};
	struct item it;
	size_t i;

	(void)state;
	custom_set(&set);
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		make(&set, &it, bodies[i]);
		it.version = 17;
		item_set(&it.updated_by, "ana \"the\" first");
		o = field_item_json(&set, &it);
		buf_clear(&out);
		field_item_text(&set, &it, &out);
		assert_string_equal(out.data, json_out_text(o, NULL));
		json_object_put(o);
		item_reset(&it);
	}
	/* All zeroes is an item without texts. */
	memset(&it, 0, sizeof(it));
	o = field_item_json(&set, &it);
	buf_clear(&out);
	field_item_text(&set, &it, &out);
	assert_string_equal(out.data, json_out_text(o, NULL));
	json_object_put(o);
	buf_reset(&out);
	field_set_reset(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_required),
	    cmocka_unit_test(test_unknown_and_read_only),
	    cmocka_unit_test(test_sku),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_controls),
	    cmocka_unit_test(test_thousandths),
	    cmocka_unit_test(test_choice),
	    cmocka_unit_test(test_stock),
	    cmocka_unit_test(test_diff),
	    cmocka_unit_test(test_same),
	    cmocka_unit_test(test_columns),
	    cmocka_unit_test(test_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
