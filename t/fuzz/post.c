/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Posts to the relay, a line each: "c", "b" or "l" for cursor, beat and
 * lease, and the body.  Two pages take turns.  Each is answered
 * with what can be read, and what the others get are frames of one line.
 */
#include <string.h>

#include "push-relay/call.h"
#include "push-relay/post.h"
#include "push-relay/room.h"
#include "shared/clock.h"
#include "target.h"

#define PAGES 2
#define TICK  200 /* ms: longer than cursors wait */
#define ROOM  "inventory_management"

static struct relay rl; /* large, and one */
static struct subscriber subs[PAGES];
static struct ticket tickets[PAGES]; /* theirs */

static void
deliver(struct subscriber *sub, struct frame *f)
{
	struct json_object *obj;
	char *data;

	(void)sub;
	MUST(memchr(f->text + f->data, '\n', f->data_len) == NULL);
	data = fuzz_text((const uint8_t *)f->text + f->data, f->data_len);
	MUST((obj = json_tokener_parse(data)) != NULL);
	json_object_put(obj);
	free(data);
}

static void
wake(struct subscriber *sub)
{
	(void)sub;
}

static void
end(struct subscriber *sub, const char *code, const char *reason, int64_t retry)
{
	(void)reason;
	(void)retry;
	MUST(code[0] != '\0');
	room_unsubscribe(sub);
	presence_close(&rl.presence, sub, clock_mono_ms());
}

static const struct subscriber_ops ops = {deliver, wake, end};

static void
enter(int i)
{
	struct ticket t = {.user_id = i + 1, .issued = 1000};

	memcpy(t.sid, "sid-0", 6);
	t.sid[4] = (char)('0' + i);
	memcpy(t.username, "ana", 4);
	memcpy(t.role, "editor", 7);
	memcpy(t.room, ROOM, sizeof(ROOM));
	tickets[i] = t;
	subs[i] = (struct subscriber){.ops = &ops};
	MUST(presence_open(&rl.presence, &t, &subs[i], clock_mono_ms()) ==
	     ST_OK);
	room_subscribe(subs[i].member->room, &subs[i]);
}

static void
post(int page, const char *line)
{
	static enum status (*const posts[])(struct call *) = {
	    post_cursor, post_beat, post_lease};
	static const char letters[] = "cbl";
	struct call c = {.relay = &rl, .body = {.max = CALL_BODY_MAX}};
	const char *letter = strchr(letters, line[0]);
	struct json_object *obj;
	enum status st;

	if (line[0] == '\0' || letter == NULL || subs[page].member == NULL)
		return;
	c.member = subs[page].member;
	c.ticket = tickets[page];
	buf_puts(&c.body, line + 1);
	if (!c.body.full) {
		st = posts[letter - letters](&c);
		MUST(status_http(st) >= 200 && status_http(st) < 500);
		MUST(status_http(st) < 300 || c.detail != NULL);
	}
	if (c.answer.len > 0) {
		MUST((obj = json_tokener_parse(c.answer.data)) != NULL);
		json_object_put(obj);
	}
	buf_reset(&c.body);
	buf_reset(&c.answer);
	json_object_put(c.more);
}

void
fuzz_post(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *rest = text, *line;
	int page = 0;

	presence_init(
	    &rl.presence, "#111111,#222222", 10, &rl.loop.timers, &rl.stats);
	for (int i = 0; i < PAGES; i++)
		enter(i);
	while ((line = strsep(&rest, "\n")) != NULL) {
		post(page, line);
		page = (page + 1) % PAGES;
		/* The next tick of cursors, too. */
		timers_run(&rl.loop.timers, clock_mono_ms() + TICK);
	}
	for (int i = 0; i < PAGES; i++)
		if (subs[i].member != NULL)
			end(&subs[i], "over", "", 0);
	presence_reset(&rl.presence);
	timers_reset(&rl.loop.timers);
	free(text);
}
