/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/sock.h"

bool
http_address_parse(struct http_address *a, const char *text)
{
	const char *port = text;
	char *end;
	long n;

	if (text[0] == '/') {
		if (strlen(text) >= sizeof(a->path))
			return false;
		a->port = 0;
		memcpy(a->path, text, strlen(text) + 1);
		return true;
	}
	if (strncmp(text, "127.0.0.1:", 10) == 0)
		port += 10;
	n = strtol(port, &end, 10);
	if (end == port || *end != '\0' || n < 1 || n > 65535)
		return false;
	a->port = (int)n;
	a->path[0] = '\0';
	return true;
}

int
http_connect(const struct http_address *a, int rcvbuf)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	int fd, on = 1;

	if (a->port == 0)
		return sock_connect_unix(a->path);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	sin.sin_port = htons((uint16_t)a->port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (rcvbuf > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 &&
	    errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

void
http_in_init(struct http_in *in)
{
	in->state = HTTP_HEAD;
	in->status = 0;
	in->left = -1;
	in->chunked = false;
	in->keep = true;
	in->len = 0;
}

static void
read_status(struct http_in *in)
{
	if (strncmp(in->line, "HTTP/1.", 7) != 0 || strlen(in->line) < 12) {
		in->state = HTTP_BAD;
		return;
	}
	in->status = (int)strtol(in->line + 9, NULL, 10);
	in->keep = in->line[7] == '1';
	if (in->status < 100)
		in->state = HTTP_BAD;
}

static void
read_header(struct http_in *in)
{
	char *value = strchr(in->line, ':');

	if (value == NULL)
		return;
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(in->line, "Content-Length") == 0)
		in->left = strtoll(value, NULL, 10);
	else if (strcasecmp(in->line, "Transfer-Encoding") == 0)
		in->chunked = strcasecmp(value, "chunked") == 0;
	else if (strcasecmp(in->line, "Connection") == 0 &&
		 strcasecmp(value, "close") == 0)
		in->keep = false;
}

/* The empty line has come: what follows it? */
static void
end_head(struct http_in *in)
{
	if (in->chunked)
		in->state = HTTP_CHUNK;
	else if (in->status == 204 || in->status == 304 || in->left == 0)
		in->state = HTTP_DONE;
	else if (in->left > 0)
		in->state = HTTP_LENGTH;
	else
		in->state = HTTP_CLOSE;
}

static void
take_line(struct http_in *in)
{
	char *end;

	if (in->state == HTTP_HEAD) {
		if (in->status == 0)
			read_status(in);
		else if (in->line[0] != '\0')
			read_header(in);
		else
			end_head(in);
	} else if (in->state == HTTP_CHUNK) {
		in->left = strtoll(in->line, &end, 16);
		if (end == in->line || in->left < 0)
			in->state = HTTP_BAD;
		else
			in->state =
			    in->left > 0 ? HTTP_CHUNK_DATA : HTTP_TRAILER;
	} else if (in->state == HTTP_CHUNK_END) {
		in->state = in->line[0] == '\0' ? HTTP_CHUNK : HTTP_BAD;
	} else if (in->line[0] == '\0') {
		in->state = HTTP_DONE;
	}
}

/* Take a line, or what has come of it. */
static size_t
take_text(struct http_in *in, const char *data, size_t len)
{
	const char *nl = memchr(data, '\n', len);
	size_t n = nl == NULL ? len : (size_t)(nl - data) + 1;

	if (in->len + n > sizeof(in->line)) {
		in->state = HTTP_BAD;
		return len;
	}
	memcpy(in->line + in->len, data, n);
	in->len += n;
	if (nl == NULL)
		return n;
	in->len--;
	if (in->len > 0 && in->line[in->len - 1] == '\r')
		in->len--;
	in->line[in->len] = '\0';
	in->len = 0;
	take_line(in);
	return n;
}

size_t
http_in_take(struct http_in *in, const char *data, size_t len,
    const char **body, size_t *body_len)
{
	bool counted = in->state == HTTP_LENGTH || in->state == HTTP_CHUNK_DATA;

	*body = data;
	*body_len = 0;
	if (in->state == HTTP_BAD || in->state == HTTP_DONE)
		return len;
	if (!counted && in->state != HTTP_CLOSE)
		return take_text(in, data, len);
	if (counted && (int64_t)len > in->left)
		len = (size_t)in->left;
	*body_len = len;
	in->left -= counted ? (int64_t)len : 0;
	if (counted && in->left == 0)
		in->state =
		    in->state == HTTP_LENGTH ? HTTP_DONE : HTTP_CHUNK_END;
	return len;
}

bool
http_in_end(struct http_in *in)
{
	if (in->state == HTTP_CLOSE)
		in->state = HTTP_DONE;
	return in->state == HTTP_DONE;
}
