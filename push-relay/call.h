/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A request to the push socket, as its handlers see it: the ticket, who
 * calls, the body, and the answer to be.  A handler never answers; it returns
 * a status, and says with call_refuse() what was wrong.
 */
#ifndef PUSH_RELAY_CALL_H
#define PUSH_RELAY_CALL_H

#include "relay.h"
#include "shared/buf.h"
#include "shared/json.h"

#define CALL_ID_MAX   40   /* bytes of a request's id, with the NUL */
#define CALL_BODY_MAX 4096 /* bytes of a request's body */

struct loop_daemon;
struct longpoll;
struct MHD_Connection;

/* Made by http.c; lives until the request is answered. */
struct call {
	struct relay *relay;
	struct MHD_Connection *connection;
	struct loop_daemon *daemon; /* that serves it; borrowed */
	char id[CALL_ID_MAX];       /* X-Request-Id */
	const char *bearer; /* ticket of the Authorization header, or NULL */
	const char *origin; /* of the page, by that header; borrowed, or NULL */
	const char *last_event_id; /* that header; borrowed, or NULL */
	const char *query_ticket;  /* parameters of the address, likewise */
	const char *query_position;
	const char *query_version;
	const char *query_answer;
	struct buf body;          /* at most CALL_BODY_MAX */
	size_t drained;           /* bytes that came beyond that */
	const char *detail;       /* of a problem; static or in err */
	struct json_error err;    /* the trouble of a body; or empty */
	struct ticket ticket;     /* of who calls */
	struct member *member;    /* whose it is; NULL: nobody's who is here */
	struct buf answer;        /* of a success */
	const char *type;         /* its content type; static */
	struct longpoll *held;    /* the poll that waits; or NULL */
	struct json_object *more; /* a problem's own members; or NULL */
	bool outside;             /* came by our own port */
	bool secure;              /* by TLS */
	bool last;                /* close the connection after it */
};

/* Note what was wrong, and return the status. */
enum status call_refuse(struct call *, enum status, const char *detail);

/* The same with the first trouble of a body, at its place. */
enum status call_refuse_body(
    struct call *, enum status, const struct json_error *);

/*
 * Read a ticket and find its member; TEXT may be NULL.  ST_OK,
 * ST_UNAUTHORIZED or ST_UNAVAILABLE.
 */
enum status call_ticket(struct call *, const char *text, size_t len);

/*
 * The member whom the Authorization header's ticket serves must be here, and
 * may post.  ST_OK, ST_UNAUTHORIZED, ST_UNAVAILABLE, ST_FORBIDDEN: the sid is
 * another user's, or ST_TOO_MANY.
 */
enum status call_member(struct call *);

/*
 * The same for one that may not be here yet: a ticket that opens a stream is
 * as good, and then there may be no member.
 */
enum status call_page(struct call *);

#endif
