/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "sock-tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBES 3 /* unanswered ones, until a peer is given up */

/* The port after the last colon; 0: none such. */
static unsigned
read_port(const char *text)
{
	size_t n = strspn(text, "0123456789");
	long port;

	if (n == 0 || n > 5 || text[n] != '\0' || text[0] == '0')
		return 0;
	port = strtol(text, NULL, 10);
	return port <= 65535 ? (unsigned)port : 0;
}

bool
sock_tcp_parse(const char *text, struct sockaddr_storage *out, socklen_t *len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
	char address[INET6_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	unsigned port;
	size_t n;

	if (colon == NULL || (port = read_port(colon + 1)) == 0)
		return false;
	n = (size_t)(colon - text);
	if (brackets && (n < 2 || text[n - 1] != ']'))
		return false;
	if (brackets) {
		text++;
		n -= 2;
	}
	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = '\0';
	memset(out, 0, sizeof(*out));
	if (brackets) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*v6);
		return inet_pton(AF_INET6, address, &v6->sin6_addr) == 1;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	*len = sizeof(*v4);
	return inet_pton(AF_INET, address, &v4->sin_addr) == 1;
}

static bool
set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

bool
sock_tcp_keep_alive(int fd, int seconds)
{
	int idle = seconds / 2;
	int each = (seconds - idle) / PROBES;

	return set(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle > 0 ? idle : 1) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPINTVL, each > 0 ? each : 1) &&
	       set(fd, IPPROTO_TCP, TCP_KEEPCNT, PROBES) &&
	       set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
}

int
sock_listen_tcp(const char *text, int backlog, int seconds)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd, saved;

	if (!sock_tcp_parse(text, &addr, &len)) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(
	    addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	/* After a restart the old connections may still be there. */
	if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	    (addr.ss_family == AF_INET ||
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
	    sock_tcp_keep_alive(fd, seconds) &&
	    bind(fd, (struct sockaddr *)&addr, len) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool
sock_is_tcp(int fd)
{
	socklen_t len = sizeof(int);
	int domain = 0;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       (domain == AF_INET || domain == AF_INET6);
}
