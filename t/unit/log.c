/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Log lines: their form, the levels, and that client bytes forge nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/log.h"

static int saved = -1, file = -1;

/* Send standard error to a file until taken() reads it. */
static void
capture(void)
{
	char name[] = "/tmp/stockroom-log-XXXXXX";

	file = mkstemp(name);
	assert_true(file != -1);
	unlink(name);
	saved = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

/* The text since capture(). */
static char *
read_back(void)
{
	static char raw[8192];
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(file, raw, sizeof(raw) - 1, 0);
	close(file);
	assert_true(n >= 0);
	raw[n] = '\0';
	return raw;
}

/* The same without the times, which are checked. */
static const char *
taken(void)
{
	static char text[8192];
	char *raw = read_back(), *line, *end;
	size_t len = 0;

	for (line = raw; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		assert_true(end - line > 25);
		assert_memory_equal(line + 23, "Z ", 2);
		assert_int_equal(strspn(line, "0123456789-T:."), 23);
		memcpy(text + len, line + 25, (size_t)(end - line) - 24);
		len += (size_t)(end - line) - 24;
	}
	text[len] = '\0';
	return text;
}

static const char *
one(const char *value)
{
	struct log_line ln;

	capture();
	log_begin(&ln, LOG_INFO, "e");
	log_str(&ln, "v", value);
	log_end(&ln);
	return taken();
}

static void
test_form(void **state)
{
	struct log_line ln;

	(void)state;
	log_init("stockroom-test", LOG_INFO);
	capture();
	log_begin(&ln, LOG_INFO, "request");
	log_str(&ln, "id", "ab12");
	log_int(&ln, "status", 200);
	log_int(&ln, "low", INT64_MIN);
	log_end(&ln);
	assert_string_equal(taken(), "stockroom-test info request id=ab12 "
				     "status=200 low=-9223372036854775808\n");
	capture();
	log_error("cannot open %s", "x");
	log_warn("w\n%d", 1);
	log_info("i");
	assert_string_equal(taken(),
	    "stockroom-test error message=\"cannot open x\"\n"
	    "stockroom-test warn message=\"w\\x0A1\"\n"
	    "stockroom-test info message=i\n");
}

static void
test_levels(void **state)
{
	struct log_line ln;

	(void)state;
	log_init("t", LOG_WARN);
	capture();
	log_info("no");
	log_debug("no");
	log_begin(&ln, LOG_INFO, "no");
	log_str(&ln, "a", "b");
	log_end(&ln);
	log_warn("yes");
	assert_string_equal(taken(), "t warn message=yes\n");
	log_init("t", LOG_DEBUG);
	capture();
	log_debug("yes");
	assert_string_equal(taken(), "t debug message=yes\n");
	log_init("t", LOG_INFO);
}

static void
test_escapes(void **state)
{
	(void)state;
	assert_string_equal(one(NULL), "t info e v=-\n");
	assert_string_equal(one("-"), "t info e v=\"-\"\n");
	assert_string_equal(one(""), "t info e v=\"\"\n");
	assert_string_equal(one("a=b"), "t info e v=\"a=b\"\n");
	assert_string_equal(one("a b"), "t info e v=\"a b\"\n");
	assert_string_equal(one("/x?y"), "t info e v=/x?y\n");
	assert_string_equal(one("x\"\\"), "t info e v=\"x\\x22\\x5C\"\n");
	assert_string_equal(one("a\r\nb\t\x1b[0m\x7f"),
	    "t info e v=\"a\\x0D\\x0Ab\\x09\\x1B[0m\\x7F\"\n");
	assert_string_equal(one("\xc3\xa9"), "t info e v=\"\xc3\xa9\"\n");
	assert_string_equal(one("\xc3(\xff"), "t info e v=\"\\xC3(\\xFF\"\n");
	/* C1 controls, line separators and the marks that turn text round. */
	assert_string_equal(one("\xc2\x9b"), "t info e v=\"\\xC2\\x9B\"\n");
	assert_string_equal(
	    one("\xe2\x80\xa8"), "t info e v=\"\\xE2\\x80\\xA8\"\n");
	assert_string_equal(
	    one("\xe2\x80\xae"), "t info e v=\"\\xE2\\x80\\xAE\"\n");
}

/* A line that is too long is cut, stays one line and keeps its quotes. */
static void
test_cut(void **state)
{
	struct log_line ln;
	char value[4000];
	const char *text;
	size_t i, len;

	(void)state;
	for (i = 0; i < 8; i++) {
		memset(value, i % 2 == 0 ? '\n' : 'x', sizeof(value));
		memset(value, ' ', i);
		value[sizeof(value) - 1] = '\0';
		capture();
		log_begin(&ln, LOG_INFO, "e");
		log_str(&ln, "v", value);
		log_str(&ln, "after", "1");
		log_end(&ln);
		text = taken();
		len = strlen(text);
		assert_in_range(len, 2000, 2048 - 25);
		if (i > 0)
			assert_string_equal(text + len - 5, "...\"\n");
		assert_null(strstr(text, "after"));
		assert_ptr_equal(strchr(text, '\n'), text + len - 1);
	}
}

/* The journal gets a priority, and no time or program; nobody else does. */
static void
test_journal(void **state)
{
	struct log_line ln;
	struct stat st;
	char stream[64];

	(void)state;
	capture();
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_init("t", LOG_DEBUG);
	log_begin(&ln, LOG_INFO, "request");
	log_str(&ln, "id", "a>");
	log_int(&ln, "ms", 7);
	log_end(&ln);
	log_error("no %s", "good");
	log_warn("hm");
	log_debug("x");
	assert_string_equal(read_back(),
	    "<6>request id=a> ms=7\n<3>message=\"no good\"\n"
	    "<4>message=hm\n<7>message=x\n");
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino + 1);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_init("t", LOG_INFO);
	capture();
	log_info("x");
	assert_string_equal(taken(), "t info message=x\n");
	unsetenv("JOURNAL_STREAM");
}

static void
test_fatal(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	capture();
	fflush(NULL);
	if ((pid = fork()) == 0)
		log_fatal(78, "bad start: %d", 7);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(taken(), "t error message=\"bad start: 7\"\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 78);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_journal),
	    cmocka_unit_test(test_fatal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
