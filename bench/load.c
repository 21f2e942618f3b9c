/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A crowd of clients for Stockroom, in one process: they listen by
 * Server-Sent Events and long-polling, straight at the relay's socket or
 * through the web server, and are checked event by event.  --help says how
 * it is told what to do.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "client.h"
#include "command.h"
#include "crowd.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "writer.h"

#define EVENTS      256   /* of one look at the descriptors */
#define START_MS    10000 /* until the app must have said where the log is */
#define CONNECTIONS 16    /* for pages of the log, and for beats */
#define SPARE       256   /* descriptors besides the clients' */
#define LINE        256   /* bytes of a command */

/* What the options say. */
struct options {
	struct http_address push;
	struct http_address api;
	bool has_api;
	const char *key;
	const char *token_file;
	const char *position;
	const char *tickets;
	enum peer peer;
	long clients, poll, seed, hands, mix, timeout;
	long rcvbuf, patience, life, tick, silence, posts;
	const char *base, *room;
};

/* The whole program. */
struct load {
	struct crowd crowd;
	struct writer writer;
	struct run run;
	char token[256];
	char **commands; /* of the command line; or none: standard input */
	bool input;      /* read standard input */
	bool over;       /* nothing more to do */
	int tick;        /* ms between two looks at what is due */
	size_t len;
	char line[LINE];
};

static struct load load; /* large, and one */

static void
usage(FILE *f)
{
	fputs("usage: load [options] [command ...]\n"
	      "A crowd of clients for Stockroom.  Commands come from the\n"
	      "command line or, without any, as lines of standard input.\n\n"
	      "  --push ADDRESS     the relay's socket, or the web server's\n"
	      "                     port on 127.0.0.1, for streams and polls\n"
	      "  --api ADDRESS      the web server's port, for the rest\n"
	      "  --key FILE         signs tickets: STOCKROOM_KEY_FILE\n"
	      "  --token-file FILE  a bearer token of an editor; or else\n"
	      "                     LOAD_TOKEN in the environment\n"
	      "  --clients N        how many (1)\n"
	      "  --poll PERCENT     of them that poll (0)\n"
	      "  --hands N          writes at once (8)\n"
	      "  --mix N            write in all ways to N items in common;\n"
	      "                     0: each hand edits one of its own (0)\n"
	      "  --timeout MS       that an answer to a write may take\n"
	      "  --seed N           of all that is random (1)\n"
	      "  --rcvbuf BYTES     what the kernel takes in for a client\n"
	      "  --position P       where the log is, when there is no app\n"
	      "  --base PREFIX      of the site's addresses\n"
	      "  --room NAME        to be in (inventory_management)\n"
	      "  --peer NAME        what is listened to instead of a relay:\n"
	      "                     nchan, socket.io\n"
	      "  --tickets FILE     for that, a line a client\n"
	      "  --posts N          connections for beats and moves (16)\n"
	      "  --silence S        after which a connection is dead (45)\n"
	      "  --tick MS          between two looks at what is due (5)\n"
	      "  --patience S       that a command may wait (30)\n"
	      "  --life S           after which it ends, whatever is (600)\n\n"
	      "Commands, each answered by a line of JSON:\n",
	    f);
	command_help(f);
	fputs("\nExit status: 0; 1: a command failed, or a check found a\n"
	      "fault; 64: wrong usage; 75: its life was over.\n",
	    f);
}

static noreturn void
wrong(const char *what)
{
	fprintf(stderr, "load: %s; see --help\n", what);
	exit(EX_USAGE);
}

static long
number(const char *text, long least, long most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < least || n > most)
		wrong("a number is out of its range");
	return n;
}

static void
take_option(struct options *o, int c, const char *text)
{
	switch (c) {
	case 'u':
		if (!http_address_parse(&o->push, text))
			wrong("--push is no address");
		break;
	case 'a':
		if (!http_address_parse(&o->api, text))
			wrong("--api is no address");
		o->has_api = true;
		break;
	case 'k':
		o->key = text;
		break;
	case 't':
		o->token_file = text;
		break;
	case 'P':
		o->position = text;
		break;
	case 'B':
		o->base = text;
		break;
	case 'r':
		o->room = text;
		break;
	case 'c':
		o->clients = number(text, 1, 100000);
		break;
	case 'p':
		o->poll = number(text, 0, 100);
		break;
	case 'h':
		o->hands = number(text, 1, WRITER_HANDS);
		break;
	case 'm':
		o->mix = number(text, 0, MIX_SLOTS);
		break;
	case 'T':
		o->timeout = number(text, 1, 86400000);
		break;
	case 's':
		o->seed = number(text, 0, 1000000000);
		break;
	case 'b':
		o->rcvbuf = number(text, 0, 1 << 24);
		break;
	case 'w':
		o->patience = number(text, 1, 86400);
		break;
	case 'e':
		if (!peer_parse(&o->peer, text))
			wrong("--peer is none that it knows");
		break;
	case 'K':
		o->tickets = text;
		break;
	case 'i':
		o->tick = number(text, 1, 1000);
		break;
	case 'n':
		o->posts = number(text, 1, 1000);
		break;
	case 'S':
		o->silence = number(text, 1, 86400);
		break;
	case 'l':
		o->life = number(text, 1, 86400);
		break;
	default:
		exit(EX_USAGE);
	}
}

static void
read_options(struct options *o, int argc, char *argv[])
{
	static const struct option options[] = {
	    {"push", required_argument, NULL, 'u'},
	    {"api", required_argument, NULL, 'a'},
	    {"key", required_argument, NULL, 'k'},
	    {"token-file", required_argument, NULL, 't'},
	    {"clients", required_argument, NULL, 'c'},
	    {"poll", required_argument, NULL, 'p'},
	    {"hands", required_argument, NULL, 'h'},
	    {"mix", required_argument, NULL, 'm'},
	    {"timeout", required_argument, NULL, 'T'},
	    {"seed", required_argument, NULL, 's'},
	    {"rcvbuf", required_argument, NULL, 'b'},
	    {"position", required_argument, NULL, 'P'},
	    {"base", required_argument, NULL, 'B'},
	    {"room", required_argument, NULL, 'r'},
	    {"peer", required_argument, NULL, 'e'},
	    {"tickets", required_argument, NULL, 'K'},
	    {"posts", required_argument, NULL, 'n'},
	    {"silence", required_argument, NULL, 'S'},
	    {"tick", required_argument, NULL, 'i'},
	    {"patience", required_argument, NULL, 'w'},
	    {"life", required_argument, NULL, 'l'},
	    {"help", no_argument, NULL, 'H'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'H') {
			usage(stdout);
			exit(0);
		}
		take_option(o, c, optarg);
	}
	if (o->key == NULL || (o->push.port == 0 && o->push.path[0] == '\0'))
		wrong("--push and --key are needed");
	if ((o->peer == PEER_NONE) != (o->tickets == NULL))
		wrong("--peer and --tickets go together");
	if (o->has_api == (o->position != NULL))
		wrong("either --api or --position is needed");
}

/* A token does not belong on a command line: everybody can see those. */
static void
read_token(const char *path, char *out, size_t size)
{
	const char *env = getenv("LOAD_TOKEN");
	FILE *f;

	if (path == NULL) {
		if (env == NULL || strlen(env) >= size)
			wrong("--token-file or LOAD_TOKEN is needed");
		memcpy(out, env, strlen(env) + 1);
		return;
	}
	if ((f = fopen(path, "re")) == NULL || fgets(out, (int)size, f) == NULL)
		log_fatal(EX_NOINPUT, "%s: %s", path, strerror(errno));
	fclose(f);
	out[strcspn(out, "\r\n")] = '\0';
}

/* A descriptor a client, and one more while it changes the transport. */
static void
raise_limit(unsigned clients)
{
	struct rlimit rl;
	rlim_t want = (rlim_t)clients * 2 + SPARE;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_fatal(EX_OSERR, "getrlimit: %s", strerror(errno));
	if (want > rl.rlim_max)
		want = rl.rlim_max;
	if (want < (rlim_t)clients + SPARE)
		log_fatal(EX_OSERR, "the limit of descriptors is too low");
	if (rl.rlim_cur < want)
		rl.rlim_cur = want;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_fatal(EX_OSERR, "setrlimit: %s", strerror(errno));
}

/* ---- the loop */

/* The next command: of the command line, or a line that has come. */
static void
next_command(struct load *l)
{
	char *nl;
	ssize_t n;

	if (!l->input) {
		if (*l->commands == NULL)
			l->over = true;
		else if (!command_begin(&l->run, *l->commands++))
			wrong("no such command");
		return;
	}
	nl = memchr(l->line, '\n', l->len);
	if (nl == NULL) {
		n = read(0, l->line + l->len, sizeof(l->line) - l->len);
		if (n == 0 || l->len == sizeof(l->line))
			l->over = true;
		l->len += n > 0 ? (size_t)n : 0;
		return;
	}
	*nl = '\0';
	if (!command_begin(&l->run, l->line))
		wrong("no such command");
	l->len -= (size_t)(nl + 1 - l->line);
	memmove(l->line, nl + 1, l->len);
}

/* Look once at all descriptors, and at what is due. */
static void
turn(struct load *l)
{
	static int64_t ticked;
	struct epoll_event ev[EVENTS];
	struct source *s;
	int64_t now;
	int i, n;

	n = epoll_wait(l->crowd.epfd, ev, EVENTS, l->tick);
	for (i = 0; i < n; i++) {
		s = ev[i].data.ptr;
		s->ready(s, ev[i].events);
	}
	now = now_us();
	if (l->run.writer != NULL)
		writer_tick(&l->writer, now);
	if (now - ticked >= l->tick * 1000) {
		ticked = now;
		crowd_tick(&l->crowd, now);
	}
	command_tick(&l->run, now / 1000);
}

static void
start_done(void *arg, int status, const char *body, size_t len)
{
	struct crowd *w = arg;
	struct json_object *obj, *text;
	struct event_position pos;

	if (status != 200 || len == 0 ||
	    (obj = json_tokener_parse(body)) == NULL)
		log_fatal(EX_UNAVAILABLE, "the app answers %d", status);
	if (!json_object_object_get_ex(obj, "position", &text) ||
	    !event_position_parse(json_object_get_string(text), &pos))
		log_fatal(EX_PROTOCOL, "the app does not name a position");
	memcpy(w->epoch, pos.epoch, sizeof(w->epoch));
	w->start = pos.seq;
	json_object_put(obj);
}

/* Learn where the log is. */
static void
find_start(struct load *l, const struct options *o)
{
	struct crowd *w = &l->crowd;
	struct event_position pos;
	int64_t until = clock_mono_ms() + START_MS;
	char path[256];

	if (o->position != NULL) {
		if (!event_position_parse(o->position, &pos))
			wrong("--position is none");
		memcpy(w->epoch, pos.epoch, sizeof(w->epoch));
		w->start = pos.seq;
		return;
	}
	snprintf(
	    path, sizeof(path), "%s/api/v1/inventory/items?limit=1", w->base);
	rest_send(&w->api, &(struct rest_request){.method = "GET",
			       .path = path,
			       .bearer = w->token,
			       .done = start_done,
			       .arg = w});
	while (w->epoch[0] == '\0') {
		turn(l);
		if (clock_mono_ms() > until)
			log_fatal(EX_UNAVAILABLE, "the app does not answer");
	}
}

static void
set_up(struct load *l, const struct options *o)
{
	struct crowd *w = &l->crowd;

	if (sodium_init() == -1)
		log_fatal(EX_SOFTWARE, "libsodium does not start");
	if (ticket_keys_load_or_make(&w->keys, o->key) != ST_OK)
		exit(EX_NOINPUT);
	if ((w->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		log_fatal(EX_OSERR, "epoll_create1: %s", strerror(errno));
	w->push = o->push;
	w->base = o->base;
	w->room = o->room;
	w->size = (unsigned)o->clients;
	w->peer = o->peer;
	w->silence = o->silence * 1000000;
	if (o->tickets != NULL)
		w->tickets = peer_tickets(o->tickets, w->size);
	l->tick = (int)o->tick;
	w->poll_percent = (int)o->poll;
	w->rcvbuf = (int)o->rcvbuf;
	dice_seed(&w->dice, (uint64_t)o->seed);
	rest_init(&w->posts, w->epfd, &o->push, (unsigned)o->posts);
	rest_init(&w->api, w->epfd, &o->api, CONNECTIONS);
	l->run.crowd = w;
	l->run.head = -1;
	l->run.patience = o->patience * 1000;
	l->run.figures_began = clock_mono_ms();
	if (o->has_api) {
		read_token(o->token_file, l->token, sizeof(l->token));
		w->token = l->token;
		writer_init(&l->writer, w, &o->api, (unsigned)o->hands);
		l->writer.rest.timeout = o->timeout;
		if (o->mix > 0)
			writer_mix(&l->writer, (unsigned)o->mix);
		l->run.writer = &l->writer;
	}
}

int
main(int argc, char *argv[])
{
	struct options o = {.clients = 1,
	    .seed = 1,
	    .hands = 8,
	    .timeout = REST_TIMEOUT,
	    .patience = 30,
	    .life = 600,
	    .tick = 5,
	    .silence = 45,
	    .posts = CONNECTIONS,
	    .base = "",
	    .room = "inventory_management"};
	int64_t until;

	log_init("load", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	read_options(&o, argc, argv);
	load.commands = argv + optind;
	load.input = *load.commands == NULL;
	if (load.input && fcntl(0, F_SETFL, O_NONBLOCK) == -1)
		log_fatal(EX_OSERR, "standard input: %s", strerror(errno));
	raise_limit((unsigned)o.clients);
	set_up(&load, &o);
	until = clock_mono_ms() + o.life * 1000;
	find_start(&load, &o);
	crowd_begin(&load.crowd);
	while (!load.over && clock_mono_ms() < until) {
		if (load.run.now == NULL)
			next_command(&load);
		turn(&load);
	}
	if (!load.over)
		log_error("its life is over");
	verdict_reset(&load.run.verdict);
	crowd_end(&load.crowd);
	if (load.run.writer != NULL)
		writer_reset(&load.writer);
	if (!load.over)
		return EX_TEMPFAIL;
	return load.run.failed ? 1 : 0;
}
