/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <assert.h>
#include <string.h>

#include "admit.h"
#include "answer.h"
#include "ask.h"
#include "longpoll.h"
#include "open.h"
#include "shared/clock.h"
#include "sse.h"

/* An address ends in logs and histories: its ticket opens one stream. */
static bool
stream_use_ticket(struct call *c)
{
	const char *text = c->query_ticket;

	if (c->bearer != NULL)
		return true;
	assert(text != NULL); /* admit_ticket() has read it */
	return gate_use(&c->relay->gate, text, strlen(text), clock_utc_ms());
}

/*
 * Open the stream, or say in one why not, or refuse it with ST; false: close
 * the connection.
 */
static bool
stream_open(struct call *c, enum status *st)
{
	struct event_position pos;
	const char *text, *why;

	if ((text = c->last_event_id) == NULL || *text == '\0')
		text = c->query_position;
	if (text != NULL && *text == '\0')
		text = NULL;
	if (text != NULL && !event_position_parse(text, &pos))
		return sse_refuse(
		    c, "position", "The position cannot be read", 0);
	if ((why = admit_limit(c)) != NULL)
		return sse_refuse(
		    c, "full", why, ADMIT_FULL_WAIT + admit_wait());
	if (!stream_use_ticket(c)) {
		*st = call_refuse(
		    c, ST_UNAUTHORIZED, "A ticket in the address works once");
		return answer_send(c, *st, NULL);
	}
	return sse_open(c, text == NULL ? NULL : &pos);
}

bool
open_stream(struct call *c)
{
	enum status st = ST_OK;
	bool good;

	if (c->relay->stopping)
		good = sse_refuse(
		    c, "shutdown", "The server restarts", admit_wait());
	else if ((st = admit_ticket(
		      c, c->bearer != NULL ? c->bearer : c->query_ticket)) ==
		 ST_UNAVAILABLE)
		good = sse_refuse(c, "starting", c->detail, admit_wait());
	else if (st != ST_OK)
		good = answer_send(c, st, NULL);
	else
		good = stream_open(c, &st);
	answer_log(c, LOG_INFO, "GET", "/push/stream", status_http(st));
	return good;
}

/* Judge a poll, which waits for longer than its handler. */
static enum status
poll_judge(struct call *c, struct ask *ask)
{
	enum status st;

	if ((st = admit_ticket(c, c->bearer)) != ST_OK)
		return st;
	st = ask_read(
	    c->query_position, c->query_version, c->query_answer, ask, &c->err);
	if (st != ST_OK)
		return call_refuse(c, st, c->err.detail);
	if (!longpoll_may(c))
		return call_refuse(
		    c, ST_TOO_MANY, "Too many polls of this page");
	return ST_OK;
}

bool
open_poll(struct call *c)
{
	struct ask ask = {0};
	enum status st = poll_judge(c, &ask);
	const char *why;
	bool good;

	answer_log(c, st != ST_OK || ask.answer == 0 ? LOG_INFO : LOG_DEBUG,
	    "GET", "/push/poll", status_http(st));
	if (st != ST_OK)
		return answer_send(c, st, NULL);
	if (c->relay->stopping)
		good = longpoll_refuse(
		    c, &ask, "shutdown", "The server restarts", admit_wait());
	else if ((why = admit_limit(c)) != NULL)
		good = longpoll_refuse(
		    c, &ask, "full", why, ADMIT_FULL_WAIT + admit_wait());
	else
		good = longpoll_open(c, &ask);
	return good;
}
