/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"
#include "shared/json.h"

/* A whole change: what it says, and when it was sent, if it says so. */
static uint64_t
hear(struct client *c, int64_t seq, struct json_object *change)
{
	struct truth_event *ev = truth_at(&c->crowd->truth, seq);
	struct json_object *value;
	const char *text;
	long long us;

	if (ev != NULL && ev->sent_us == 0 &&
	    json_object_object_get_ex(change, "new_value", &value) &&
	    (text = json_object_get_string(value)) != NULL &&
	    sscanf(text, "t=%lld", &us) == 1)
		ev->sent_us = us;
	if (!json_object_object_get_ex(change, "seq", &value) ||
	    json_object_get_int64(value) != seq)
		c->crowd->faults.broken++;
	client_learn(c, seq, change);
	return content_hash(change);
}

/* The content of a stream's event, which is parsed for the first one only. */
static uint64_t
hear_text(struct client *c, int64_t seq, const char *data, size_t len)
{
	struct truth_event *ev = truth_at(&c->crowd->truth, seq);
	struct json_object *obj;
	uint64_t raw = content_bytes(data, len), content = 0;

	if (ev != NULL && ev->raw == raw)
		return ev->content;
	if ((obj = json_tokener_parse(data)) == NULL) {
		c->crowd->faults.broken++;
		return content_bytes(data, len);
	}
	content = hear(c, seq, obj);
	json_object_put(obj);
	if (ev != NULL && ev->content == 0)
		ev->content = content;
	if (ev != NULL && ev->content == content)
		ev->raw = raw;
	return content;
}

static void
take_change(struct client *c, int64_t seq, uint64_t content)
{
	struct truth_event *ev;
	enum check_verdict v = check_event(&c->check, seq, content);

	if (v == CHECK_GAP && !c->gap)
		client_want_pages(c, seq - 1);
	ev = truth_at(&c->crowd->truth, seq);
	/* Only what was sent while we listened says how fast it goes. */
	if (v == CHECK_APPLIED && !c->blocked && ev != NULL &&
	    ev->sent_us > c->live_us) {
		ev->last_us = now_us();
		times_add(&c->crowd->delivery, ev->last_us - ev->sent_us);
	}
}

void
client_change(struct client *c, int64_t seq, const char *data, size_t len)
{
	take_change(c, seq, hear_text(c, seq, data, len));
}

/* The position in an id, false when it is of another epoch or none. */
static bool
position_of(struct client *c, const char *text, int64_t *seq)
{
	struct event_position pos;

	if (text == NULL || !event_position_parse(text, &pos)) {
		c->crowd->faults.broken++;
		return false;
	}
	if (strcmp(pos.epoch, c->crowd->truth.epoch) != 0) {
		client_restart(c);
		return false;
	}
	*seq = pos.seq;
	return true;
}

void
client_joined(struct client *c, bool recovered, const char *to)
{
	struct crowd *w = c->crowd;
	int64_t now = now_us(), seq = -1;

	if (to != NULL && !position_of(c, to, &seq))
		return;
	w->tally.joined++;
	w->tally.recovered += recovered;
	times_add(&w->first_frame, now - c->began_us);
	c->joined = true;
	c->live_us = now;
	c->failures = 0;
	if (c->old_fd != -1)
		close(c->old_fd);
	c->old_fd = -1;
	if (check_promised(&c->check, recovered, c->check.wish, seq) ==
	    CHECK_GAP)
		client_want_pages(c, seq);
	client_beat(c);
}

static void
take_disconnect(struct client *c, struct json_object *obj)
{
	struct json_object *value;
	const char *code = "";

	c->crowd->tally.told++;
	if (json_object_object_get_ex(obj, "retry", &value))
		c->told_retry = json_object_get_int64(value);
	if (json_object_object_get_ex(obj, "code", &value))
		code = json_object_get_string(value);
	c->crowd->tally.slow += strcmp(code, "slow") == 0;
	if (strcmp(code, "epoch") == 0)
		client_restart(c);
}

/* A ping shows what a connection lacks that has promised nothing. */
static void
take_ping(struct client *c, struct json_object *obj)
{
	struct json_object *value;
	int64_t seq;

	client_beat(c);
	if (!json_object_object_get_ex(obj, "position", &value) ||
	    value == NULL ||
	    !position_of(c, json_object_get_string(value), &seq))
		return;
	if (c->check.next < 0 && seq > c->check.last && !c->gap)
		client_want_pages(c, seq);
}

/* The text of a member, copied; false when it is null or not there. */
static bool
scan_text(const char *data, const char *key, char *out, size_t size)
{
	const char *p = strstr(data, key);
	size_t len;

	if (p == NULL || p[strlen(key)] != '"')
		return false;
	p += strlen(key) + 1;
	len = strcspn(p, "\"");
	if (len >= size)
		return false;
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

/* Its list of people is long and not for us: only its head is looked at. */
static void
scan_joined(struct client *c, const char *data)
{
	char to[EVENT_POSITION_MAX];
	bool known = scan_text(data, "\"to\":", to, sizeof(to));

	client_joined(
	    c, strstr(data, "\"recovered\":true") != NULL, known ? to : NULL);
}

/* What does not come often and is small. */
static void
take_small(struct client *c, const char *event, struct json_object *obj)
{
	if (obj == NULL)
		c->crowd->faults.broken++;
	else if (strcmp(event, "disconnect") == 0)
		take_disconnect(c, obj);
	else
		take_ping(c, obj);
}

/* Places of pointers: how many, and how long they took. */
static void
take_moves(struct client *c, const char *data)
{
	static const char row[] = "\"editing_row\":\"t=";
	struct crowd *w = c->crowd;
	int64_t now = now_us(), count = 0;

	w->tally.moving++;
	if (!crowd_looks(w, c->n))
		return;
	while ((data = strstr(data, row)) != NULL) {
		data += sizeof(row) - 1;
		times_add(&w->cursor, now - strtoll(data, NULL, 10));
		count++;
	}
	w->tally.looked++;
	w->tally.seen += count;
	if (count > w->tally.most)
		w->tally.most = count;
}

static void
stream_event(
    void *arg, const char *event, const char *id, const char *data, size_t len)
{
	struct client *c = arg;
	struct json_object *obj;
	int64_t seq;

	/* An event before it may have ended the connection. */
	if (c->fd == -1)
		return;
	c->crowd->tally.frames++;
	if (strcmp(event, "inventory_changed") == 0) {
		if (position_of(c, id, &seq))
			client_change(c, seq, data, len);
	} else if (strcmp(event, "room_joined") == 0) {
		scan_joined(c, data);
	} else if (strcmp(event, "ping") == 0 ||
		   strcmp(event, "disconnect") == 0) {
		obj = json_tokener_parse(data);
		take_small(c, event, obj);
		json_object_put(obj);
	} else {
		c->crowd->tally.passing++;
		if (strncmp(event, "cursor", 6) == 0)
			take_moves(c, data);
	}
}

/* ---- polls */

static const char *
text_of(struct json_object *obj, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value) || value == NULL)
		return NULL;
	return json_object_get_string(value);
}

static int64_t
int_of(struct json_object *obj, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value))
		return 0;
	return json_object_get_int64(value);
}

static void
poll_event(struct client *c, struct json_object *ev)
{
	const char *event = text_of(ev, "event");
	struct json_object *data = NULL, *value;
	int64_t seq;

	json_object_object_get_ex(ev, "data", &data);
	if (event == NULL || data == NULL) {
		c->crowd->faults.broken++;
		return;
	}
	c->crowd->tally.frames++;
	if (strcmp(event, "inventory_changed") == 0) {
		if (position_of(c, text_of(ev, "id"), &seq))
			take_change(c, seq, hear(c, seq, data));
	} else if (strcmp(event, "room_joined") == 0) {
		json_object_object_get_ex(data, "recovered", &value);
		client_joined(
		    c, json_object_get_boolean(value), text_of(data, "to"));
	} else if (strcmp(event, "disconnect") == 0) {
		take_small(c, event, data);
	} else {
		c->crowd->tally.passing++;
	}
}

/* Whether the answer begins the session anew. */
static bool
begins(struct json_object *events)
{
	const char *event;
	size_t i;

	for (i = 0; i < json_object_array_length(events); i++) {
		event = text_of(json_object_array_get_idx(events, i), "event");
		if (event != NULL && strcmp(event, "room_joined") == 0)
			return true;
	}
	return false;
}

/* An answer: its events in order, then where it says that we are. */
static void
poll_take(struct client *c, struct json_object *obj)
{
	struct json_object *events;
	const char *position = text_of(obj, "position");
	int64_t told = c->crowd->tally.told, seq;
	size_t i;

	if (!json_object_object_get_ex(obj, "events", &events)) {
		c->crowd->faults.broken++;
		client_again(c);
		return;
	}
	c->crowd->tally.polls++;
	if (!begins(events)) {
		check_promised(&c->check, true, c->check.wish, -1);
		c->joined = true;
	}
	for (i = 0; c->fd != -1 && i < json_object_array_length(events); i++)
		poll_event(c, json_object_array_get_idx(events, i));
	if (c->fd == -1)
		return;
	if (position != NULL && position_of(c, position, &seq)) {
		check_upto(&c->check, seq);
		if (seq > c->check.last && !c->gap && c->fd != -1)
			client_want_pages(c, seq);
	}
	if (c->fd == -1)
		return;
	c->answer = int_of(obj, "answer");
	c->presence_version = int_of(obj, "presence_version");
	c->has_answer = true;
	if (c->crowd->tally.told != told)
		client_again(c);
	else
		client_next_poll(c, int_of(obj, "pause"));
}

static void
poll_done(struct client *c)
{
	struct json_object *obj;

	if (c->lose) {
		c->lose = false;
		c->crowd->tally.lost++;
		client_again(c);
		return;
	}
	obj = c->body.len == 0 ? NULL : json_tokener_parse(c->body.data);
	if (obj == NULL) {
		c->crowd->faults.broken++;
		client_again(c);
		return;
	}
	buf_reset(&c->body);
	poll_take(c, obj);
	json_object_put(obj);
}

/* ---- bytes */

/* The answer has come to its end. */
static void
answered(struct client *c)
{
	if (c->in.status == 200 && c->poll) {
		poll_done(c);
		return;
	}
	c->crowd->tally.ends += c->in.status == 200;
	client_again(c);
}

/* Whether the answer is one that goes on. */
static bool
is_good(const struct client *c)
{
	return c->in.status == 200 ||
	       (c->crowd->peer == PEER_SOCKETIO && c->in.status == 101);
}

static void
take_bytes(struct client *c, const char *p, size_t n)
{
	const char *body;
	size_t used, len;

	while (n > 0 && c->fd != -1 && c->in.state != HTTP_DONE &&
	       c->in.state != HTTP_BAD) {
		used = http_in_take(&c->in, p, n, &body, &len);
		p += used;
		n -= used;
		if (len == 0 || !is_good(c))
			continue;
		if (c->crowd->peer != PEER_NONE) {
			if (!peer_take(c, body, len))
				c->in.state = HTTP_BAD;
		} else if (c->poll) {
			buf_add(&c->body, body, len);
		} else {
			sse_in_take(&c->sse, body, len);
		}
	}
}

void
client_read(struct client *c, size_t most)
{
	static char bytes[65536];
	ssize_t n = 0;

	c->sse.event_fn = stream_event;
	c->sse.arg = c;
	while (c->fd != -1 && c->phase == CLIENT_OPEN && most > 0) {
		n = recv(c->fd, bytes,
		    most < sizeof(bytes) ? most : sizeof(bytes), 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			break;
		c->heard_us = now_us();
		c->crowd->tally.bytes += n;
		most -= (size_t)n;
		take_bytes(c, bytes, (size_t)n);
		if (c->fd == -1 || c->phase != CLIENT_OPEN)
			return;
		if (c->in.state == HTTP_DONE || c->in.state == HTTP_BAD)
			break;
	}
	if (c->fd == -1 || (most == 0 && c->in.state != HTTP_DONE))
		return;
	if (c->in.status != 0 && !is_good(c)) {
		c->crowd->tally.refused++;
		c->signed_us = 0;
	}
	if (c->in.state == HTTP_DONE || http_in_end(&c->in)) {
		answered(c);
		return;
	}
	client_broke(c);
}
