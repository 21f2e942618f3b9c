/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What is let through to libfcgi: whole beginnings of requests, wherever
 * they are cut, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fcgi-app/preview.h"

static unsigned char bytes[PREVIEW_MAX + 1024];
static size_t len;

static void
put(int type, int id, const void *content, size_t size, size_t pad)
{
	const unsigned char head[8] = {1, (unsigned char)type,
	    (unsigned char)(id >> 8), (unsigned char)id,
	    (unsigned char)(size >> 8), (unsigned char)size, (unsigned char)pad,
	    0};

	memcpy(bytes + len, head, sizeof(head));
	memcpy(bytes + len + 8, content, size);
	memset(bytes + len + 8 + size, 0, pad);
	len += 8 + size + pad;
}

/* A begin record for the request ID. */
static void
begin(int id)
{
	static const unsigned char responder[8] = {0, 1, 1};

	len = 0;
	put(1, id, responder, sizeof(responder), 0);
}

static enum preview
judge(size_t n)
{
	unsigned char copy[sizeof(bytes)];

	memcpy(copy, bytes, n);
	return preview_judge(copy, n);
}

#define put_text(text, pad) put(4, 1, text, sizeof(text) - 1, pad)

/* Good, and not yet good when cut anywhere; so is what follows them. */
static void
is_good(void)
{
	size_t params = len;

	assert_int_equal(judge(len), PREVIEW_BODY);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(judge(n), PREVIEW_MORE);
	put(5, 1, "some", 4, 0);
	put(5, 1, "body", 4, 9);
	put(5, 1, "", 0, 2);
	assert_int_equal(judge(len), PREVIEW_GOOD);
	/* Its last record's padding may come when it likes. */
	for (size_t n = params; n < len - 2; n++)
		assert_int_equal(judge(n), PREVIEW_BODY);
}

static void
sound_ones(void **state)
{
	(void)state;
	begin(1);
	put_text("", 0);
	is_good();
	begin(1);
	put_text("\1\1xy\3\0abc", 5);
	put_text("", 3);
	is_good();
	/* A pair over records, and lengths of four bytes. */
	begin(1);
	put_text("\x01", 0);
	put_text("\x80\x00\x00", 7);
	put_text("\x05x12", 0);
	put_text("345", 0);
	put_text("", 0);
	is_good();
	/* What follows, and what is no body, is none of our business. */
	put(5, 1, "body", 4, 0);
	assert_int_equal(judge(len), PREVIEW_GOOD);
	begin(1);
	put_text("", 0);
	put(2, 1, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_GOOD);
	/* Another request's end is not ours. */
	begin(1);
	put_text("", 0);
	put(5, 2, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_BODY);
}

static void
lies(void **state)
{
	(void)state;
	begin(1);
	put_text("\x01\x02xy", 0);
	put_text("", 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	put_text("\xff\xff\xff\xff\xff\xff\xff\xffx", 0);
	put_text("", 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	put_text("\x80\x00\x00", 0);
	put_text("", 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	put_text("\x01", 0);
	put_text("", 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
}

static void
out_of_order(void **state)
{
	(void)state;
	len = 0;
	put_text("", 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	put(5, 1, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	put(4, 2, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	begin(1);
	bytes[0] = 2;
	assert_int_equal(judge(len), PREVIEW_BAD);
	len = 0;
	put(1, 1, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
	len = 0;
	put(9, 0, "", 0, 0);
	assert_int_equal(judge(len), PREVIEW_BAD);
}

static void
large_ones(void **state)
{
	static const unsigned char zeroes[32768];

	(void)state;
	begin(1);
	put(4, 1, zeroes, sizeof(zeroes), 0);
	assert_int_equal(judge(len), PREVIEW_MORE);
	put(4, 1, zeroes, sizeof(zeroes), 0);
	assert_int_equal(judge(len), PREVIEW_LARGE);
	/* The last record may end at the limit, and not behind it. */
	begin(1);
	put(4, 1, zeroes, sizeof(zeroes), 0);
	put(4, 1, zeroes, PREVIEW_MAX - len - 16, 0);
	put(4, 1, "", 0, 0);
	assert_int_equal(len, PREVIEW_MAX);
	assert_int_equal(judge(len), PREVIEW_LONG);
	begin(1);
	put(4, 1, zeroes, sizeof(zeroes), 0);
	put(4, 1, zeroes, PREVIEW_MAX - len - 14, 0);
	assert_int_equal(judge(len), PREVIEW_LARGE);
	/* A body may be of any length. */
	begin(1);
	put_text("", 0);
	put(5, 1, zeroes, sizeof(zeroes), 0);
	put(5, 1, zeroes, sizeof(zeroes), 0);
	assert_int_equal(judge(PREVIEW_MAX - 1), PREVIEW_BODY);
	assert_int_equal(judge(PREVIEW_MAX), PREVIEW_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sound_ones),
	    cmocka_unit_test(lies),
	    cmocka_unit_test(out_of_order),
	    cmocka_unit_test(large_ones),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
