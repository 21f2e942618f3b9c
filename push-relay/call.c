/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "call.h"

#include <string.h>

#include "shared/clock.h"

enum status
call_refuse(struct call *c, enum status st, const char *detail)
{
	c->detail = detail;
	return st;
}

enum status
call_refuse_body(struct call *c, enum status st, const struct json_error *err)
{
	c->err = *err;
	return call_refuse(c, st, c->err.detail);
}

enum status
call_ticket(struct call *c, const char *text, size_t len)
{
	enum status st;

	if (text == NULL)
		return call_refuse(c, ST_UNAUTHORIZED, "A ticket is needed");
	st = gate_read(&c->relay->gate, text, len, clock_utc_ms(), &c->ticket);
	if (st == ST_UNAUTHORIZED)
		c->detail = "The ticket is not valid, or no longer";
	else if (st == ST_UNAVAILABLE)
		c->detail = "The relay waits for the app's key";
	else
		c->member = presence_find(&c->relay->presence, c->ticket.sid);
	return st;
}

/* Whether the member, whom the ticket must serve, may post. */
static enum status
call_post(struct call *c)
{
	enum status st;

	if ((st = gate_serves(&c->ticket, c->member)) == ST_FORBIDDEN)
		return call_refuse(c, st, "The sid is another user's");
	if (st != ST_OK)
		return call_refuse(
		    c, st, "A newer ticket has replaced this one");
	if (!member_may_post(c->member, clock_mono_ms()))
		return call_refuse(
		    c, ST_TOO_MANY, "Too many posts of this page");
	return ST_OK;
}

enum status
call_member(struct call *c)
{
	enum status st;

	st = call_ticket(
	    c, c->bearer, c->bearer == NULL ? 0 : strlen(c->bearer));
	if (st != ST_OK)
		return st;
	if (c->member == NULL)
		return call_refuse(c, ST_UNAUTHORIZED,
		    "This page is not present: open its stream first");
	return call_post(c);
}

enum status
call_page(struct call *c)
{
	struct relay *rl = c->relay;
	enum status st;

	st = call_ticket(
	    c, c->bearer, c->bearer == NULL ? 0 : strlen(c->bearer));
	if (st != ST_OK)
		return st;
	if (c->member != NULL)
		return call_post(c);
	if ((st = gate_opens(&c->ticket, NULL, clock_utc_ms())) != ST_OK)
		return call_refuse(c, st, "The ticket is too old: join again");
	if (presence_pages(&rl->presence, c->ticket.user_id) >=
	    (unsigned)rl->conf.user_streams)
		return call_refuse(
		    c, ST_TOO_MANY, "This user has too many pages open");
	return ST_OK;
}
