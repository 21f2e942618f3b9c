/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A connection to the relay's event socket: announces our history, sends
 * what the tables hold that the relay lacks, changes in order and revokes,
 * and reads what the relay says.  Never blocks but in link_wait().
 */
#ifndef FCGI_APP_LINK_H
#define FCGI_APP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "change.h"
#include "db.h"
#include "session.h"
#include "shared/buf.h"
#include "shared/event.h"

#define LINK_SENT_MAX 256 /* revokes remembered as sent */

/* A revoke that was sent on this connection. */
struct sent {
	char what[USER_PUBLIC_LEN + 24]; /* public id or "user:N" */
	int64_t at;                      /* ms since 1970 */
};

/* The connection to the relay; of one thread. */
struct link {
	struct db *db;                  /* our own reader */
	const char *path;               /* of the event socket */
	void (*answer)(struct event *); /* takes ev->body; or NULL */
	int fd;                         /* -1: not connected */
	bool hello;                     /* the relay has said it */
	int64_t since;                  /* connected, clock_mono_ms() */
	struct change_log log;          /* as announced */
	int64_t next;                   /* seq to send next */
	int64_t acked;                  /* the relay has up to here */
	int64_t version;                /* data_version looked at; -1: look */
	bool more;                      /* rows wait for room in out */
	int64_t told;     /* UTC ms: what was revoked until then the relay
			     knows; 0: not known */
	int64_t told_put; /* the newest that the relay was sent */
	struct buf in, out;
	struct sent sent[LINK_SENT_MAX]; /* a ring */
	int sent_count, sent_next;
};

/*
 * Prepare a zeroed one; DB, a reader, is its own from now on, PATH borrowed.
 * ANSWER is called with each answer to a query.
 */
void link_init(struct link *, struct db *, const char *path,
    void (*answer)(struct event *));

/* Connect and put the first line; false when nobody listens. */
bool link_open(struct link *);

/* Disconnect; what waited to be sent is forgotten, the tables hold it. */
void link_close(struct link *);

/* Disconnect and free all; safe after link_init. */
void link_reset(struct link *);

/* Put what was committed since the last look; false: connect anew. */
bool link_fill(struct link *);

/* Whether the relay has all that was there when it was looked at last. */
bool link_done(const struct link *);

/* Send what waits, as far as it goes; false: the connection is lost. */
bool link_send(struct link *);

/*
 * Wait at most TIMEOUT ms for the relay or for WAKE_FD, an eventfd or -1,
 * and take what came; false: the connection is lost.  Works unconnected.
 * Ends the process when the relay knows a later history than ours.
 */
bool link_wait(struct link *, int wake_fd, int timeout);

#endif
