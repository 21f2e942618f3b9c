/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Tickets: what is signed is read back, nothing else is; the key files are
 * made once, however many processes want them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "shared/ticket.h"

#define RACERS 16

static char dir[] = "/tmp/stockroom-ticket-XXXXXX";
static char path[64], public_path[72];

static int
setup(void **state)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)state;
	/* Refused key files are logged: nothing to see in a test's output. */
	if (mkdtemp(dir) == NULL || null == -1 || dup2(null, 2) == -1)
		return -1;
	close(null);
	snprintf(path, sizeof(path), "%s/key", dir);
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	return 0;
}

static int
fresh(void **state)
{
	(void)state;
	unlink(path);
	unlink(public_path);
	return 0;
}

static int
teardown(void **state)
{
	fresh(state);
	/* Fails when a temporary file was left behind. */
	return rmdir(dir);
}

static struct ticket
sample(void)
{
	struct ticket t = {
	    .user_id = 7,
	    .username = "ana \xc3\xa9\"\\",
	    .name = "second tab",
	    .role = "editor",
	    .color = "#FF6B6B",
	    .room = "inventory_management",
	    .session = "0123456789abcdef0123456789abcdef",
	    .issued = INT64_C(1767323045678),
	    .ends = INT64_C(1767927845678),
	};

	ticket_new_sid(t.sid);
	return t;
}

static void
make_keys(struct ticket_keys *keys)
{
	crypto_sign_keypair(keys->public[0].key, keys->secret);
	keys->public[0].until = INT64_MAX;
	keys->count = 1;
}

static void
assert_same(const struct ticket_keys *a, const struct ticket_keys *b)
{
	assert_memory_equal(a->secret, b->secret, sizeof(a->secret));
	assert_memory_equal(a->public, b->public, sizeof(a->public));
	assert_int_equal(a->count, b->count);
}

static void
test_round(void **state)
{
	struct ticket_keys keys, only = {0};
	struct ticket t = sample(), got;
	char text[TICKET_MAX];

	(void)state;
	make_keys(&keys);
	ticket_sign(&t, &keys, text);
	assert_memory_equal(text, "v1.", 3);
	/* The public key is enough. */
	only.public[0] = keys.public[0];
	only.count = 1;
	assert_int_equal(ticket_verify(text, strlen(text), &only, &got), ST_OK);
	assert_string_equal(got.sid, t.sid);
	assert_int_equal(got.user_id, 7);
	assert_string_equal(got.username, t.username);
	assert_string_equal(got.name, "second tab");
	assert_string_equal(got.role, "editor");
	assert_string_equal(got.color, "#FF6B6B");
	assert_string_equal(got.room, "inventory_management");
	assert_string_equal(got.session, t.session);
	assert_true(got.issued == t.issued && got.ends == t.ends);
	ticket_keys_reset(&keys);
	assert_true(sodium_is_zero(keys.secret, sizeof(keys.secret)));
}

static void
fill(char *out, const char *unit, size_t n)
{
	size_t i, len = strlen(unit);

	for (i = 0; i < n; i++)
		memcpy(out + i * len, unit, len);
	out[n * len] = '\0';
}

/* The longest texts, those that JSON makes longer too, always fit. */
static void
test_largest(void **state)
{
	static const char *const units[] = {"\xf0\x9f\x98\x80", "\x01", "\""};
	struct ticket_keys keys;
	struct ticket t = sample(), got;
	char text[TICKET_MAX];
	size_t i;

	(void)state;
	make_keys(&keys);
	for (i = 0; i < 3; i++) {
		fill(t.username, units[i], 64);
		fill(t.name, units[i], TICKET_NAME_MAX);
		fill(t.room, "r", 64);
		t.user_id = INT64_MAX;
		ticket_sign(&t, &keys, text);
		assert_int_equal(
		    ticket_verify(text, strlen(text), &keys, &got), ST_OK);
		assert_string_equal(got.username, t.username);
		assert_string_equal(got.name, t.name);
	}
}

/* No other text than the one that was signed passes. */
static void
test_changed(void **state)
{
	static const char letters[] = "Ab0-_.=+/ \n\x80";
	struct ticket_keys keys, other;
	struct ticket t = sample(), got = {.user_id = 42};
	char text[TICKET_MAX], copy[TICKET_MAX];
	size_t len, i, j;

	(void)state;
	make_keys(&keys);
	make_keys(&other);
	ticket_sign(&t, &keys, text);
	len = strlen(text);
	assert_int_equal(
	    ticket_verify(text, len, &other, &got), ST_UNAUTHORIZED);
	for (i = 0; i < len; i++) {
		if (i % 7 == 0)
			assert_int_equal(ticket_verify(text, i, &keys, &got),
			    ST_UNAUTHORIZED);
		for (j = 0; j < sizeof(letters); j++) {
			memcpy(copy, text, len + 1);
			if (copy[i] == letters[j])
				continue;
			copy[i] = letters[j];
			assert_int_equal(ticket_verify(copy, len, &keys, &got),
			    ST_UNAUTHORIZED);
		}
	}
	memcpy(copy, text, len);
	memcpy(copy + len, "=", 2);
	assert_int_equal(
	    ticket_verify(copy, len + 1, &keys, &got), ST_UNAUTHORIZED);
	assert_int_equal(ticket_verify("", 0, &keys, &got), ST_UNAUTHORIZED);
	memset(copy, 'A', sizeof(copy));
	assert_int_equal(
	    ticket_verify(copy, sizeof(copy), &keys, &got), ST_UNAUTHORIZED);
	assert_int_equal(got.user_id, 42);
}

/* The bits of the signature's last character that carry nothing are 0. */
static void
test_canonical(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789-_";
	struct ticket_keys keys;
	struct ticket t = sample(), got;
	char text[TICKET_MAX];
	size_t len, i;
	int good = 0;

	(void)state;
	make_keys(&keys);
	ticket_sign(&t, &keys, text);
	len = strlen(text);
	for (i = 0; i < 64; i++) {
		text[len - 1] = alphabet[i];
		good += ticket_verify(text, len, &keys, &got) == ST_OK;
	}
	assert_int_equal(good, 1);
}

/* A payload that the key did sign, but that is no ticket. */
static void
signed_refused(const struct ticket_keys *keys, const char *payload)
{
	unsigned char signature[crypto_sign_BYTES];
	struct ticket got;
	char text[TICKET_MAX] = "v1.";
	size_t len;

	sodium_bin2base64(text + 3, sizeof(text) - 3,
	    (const unsigned char *)payload, strlen(payload),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	len = strlen(text);
	crypto_sign_detached(
	    signature, NULL, (const unsigned char *)text, len, keys->secret);
	text[len++] = '.';
	sodium_bin2base64(text + len, sizeof(text) - len, signature,
	    sizeof(signature), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (ticket_verify(text, strlen(text), keys, &got) != ST_UNAUTHORIZED)
		fail_msg("accepted: %s", payload);
}

#define SID   "\"sid\":\"0123456789abcdefABCD-_\""
#define USER  ",\"user_id\":1,\"username\":\"ana\",\"name\":\"\""
#define ROLE  ",\"role\":\"editor\",\"color\":\"\""
#define ROOM  ",\"room\":\"r\",\"session\":\"s\""
#define TIMES ",\"issued\":1,\"ends\":2"

static void
test_payload(void **state)
{
	static const char *const bad[] = {
	    "{}",
	    "x",
	    "[]",
	    "{" SID USER ROLE ROOM ",\"issued\":1}",
	    "{" SID USER ROLE ROOM ",\"issued\":-1,\"ends\":2}",
	    "{" SID USER ROLE ROOM ",\"issued\":\"1\",\"ends\":2}",
	    "{" SID USER ROLE ROOM TIMES ",\"more\":1}",
	    "{" SID USER ROLE ROOM TIMES ",\"ends\":2}",
	    "{\"sid\":\"short\"" USER ROLE ROOM TIMES "}",
	    "{\"sid\":\"0123456789abcdefABCD-/\"" USER ROLE ROOM TIMES "}",
	    "{" SID
	    ",\"user_id\":0,\"username\":\"ana\",\"name\":\"\"" ROLE ROOM TIMES
	    "}",
	    "{" SID
	    ",\"user_id\":1,\"username\":\"\",\"name\":\"\"" ROLE ROOM TIMES
	    "}",
	    "{" SID
	    ",\"user_id\":1,\"username\":\"\xff\",\"name\":\"\"" ROLE ROOM TIMES
	    "}",
	    "{" SID USER ",\"role\":\"root\",\"color\":\"\"" ROOM TIMES "}",
	    "{" SID USER ",\"role\":\"editor\",\"color\":\"red\"" ROOM TIMES
	    "}",
	    "{" SID USER ",\"role\":\"editor\",\"color\":\"#12345g\"" ROOM TIMES
	    "}",
	    "{" SID USER ROLE ",\"room\":\"a b\",\"session\":\"s\"" TIMES "}",
	    "{" SID USER ROLE ",\"room\":\"\",\"session\":\"s\"" TIMES "}",
	    "{" SID USER ROLE ",\"room\":\"r\",\"session\":"
	    "\"0123456789abcdef0123456789abcdef0\"" TIMES "}",
	};
	struct ticket_keys keys;
	size_t i;

	(void)state;
	make_keys(&keys);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		signed_refused(&keys, bad[i]);
}

static mode_t
mode_of(const char *name)
{
	struct stat sb;

	assert_int_equal(stat(name, &sb), 0);
	return sb.st_mode & 07777;
}

static void
test_keys(void **state)
{
	struct ticket_keys made, again, public;
	struct ticket t = sample(), got;
	char text[TICKET_MAX];

	(void)state;
	assert_int_equal(
	    ticket_keys_load_public(&public, path), ST_UNAVAILABLE);
	assert_int_equal(ticket_keys_load_or_make(&made, path), ST_OK);
	assert_int_equal(mode_of(path), 0400);
	assert_int_equal(mode_of(public_path), 0444);
	assert_int_equal(ticket_keys_load_or_make(&again, path), ST_OK);
	assert_same(&again, &made);
	assert_int_equal(ticket_keys_load_public(&public, path), ST_OK);
	assert_true(sodium_is_zero(public.secret, sizeof(public.secret)));
	ticket_sign(&t, &made, text);
	assert_int_equal(
	    ticket_verify(text, strlen(text), &public, &got), ST_OK);
	/* A lost public twin is made again. */
	unlink(public_path);
	assert_int_equal(ticket_keys_load_or_make(&again, path), ST_OK);
	assert_int_equal(ticket_keys_load_public(&public, path), ST_OK);
	assert_memory_equal(public.public[0].key, made.public[0].key,
	    sizeof(made.public[0].key));
}

static void
write_text(const char *name, mode_t mode, const char *text)
{
	int fd;

	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
test_bad_keys(void **state)
{
	struct ticket_keys keys;
	char zeroes[88];

	(void)state;
	/* A lost secret is not made anew behind a public key in use. */
	write_text(public_path, 0444, "x\n");
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(ticket_keys_load_public(&keys, path), ST_FAULT);
	unlink(public_path);

	write_text(path, 0400, "");
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	/* A secret key's two halves must agree. */
	fill(zeroes, "A", 86);
	write_text(path, 0400, zeroes);
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	unlink(path);

	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	assert_int_equal(chmod(path, 0404), 0);
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	assert_int_equal(chmod(path, 0440), 0);
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	/* Another pair's public key. */
	fill(zeroes, "A", 43);
	write_text(public_path, 0444, zeroes);
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_FAULT);
	assert_int_equal(
	    ticket_keys_load_or_make(&keys, "/nonexistent/key"), ST_FAULT);
}

/* All who start at once end with one pair. */
static void
test_race(void **state)
{
	struct ticket_keys keys, got;
	int fds[2], gate[2], i, status;
	char byte;
	pid_t pids[RACERS];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(gate), 0);
	fflush(NULL);
	for (i = 0; i < RACERS; i++) {
		if ((pids[i] = fork()) == 0) {
			close(gate[1]);
			(void)!read(gate[0], &byte, 1);
			_exit(ticket_keys_load_or_make(&keys, path) != ST_OK ||
			      write(fds[1], &keys, sizeof(keys)) !=
				  (ssize_t)sizeof(keys));
		}
		assert_true(pids[i] > 0);
	}
	close(gate[0]);
	close(gate[1]);
	close(fds[1]);
	for (i = 0; i < RACERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(ticket_keys_load_or_make(&keys, path), ST_OK);
	for (i = 0; i < RACERS; i++) {
		assert_int_equal(read(fds[0], &got, sizeof(got)), sizeof(got));
		assert_same(&got, &keys);
	}
	close(fds[0]);
}

static void
test_sid(void **state)
{
	char first[TICKET_SID_LEN + 1], second[TICKET_SID_LEN + 1];

	(void)state;
	ticket_new_sid(first);
	ticket_new_sid(second);
	assert_int_equal(strlen(first), TICKET_SID_LEN);
	assert_string_not_equal(first, second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_round, fresh),
	    cmocka_unit_test_setup(test_largest, fresh),
	    cmocka_unit_test_setup(test_changed, fresh),
	    cmocka_unit_test_setup(test_canonical, fresh),
	    cmocka_unit_test_setup(test_payload, fresh),
	    cmocka_unit_test_setup(test_keys, fresh),
	    cmocka_unit_test_setup(test_bad_keys, fresh),
	    cmocka_unit_test_setup(test_race, fresh),
	    cmocka_unit_test_setup(test_sid, fresh),
	};

	if (sodium_init() < 0)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
