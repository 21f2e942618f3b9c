/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a relay may say to the app: its end of the event socket, fed with any
 * bytes.  Whatever they are, what the app says in return are lines that a
 * relay reads.  Our epoch is the last that can be, since a relay that has a
 * later one ends the app, and rightly.
 */
#include <sys/socket.h>

#include <string.h>
#include <unistd.h>

#include "fcgi-app/link.h"
#include "shared/sock.h"
#include "target.h"
#include "world.h"

#define TURNS_MAX 64 /* more than an input has pieces */

static int listener = -1;

static void
take_answer(struct event *ev)
{
	MUST(ev->kind == EVENT_PRESENCE && ev->body != NULL);
	json_object_put(ev->body);
	ev->body = NULL;
}

/* What an app may say. */
static void
check_said(const struct event *ev)
{
	MUST(ev->kind == EVENT_APP || ev->kind == EVENT_CHANGE ||
	     ev->kind == EVENT_OLDEST || ev->kind == EVENT_REVOKE ||
	     ev->kind == EVENT_TOLD);
}

void
fuzz_link(const uint8_t *data, size_t len)
{
	static struct link l;
	static char said[1 << 18];
	int fd, turns = 0;

	world_app();
	if (listener == -1)
		listener = sock_listen_unix(world_path("event.sock"), 0600, 8);
	memset(&l, 0, sizeof(l));
	link_init(
	    &l, world_reader(), world_app()->conf.event_socket, take_answer);
	MUST(link_open(&l));
	MUST((fd = accept(listener, NULL, NULL)) != -1);
	world_send(fd, data, len);
	shutdown(fd, SHUT_WR);
	while (turns++ < TURNS_MAX && link_fill(&l) && link_send(&l) &&
	       link_wait(&l, -1, 0))
		MUST(l.in.len < EVENT_LINE_MAX && l.next >= 0);
	link_send(&l);
	world_receive(fd, said, sizeof(said));
	world_events(said, check_said);
	close(fd);
	l.db = NULL; /* the world's, which stays */
	link_reset(&l);
}
