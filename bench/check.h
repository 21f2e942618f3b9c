/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The client's rule, and whether the server keeps its side of it.  A client
 * has a position, the last event that it applied.  An event of seq = last +
 * 1 is applied, a lower one dropped, a higher one is a gap, which pages of
 * the log close.  Beside that each connection has made a promise: to go on
 * from the position that the client named, or from the one that it was told.
 * What breaks the promise is counted as a fault, even where the client's
 * rule would mend it.
 */
#ifndef BENCH_CHECK_H
#define BENCH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "shared/event.h"
#include "table.h"

/* What was heard of one event, from whomever first. */
struct truth_event {
	uint64_t raw;          /* hash of the text of a stream; 0: none */
	uint64_t content;      /* hash of what it says; 0: not heard */
	int64_t sent_us;       /* when its writer sent it; 0: unknown */
	int64_t last_us;       /* when the last one had it that listened */
	struct effect *effect; /* owned; NULL: nobody keeps a table */
};

/* The log of one epoch, as the clients have heard it. */
struct truth {
	char epoch[EVENT_EPOCH_LEN + 1];
	int64_t first; /* seq of event[0] */
	size_t size;   /* events allocated */
	struct truth_event *event;
};

/* What must not happen; one of these for all clients. */
struct check_faults {
	int64_t holes;    /* an event that a connection left out */
	int64_t repeats;  /* one that it brought again */
	int64_t disorder; /* one that came after a later one */
	int64_t differs;  /* one that says different things */
	int64_t broken;   /* what cannot be read or makes no sense */
};

/* An event that waits for a gap to be closed. */
struct check_held {
	int64_t seq;
	uint64_t content;
};

/* One client; all zeroes but for last = next = -1 is one that has nothing. */
struct check {
	struct check_faults *faults; /* borrowed */
	struct truth *truth;         /* borrowed */
	struct table table;          /* what the events make, where their
					effects are known */
	int64_t last;                /* newest applied; */
	int64_t wish;                /* what this connection was told that
					we have */
	int64_t next;                /* what this connection must bring;
					-1: it has promised nothing */
	int64_t applied;             /* events */
	int64_t dropped;             /* that had come another way */
	size_t held_count;
	size_t held_size;
	struct check_held *held; /* owned */
};

enum check_verdict { CHECK_APPLIED, CHECK_DROPPED, CHECK_GAP };

/* Begin with nothing after SEQ; the faults go on. */
void check_start(struct check *, int64_t seq);

/*
 * A new request, which names our position: nothing is promised yet, and
 * nothing is held.
 */
void check_connected(struct check *);

/*
 * The connection says where it goes on: after FROM, which the client named,
 * when it is RECOVERED; else after TO, or -1 for not known.
 */
enum check_verdict check_promised(
    struct check *, bool recovered, int64_t from, int64_t to);

/* The connection claims to have brought all up to SEQ. */
void check_upto(struct check *, int64_t seq);

/* An event of the connection; one beyond a gap is held. */
enum check_verdict check_event(struct check *, int64_t seq, uint64_t content);

/* An event of a page of the log. */
void check_page(struct check *, int64_t seq, uint64_t content);

/* There are no pages: go on beyond the gap, up to SEQ at least. */
void check_skip(struct check *, int64_t seq);

/* The pages are read: what was held; CHECK_GAP: there is one still. */
enum check_verdict check_closed(struct check *);

void check_reset(struct check *);

/* The log is of this epoch, and begins after SEQ; what it had is dropped. */
void truth_start(struct truth *, const char *epoch, int64_t seq);

/* The place of an event; NULL: it is before the beginning. */
struct truth_event *truth_at(struct truth *, int64_t seq);

void truth_reset(struct truth *);

/* What a change says, as a number that is never 0. */
uint64_t content_hash(struct json_object *change);

/* The same of bytes as they are. */
uint64_t content_bytes(const char *data, size_t len);

#endif
