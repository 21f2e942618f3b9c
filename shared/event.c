/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "event.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "log.h"

#define SEQ_MAX     (INT64_MAX / 2) /* room for sums */
#define ROOM_MAX    64
#define SESSION_MAX 32

void
event_epoch_make(char epoch[EVENT_EPOCH_LEN + 1])
{
	uint64_t ms = (uint64_t)clock_utc_ms() & 0xffffffffffff;

	snprintf(epoch, EVENT_EPOCH_LEN + 1, "%012llx%04x",
	    (unsigned long long)ms, (unsigned)randombytes_uniform(0x10000));
}

static bool
is_epoch(const char *text, size_t len)
{
	return len == EVENT_EPOCH_LEN &&
	       strspn(text, "0123456789abcdef") >= EVENT_EPOCH_LEN;
}

bool
event_position_parse(const char *text, struct event_position *out)
{
	size_t len, i;
	int64_t seq = 0;

	if (!is_epoch(text, strcspn(text, ":")) || text[EVENT_EPOCH_LEN] != ':')
		return false;
	len = strspn(text + EVENT_EPOCH_LEN + 1, "0123456789");
	if (len == 0 || len > 18 || text[EVENT_EPOCH_LEN + 1 + len] != '\0' ||
	    (len > 1 && text[EVENT_EPOCH_LEN + 1] == '0'))
		return false;
	for (i = 0; i < len; i++)
		seq = seq * 10 + (text[EVENT_EPOCH_LEN + 1 + i] - '0');
	memcpy(out->epoch, text, EVENT_EPOCH_LEN);
	out->epoch[EVENT_EPOCH_LEN] = '\0';
	out->seq = seq;
	return true;
}

void
event_position_text(
    const struct event_position *pos, char out[EVENT_POSITION_MAX])
{
	snprintf(out, EVENT_POSITION_MAX, "%s:%lld", pos->epoch,
	    (long long)pos->seq);
}

/* A member that is an epoch; "" when it is null and may be. */
static void
read_epoch(
    struct json_in *in, const char *key, enum json_in_need need, char *out)
{
	const char *text;

	if (!json_in_text(
		in, key, need, EVENT_EPOCH_LEN, EVENT_EPOCH_LEN, &text))
		return;
	if (is_epoch(text, strlen(text)))
		memcpy(out, text, EVENT_EPOCH_LEN + 1);
	else
		json_in_fail(in, key, "must be an epoch");
}

/* A member of plain characters into OUT of MAX + 1 bytes. */
static void
read_word(struct json_in *in, const char *key, enum json_in_need need,
    size_t max, char *out)
{
	const char *text, *p;

	if (!json_in_text(in, key, need, 1, max, &text))
		return;
	for (p = text; *p > ' ' && *p <= '~'; p++)
		;
	if (*p == '\0')
		memcpy(out, text, strlen(text) + 1);
	else
		json_in_fail(in, key, "must be plain characters");
}

/* The kinds' readers: IN is the line itself, VALUE its kind's member. */

static void
read_app(struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)in;
	struct json_in sub;

	json_in_begin(&sub, value, "/app");
	read_epoch(&sub, "epoch", JSON_REQUIRED, ev->epoch);
	json_in_int(&sub, "head", JSON_REQUIRED, 0, SEQ_MAX, &ev->seq);
	json_in_int(&sub, "oldest", JSON_REQUIRED, 0, SEQ_MAX, &ev->oldest);
	json_in_int(&sub, "pid", JSON_REQUIRED, 0, INT32_MAX, &ev->pid);
	if (json_in_end(&sub) != ST_OK)
		json_in_fail(in, "app", "is malformed");
}

static void
read_change(struct json_in *in, struct json_object *value, struct event *ev)
{
	struct json_in sub;

	/* Its other members are the pages' business: no json_in_end. */
	json_in_begin(&sub, value, "/change");
	read_epoch(&sub, "epoch", JSON_REQUIRED, ev->epoch);
	json_in_int(&sub, "seq", JSON_REQUIRED, 1, SEQ_MAX, &ev->seq);
	read_word(&sub, "room", JSON_OPTIONAL, ROOM_MAX, ev->room);
	if (sub.st != ST_OK)
		json_in_fail(in, "change", "is malformed");
	else
		ev->body = json_object_get(value);
}

static void
read_query(struct json_in *in, struct json_object *value, struct event *ev)
{
	const char *what;

	(void)value;
	if (json_in_text(in, "query", JSON_REQUIRED, 1, 32, &what) &&
	    strcmp(what, "presence") != 0)
		json_in_fail(in, "query", "must be presence");
	read_word(in, "room", JSON_REQUIRED, ROOM_MAX, ev->room);
	json_in_int(in, "cursor", JSON_OPTIONAL, 0, SEQ_MAX, &ev->cursor);
	json_in_int(in, "id", JSON_REQUIRED, 0, SEQ_MAX, &ev->id);
}

static void
read_revoke(struct json_in *in, struct json_object *value, struct event *ev)
{
	struct json_in sub;

	json_in_begin(&sub, value, "/revoke");
	read_word(&sub, "session", JSON_OPTIONAL, SESSION_MAX, ev->session);
	json_in_int(&sub, "user", JSON_OPTIONAL, 1, SEQ_MAX, &ev->user_id);
	json_in_int(&sub, "at", JSON_REQUIRED, 0, SEQ_MAX, &ev->at);
	if (json_in_end(&sub) != ST_OK ||
	    (ev->session[0] == '\0') == (ev->user_id == 0))
		json_in_fail(in, "revoke", "is malformed");
}

static void
read_told(struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)value;
	json_in_int(in, "told", JSON_REQUIRED, 0, SEQ_MAX, &ev->at);
}

static void
read_hello(struct json_in *in, struct json_object *value, struct event *ev)
{
	struct json_in sub;

	ev->seq = -1;
	json_in_begin(&sub, value, "/hello");
	read_epoch(&sub, "epoch", JSON_OPTIONAL, ev->epoch);
	json_in_int(&sub, "have", JSON_OPTIONAL, 0, SEQ_MAX, &ev->seq);
	json_in_int(&sub, "told", JSON_OPTIONAL, 0, SEQ_MAX, &ev->at);
	if (json_in_end(&sub) != ST_OK ||
	    (ev->epoch[0] == '\0' && ev->seq != -1))
		json_in_fail(in, "hello", "is malformed");
}

static void
read_presence(struct json_in *in, struct json_object *value, struct event *ev)
{
	json_in_int(in, "id", JSON_REQUIRED, 0, SEQ_MAX, &ev->id);
	if (!json_object_is_type(value, json_type_object))
		json_in_fail(in, "presence", "must be an object");
	else if (in->st == ST_OK)
		ev->body = json_object_get(value);
}

static void
read_oldest(struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)value;
	json_in_int(in, "oldest", JSON_REQUIRED, 0, SEQ_MAX, &ev->seq);
}

static void
read_replay_from(
    struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)value;
	json_in_int(in, "replay_from", JSON_REQUIRED, 0, SEQ_MAX, &ev->seq);
}

static void
read_ack(struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)value;
	json_in_int(in, "ack", JSON_REQUIRED, 0, SEQ_MAX, &ev->seq);
}

static void
read_stale_epoch(
    struct json_in *in, struct json_object *value, struct event *ev)
{
	(void)value;
	read_epoch(in, "stale_epoch", JSON_REQUIRED, ev->epoch);
}

/* clang-format off */
static const struct kind {
	const char	*key;
	enum event_kind	 kind;
	void		(*read)(struct json_in *, struct json_object *,
			    struct event *);
} kinds[] = {
	{ "app",         EVENT_APP,         read_app },
	{ "change",      EVENT_CHANGE,      read_change },
	{ "oldest",      EVENT_OLDEST,      read_oldest },
	{ "query",       EVENT_QUERY,       read_query },
	{ "revoke",      EVENT_REVOKE,      read_revoke },
	{ "told",        EVENT_TOLD,        read_told },
	{ "hello",       EVENT_HELLO,       read_hello },
	{ "replay_from", EVENT_REPLAY_FROM, read_replay_from },
	{ "ack",         EVENT_ACK,         read_ack },
	{ "presence",    EVENT_PRESENCE,    read_presence },
	{ "stale_epoch", EVENT_STALE_EPOCH, read_stale_epoch },
};
/* clang-format on */

/* The kind that the first member names; NULL when there is none such. */
static const struct kind *
find_kind(struct json_object *line, struct json_object **value)
{
	struct json_object_iter it;
	size_t i;

	json_object_object_foreachC(line, it)
	{
		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (strcmp(kinds[i].key, it.key) == 0) {
				*value = it.val;
				return &kinds[i];
			}
		break;
	}
	return NULL;
}

enum status
event_parse(const char *line, size_t len, struct event *out)
{
	struct json_object *obj = NULL, *value = NULL;
	struct json_error err;
	struct json_in in;
	struct event ev = {0};
	const struct kind *kind;
	enum status st = ST_BAD_REQUEST;

	if (len >= EVENT_LINE_MAX || json_in_parse(line, len, &obj, &err) ||
	    !json_object_is_type(obj, json_type_object) ||
	    (kind = find_kind(obj, &value)) == NULL)
		goto out;
	json_in_begin(&in, obj, "");
	json_in_any(&in, kind->key, &value);
	kind->read(&in, value, &ev);
	if (json_in_end(&in) != ST_OK)
		goto out;
	ev.kind = kind->kind;
	*out = ev;
	ev.body = NULL;
	st = ST_OK;
out:
	json_object_put(ev.body);
	json_object_put(obj);
	return st;
}

void
event_reset(struct event *ev)
{
	json_object_put(ev->body);
	*ev = (struct event){0};
}

/* Whether a line of LEN bytes may come next; if not, the buffer is full. */
static bool
fits(struct buf *out, size_t len)
{
	if (len > EVENT_LINE_MAX ||
	    (out->max != 0 && out->len + len > out->max))
		out->full = true;
	return !out->full;
}

/* An object as a line; the object is consumed. */
static void
put_line(struct buf *out, struct json_object *obj)
{
	const char *text;
	size_t len;

	text = json_out_text(obj, &len);
	if (fits(out, len + 1)) {
		buf_add(out, text, len);
		buf_add(out, "\n", 1);
	}
	json_object_put(obj);
}

static void
add(struct json_object *obj, const char *key, struct json_object *value)
{
	if (obj == NULL || json_object_object_add(obj, key, value) != 0)
		log_fatal(71, "out of memory for an event");
}

void
event_put_app(struct buf *out, const char *epoch, int64_t head, int64_t oldest)
{
	buf_printf(out,
	    "{\"app\":{\"epoch\":\"%s\",\"head\":%lld,"
	    "\"oldest\":%lld,\"pid\":%ld}}\n",
	    epoch, (long long)head, (long long)oldest, (long)getpid());
}

void
event_put_change(struct buf *out, const char *body, size_t len)
{
	static const char before[] = "{\"change\":", after[] = "}\n";

	if (!fits(out, sizeof(before) - 1 + len + sizeof(after) - 1))
		return;
	buf_add(out, before, sizeof(before) - 1);
	buf_add(out, body, len);
	buf_add(out, after, sizeof(after) - 1);
}

void
event_put_oldest(struct buf *out, int64_t oldest)
{
	buf_printf(out, "{\"oldest\":%lld}\n", (long long)oldest);
}

void
event_put_query(struct buf *out, const char *room, int64_t cursor, int64_t id)
{
	struct json_object *line = json_object_new_object();

	add(line, "query", json_object_new_string("presence"));
	add(line, "room", json_object_new_string(room));
	add(line, "cursor", json_object_new_int64(cursor));
	add(line, "id", json_object_new_int64(id));
	put_line(out, line);
}

void
event_put_revoke_session(struct buf *out, const char *session, int64_t at)
{
	struct json_object *line = json_object_new_object();
	struct json_object *body = json_object_new_object();

	add(body, "session", json_object_new_string(session));
	add(body, "at", json_object_new_int64(at));
	add(line, "revoke", body);
	put_line(out, line);
}

void
event_put_revoke_user(struct buf *out, int64_t user_id, int64_t at)
{
	buf_printf(out, "{\"revoke\":{\"user\":%lld,\"at\":%lld}}\n",
	    (long long)user_id, (long long)at);
}

void
event_put_told(struct buf *out, int64_t at)
{
	buf_printf(out, "{\"told\":%lld}\n", (long long)at);
}

void
event_put_hello(struct buf *out, const char *epoch, int64_t have, int64_t told)
{
	bool none = epoch == NULL || epoch[0] == '\0';

	buf_puts(out, "{\"hello\":{\"epoch\":");
	if (none)
		buf_puts(out, "null");
	else
		buf_printf(out, "\"%s\"", epoch);
	buf_puts(out, ",\"have\":");
	if (none || have < 0)
		buf_puts(out, "null");
	else
		buf_printf(out, "%lld", (long long)have);
	if (told > 0)
		buf_printf(out, ",\"told\":%lld", (long long)told);
	buf_puts(out, "}}\n");
}

void
event_put_replay_from(struct buf *out, int64_t seq)
{
	buf_printf(out, "{\"replay_from\":%lld}\n", (long long)seq);
}

void
event_put_ack(struct buf *out, int64_t seq)
{
	buf_printf(out, "{\"ack\":%lld}\n", (long long)seq);
}

void
event_put_presence(struct buf *out, struct json_object *body, int64_t id)
{
	struct json_object *line = json_object_new_object();

	add(line, "presence", json_object_get(body));
	add(line, "id", json_object_new_int64(id));
	put_line(out, line);
}

void
event_put_stale_epoch(struct buf *out, const char *epoch)
{
	buf_printf(out, "{\"stale_epoch\":\"%s\"}\n", epoch);
}
