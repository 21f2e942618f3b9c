/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "peer.h"
#include "shared/clock.h"
#include "shared/log.h"

#define BACKOFF      250      /* ms, doubled for each failure in a row */
#define BACKOFF_MAX  2000     /* ms, in the first minutes of an outage */
#define FIRST_FRAME  10000000 /* us that the first frame may take */
#define READ_MOST    262144   /* bytes in one go: others wait */
#define SESSION_MS   3600000  /* of our tickets */
#define TICKET_FRESH 45000000 /* us that it is used */
#define TRICKLE_LOOK 100000   /* us between two sips */

static void client_ready(struct source *, uint32_t);

void
client_init(struct client *c, struct crowd *crowd, unsigned n)
{
	memset(c, 0, sizeof(*c));
	c->source.ready = client_ready;
	c->crowd = crowd;
	c->n = n;
	c->fd = c->old_fd = -1;
	c->phase = CLIENT_AWAY;
	c->check.faults = &crowd->faults;
	c->check.truth = &crowd->truth;
	check_start(&c->check, crowd->start);
	ticket_new_sid(c->sid);
	if ((c->ticket = calloc(1, 1)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
}

void
client_reset(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	if (c->old_fd != -1)
		close(c->old_fd);
	buf_reset(&c->out);
	buf_reset(&c->body);
	sse_in_reset(&c->sse);
	ws_in_reset(&c->ws);
	check_reset(&c->check);
	free(c->ticket);
}

/* A ticket opens streams for a minute; as pages do, keep it nearly as long. */
static void
sign(struct client *c)
{
	struct ticket t = {0};
	char text[TICKET_MAX];

	if (c->crowd->peer != PEER_NONE)
		return;
	if (c->signed_us != 0 && now_us() - c->signed_us < TICKET_FRESH)
		return;
	c->signed_us = now_us();
	memcpy(t.sid, c->sid, sizeof(t.sid));
	t.user_id = CLIENT_USER + (int64_t)c->n;
	snprintf(t.username, sizeof(t.username), "load%u", c->n);
	snprintf(t.role, sizeof(t.role), "editor");
	snprintf(t.room, sizeof(t.room), "%s", c->crowd->room);
	snprintf(t.session, sizeof(t.session), "load%u", c->n);
	t.issued = clock_utc_ms();
	t.ends = t.issued + SESSION_MS;
	ticket_sign(&t, &c->crowd->keys, text);
	free(c->ticket);
	if ((c->ticket = strdup(text)) == NULL)
		log_fatal(EX_OSERR, "out of memory");
}

void
client_hang_up(struct client *c)
{
	if (c->fd != -1)
		close(c->fd);
	c->fd = -1;
	c->joined = false;
	buf_clear(&c->out);
	buf_reset(&c->body);
	sse_in_clear(&c->sse);
	ws_in_clear(&c->ws);
}

void
client_watch(struct client *c, int op)
{
	struct epoll_event ev = {.data.ptr = c};

	if (c->out.len > 0)
		ev.events |= EPOLLOUT;
	if (!c->blocked)
		ev.events |= EPOLLIN;
	if (epoll_ctl(c->crowd->epfd, op, c->fd, &ev) == -1)
		log_fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
}

/* Wait as long as the server said and a random time besides. */
static void
wait_again(struct client *c)
{
	unsigned power = c->failures < 8 ? c->failures : 8;
	int64_t top = (int64_t)BACKOFF << power, least = c->told_retry;

	if (top > BACKOFF_MAX)
		top = BACKOFF_MAX;
	if (least > 0 && least < top)
		top = least;
	if (least < 50)
		least = 50;
	least += (int64_t)dice_roll(&c->crowd->dice, (uint64_t)top + 1);
	c->told_retry = 0;
	c->failures++;
	c->phase = CLIENT_WAIT;
	c->due = now_us() + least * 1000;
}

void
client_again(struct client *c)
{
	client_hang_up(c);
	wait_again(c);
}

/*
 * A server may close a connection that it was to keep: as browsers do, send
 * the request once more on another one.
 */
void
client_broke(struct client *c)
{
	if (c->reused && c->in.status == 0 && c->in.len == 0) {
		close(c->fd);
		c->fd = -1;
		buf_clear(&c->out);
		client_open(c, now_us());
		return;
	}
	c->crowd->tally.ends++;
	client_again(c);
}

static void
add_request(struct client *c)
{
	struct crowd *w = c->crowd;
	struct buf *b = &c->out;

	if (w->peer != PEER_NONE) {
		peer_ask(c, b);
		return;
	}
	buf_printf(b, "GET %s/push/%s?position=%s:%lld", w->base,
	    c->poll ? "poll" : "stream", w->truth.epoch,
	    (long long)c->check.last);
	if (c->poll && c->has_answer)
		buf_printf(b, "&answer=%lld&presence_version=%lld",
		    (long long)c->answer, (long long)c->presence_version);
	buf_printf(b,
	    " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n",
	    c->ticket);
}

/* Send the request, on the old connection of a poll if there is one. */
static void
ask(struct client *c)
{
	struct crowd *w = c->crowd;
	bool fresh = c->fd == -1;

	c->began_us = c->heard_us = c->read_us = now_us();
	if (fresh) {
		sign(c);
		c->fd = http_connect(&w->push, w->rcvbuf);
		if (c->fd == -1) {
			client_again(c);
			return;
		}
	}
	c->reused = !fresh;
	c->phase = CLIENT_OPEN;
	http_in_init(&c->in);
	sse_in_clear(&c->sse);
	ws_in_clear(&c->ws);
	check_connected(&c->check);
	add_request(c);
	client_watch(c, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
}

void
client_open(struct client *c, int64_t due_us)
{
	c->phase = CLIENT_WAIT;
	c->due = due_us;
}

void
client_next_poll(struct client *c, int64_t pause)
{
	if (!c->in.keep) {
		close(c->fd);
		c->fd = -1;
	}
	c->phase = CLIENT_WAIT;
	c->due = now_us() + 1000 * (int64_t)dice_roll(
				       &c->crowd->dice, (uint64_t)pause + 1);
}

static void
client_write(struct client *c)
{
	ssize_t n;

	n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		client_broke(c);
		return;
	}
	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	if (c->out.len == 0)
		client_watch(c, EPOLL_CTL_MOD);
}

static void
client_ready(struct source *s, uint32_t events)
{
	struct client *c = (struct client *)(void *)s;

	if (c->fd == -1)
		return;
	if ((events & EPOLLOUT) != 0 && c->out.len > 0)
		client_write(c);
	if (c->fd != -1 && c->phase != CLIENT_OPEN) {
		/* The server does not keep the connection of our polls. */
		close(c->fd);
		c->fd = -1;
	}
	if (c->fd == -1)
		return;
	if ((events & EPOLLIN) != 0 ||
	    ((events & (EPOLLHUP | EPOLLERR)) != 0 && !c->blocked))
		client_read(c, READ_MOST);
	else if ((events & (EPOLLHUP | EPOLLERR)) != 0)
		client_thaw(c, 0); /* nothing more to wait for */
}

/* ---- the log */

void
client_want_pages(struct client *c, int64_t upto)
{
	if (c->crowd->token == NULL) {
		check_skip(&c->check, upto);
		return;
	}
	c->gap = true;
	c->fetch_due = now_us();
}

static int64_t
int_of(struct json_object *obj, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(obj, key, &value))
		return -1;
	return json_object_get_int64(value);
}

void
client_learn(struct client *c, int64_t seq, struct json_object *change)
{
	struct truth_event *ev = truth_at(&c->crowd->truth, seq);

	if (c->crowd->ledger != NULL && ev != NULL && ev->effect == NULL)
		ev->effect = effect_read(&c->crowd->ledger->catalog, change);
}

/* A page of the log; true when there is more. */
static bool
take_page(struct client *c, struct json_object *page)
{
	struct json_object *rows, *row, *more;
	size_t i;

	if (!json_object_object_get_ex(page, "changes", &rows) ||
	    !json_object_object_get_ex(page, "more", &more)) {
		c->crowd->faults.broken++;
		return false;
	}
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		client_learn(c, int_of(row, "seq"), row);
		check_page(&c->check, int_of(row, "seq"), content_hash(row));
	}
	return json_object_get_boolean(more);
}

static void
page_done(void *arg, int status, const char *body, size_t len)
{
	struct client *c = arg;
	struct json_object *page;
	bool more = false;

	c->fetching = false;
	if (status == 400 || status == 410 || status == 422) {
		client_restart(c);
		return;
	}
	if (status != 200 || len == 0 ||
	    (page = json_tokener_parse(body)) == NULL) {
		c->fetch_due = now_us() + 100000 +
			       (int64_t)dice_roll(&c->crowd->dice, 200000);
		return;
	}
	c->crowd->tally.pages++;
	more = take_page(c, page);
	json_object_put(page);
	c->gap = more || check_closed(&c->check) == CHECK_GAP;
	c->fetch_due = now_us();
}

static void
fetch(struct client *c)
{
	struct crowd *w = c->crowd;
	char path[256];

	snprintf(path, sizeof(path),
	    "%s/api/v1/inventory/changes?since=%s:%lld&limit=1000", w->base,
	    w->truth.epoch, (long long)c->check.last);
	c->fetching = true;
	rest_send(&w->api, &(struct rest_request){.method = "GET",
			       .path = path,
			       .bearer = w->token,
			       .done = page_done,
			       .arg = c});
}

/* Where the newest page of items stands. */
static void
restart_done(void *arg, int status, const char *body, size_t len)
{
	struct client *c = arg;
	struct json_object *obj = NULL, *text;
	struct event_position pos;

	c->fetching = false;
	if (status == 200 && len > 0)
		obj = json_tokener_parse(body);
	if (obj != NULL && json_object_object_get_ex(obj, "position", &text) &&
	    event_position_parse(json_object_get_string(text), &pos)) {
		if (strcmp(pos.epoch, c->crowd->truth.epoch) != 0)
			truth_start(&c->crowd->truth, pos.epoch, pos.seq);
		check_start(&c->check, pos.seq);
		c->gap = false;
		client_open(c, now_us());
	} else {
		client_again(c);
	}
	json_object_put(obj);
}

void
client_restart(struct client *c)
{
	struct crowd *w = c->crowd;
	char path[256];

	client_hang_up(c);
	c->phase = CLIENT_AWAY;
	c->has_answer = false;
	w->tally.restarts++;
	snprintf(
	    path, sizeof(path), "%s/api/v1/inventory/items?limit=1", w->base);
	c->fetching = true;
	rest_send(&w->api, &(struct rest_request){.method = "GET",
			       .path = path,
			       .bearer = w->token,
			       .done = restart_done,
			       .arg = c});
}

void
client_beat(struct client *c)
{
	struct crowd *w = c->crowd;
	char path[256];

	if (w->peer != PEER_NONE)
		return;
	snprintf(path, sizeof(path), "%s/push/beat", w->base);
	rest_send(&w->posts, &(struct rest_request){.method = "POST",
				 .path = path,
				 .bearer = c->ticket,
				 .body = "{\"state\":\"active\"}"});
}

void
client_move(struct client *c, int64_t ignored)
{
	struct crowd *w = c->crowd;
	char path[256], body[160];

	(void)ignored;
	if (!c->joined)
		return;
	snprintf(path, sizeof(path), "%s/push/cursor", w->base);
	snprintf(body, sizeof(body),
	    "{\"cursor_position\":{\"x\":%d,\"y\":%d},"
	    "\"editing_row\":\"t=%lld\",\"mode\":\"hover\"}",
	    (int)dice_roll(&w->dice, 2000), (int)dice_roll(&w->dice, 1000),
	    (long long)now_us());
	rest_send(&w->posts, &(struct rest_request){.method = "POST",
				 .path = path,
				 .bearer = c->ticket,
				 .body = body});
}

/* ---- time and mishaps */

static void
sip(struct client *c, int64_t now)
{
	int64_t bytes = c->rate * (now - c->read_us) / 1000000;

	if (now - c->read_us < TRICKLE_LOOK || bytes == 0)
		return;
	c->read_us = now;
	client_read(c, (size_t)bytes);
}

/* Long enough to wait for the first frame; a peer may take its time. */
static bool
is_late(const struct client *c, int64_t now)
{
	return !c->joined && c->crowd->peer == PEER_NONE &&
	       now - c->began_us > FIRST_FRAME;
}

void
client_tick(struct client *c, int64_t now)
{
	if (c->blocked && c->until != 0 && now >= c->until)
		client_thaw(c, 0);
	if (c->gap && !c->fetching && now >= c->fetch_due)
		fetch(c);
	if (c->phase == CLIENT_WAIT && now >= c->due && !(c->poll && c->gap)) {
		ask(c);
		return;
	}
	if (c->phase != CLIENT_OPEN)
		return;
	if (c->blocked && c->rate > 0)
		sip(c, now);
	else if (!c->blocked &&
		 (now - c->heard_us > c->crowd->silence || is_late(c, now))) {
		c->crowd->tally.ends++;
		client_again(c);
	}
}
