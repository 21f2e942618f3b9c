/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Unix sockets: listening, stale and live files, peers, what a descriptor
 * is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/sock.h"

static char dir[] = "/tmp/stockroom-sock-XXXXXX";
static char path[64];

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static void
test_listen(void **state)
{
	struct stat sb;
	mode_t mask = umask(0);
	int fd, client, server;

	(void)state;
	fd = sock_listen_unix(path, 0660, 8);
	umask(mask);
	assert_true(fd != -1);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0660);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(sock_is_listening(fd));
	assert_int_equal(accept(fd, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);

	client = sock_connect_unix(path);
	assert_true(client != -1);
	assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
	assert_false(sock_is_listening(client));
	server = accept(fd, NULL, NULL);
	assert_true(server != -1);
	assert_int_equal(write(client, "x", 1), 1);
	close(client);
	close(server);
	close(fd);
	unlink(path);
}

/* A mode that the umask would narrow is given all the same. */
static void
test_mode(void **state)
{
	struct stat sb;
	mode_t mask = umask(077);
	int fd;

	(void)state;
	fd = sock_listen_unix(path, 0666, 1);
	umask(mask);
	assert_true(fd != -1);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 07777, 0666);
	close(fd);
	unlink(path);
}

static void
test_stale(void **state)
{
	int first, second, client;

	(void)state;
	first = sock_listen_unix(path, 0600, 8);
	assert_true(first != -1);
	errno = 0;
	assert_int_equal(sock_listen_unix(path, 0600, 8), -1);
	assert_int_equal(errno, EADDRINUSE);
	/* The live one is untouched. */
	client = sock_connect_unix(path);
	assert_true(client != -1);
	close(client);
	close(first);
	assert_int_equal(sock_connect_unix(path), -1);
	assert_int_equal(errno, ECONNREFUSED);
	second = sock_listen_unix(path, 0600, 8);
	assert_true(second != -1);
	close(second);
	unlink(path);
}

/* One whose queue is full is alive too. */
static void
test_full(void **state)
{
	int fd, clients[16], i, n = 0;

	(void)state;
	fd = sock_listen_unix(path, 0600, 1);
	assert_true(fd != -1);
	while (n < 16 && (clients[n] = sock_connect_unix(path)) != -1)
		n++;
	assert_in_range(n, 1, 15);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(sock_listen_unix(path, 0600, 8), -1);
	assert_int_equal(errno, EADDRINUSE);
	for (i = 0; i < n; i++)
		close(clients[i]);
	close(fd);
	unlink(path);
}

static void
test_no_socket(void **state)
{
	char *text;
	int fd;

	(void)state;
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, "keep", 4), 4);
	close(fd);
	assert_int_equal(sock_listen_unix(path, 0600, 8), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
	assert_int_equal(sock_connect_unix(path), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(sock_connect_unix(""), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sock_listen_unix("/nonexistent/s", 0600, 8), -1);
	assert_int_equal(errno, ENOENT);

	text = malloc(200);
	assert_non_null(text);
	memset(text, 'x', 199);
	text[0] = '/';
	text[199] = '\0';
	assert_int_equal(sock_listen_unix(text, 0600, 8), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(sock_connect_unix(text), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	free(text);
}

static int
has(const struct sock_peers *peers, uid_t uid)
{
	int i, n = 0;

	for (i = 0; i < peers->count; i++)
		n += peers->uid[i] == uid;
	return n;
}

static void
test_peers(void **state)
{
	struct sock_peers peers;
	char bad[64], list[1024] = "";
	int i;

	(void)state;
	assert_true(sock_peers_parse(&peers, "", bad));
	assert_int_equal(has(&peers, 0), 1);
	assert_int_equal(has(&peers, geteuid()), 1);
	assert_true(
	    sock_peers_parse(&peers, " 12345, daemon root,,12345 ", bad));
	assert_int_equal(has(&peers, 12345), 1);
	assert_int_equal(has(&peers, 1), 1);
	assert_int_equal(has(&peers, 0), 1);

	assert_false(sock_peers_parse(&peers, "root,no-such-user", bad));
	assert_string_equal(bad, "no-such-user");
	assert_false(sock_peers_parse(&peers, "4294967295", bad));
	assert_string_equal(bad, "4294967295");
	assert_false(sock_peers_parse(&peers, "99999999999999999999", bad));
	assert_false(sock_peers_parse(&peers, "12x", bad));
	assert_false(sock_peers_parse(&peers, "-1", bad));

	memset(list, 'a', 100);
	assert_false(sock_peers_parse(&peers, list, bad));
	assert_int_equal(strlen(bad), 63);

	list[0] = '\0';
	for (i = 0; i < SOCK_PEERS_MAX; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
		    "%d,", 20000 + i);
	assert_false(sock_peers_parse(&peers, list, bad));
}

static void
test_peer_allowed(void **state)
{
	struct sock_peers ours = {{geteuid()}, 1};
	struct sock_peers others = {{geteuid() + 1}, 1};
	struct sock_peers none = {.count = 0};
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(sock_peer_allowed(fds[0], &ours));
	assert_false(sock_peer_allowed(fds[0], &others));
	assert_false(sock_peer_allowed(fds[0], &none));
	close(fds[1]);
	close(fds[0]);
	assert_false(sock_peer_allowed(fds[0], &ours));
}

static void
test_descriptors(void **state)
{
	struct timeval tv;
	socklen_t len = sizeof(tv);
	int fds[2];
	char byte;

	(void)state;
	assert_false(sock_is_listening(-1));
	assert_int_equal(pipe(fds), 0);
	assert_false(sock_is_listening(fds[0]));
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_true(sock_set_nonblock(fds[0], true));
	assert_int_equal(read(fds[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(sock_set_nonblock(fds[0], false));
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_true(sock_set_timeout(fds[0], 1050));
	assert_int_equal(
	    getsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
	assert_int_equal(tv.tv_sec, 1);
	assert_in_range(tv.tv_usec, 40000, 60000);
	assert_int_equal(
	    getsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &tv, &len), 0);
	assert_int_equal(tv.tv_sec, 1);
	close(fds[0]);
	close(fds[1]);
	assert_false(sock_set_nonblock(fds[0], true));
	assert_false(sock_set_timeout(fds[0], 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_listen),
	    cmocka_unit_test(test_mode),
	    cmocka_unit_test(test_stale),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_no_socket),
	    cmocka_unit_test(test_peers),
	    cmocka_unit_test(test_peer_allowed),
	    cmocka_unit_test(test_descriptors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
