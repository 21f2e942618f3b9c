/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "answer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "shared/sock.h"

#define THREADS 64
#define BACKLOG 511

int
answer_by(void *(*loop)(void *listen_fd), const char *path)
{
	static int listen_fd;
	pthread_t thread;
	sigset_t set;
	int sig;

	if ((listen_fd = sock_listen_unix(path, 0600, BACKLOG)) == -1 ||
	    !sock_set_nonblock(listen_fd, false))
		return 1;
	/* Before libfcgi starts, which takes it for itself. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* As the app does: else it waits 2 s for a peer that is slow to go. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "50", 0);
	FCGX_Init();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, loop, &listen_fd) != 0)
			return 1;
	sigwait(&set, &sig);
	_exit(0);
}
