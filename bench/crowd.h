/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What all clients share: the server's addresses, our keys, the log as it
 * was heard, and what is counted.  One thread, one epoll descriptor.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "dice.h"
#include "figures.h"
#include "http.h"
#include "ledger.h"
#include "peer.h"
#include "rest.h"
#include "shared/ticket.h"

struct client;

/* What is counted since the last reset of the figures. */
struct tally {
	int64_t joined;    /* room_joined taken */
	int64_t recovered; /* of them with nothing missed */
	int64_t frames;    /* events of any kind */
	int64_t passing;   /* that are not durable, nor about the stream */
	int64_t moving;    /* of them: with places of pointers */
	int64_t looked;    /* of those: looked into */
	int64_t seen;      /* places in these */
	int64_t most;      /* places in one of them */
	int64_t bytes;     /* of answers of streams and polls */
	int64_t polls;     /* answers */
	int64_t ends;      /* connections that ended without our doing */
	int64_t told;      /* that said disconnect before */
	int64_t slow;      /* of them: too far behind */
	int64_t refused;   /* answers other than 200 */
	int64_t cuts;      /* connections that we ended */
	int64_t stalls;    /* times that a client did not read */
	int64_t switches;  /* of the transport */
	int64_t lost;      /* poll answers that we threw away */
	int64_t pages;     /* of the log, read to close a gap */
	int64_t restarts;  /* clients that met another epoch */
};

/* The load program's settings and state. */
struct crowd {
	int epfd;
	const char *base; /* URL prefix */
	const char *room;
	const char *token; /* for REST */
	enum peer peer;    /* what is listened to */
	char **tickets;    /* for that: a client's each */
	struct ticket_keys keys;
	struct http_address push; /* of streams and polls */
	struct rest posts;        /* beats, to the same */
	struct rest api;          /* the app */
	int64_t silence;          /* us after which a connection is dead */
	int rcvbuf;               /* bytes; 0: the system's */
	int poll_percent;         /* clients that poll */
	struct ledger *ledger;    /* of what is written; NULL: none is kept,
				     and no tables */
	struct dice dice;
	unsigned size; /* clients */
	struct client *clients;
	char epoch[EVENT_EPOCH_LEN + 1]; /* "": not known */
	int64_t start;                   /* seq where all begin */
	struct truth truth;
	struct check_faults faults;
	struct tally tally;
	struct times first_frame; /* connect to room_joined */
	struct times delivery;    /* a writer's send to a client */
	struct times cursor;      /* a pointer's move to a client */
	int64_t moves;            /* moves a second, over all clients */
	int64_t moves_at;         /* mono us: the next */
	unsigned mover;           /* whose turn it is */
	int64_t chaos;            /* mishaps a minute, over all clients */
	int64_t chaos_at;         /* mono us: the next */
};

/* Make the clients, none of them connected. */
void crowd_begin(struct crowd *);

/* Let them connect, evenly over MS. */
void crowd_open(struct crowd *, int64_t ms);

/* Do what is due; NOW in us of the monotonic clock. */
void crowd_tick(struct crowd *, int64_t now);

/* How many have joined their room. */
unsigned crowd_live(const struct crowd *);

/*
 * How many have not joined at any time from SINCE (mono us) on, or have not
 * come to SEQ, though nobody has told them to stay away or not to read.  Not
 * all are there at once where streams are short: some are on their way back.
 */
unsigned crowd_behind(const struct crowd *, int64_t seq, int64_t since);

/* How many of those have not come to SEQ, on the line or not. */
unsigned crowd_lacking(const struct crowd *, int64_t seq);

/* Some clients at random, COUNT of them, each once. */
void crowd_pick(struct crowd *, unsigned count,
    void (*fn)(struct client *, int64_t arg), int64_t arg);

/* From now on RATE mishaps a minute, of all kinds; 0: none, and all well. */
void crowd_chaos(struct crowd *, int64_t rate);

/* From now on RATE moves of pointers a second, of one client after another. */
void crowd_moves(struct crowd *, int64_t rate);

/* Whether places are looked for in what a client hears: in a crowd, few do. */
bool crowd_looks(const struct crowd *, unsigned n);

void crowd_end(struct crowd *);

#endif
