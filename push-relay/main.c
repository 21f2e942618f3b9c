/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroom-relay: starts the parts, runs the loop, and ends in order.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "http.h"
#include "ingest.h"
#include "longpoll.h"
#include "port.h"
#include "reader.h"
#include "relay.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/origin.h"
#include "shared/sandbox.h"
#include "shared/service.h"
#include "sse.h"
#include "tls.h"

#define KEY_RETRY  200   /* ms until the key is looked for again */
#define KEY_LOOK   500   /* ms between two looks for other keys */
#define DRAIN_MAX  2000  /* ms that streams get to read their end */
#define DRAIN_REST 500   /* ms that a request gets to come in and be answered */
#define DRAIN_LOOK 20    /* ms between two looks whether they have */
#define LARGE      20480 /* bytes; more are apart from the heap */

/* The relay with what only the start and the end need. */
struct process {
	struct relay relay;
	int signals; /* signalfd */
	uint64_t signals_watch;
	struct timer key;     /* looks for ticket keys */
	struct timer settled; /* the end of settling */
	struct timer drain;   /* the end of the end */
	struct timer alive;   /* a sign of life is due */
	int64_t drain_until;  /* mono ms */
};

static struct process the_process; /* large, and one */

/*
 * Raise the limit of descriptors; returns how many connections each of the
 * LISTENERS may have: strangers at one never take the descriptors of the
 * other.
 */
static unsigned
raise_limit(const struct conf *conf, unsigned listeners)
{
	struct rlimit rl;
	rlim_t want =
	    listeners * ((rlim_t)conf->max_streams + HTTP_SPARE) + HTTP_SPARE;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		log_fatal(EX_OSERR, "getrlimit: %s", strerror(errno));
	if (rl.rlim_cur < want) {
		rl.rlim_cur = rl.rlim_max < want ? rl.rlim_max : want;
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			log_warn("setrlimit: %s", strerror(errno));
		getrlimit(RLIMIT_NOFILE, &rl);
	}
	if (rl.rlim_cur < want)
		log_warn(
		    "only %llu descriptors; %llu are needed for all streams",
		    (unsigned long long)rl.rlim_cur, (unsigned long long)want);
	if (rl.rlim_cur > want)
		rl.rlim_cur = want;
	if (rl.rlim_cur < 2 * HTTP_SPARE)
		return (unsigned)rl.rlim_cur / 2 / listeners;
	return ((unsigned)rl.rlim_cur - HTTP_SPARE) / listeners;
}

/* Look for a key, and from then on for others. */
static void
look_for_key(void *arg, int64_t now)
{
	struct process *ps = arg;
	struct relay *rl = &ps->relay;
	bool ready = gate_load(&rl->gate, clock_utc_ms());

	if (gate_news(&rl->gate)) {
		presence_rekey(&rl->presence, &rl->gate.keys, now);
		reader_rekey(rl);
	}
	timer_set(
	    &rl->loop.timers, &ps->key, now + (ready ? KEY_LOOK : KEY_RETRY));
}

/* Who has not come back by now is not here: the pages may know. */
static void
end_settling(void *arg, int64_t now)
{
	struct process *ps = arg;

	presence_list_all(&ps->relay.presence, now);
}

/* Whether all streams have read their end, or the time is over. */
static void
look_at_drain(void *arg, int64_t now)
{
	struct process *ps = arg;
	struct relay *rl = &ps->relay;

	if (rl->stats.streams == 0 &&
	    (http_connections(rl->http) + http_connections(rl->port) == 0 ||
		now >= ps->drain_until - DRAIN_MAX + DRAIN_REST)) {
		rl->loop.quit = true;
	} else if (now >= ps->drain_until) {
		log_warn(
		    "cutting off %lld streams", (long long)rl->stats.streams);
		sse_abort(rl);
		longpoll_abort(rl);
		rl->loop.quit = true;
	} else {
		timer_set(&rl->loop.timers, &ps->drain, now + DRAIN_LOOK);
	}
}

static void
on_signal(void *arg, uint32_t events)
{
	struct process *ps = arg;
	struct relay *rl = &ps->relay;
	struct signalfd_siginfo info;
	int64_t now = clock_mono_ms();

	(void)events;
	if (read(ps->signals, &info, sizeof(info)) != sizeof(info) ||
	    rl->stopping)
		return;
	if (info.ssi_signo == SIGHUP) {
		look_for_key(ps, now);
		if (rl->port != NULL)
			port_reload(&rl->conf);
		return;
	}
	log_info("stopping");
	rl->stopping = true;
	service_stopping();
	/* First the names: who starts next may have them at once. */
	if (!rl->push_passed)
		unlink(rl->conf.push_socket);
	if (!rl->event_passed)
		unlink(rl->conf.event_socket);
	http_quiesce(rl->http);
	http_quiesce(rl->port);
	reader_shutdown(rl);
	ps->drain_until = now + DRAIN_MAX;
	timer_set(&rl->loop.timers, &ps->drain, now);
}

/* The manager hears of us by the loop itself: when that hangs, so does this. */
static void
keep_alive(void *arg, int64_t now)
{
	struct process *ps = arg;

	service_alive();
	timer_set(
	    &ps->relay.loop.timers, &ps->alive, now + service_watchdog_ms());
}

static void
watch_signals(struct process *ps)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	ps->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ps->signals == -1)
		log_fatal(EX_OSERR, "signalfd: %s", strerror(errno));
	ps->signals_watch =
	    loop_watch(&ps->relay.loop, ps->signals, EPOLLIN, on_signal, ps);
	if (ps->signals_watch == 0)
		log_fatal(EX_OSERR, "cannot watch signals");
}

static void
turn(void *arg)
{
	struct relay *rl = arg;

	feed_flush(&rl->feed);
	sse_flush(rl);
	ingest_flush(rl->ingest);
}

/*
 * What serving needs of files: the public key, which is looked for until it
 * is there, the certificate when it is renewed, and our own sockets to remove.
 */
static void
enter_sandbox(const struct relay *rl)
{
	struct sandbox box = {0};

	sandbox_allow_beside(&box, SANDBOX_READ, rl->conf.key_file);
	sandbox_allow_beside(&box, SANDBOX_READ, rl->conf.tls_cert);
	sandbox_allow_beside(&box, SANDBOX_READ, rl->conf.tls_key);
	if (!rl->push_passed)
		sandbox_allow_beside(
		    &box, SANDBOX_REMOVE, rl->conf.push_socket);
	if (!rl->event_passed)
		sandbox_allow_beside(
		    &box, SANDBOX_REMOVE, rl->conf.event_socket);
	sandbox_enter(&box, sandbox_mode(rl->conf.sandbox));
}

static void
start(struct process *ps)
{
	struct relay *rl = &ps->relay;
	bool secure = false;
	int port = port_socket(&rl->conf, &secure);
	unsigned limit;

	rl->started = clock_mono_ms();
	srandom(randombytes_random());
	loop_init(&rl->loop);
	watch_signals(ps);
	feed_init(&rl->feed, &rl->loop.timers, &rl->stats, rl->started);
	presence_init(&rl->presence, rl->conf.palette,
	    2 * (unsigned)rl->conf.max_streams, &rl->loop.timers, &rl->stats);
	rl->gate.key_file = rl->conf.key_file;
	ps->key = (struct timer){.fn = look_for_key, .arg = ps};
	ps->settled = (struct timer){.fn = end_settling, .arg = ps};
	ps->drain = (struct timer){.fn = look_at_drain, .arg = ps};
	ps->alive = (struct timer){.fn = keep_alive, .arg = ps};
	if (service_watchdog_ms() > 0)
		keep_alive(ps, rl->started);
	look_for_key(ps, rl->started);
	timer_set(&rl->loop.timers, &ps->settled, rl->started + RELAY_SETTLING);
	rl->ingest = ingest_new(rl);
	limit = raise_limit(&rl->conf, port == -1 ? 1 : 2);
	if (port != -1)
		rl->port = http_new_port(rl, port, secure, limit);
	rl->http = http_new(rl, limit);
	service_close_rest();
	enter_sandbox(rl);
	service_ready("Serving streams");
	log_info("ready on %s", rl->conf.push_socket);
}

static void
stop(struct process *ps)
{
	struct relay *rl = &ps->relay;

	http_free(rl->http);
	http_free(rl->port);
	tls_reset();
	ingest_free(rl->ingest);
	presence_reset(&rl->presence);
	feed_reset(&rl->feed);
	frame_drop(rl->ping);
	gate_reset(&rl->gate);
	loop_unwatch(&rl->loop, ps->signals_watch);
	close(ps->signals);
	loop_reset(&rl->loop);
	log_info("stopped");
}

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: stockroom-relay [--listen ADDRESS:PORT]\n"
	    "       stockroom-relay --help | --version\n\n"
	    "Fans changes and presence out to browsers.  --listen is the same\n"
	    "as STOCKROOM_LISTEN.  Settings, from the\n"
	    "environment or %s:\n\n",
	    CONF_FILE);
	conf_help(out);
}

int
main(int argc, char *argv[])
{
	struct process *ps = &the_process;
	char bad[64];

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("stockroom-relay " PACKAGE_VERSION);
		return 0;
	}
	/* Before the settings are read, which judge it. */
	if (argc == 3 && strcmp(argv[1], "--listen") == 0) {
		if (setenv("STOCKROOM_LISTEN", argv[2], 1) == -1)
			log_fatal(EX_OSERR, "setenv: %s", strerror(errno));
	} else if (argc > 1) {
		usage(stderr);
		return EX_USAGE;
	}
	/*
	 * Each page that comes is told a long list, and stays.  In one heap
	 * the lists would leave holes between what stays.
	 */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	service_start();
	conf_load(&ps->relay.conf, CONF_FILE);
	log_init("stockroom-relay", (enum log_level)ps->relay.conf.log_level);
	if (sodium_init() == -1)
		log_fatal(EX_SOFTWARE, "libsodium does not start");
	if (!sock_peers_parse(&ps->relay.peers, ps->relay.conf.peers, bad))
		log_fatal(CONF_EXIT, "STOCKROOM_PEERS: no user named %s", bad);
	origin_init(&ps->relay.conf);
	start(ps);
	loop_run(&ps->relay.loop, turn, &ps->relay);
	stop(ps);
	return 0;
}
