/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * bare SOCKET DATABASE: ok.c with what SQLite alone does of a request
 * (bare-sql.h), on the item whose SKU ends the address.  GET answers the item;
 * all else changes it.  Changes that come while others are committed go
 * together, in one transaction, and each is answered after its COMMIT.  No
 * head and no body is looked at, nothing is logged, and nobody is told.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <fcgiapp.h>

#include "answer.h"
#include "bare-sql.h"

/* A change that is asked for, on its thread's stack. */
struct ask {
	struct ask *next;
	const char *sku;
	bool done; /* else it is its thread that goes on with the others */
	sem_t woken;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct ask *asks; /* under mu, as is led: a thread commits */
static bool led;
static struct bare_sql *writer; /* of who commits */
static const char *path;

/* Commit what is asked for; then it is another one's turn. */
static void
lead(void)
{
	static int64_t n;
	struct ask *batch, *next, *heir;

	pthread_mutex_lock(&mu);
	batch = asks;
	asks = NULL;
	pthread_mutex_unlock(&mu);
	bare_begin(writer);
	for (struct ask *a = batch; a != NULL; a = a->next)
		bare_change(writer, a->sku, n++);
	bare_commit(writer);
	pthread_mutex_lock(&mu);
	heir = asks;
	led = heir != NULL;
	pthread_mutex_unlock(&mu);
	if (heir != NULL)
		sem_post(&heir->woken);
	for (struct ask *a = batch; a != NULL; a = next) {
		next = a->next;
		a->done = true;
		sem_post(&a->woken);
	}
}

static void
change(const char *sku)
{
	struct ask me = {.sku = sku};
	bool first;

	sem_init(&me.woken, 0, 0);
	pthread_mutex_lock(&mu);
	me.next = asks;
	asks = &me;
	first = !led;
	led = true;
	pthread_mutex_unlock(&mu);
	if (first)
		lead();
	while (sem_wait(&me.woken) == -1 || !me.done)
		lead();
	sem_destroy(&me.woken);
}

static void *
answer(void *listen_fd)
{
	struct bare_sql *reader = bare_open(path);
	FCGX_Request request;
	const char *uri, *method;
	char text[2048];
	size_t len;

	FCGX_InitRequest(&request, *(int *)listen_fd, 0);
	while (FCGX_Accept_r(&request) == 0) {
		uri = strrchr(FCGX_GetParam("REQUEST_URI", request.envp), '/');
		method = FCGX_GetParam("REQUEST_METHOD", request.envp);
		if (strcmp(method, "GET") == 0) {
			len = bare_read(reader, uri + 1, text, sizeof(text));
		} else {
			change(uri + 1);
			len = (size_t)snprintf(text, sizeof(text), "ok");
		}
		FCGX_FPrintF(request.out,
		    "Content-Type: application/json\r\n"
		    "Content-Length: %d\r\n\r\n",
		    (int)len);
		FCGX_PutStr(text, (int)len, request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(int argc, char *argv[])
{
	if (argc != 3)
		return 64;
	path = argv[2];
	bare_init();
	writer = bare_open(path);
	return answer_by(answer, argv[1]);
}
