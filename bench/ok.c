/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * ok SOCKET: the floor of a FastCGI program: as many threads as the app has,
 * in libfcgi's own accept loop, each answers "ok" and does nothing else.
 */
#include <stddef.h>

#include <fcgiapp.h>

#include "answer.h"

static void *
answer(void *listen_fd)
{
	FCGX_Request request;

	FCGX_InitRequest(&request, *(int *)listen_fd, 0);
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
	return argc == 2 ? answer_by(answer, argv[1]) : 64;
}
