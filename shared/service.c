/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "service.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "sock.h"

#define FD_FIRST     3    /* SD_LISTEN_FDS_START */
#define NOTIFY_MS    1000 /* to wait for a manager that does not listen */
#define SERVICE_NAME 64   /* bytes of a name that is kept, with the NUL */

/* One passed socket; fd is -1 once it was taken. */
struct passed {
	int fd;
	char name[SERVICE_NAME];
};

static struct {
	struct passed sockets[SERVICE_SOCKETS_MAX];
	int count;
	int notify_fd;       /* connected, or -1 */
	int64_t watchdog_ms; /* 0: none */
} service = {.notify_fd = -1};

/* The environment's decimal number; 0 when it is none, or not positive. */
static int64_t
number_of(const char *name)
{
	const char *text = getenv(name);
	long long n;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno != 0 || *end != '\0' ? 0 : n;
}

/* Names are separated by colons; one that is too long is known to nobody. */
static void
take_socket(int fd, const char **names)
{
	struct passed *p = &service.sockets[service.count++];
	size_t len = strcspn(*names, ":");

	if (!sock_is_listening(fd))
		log_fatal(EX_CONFIG,
		    "LISTEN_FDS: descriptor %d is no listening stream socket",
		    fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		log_fatal(EX_OSERR, "fcntl: %s", strerror(errno));
	p->fd = fd;
	snprintf(p->name, sizeof(p->name), "%.*s", (int)len, *names);
	*names += len;
	*names += **names == ':';
}

static void
take_sockets(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int64_t count = number_of("LISTEN_FDS");

	if (number_of("LISTEN_PID") != getpid())
		return;
	if (count < 1 || count > SERVICE_SOCKETS_MAX)
		log_fatal(EX_CONFIG,
		    "LISTEN_FDS: from 1 to %d sockets may be passed",
		    SERVICE_SOCKETS_MAX);
	if (names == NULL)
		names = "";
	for (int i = 0; i < (int)count; i++)
		take_socket(FD_FIRST + i, &names);
}

/*
 * Connect to the manager; "@" stands for the NUL of an abstract name.  What
 * else there may be (AF_VSOCK of a virtual machine) is not for us.
 */
static void
connect_notify(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len < 2 || len >= sizeof(addr.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || !sock_set_timeout(fd, NOTIFY_MS) ||
	    connect(fd, (struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) !=
		0) {
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
		if (fd != -1)
			close(fd);
		return;
	}
	service.notify_fd = fd;
}

void
service_start(void)
{
	static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS",
	    "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"};

	take_sockets();
	connect_notify(getenv("NOTIFY_SOCKET"));
	if (getenv("WATCHDOG_PID") == NULL ||
	    number_of("WATCHDOG_PID") == getpid())
		service.watchdog_ms = number_of("WATCHDOG_USEC") / 2000;
	if (service.notify_fd == -1)
		service.watchdog_ms = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static int
take(struct passed *p)
{
	int fd = p->fd;

	p->fd = -1;
	return fd;
}

int
service_socket(const char *name)
{
	for (int i = 0; i < service.count; i++)
		if (service.sockets[i].fd != -1 &&
		    strcmp(service.sockets[i].name, name) == 0)
			return take(&service.sockets[i]);
	return -1;
}

int
service_only_socket(void)
{
	return service.count == 1 ? take(&service.sockets[0]) : -1;
}

void
service_close_rest(void)
{
	for (int i = 0; i < service.count; i++) {
		struct passed *p = &service.sockets[i];

		if (p->fd == -1)
			continue;
		log_warn("LISTEN_FDNAMES: no use for a socket named \"%s\"",
		    p->name);
		close(take(p));
	}
}

/*
 * Nobody to tell is no trouble, and a manager that is gone is not ours.  One
 * that is busy is waited for, but not by a sign of life: the next one counts.
 */
static void
notify(const char *text, int flags)
{
	ssize_t n;

	if (service.notify_fd == -1)
		return;
	n = send(service.notify_fd, text, strlen(text), MSG_NOSIGNAL | flags);
	if (n == -1)
		log_debug("NOTIFY_SOCKET: %s", strerror(errno));
}

void
service_ready(const char *status)
{
	char text[256];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s\n", status);
	notify(text, 0);
}

void
service_stopping(void)
{
	notify("STOPPING=1\nSTATUS=Finishing what runs\n", 0);
}

int64_t
service_watchdog_ms(void)
{
	return service.watchdog_ms;
}

void
service_alive(void)
{
	notify("WATCHDOG=1\n", MSG_DONTWAIT);
}
