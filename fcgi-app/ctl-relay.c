/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "ctl-relay.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/json.h"
#include "shared/sock.h"

#define WAIT_MS  2000
#define BODY_MAX (1024 * 1024)

/* Wait for the socket; false with errno when it takes too long. */
static bool
wait_for(int fd, short events, int64_t until)
{
	struct pollfd pfd = {.fd = fd, .events = events};
	int64_t left = until - clock_mono_ms();

	if (left > 0 && poll(&pfd, 1, (int)left) == 1)
		return true;
	errno = ETIMEDOUT;
	return false;
}

static bool
send_request(int fd, const char *path, int64_t until)
{
	struct buf out = {0};
	bool good;

	buf_printf(&out, "GET %s HTTP/1.0\r\nHost: relay\r\n\r\n", path);
	/* So short a request goes whole, or the relay is in trouble. */
	good = wait_for(fd, POLLOUT, until) &&
	       send(fd, out.data, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
	buf_reset(&out);
	return good;
}

/* All that comes until the relay closes. */
static bool
read_answer(int fd, int64_t until, struct buf *in)
{
	char part[4096];
	ssize_t n;

	for (;;) {
		if (!wait_for(fd, POLLIN, until))
			return false;
		n = recv(fd, part, sizeof(part), 0);
		if (n == 0)
			return true;
		if (n > 0)
			buf_add(in, part, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return false;
		if (in->full) {
			errno = EMSGSIZE;
			return false;
		}
	}
}

bool
ctl_relay_get(const char *socket, const char *path, struct buf *body)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	struct buf in = {.max = BODY_MAX};
	const char *end = NULL;
	bool good;
	int fd, error;

	if ((fd = sock_connect_unix(socket)) == -1)
		return false;
	good = send_request(fd, path, until) && read_answer(fd, until, &in);
	error = errno;
	close(fd);
	if (good && (in.len < 12 || memcmp(in.data, "HTTP/1.", 7) != 0 ||
			memcmp(in.data + 8, " 200", 4) != 0 ||
			(end = strstr(in.data, "\r\n\r\n")) == NULL)) {
		good = false;
		error = EPROTO;
	}
	if (good)
		buf_puts(body, end + 4);
	buf_reset(&in);
	errno = error;
	return good;
}

struct json_object *
ctl_relay_health(const char *socket)
{
	struct json_object *obj = NULL;
	struct buf body = {0};
	struct json_error err;

	if (!ctl_relay_get(socket, "/healthz", &body))
		return NULL;
	if (json_in_parse(body.data, body.len, &obj, &err) != ST_OK) {
		obj = NULL;
		errno = EPROTO;
	}
	buf_reset(&body);
	return obj;
}

int64_t
ctl_relay_metric(const char *text, const char *name)
{
	size_t len = strlen(name);
	const char *line;

	for (line = text; line != NULL && *line != '\0';
	     line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtoll(line + len + 1, NULL, 10);
	}
	return -1;
}
