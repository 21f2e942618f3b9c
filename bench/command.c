/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "shared/clock.h"
#include "shared/json.h"

#define ASK_PAUSE 20 /* ms until an unanswered question is asked again */

/* A command; WAIT returns true when it is done, NULL: at once. */
struct command_row {
	const char *name;
	int args; /* numbers that must be there */
	const char *help;
	void (*begin)(struct run *);
	bool (*wait)(struct run *, int64_t now);
	void (*answer)(struct run *, struct json_object *);
};

void
run_put_int(struct json_object *obj, const char *key, int64_t value)
{
	json_object_object_add(obj, key, json_object_new_int64(value));
}

/* ---- what clients are told to do */

static void
begin_open(struct run *r)
{
	crowd_open(r->crowd, r->arg[0]);
}

static void
begin_chaos(struct run *r)
{
	crowd_chaos(r->crowd, r->arg[0]);
}

static void
begin_moves(struct run *r)
{
	crowd_moves(r->crowd, r->arg[0]);
}

static void
pick(struct run *r, void (*fn)(struct client *, int64_t))
{
	crowd_pick(r->crowd, (unsigned)r->arg[0], fn, r->arg[1]);
}

static void
begin_cut(struct run *r)
{
	pick(r, client_cut);
}

static void
begin_leave(struct run *r)
{
	pick(r, client_leave);
}

static void
begin_switch(struct run *r)
{
	pick(r, client_switch);
}

static void
begin_lose(struct run *r)
{
	pick(r, client_lose);
}

static void
begin_move(struct run *r)
{
	pick(r, client_move);
}

static void
begin_freeze(struct run *r)
{
	pick(r, client_freeze);
}

static void
begin_trickle(struct run *r)
{
	pick(r, client_trickle);
}

static void
begin_back(struct run *r)
{
	crowd_pick(r->crowd, r->crowd->size, client_back, 0);
}

static void
begin_thaw(struct run *r)
{
	crowd_pick(r->crowd, r->crowd->size, client_thaw, 0);
}

/* ---- writing, and waiting */

static void
begin_write(struct run *r)
{
	assert(r->writer != NULL);
	writer_add(r->writer, r->arg[0], r->arg[1]);
}

static bool
wait_written(struct run *r, int64_t now)
{
	(void)now;
	return r->writer == NULL || writer_idle(r->writer);
}

static bool
wait_joined(struct run *r, int64_t now)
{
	(void)now;
	return crowd_behind(r->crowd, -1, r->began * 1000) == 0;
}

static bool
wait_pause(struct run *r, int64_t now)
{
	return now - r->began >= r->arg[0];
}

void
run_ask(struct run *r, const char *path, rest_done done, int64_t now)
{
	if (r->asking || now < r->ask_at)
		return;
	r->asking = true;
	rest_send(&r->crowd->api, &(struct rest_request){.method = "GET",
				      .path = path,
				      .bearer = r->crowd->token,
				      .done = done,
				      .arg = r});
}

struct json_object *
run_asked(struct run *r, int status, const char *body, size_t len)
{
	struct json_object *obj = NULL;

	r->asking = false;
	if (status == 200 && len > 0)
		obj = json_tokener_parse(body);
	if (obj == NULL)
		r->ask_at = clock_mono_ms() + ASK_PAUSE;
	return obj;
}

static void
head_done(void *arg, int status, const char *body, size_t len)
{
	struct run *r = arg;
	struct json_object *obj = run_asked(r, status, body, len), *text;
	struct event_position pos;

	if (obj != NULL && json_object_object_get_ex(obj, "position", &text) &&
	    event_position_parse(json_object_get_string(text), &pos))
		r->head = pos.seq;
	json_object_put(obj);
}

static void
begin_level(struct run *r)
{
	r->head = r->arg[0] > 0 ? r->arg[0] : -1;
}

static bool
wait_level(struct run *r, int64_t now)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/api/v1/inventory/items?limit=1",
	    r->crowd->base);
	if (r->head < 0)
		run_ask(r, path, head_done, now);
	return r->head >= 0 &&
	       crowd_behind(r->crowd, r->head, r->began * 1000) == 0;
}

/* ---- figures */

static void
begin_relay(struct run *r)
{
	r->relay = (pid_t)r->arg[0];
	r->relay_cpu = cpu_ms(r->relay);
}

static void
begin_reset(struct run *r)
{
	struct crowd *w = r->crowd;

	memset(&w->tally, 0, sizeof(w->tally));
	memset(&w->first_frame, 0, sizeof(w->first_frame));
	memset(&w->delivery, 0, sizeof(w->delivery));
	memset(&w->cursor, 0, sizeof(w->cursor));
	if (r->relay != 0)
		r->relay_cpu = cpu_ms(r->relay);
	r->self_cpu = cpu_ms(getpid());
	r->figures_began = clock_mono_ms();
}

static void
put_tally(const struct tally *t, struct json_object *obj)
{
	run_put_int(obj, "joined", t->joined);
	run_put_int(obj, "recovered", t->recovered);
	run_put_int(obj, "frames", t->frames);
	run_put_int(obj, "passing", t->passing);
	run_put_int(obj, "moving", t->moving);
	run_put_int(obj, "looked", t->looked);
	run_put_int(obj, "seen", t->seen);
	run_put_int(obj, "most", t->most);
	run_put_int(obj, "bytes", t->bytes);
	run_put_int(obj, "polls", t->polls);
	run_put_int(obj, "ends", t->ends);
	run_put_int(obj, "told", t->told);
	run_put_int(obj, "slow", t->slow);
	run_put_int(obj, "refused", t->refused);
	run_put_int(obj, "cuts", t->cuts);
	run_put_int(obj, "stalls", t->stalls);
	run_put_int(obj, "switches", t->switches);
	run_put_int(obj, "lost", t->lost);
	run_put_int(obj, "pages", t->pages);
	run_put_int(obj, "restarts", t->restarts);
}

/* How long events took until the last one had them. */
static void
put_last(struct run *r, struct json_object *obj)
{
	struct truth *t = &r->crowd->truth;
	struct times last = {0};
	size_t i;

	for (i = 0; i < t->size; i++) {
		if (t->event[i].sent_us >= r->figures_began * 1000 &&
		    t->event[i].last_us != 0)
			times_add(
			    &last, t->event[i].last_us - t->event[i].sent_us);
	}
	json_object_object_add(obj, "last", times_json(&last));
}

static void
answer_figures(struct run *r, struct json_object *obj)
{
	struct crowd *w = r->crowd;

	run_put_int(obj, "span_ms", clock_mono_ms() - r->figures_began);
	run_put_int(obj, "clients", w->size);
	run_put_int(obj, "live", crowd_live(w));
	put_tally(&w->tally, obj);
	run_put_int(obj, "posts_failed", w->posts.failed);
	if (r->writer != NULL) {
		run_put_int(obj, "written", r->writer->done);
		run_put_int(obj, "written_again", r->writer->again);
	}
	json_object_object_add(obj, "first_frame", times_json(&w->first_frame));
	json_object_object_add(obj, "delivery", times_json(&w->delivery));
	json_object_object_add(obj, "cursor", times_json(&w->cursor));
	put_last(r, obj);
	if (r->relay != 0) {
		run_put_int(
		    obj, "relay_cpu_ms", cpu_ms(r->relay) - r->relay_cpu);
		run_put_int(obj, "relay_private_kib", private_kib(r->relay));
	}
	run_put_int(obj, "load_cpu_ms", cpu_ms(getpid()) - r->self_cpu);
	verdict_put_faults(r, obj);
}

/* ---- the table */

/* clang-format off */
static const struct command_row commands[] = {
	{ "open",    0, "[MS]          all connect, spread over MS", begin_open, NULL, NULL },
	{ "joined",  0, "              wait until all are in the room", NULL, wait_joined, NULL },
	{ "write",   1, "N [RATE]      begin N writes, RATE a second", begin_write, NULL, NULL },
	{ "written", 0, "              wait until they are done", NULL, wait_written, NULL },
	{ "level",   0, "[SEQ]         wait until all have the newest event", begin_level, wait_level, NULL },
	{ "pause",   1, "MS            let time pass", NULL, wait_pause, NULL },
	{ "cut",     1, "N             N clients lose their connection", begin_cut, NULL, NULL },
	{ "leave",   1, "N             N clients go, and stay away", begin_leave, NULL, NULL },
	{ "back",    0, "              those return", begin_back, NULL, NULL },
	{ "switch",  1, "N             N clients change the transport", begin_switch, NULL, NULL },
	{ "lose",    1, "N             N clients lose an answer", begin_lose, NULL, NULL },
	{ "move",    1, "N             N clients move the pointer", begin_move, NULL, NULL },
	{ "moves",   1, "RATE          RATE of those a second; 0: no more", begin_moves, NULL, NULL },
	{ "freeze",  1, "N [MS]        N clients do not read, for MS", begin_freeze, NULL, NULL },
	{ "trickle", 2, "N RATE        N clients read RATE bytes a second", begin_trickle, NULL, NULL },
	{ "thaw",    0, "              those read on", begin_thaw, NULL, NULL },
	{ "chaos",   1, "RATE          RATE mishaps a minute; 0: no more", begin_chaos, NULL, NULL },
	{ "relay",   1, "PID           whose CPU time the figures show", begin_relay, NULL, NULL },
	{ "reset",   0, "              the figures begin anew", begin_reset, NULL, NULL },
	{ "figures", 0, "              show them", NULL, NULL, answer_figures },
	{ "check",   0, "[SEQ]         compare with the log; SEQ: it ends there", verdict_begin, verdict_wait, verdict_answer },
};
/* clang-format on */

void
command_help(FILE *f)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		fprintf(f, "  %-8s%s\n", commands[i].name, commands[i].help);
}

static void
answer(struct run *r, bool good, int64_t now)
{
	struct json_object *obj = json_object_new_object();
	const char *text;
	size_t len;

	json_object_object_add(
	    obj, "command", json_object_new_string(r->now->name));
	json_object_object_add(obj, "ok", json_object_new_boolean(good));
	run_put_int(obj, "ms", now - r->began);
	if (!good) {
		r->failed = true;
		run_put_int(obj, "head", r->head);
		run_put_int(obj, "behind",
		    crowd_behind(r->crowd, r->head, r->began * 1000));
		run_put_int(obj, "live", crowd_live(r->crowd));
	} else if (r->now->answer != NULL) {
		r->now->answer(r, obj);
	}
	text = json_out_text(obj, &len);
	puts(text);
	fflush(stdout);
	json_object_put(obj);
	r->now = NULL;
}

bool
command_begin(struct run *r, const char *line)
{
	char name[16] = "";
	long long a = 0, b = 0;
	size_t i;
	int n;

	n = sscanf(line, "%15s %lld %lld", name, &a, &b);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (n < commands[i].args + 1 || a < 0 || b < 0)
			return false;
		r->now = &commands[i];
		r->arg[0] = a;
		r->arg[1] = b;
		r->began = clock_mono_ms();
		if (r->now->begin != NULL)
			r->now->begin(r);
		return true;
	}
	return false;
}

void
command_tick(struct run *r, int64_t now)
{
	if (r->now == NULL)
		return;
	if (r->now->wait == NULL || r->now->wait(r, now))
		answer(r, true, now);
	else if (now - r->began > r->patience)
		answer(r, false, now);
}
