/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * One client: a page of a person of its own, that listens by Server-Sent
 * Events or by long-polling, comes back when it is cut off, answers pings,
 * and closes gaps by reading the log.  It also does on demand what clients
 * do to a server: go without a word, not read, read a little, lose an answer,
 * change the transport.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "crowd.h"
#include "http.h"
#include "rest.h"
#include "shared/buf.h"
#include "sse-in.h"
#include "ws-in.h"

/* Ids of our people: far from those of a database. */
#define CLIENT_USER 1000000

enum client_phase {
	CLIENT_AWAY, /* stays away until it is told otherwise */
	CLIENT_WAIT, /* will send its request when it is time */
	CLIENT_OPEN  /* request sent, or about to be */
};

/* One of the crowd. */
struct client {
	struct source source; /* first */
	struct crowd *crowd;
	unsigned n;
	char sid[TICKET_SID_LEN + 1];
	char *ticket;      /* owned; the last one signed */
	int64_t signed_us; /* when; 0: it is of no use */
	bool poll;         /* else a stream */
	enum client_phase phase;
	int64_t due;       /* mono us: end of CLIENT_WAIT */
	int fd;            /* -1: none */
	int old_fd;        /* of the transport before; -1: none */
	bool reused;       /* fd served a request before */
	struct buf out;    /* of the request, what is to be sent */
	struct http_in in; /* the answer */
	struct sse_in sse;
	struct ws_in ws;    /* of a peer */
	struct buf body;    /* of a poll's answer */
	bool joined;        /* the room, since the last cut */
	int64_t began_us;   /* when the request was made */
	int64_t live_us;    /* when the room was joined */
	int64_t heard_us;   /* when bytes came last */
	unsigned failures;  /* in a row */
	int64_t told_retry; /* ms, by the last disconnect */

	/* Polling: what the last answer said. */
	bool has_answer;
	int64_t answer;
	int64_t presence_version;

	/* Reading. */
	bool blocked;    /* reads not, or by drops */
	int64_t until;   /* mono us: end of it; 0: until it is told */
	int64_t rate;    /* bytes a second; 0: none */
	int64_t read_us; /* when it read last */
	bool lose;       /* the next answer of a poll */

	/* The rule. */
	struct check check;
	bool fetching;     /* a page is under way */
	bool gap;          /* pages are wanted */
	int64_t fetch_due; /* mono us: not before */
};

void client_init(struct client *, struct crowd *, unsigned n);

/* Begin, or begin again, at this time. */
void client_open(struct client *, int64_t due_us);

/* Do what is due. */
void client_tick(struct client *, int64_t now_us);

/* Break the connection without a word; it comes back in its own time. */
void client_cut(struct client *, int64_t ignored);
/* The same, and stay away until client_back(). */
void client_leave(struct client *, int64_t ignored);
void client_back(struct client *, int64_t ignored);
/* Read nothing for MS; 0: until client_thaw(). */
void client_freeze(struct client *, int64_t ms);
/* Read so many bytes a second. */
void client_trickle(struct client *, int64_t rate);
void client_thaw(struct client *, int64_t ignored);
/* The other transport from now on. */
void client_switch(struct client *, int64_t ignored);
/* Lose the next answer of a poll; of a stream: be cut. */
void client_lose(struct client *, int64_t ignored);

void client_reset(struct client *);

/* ---- between the parts of the client */

/* Close the connection and forget what came by it. */
void client_hang_up(struct client *);

/* Tell epoll, by this EPOLL_CTL_*, what is waited for. */
void client_watch(struct client *, int op);

/* Take in what is on the line (client-in.c). */
void client_read(struct client *, size_t most);

/* The connection says where it goes on; TO is NULL without a ring. */
void client_joined(struct client *, bool recovered, const char *to);

/* A change has come by a stream. */
void client_change(struct client *, int64_t seq, const char *data, size_t len);

/* The connection broke: ask again at once where that is no outage. */
void client_broke(struct client *);

/* The connection is of no more use: come back, after what we were told. */
void client_again(struct client *);

/* The poll is answered: the next one PAUSE ms from now, at random. */
void client_next_poll(struct client *, int64_t pause);

/* Pages of the log are wanted; where there are none, go on after UPTO. */
void client_want_pages(struct client *, int64_t upto);

/* What this change does to a table, if nobody has said so before. */
void client_learn(struct client *, int64_t seq, struct json_object *change);

/* Say that we are here. */
void client_beat(struct client *);

/* Say where our pointer is: somewhere, in a row that tells the time. */
void client_move(struct client *, int64_t ignored);

/* Another epoch: begin at its newest place. */
void client_restart(struct client *);

#endif
