/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * ok SOCKET: the floor of a FastCGI program: as many threads as the app has,
 * in libfcgi's own accept loop, each answers "ok" and does nothing else.
 */
#include <sys/socket.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "shared/sock.h"

#define THREADS 64
#define BACKLOG 511

static int listen_fd;

static void *
answer(void *arg)
{
	FCGX_Request request;

	(void)arg;
	FCGX_InitRequest(&request, listen_fd, 0);
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutS("Content-Type: text/plain\r\n"
			  "Content-Length: 2\r\n\r\nok",
		    request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	pthread_t thread;
	sigset_t set;
	int sig;

	if (argc != 2)
		return 64;
	if ((listen_fd = sock_listen_unix(argv[1], 0600, BACKLOG)) == -1 ||
	    !sock_set_nonblock(listen_fd, false))
		return 1;
	/* As the app does: else it waits 2 s for a peer that is slow to go. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "50", 0);
	FCGX_Init();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, answer, NULL) != 0)
			return 1;
	sigwait(&set, &sig);
	_exit(0);
}
