/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Lines of the event socket: what can be read can be written, and is then
 * read as the same.
 */
#include <string.h>

#include "shared/event.h"
#include "shared/json.h"
#include "target.h"

/* Write the event as its line; false for one whose line is not kept. */
static bool
put(struct buf *out, const struct event *ev)
{
	const char *text;
	size_t len;

	switch (ev->kind) {
	case EVENT_APP:
		/* Its pid is the writer's. */
		event_put_app(out, ev->epoch, ev->seq, ev->oldest);
		return true;
	case EVENT_CHANGE:
		text = json_out_text(ev->body, &len);
		event_put_change(out, text, len);
		return true;
	case EVENT_OLDEST:
		event_put_oldest(out, ev->seq);
		return true;
	case EVENT_QUERY:
		event_put_query(out, ev->room, ev->cursor, ev->id);
		return true;
	case EVENT_REVOKE:
		if (ev->session[0] != '\0')
			event_put_revoke_session(out, ev->session, ev->at);
		else
			event_put_revoke_user(out, ev->user_id, ev->at);
		return true;
	case EVENT_TOLD:
		event_put_told(out, ev->at);
		return true;
	case EVENT_HELLO:
		event_put_hello(out, ev->epoch[0] == '\0' ? NULL : ev->epoch,
		    ev->seq, ev->at);
		return true;
	case EVENT_REPLAY_FROM:
		event_put_replay_from(out, ev->seq);
		return true;
	case EVENT_ACK:
		event_put_ack(out, ev->seq);
		return true;
	case EVENT_PRESENCE:
		event_put_presence(out, ev->body, ev->id);
		return true;
	case EVENT_STALE_EPOCH:
		event_put_stale_epoch(out, ev->epoch);
		return true;
	}
	return false;
}

static void
compare(const struct event *a, const struct event *b)
{
	MUST(a->kind == b->kind && strcmp(a->epoch, b->epoch) == 0);
	MUST(a->seq == b->seq && a->oldest == b->oldest);
	MUST(a->id == b->id && a->cursor == b->cursor);
	MUST(a->user_id == b->user_id && a->at == b->at);
	MUST(strcmp(a->session, b->session) == 0);
	MUST(strcmp(a->room, b->room) == 0);
	MUST((a->body == NULL) == (b->body == NULL));
}

void
fuzz_event(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *line;
	struct event ev, same;
	struct buf out = {0};

	if (len >= EVENT_LINE_MAX || event_parse(text, len, &ev) != ST_OK) {
		free(text);
		return;
	}
	if (put(&out, &ev) && !out.full) {
		MUST(out.len > 0 && out.data[out.len - 1] == '\n');
		MUST(memchr(out.data, '\n', out.len) == out.data + out.len - 1);
		line = fuzz_text((const uint8_t *)out.data, out.len - 1);
		MUST(event_parse(line, out.len - 1, &same) == ST_OK);
		compare(&ev, &same);
		event_reset(&same);
		free(line);
	}
	buf_reset(&out);
	event_reset(&ev);
	free(text);
}
