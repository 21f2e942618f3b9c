/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/ticket.h"

#define NOW      INT64_C(1800000000000)
#define KEEP     1000
#define ROTATORS 4
#define ROUNDS   10

static char dir[] = "/tmp/stockroom-rotate-XXXXXX";
static char path[64], list[80];

static int
setup(void **state)
{
	(void)state;
	assert_int_not_equal(sodium_init(), -1);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/key", dir);
	snprintf(list, sizeof(list), "%s.pub", path);
	return 0;
}

static int
fresh(void **state)
{
	(void)state;
	unlink(path);
	unlink(list);
	unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

static int
teardown(void **state)
{
	fresh(state);
	return rmdir(dir);
}

static void
sign(const struct ticket_keys *keys, char text[TICKET_MAX])
{
	struct ticket t = {.user_id = 7,
	    .username = "ana",
	    .role = "editor",
	    .room = "r",
	    .session = "s",
	    .issued = NOW,
	    .ends = NOW + 100 * KEEP};

	ticket_new_sid(t.sid);
	ticket_sign(&t, keys, text);
}

static enum status
verify(const char *text, struct ticket *out)
{
	struct ticket_keys keys;

	assert_int_equal(ticket_keys_load_public(&keys, path), ST_OK);
	return ticket_verify(text, strlen(text), &keys, out);
}

static mode_t
mode_of(const char *name)
{
	struct stat sb;

	assert_int_equal(stat(name, &sb), 0);
	return sb.st_mode & 07777;
}

static void
test_rotate(void **state)
{
	struct ticket_keys first, second, loaded;
	struct ticket t;
	char old[TICKET_MAX], new[TICKET_MAX];

	(void)state;
	assert_int_equal(
	    ticket_keys_rotate(&second, path, NOW, KEEP), ST_NOT_FOUND);
	assert_int_equal(ticket_keys_load_or_make(&first, path), ST_OK);
	assert_int_equal(chmod(path, 0440), 0);
	sign(&first, old);
	assert_int_equal(ticket_keys_rotate(&second, path, NOW, KEEP), ST_OK);
	sign(&second, new);
	assert_int_equal(mode_of(path), 0440);
	assert_int_equal(mode_of(list), 0444);
	assert_memory_not_equal(
	    first.secret, second.secret, sizeof(first.secret));
	assert_int_equal(ticket_keys_load_or_make(&loaded, path), ST_OK);
	assert_memory_equal(
	    loaded.secret, second.secret, sizeof(loaded.secret));
	assert_int_equal(loaded.count, 2);
	assert_int_equal(verify(new, &t), ST_OK);
	assert_int_equal(t.ends, NOW + 100 * KEEP);
	assert_false(t.replaced);
	assert_int_equal(ticket_keys_until(&loaded, t.key), INT64_MAX);
	assert_int_equal(verify(old, &t), ST_OK);
	assert_int_equal(t.ends, NOW + KEEP);
	assert_true(t.replaced);
	assert_int_equal(ticket_keys_until(&loaded, t.key), NOW + KEEP);
	assert_int_equal(ticket_keys_until(&loaded, t.key + 1), 0);
	/* A later one does not make it good for longer. */
	assert_int_equal(
	    ticket_keys_rotate(&loaded, path, NOW + 1, KEEP), ST_OK);
	assert_int_equal(verify(old, &t), ST_OK);
	assert_int_equal(t.ends, NOW + KEEP);
	/* One that has ended goes. */
	assert_int_equal(
	    ticket_keys_rotate(&loaded, path, NOW + KEEP, KEEP), ST_OK);
	assert_int_equal(verify(old, &t), ST_UNAUTHORIZED);
	assert_int_equal(verify(new, &t), ST_OK);
}

static void
test_at_once(void **state)
{
	struct ticket_keys first, second;
	struct ticket t;
	char old[TICKET_MAX], new[TICKET_MAX];

	(void)state;
	assert_int_equal(ticket_keys_load_or_make(&first, path), ST_OK);
	sign(&first, old);
	assert_int_equal(ticket_keys_rotate(&second, path, NOW, 0), ST_OK);
	sign(&second, new);
	assert_int_equal(second.count, 1);
	assert_int_equal(verify(old, &t), ST_UNAUTHORIZED);
	assert_int_equal(verify(new, &t), ST_OK);
}

static void
test_many(void **state)
{
	struct ticket_keys keys, now;
	char last[TICKET_MAX];
	struct ticket t;
	int i;

	(void)state;
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	for (i = 0; i < 2 * TICKET_KEYS_MAX; i++) {
		sign(&keys, last);
		assert_int_equal(
		    ticket_keys_rotate(&keys, path, NOW, KEEP), ST_OK);
		assert_int_equal(verify(last, &t), ST_OK);
	}
	assert_int_equal(keys.count, TICKET_KEYS_MAX);
	assert_int_equal(ticket_keys_load(&now, path), ST_OK);
}

/* Keep the file of that name as NAME.old, or take it back. */
static void
keep(const char *name, const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof(a), "%s%s", name, from);
	snprintf(b, sizeof(b), "%s%s", name, to);
	unlink(b);
	assert_int_equal(*to == '\0' ? rename(a, b) : link(a, b), 0);
}

/* A rotation that was cut off after its first or its second step. */
static void
test_cut(void **state)
{
	struct ticket_keys first, second, loaded;
	char old[TICKET_MAX], new[TICKET_MAX], text[256];
	struct ticket t;
	FILE *fp;
	char key[2][64];
	unsigned i;

	(void)state;
	assert_int_equal(ticket_keys_load_or_make(&first, path), ST_OK);
	sign(&first, old);
	keep(path, "", ".old");
	assert_int_equal(ticket_keys_rotate(&second, path, NOW, 0), ST_OK);
	sign(&second, new);
	keep(path, "", ".new");
	for (i = 0; i < 2; i++)
		sodium_bin2base64(key[i], sizeof(key[i]),
		    i == 0 ? first.public[0].key : second.public[0].key, 32,
		    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	snprintf(text, sizeof(text), "%s\n%s\n", key[0], key[1]);
	for (i = 0; i < 2; i++) {
		unlink(list);
		assert_non_null(fp = fopen(list, "w"));
		fputs(text, fp);
		fclose(fp);
		keep(path, i == 0 ? ".old" : ".new", "");
		assert_int_equal(
		    ticket_keys_load_or_make(&loaded, path), ST_OK);
		assert_memory_equal(loaded.secret,
		    i == 0 ? first.secret : second.secret,
		    sizeof(loaded.secret));
		assert_int_equal(verify(old, &t), ST_OK);
		assert_int_equal(verify(new, &t), ST_OK);
	}
	/* The next one sets what the first could not. */
	assert_int_equal(ticket_keys_rotate(&loaded, path, NOW, 0), ST_OK);
	assert_int_equal(verify(old, &t), ST_UNAUTHORIZED);
	assert_int_equal(verify(new, &t), ST_UNAUTHORIZED);
}

/* Whatever is loaded while others rotate is whole, and fits. */
static void
test_meanwhile(void **state)
{
	struct ticket_keys keys;
	char text[TICKET_MAX];
	struct ticket t;
	int i, round, status, left = ROTATORS;

	(void)state;
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	for (i = 0; i < ROTATORS; i++) {
		if (fork() == 0) {
			for (round = 0; round < ROUNDS; round++) {
				if (ticket_keys_rotate(
					&keys, path, NOW, KEEP) != ST_OK)
					_exit(1);
			}
			_exit(0);
		}
	}
	while (left > 0) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			left--;
		}
		assert_int_equal(ticket_keys_load(&keys, path), ST_OK);
	}
	assert_int_equal(ticket_keys_load(&keys, path), ST_OK);
	assert_int_equal(keys.count, TICKET_KEYS_MAX);
	sign(&keys, text);
	assert_int_equal(verify(text, &t), ST_OK);
}

static void
test_lists(void **state)
{
	static const char *const bad[] = {"", "\n", "%1$s x\n", "%1$s \n",
	    "%1$s  5\n", "%1$s 5 \n", "%1$s -5\n", "%1$s 5x\n", "%1$s\n\n",
	    "%1$s\nx\n", "x\n%1$s\n", "%1$s 1234567890123456\n",
	    "%1$s\n%1$s\n%1$s\n%1$s\n%1$s\n%1$s\n%1$s\n%1$s\n%1$s\n"};
	static const char *const good[] = {"%1$s", "%1$s\n", "%1$s 5\n",
	    "%1$s 5", "%1$s\n%1$s 123456789012345\n"};
	struct ticket_keys keys;
	char key[64];
	FILE *fp;
	size_t i, n = sizeof(bad) / sizeof(*bad);

	(void)state;
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	sodium_bin2base64(key, sizeof(key), keys.public[0].key, 32,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	for (i = 0; i < n + sizeof(good) / sizeof(*good); i++) {
		unlink(list);
		assert_non_null(fp = fopen(list, "w"));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(fp, i < n ? bad[i] : good[i - n], key);
#pragma GCC diagnostic pop
		fclose(fp);
		assert_int_equal(ticket_keys_load_public(&keys, path),
		    i < n ? ST_FAULT : ST_OK);
	}
	assert_int_equal(keys.count, 2);
	assert_int_equal(keys.public[1].until, INT64_C(123456789012345));
}

static void
test_stamp(void **state)
{
	struct ticket_stamp stamp = {0};
	struct ticket_keys keys;

	(void)state;
	assert_false(ticket_stamp_changed(&stamp, list));
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	assert_true(ticket_stamp_changed(&stamp, list));
	assert_false(ticket_stamp_changed(&stamp, list));
	assert_int_equal(ticket_keys_rotate(&keys, path, NOW, KEEP), ST_OK);
	assert_true(ticket_stamp_changed(&stamp, list));
	assert_false(ticket_stamp_changed(&stamp, list));
	unlink(list);
	assert_false(ticket_stamp_changed(&stamp, list));
}

/* systemd's copy is read, and nothing is written beside it. */
static void
test_credential(void **state)
{
	struct ticket_keys keys, again;
	struct ticket t;
	char text[TICKET_MAX];

	(void)state;
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	assert_int_equal(access(path, F_OK), -1);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	unlink(list);
	assert_int_equal(ticket_keys_load_or_make(&again, path), ST_OK);
	assert_int_equal(access(list, F_OK), -1);
	sign(&again, text);
	assert_int_equal(ticket_verify(text, strlen(text), &keys, &t), ST_OK);
	assert_int_equal(ticket_verify(text, strlen(text), &again, &t), ST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_rotate, fresh),
	    cmocka_unit_test_setup(test_at_once, fresh),
	    cmocka_unit_test_setup(test_many, fresh),
	    cmocka_unit_test_setup(test_cut, fresh),
	    cmocka_unit_test_setup(test_meanwhile, fresh),
	    cmocka_unit_test_setup(test_lists, fresh),
	    cmocka_unit_test_setup(test_stamp, fresh),
	    cmocka_unit_test_setup(test_credential, fresh),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
