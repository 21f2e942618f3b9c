/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sysexits.h>

#include "client.h"
#include "shared/log.h"

#define TICKET_LINE 512

bool
peer_parse(enum peer *out, const char *name)
{
	if (strcmp(name, "nchan") == 0)
		*out = PEER_NCHAN;
	else if (strcmp(name, "socket.io") == 0)
		*out = PEER_SOCKETIO;
	else
		return false;
	return true;
}

char **
peer_tickets(const char *path, unsigned count)
{
	char line[TICKET_LINE], **all = calloc(count, sizeof(*all));
	FILE *f = fopen(path, "re");
	unsigned i;

	if (f == NULL)
		log_fatal(EX_NOINPUT, "%s: %s", path, strerror(errno));
	for (i = 0; i < count; i++) {
		if (fgets(line, sizeof(line), f) == NULL)
			log_fatal(EX_NOINPUT, "%s: too few tickets", path);
		line[strcspn(line, "\n")] = '\0';
		if (all == NULL || (all[i] = strdup(line)) == NULL)
			log_fatal(EX_OSERR, "out of memory");
	}
	fclose(f);
	return all;
}

void
peer_ask(const struct client *c, struct buf *out)
{
	if (c->crowd->peer == PEER_NCHAN)
		buf_printf(out,
		    "GET /listen?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		    "Accept: text/event-stream\r\n\r\n",
		    c->crowd->tickets[c->n]);
	else
		buf_puts(out,
		    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
		    "Host: 127.0.0.1\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		    "Sec-WebSocket-Key: c3RvY2tyb29tLWxvYWQtMQ==\r\n\r\n");
}

/* The place in the log is in the data alone. */
static void
take_data(struct client *c, const char *data, size_t len)
{
	const char *p = strstr(data, "\"seq\":");

	c->crowd->tally.frames++;
	if (p == NULL)
		c->crowd->faults.broken++;
	else
		client_change(c, strtoll(p + 6, NULL, 10), data, len);
}

static void
take_event(
    void *arg, const char *event, const char *id, const char *data, size_t len)
{
	(void)event;
	(void)id;
	take_data(arg, data, len);
}

static void
say(struct client *c, const char *text, size_t len)
{
	ws_out(&c->out, text, len);
	client_watch(c, EPOLL_CTL_MOD);
}

/* Engine.IO's packet, and Socket.IO's inside a message. */
static void
take_packet(void *arg, const char *text, size_t len)
{
	struct client *c = arg;
	char auth[TICKET_LINE + 32];
	const char *data;
	int n;

	if (text[0] == '0') { /* the line is open */
		n = snprintf(auth, sizeof(auth), "40{\"token\":\"%s\"}",
		    c->crowd->tickets[c->n]);
		say(c, auth, (size_t)n);
	} else if (text[0] == '2') { /* are we there? */
		say(c, "3", 1);
	} else if (strncmp(text, "40", 2) == 0) {
		client_joined(c, true, NULL);
	} else if (strncmp(text, "42", 2) == 0 &&
		   (data = strchr(text, '{')) != NULL) {
		/* ["name",{...}] */
		take_data(c, data, len - (size_t)(data - text) - 1);
	} else {
		c->crowd->faults.broken++;
	}
}

bool
peer_take(struct client *c, const char *bytes, size_t len)
{
	if (c->crowd->peer == PEER_SOCKETIO) {
		c->ws.text_fn = take_packet;
		c->ws.arg = c;
		return ws_in_take(&c->ws, bytes, len);
	}
	if (!c->joined)
		client_joined(c, true, NULL);
	c->sse.event_fn = take_event;
	sse_in_take(&c->sse, bytes, len);
	return true;
}
