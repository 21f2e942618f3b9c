/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The floor: what it costs to hand an event to N clients when nothing is
 * done but one send() for each.  It serves bench/load on a TCP port or a Unix
 * socket as the relay does, but knows no rooms, no rings and no limits.  Each
 * line of standard input is the data of an event, sent to all who listen.
 *
 *	floor 127.0.0.1:8000 EPOCH
 *	floor /run/floor.sock EPOCH
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/sock-tcp.h"
#include "shared/sock.h"

#define CLIENTS 20000 /* descriptors, at most */
#define EVENTS  256   /* of one look */
#define TEXT    65536 /* bytes of a line, and of a frame */
#define BACKLOG 4096

static const char hello[] = "HTTP/1.1 200 OK\r\n"
			    "Content-Type: text/event-stream\r\n\r\n"
			    "event: room_joined\n"
			    "data: {\"recovered\":true,\"from\":\"%s:0\","
			    "\"to\":\"%s:0\"}\n\n";
static const char done[] = "HTTP/1.1 204 No Content\r\n\r\n";

static int epfd;
static bool listens[CLIENTS]; /* by descriptor: a stream is open on it */
static int most;              /* highest descriptor seen */
static const char *epoch;

static void
watch(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

static void
take_client(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int on = 1;

	if (fd == -1)
		return;
	if (fd >= CLIENTS)
		log_fatal(EX_OSERR, "too many clients");
	if (fd > most)
		most = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	watch(fd);
}

/* A request fits into one read: load sends nothing long. */
static void
take_request(int fd)
{
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text), 0);
	int len;

	if (n <= 0) {
		listens[fd] = false;
		close(fd);
		return;
	}
	if (text[0] == 'P') {
		send(fd, done, sizeof(done) - 1, MSG_NOSIGNAL);
		return;
	}
	len = snprintf(text, sizeof(text), hello, epoch, epoch);
	send(fd, text, (size_t)len, MSG_NOSIGNAL);
	listens[fd] = true;
}

/* The event, once to each. */
static void
send_event(const char *data)
{
	static char frame[TEXT];
	static long long seq;
	int fd, len;

	len = snprintf(frame, sizeof(frame),
	    "id: %s:%lld\nevent: inventory_changed\ndata: %s\n\n", epoch, ++seq,
	    data);
	for (fd = 0; fd <= most; fd++) {
		if (listens[fd])
			send(fd, frame, (size_t)len, MSG_NOSIGNAL);
	}
}

/* Lines of standard input; false at its end. */
static bool
take_input(void)
{
	static char text[TEXT];
	static size_t len;
	char *nl;
	ssize_t n = read(0, text + len, sizeof(text) - len);

	if (n <= 0)
		return false;
	len += (size_t)n;
	while ((nl = memchr(text, '\n', len)) != NULL) {
		*nl = '\0';
		send_event(text);
		len -= (size_t)(nl + 1 - text);
		memmove(text, nl + 1, len);
	}
	return true;
}

/* On a Unix socket, or a port. */
static int
listen_at(const char *where)
{
	return where[0] == '/' ? sock_listen_unix(where, 0600, BACKLOG)
			       : sock_listen_tcp(where, BACKLOG, 600);
}

int
main(int argc, char *argv[])
{
	struct epoll_event ev[EVENTS];
	struct rlimit rl;
	bool more = true;
	int i, n, listener;

	log_init("floor", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (argc != 3) {
		fputs("usage: floor ADDRESS:PORT|SOCKET EPOCH\n", stderr);
		return EX_USAGE;
	}
	epoch = argv[2];
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
	if ((listener = listen_at(argv[1])) == -1 ||
	    (epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		log_fatal(EX_OSERR, "%s: %s", argv[1], strerror(errno));
	watch(listener);
	watch(0);
	while (more) {
		n = epoll_wait(epfd, ev, EVENTS, -1);
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				take_client(listener);
			else if (ev[i].data.fd == 0)
				more = take_input();
			else
				take_request(ev[i].data.fd);
		}
	}
	if (argv[1][0] == '/')
		unlink(argv[1]);
	return 0;
}
