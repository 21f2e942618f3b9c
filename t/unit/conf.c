/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Settings: defaults, the file's form, what wins, and that each wrong value
 * is named in one line with exit status 78.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/conf.h"

static char dir[] = "/tmp/stockroom-conf-XXXXXX";
static char file[64];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || clearenv() != 0)
		return -1;
	snprintf(file, sizeof(file), "%s/stockroom.conf", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

/* Each test begins without a file and without an environment. */
static int
fresh(void **state)
{
	(void)state;
	unlink(file);
	return clearenv();
}

static void
write_file(const char *text, size_t len)
{
	FILE *fp = fopen(file, "w");

	assert_non_null(fp);
	assert_int_equal(fwrite(text, 1, len, fp), len);
	assert_int_equal(fclose(fp), 0);
}

/* Load in a child; returns its exit status, TEXT is its standard error. */
static int
load(char *text, size_t size)
{
	struct conf conf;
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	if ((pid = fork()) == 0) {
		dup2(fds[1], STDERR_FILENO);
		conf_load(&conf, file);
		_exit(0);
	}
	close(fds[1]);
	while (len < size - 1 &&
	       (n = read(fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A value of the environment is refused, named, in one line. */
static void
refused(const char *name, const char *value, const char *allowed)
{
	char text[1024], want[1024];

	clearenv();
	setenv(name, value, 1);
	assert_int_equal(load(text, sizeof(text)), CONF_EXIT);
	snprintf(want, sizeof(want),
	    "stockroom: %s: \"%s\" is not allowed: %s\n", name, value, allowed);
	assert_string_equal(text, want);
	clearenv();
}

static void
accepted(const char *name, const char *value)
{
	char text[1024];

	clearenv();
	setenv(name, value, 1);
	assert_int_equal(load(text, sizeof(text)), 0);
	assert_string_equal(text, "");
	clearenv();
}

static void
file_refused(const char *line, const char *message)
{
	char text[1024], want[1024];

	write_file(line, strlen(line));
	assert_int_equal(load(text, sizeof(text)), CONF_EXIT);
	snprintf(
	    want, sizeof(want), "stockroom: %s, line 1: %s\n", file, message);
	assert_string_equal(text, want);
}

static void
test_defaults(void **state)
{
	struct conf conf;

	(void)state;
	conf_load(&conf, file);
	assert_string_equal(conf.db, "/var/lib/stockroom/stockroom.db");
	assert_string_equal(conf.base, "");
	assert_string_equal(conf.rooms, "inventory_management");
	assert_int_equal(conf.hover_delay, 500);
	assert_int_equal(conf.max_streams, 10000);
}

static void
test_environment_wins(void **state)
{
	static const char text[] = "STOCKROOM_HOVER_DELAY=100\n"
				   "STOCKROOM_BASE=/file\n"
				   "STOCKROOM_ROOMS=a\n";
	struct conf conf;
	char message[256];

	(void)state;
	write_file(text, sizeof(text) - 1);
	setenv("STOCKROOM_HOVER_DELAY", "200", 1);
	setenv("STOCKROOM_ROOMS", "", 1);
	conf_load(&conf, file);
	assert_int_equal(conf.hover_delay, 200);
	assert_string_equal(conf.base, "/file");
	/* An empty value means the default, whatever the file says. */
	assert_string_equal(conf.rooms, "inventory_management");
	/* The texts are conf's own. */
	setenv("STOCKROOM_BASE", "/environment", 1);
	conf_load(&conf, file);
	setenv("STOCKROOM_BASE", "/other", 1);
	assert_string_equal(conf.base, "/environment");
	assert_int_equal(load(message, sizeof(message)), 0);
	assert_string_equal(message, "");
}

static void
test_file_form(void **state)
{
	static const char text[] = "# a comment\n"
				   "; another\n"
				   "\n"
				   "  STOCKROOM_DB = /x\n";
	static const char good[] =
	    "# a comment\r\n"
	    "; another\n"
	    "\n"
	    "TZ=UTC\n"
	    "STOCKROOM_DB=/plain path \t\n"
	    "  STOCKROOM_KEY_FILE=\"/a \\\"b\\\" \\x # \"\n"
	    "STOCKROOM_PUSH_SOCKET='/c \\ d'\r\n"
	    "STOCKROOM_EVENT_SOCKET=/e\\ \\\"f\n"
	    "STOCKROOM_HOVER_DELAY=1\n"
	    "STOCKROOM_HOVER_DELAY=\"7\"";
	struct conf conf;
	char message[256];

	(void)state;
	write_file(good, sizeof(good) - 1);
	conf_load(&conf, file);
	assert_string_equal(conf.db, "/plain path");
	assert_string_equal(conf.key_file, "/a \"b\" \\x # ");
	assert_string_equal(conf.push_socket, "/c \\ d");
	assert_string_equal(conf.event_socket, "/e \"f");
	assert_int_equal(conf.hover_delay, 7);

	write_file(text, sizeof(text) - 1);
	assert_int_equal(load(message, sizeof(message)), CONF_EXIT);
	assert_non_null(strstr(message, ", line 4: "));
}

static void
test_file_bad(void **state)
{
	static const char form[] = "a line must read NAME=value, without "
				   "space before the \"=\"";
	char text[1024];
	char *big;

	(void)state;
	file_refused("STOCKROOM_DB\n", form);
	file_refused("=x\n", form);
	file_refused("9A=x\n", form);
	file_refused("export A=x\n", form);
	file_refused("A=\"x\n", "a quote is not closed on its line");
	file_refused("A='x\"\n", "a quote is not closed on its line");
	file_refused("A=x\\\n", "a line cannot be continued");
	file_refused("STOCKROOM_COLOUR=x\n",
	    "STOCKROOM_COLOUR: there is no such setting");
	file_refused(
	    "ALLOW_ORIGIN=x\n", "ALLOW_ORIGIN: there is no such setting");
	file_refused("STOCKROOM_HOVER_DELAY='1 s\x1b'\n",
	    "STOCKROOM_HOVER_DELAY: \"1 s\\x1B\" is not allowed: "
	    "a whole number from 0 to 10000");

	write_file("A=x\0y\n", 6);
	assert_int_equal(load(text, sizeof(text)), CONF_EXIT);
	big = calloc(1, 70000);
	assert_non_null(big);
	memset(big, '\n', 70000);
	write_file(big, 70000);
	free(big);
	assert_int_equal(load(text, sizeof(text)), CONF_EXIT);
	assert_non_null(strstr(text, "larger than 64 KiB"));
}

/* A directory can be opened but not read. */
static void
test_file_unreadable(void **state)
{
	char text[1024];

	(void)state;
	snprintf(file, sizeof(file), "%s", dir);
	assert_int_equal(load(text, sizeof(text)), CONF_EXIT);
	assert_non_null(strstr(text, dir));
	snprintf(file, sizeof(file), "%s/stockroom.conf", dir);
}

static void
test_unknown_environment(void **state)
{
	char text[1024];

	(void)state;
	setenv("STOCKROOM_TYPO", "x", 1);
	setenv("OTHER", "x", 1);
	assert_int_equal(load(text, sizeof(text)), 0);
	assert_string_equal(text, "stockroom: warning: STOCKROOM_TYPO: there "
				  "is no such setting; ignored\n");
}

static void
test_numbers(void **state)
{
	static const char allowed[] = "a whole number from 0 to 10000";

	(void)state;
	accepted("STOCKROOM_HOVER_DELAY", "0");
	accepted("STOCKROOM_HOVER_DELAY", "10000");
	refused("STOCKROOM_HOVER_DELAY", "abc", allowed);
	refused("STOCKROOM_HOVER_DELAY", "-1", allowed);
	refused("STOCKROOM_HOVER_DELAY", "10001", allowed);
	refused("STOCKROOM_HOVER_DELAY", "1.5", allowed);
	refused("STOCKROOM_HOVER_DELAY", " 1", allowed);
	refused("STOCKROOM_HOVER_DELAY", "1 ", allowed);
	refused("STOCKROOM_HOVER_DELAY", "0x10", allowed);
	refused("STOCKROOM_HOVER_DELAY", "99999999999999999999", allowed);
	refused("STOCKROOM_STREAM_POOL", "4095",
	    "a whole number from 4096 to 65536");
}

static void
test_texts(void **state)
{
	static const char base[] = "empty, or a path such as /stock "
				   "without a slash at the end";
	static const char origin[] = "empty, or an origin in small "
				     "letters such as "
				     "https://stock.example.com";
	static const char rooms[] = "1 to 64 different rooms of letters, "
				    "digits, \"_\", \"-\" and \".\", separated "
				    "by commas";
	static const char colors[] = "1 to 64 colours such as #FF6B6B, "
				     "separated by commas";
	static const char *const bases[] = {"/", "stock", "/a/", "//a", "/a//b",
	    "/..", "/a/../b", "/.", "/a b", "/a?b", "/a%20"};
	static const char *const origins[] = {"stock.example.com", "https://",
	    "https://A.com", "https://a.com/", "ftp://a.com",
	    "https://a.com:", "https://a.com:0", "https://a.com:70000",
	    "https://u@a.com", "https://[::1", "*", "null"};
	static const char *const signouts[] = {"javascript:alert(1)",
	    "//evil.lan/", "/\\evil.lan", "logout", "/log out",
	    "data:text/html,x", "/a\xc3\xb6"};
	static const char push[] =
	    "empty, or an address that ends in /push, such as "
	    "https://stock.example.com:8443/push";
	static const char *const urls[] = {"/push", "push", "https://a.com",
	    "https://a.com/", "https://a.com/push/", "https://a.com/pushy",
	    "https://a.com//push", "https://a.com/stock", "ftp://a.com/push",
	    "https://A.com/push", "https://a.com:0/push", "https:///push",
	    "https://a.com/push?x", "https://u@a.com/push", "https://push"};
	size_t i;

	(void)state;
	accepted("STOCKROOM_BASE", "/stock");
	accepted("STOCKROOM_BASE", "/a/b-c/d.e");
	accepted("STOCKROOM_BASE", "/..a");
	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		refused("STOCKROOM_BASE", bases[i], base);
	accepted("STOCKROOM_ORIGIN", "http://localhost:8000");
	accepted("STOCKROOM_ORIGIN", "https://[::1]:65535");
	for (i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		refused("STOCKROOM_ORIGIN", origins[i], origin);
	accepted("ALLOW_ORIGINS", "https://a.com , http://b.com:81");
	refused("ALLOW_ORIGINS", "https://a.com,,http://b.com",
	    "origins in "
	    "small letters such as https://stock.example.com, separated by "
	    "commas");
	refused("STOCKROOM_AUTH", "basic", "session or remote_user");
	refused("STOCKROOM_REMOTE_ROLE", "admin", "viewer, editor or none");
	accepted("STOCKROOM_SIGNOUT_URL", "/oidc?logout=https%3A%2F%2Fa.lan");
	accepted("STOCKROOM_SIGNOUT_URL", "https://sso.lan/logout");
	for (i = 0; i < sizeof(signouts) / sizeof(signouts[0]); i++)
		refused("STOCKROOM_SIGNOUT_URL", signouts[i],
		    "empty, a path such as /logout, or an address of http or "
		    "https");
	accepted("STOCKROOM_ROOMS", "inventory_management,b-2");
	refused("ALLOW_ORIGIN_REGEX", "https://(a|b",
	    "empty, or a POSIX extended regular expression of at most 500 "
	    "bytes, without back-references (Unmatched ( or \\()");
	accepted("STOCKROOM_PUSH_URL", "https://stock.example.com:8443/push");
	accepted("STOCKROOM_PUSH_URL", "http://[::1]:8081/stock/push");
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		refused("STOCKROOM_PUSH_URL", urls[i], push);
	accepted("STOCKROOM_TRANSPORT", "auto");
	accepted("STOCKROOM_TRANSPORT", "poll");
	refused("STOCKROOM_TRANSPORT", "sse", "auto or poll");
	refused("STOCKROOM_ROOMS", "a,b,a", rooms);
	refused("STOCKROOM_ROOMS", "a b", rooms);
	refused("STOCKROOM_ROOMS", ",", rooms);
	refused("STOCKROOM_PALETTE", "#FFF", colors);
	refused("STOCKROOM_PALETTE", "#FF6B6B;red", colors);
	accepted("STOCKROOM_PALETTE", "#FF6B6B, #000000");
	refused("STOCKROOM_DB", "stock.db",
	    "an absolute path of at most "
	    "1023 bytes");
}

/* A socket's path must fit its address. */
static void
test_socket(void **state)
{
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	accepted("STOCKROOM_PUSH_SOCKET", path);
	path[107] = 'x';
	path[108] = '\0';
	refused("STOCKROOM_PUSH_SOCKET", path,
	    "an absolute path of at most 107 bytes");
	accepted("STOCKROOM_DB", path);
}

static void
test_words(void **state)
{
	char word[16];

	(void)state;
	assert_false(conf_word("", 0, word, sizeof(word)));
	assert_true(conf_word("one", 0, word, sizeof(word)));
	assert_string_equal(word, "one");
	assert_false(conf_word("one", 1, word, sizeof(word)));
	assert_true(
	    conf_word(" one ,\ttwo words, three", 1, word, sizeof(word)));
	assert_string_equal(word, "two words");
	assert_true(conf_word(" one ,two, three ", 2, word, sizeof(word)));
	assert_string_equal(word, "three");
	assert_false(conf_word(" one ,two, three ", 3, word, sizeof(word)));
	assert_true(conf_word("a,,b", 1, word, sizeof(word)));
	assert_string_equal(word, "");
}

/* Every setting is in the help, with its default, within 80 columns. */
static void
test_help(void **state)
{
	FILE *fp = tmpfile();
	char line[256];
	int settings = 0, rows = 0;

	(void)state;
	assert_non_null(fp);
	conf_help(fp);
	rewind(fp);
	while (fgets(line, sizeof(line), fp) != NULL) {
		/* A palette is one word, however long. */
		if (strstr(line, "STOCKROOM_PALETTE") == NULL)
			assert_true(strlen(line) <= 80);
		if (strncmp(line, "  STOCKROOM_HOVER_DELAY=500\n", 28) == 0)
			settings++;
		rows += line[2] != ' ';
	}
	fclose(fp);
	assert_int_equal(settings, 1);
#define CONF_TEXT(field, name, check, def, help)   rows--;
#define CONF_INT(field, name, min, max, def, help) rows--;
#include "shared/conf.def"
#undef CONF_TEXT
#undef CONF_INT
	assert_int_equal(rows, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_defaults, fresh),
	    cmocka_unit_test_setup(test_environment_wins, fresh),
	    cmocka_unit_test_setup(test_file_form, fresh),
	    cmocka_unit_test_setup(test_file_bad, fresh),
	    cmocka_unit_test_setup(test_file_unreadable, fresh),
	    cmocka_unit_test_setup(test_unknown_environment, fresh),
	    cmocka_unit_test_setup(test_numbers, fresh),
	    cmocka_unit_test_setup(test_texts, fresh),
	    cmocka_unit_test_setup(test_socket, fresh),
	    cmocka_unit_test_setup(test_words, fresh),
	    cmocka_unit_test_setup(test_help, fresh),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
