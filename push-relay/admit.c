/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "shared/clock.h"

enum status
admit_ticket(struct call *c, const char *text)
{
	enum status st;

	st = call_ticket(c, text, text == NULL ? 0 : strlen(text));
	if (st != ST_OK)
		return st;
	st = gate_opens(&c->ticket, c->member, clock_utc_ms());
	if (st == ST_FORBIDDEN)
		return call_refuse(c, st, "The sid is another user's");
	if (st != ST_OK)
		return call_refuse(c, st, "The ticket is too old: join again");
	return ST_OK;
}

const char *
admit_limit(const struct call *c)
{
	const struct relay *rl = c->relay;
	long mine;

	mine = (long)presence_streams(&rl->presence, c->ticket.user_id);
	/* One of the same sid will be replaced. */
	if (c->member != NULL && c->member->sub != NULL)
		return NULL;
	if (rl->stats.streams >= rl->conf.max_streams)
		return "The relay serves as many streams as it may";
	if (mine >= rl->conf.user_streams)
		return "This user has too many streams open";
	return NULL;
}

int64_t
admit_wait(void)
{
	return 500 + (int64_t)random() % 1000;
}
