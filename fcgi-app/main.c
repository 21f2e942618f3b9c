/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroom-app: settings, the ways in (FastCGI on a socket of our own, of
 * systemd's or of the web server's; plain CGI), start and end.
 */
#include <sys/resource.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "accept.h"
#include "app.h"
#include "cgi.h"
#include "db.h"
#include "keeper.h"
#include "publish.h"
#include "shared/log.h"
#include "shared/origin.h"
#include "shared/sandbox.h"
#include "shared/service.h"
#include "signer.h"

#include "config.h"

#define FILES   4096 /* descriptors, if we may have so many */
#define BACKLOG 511

struct options {
	const char *socket; /* --socket, or NULL */
	int threads;
};

static void
usage(FILE *out)
{
	fprintf(out,
	    "usage: stockroom-app [--socket PATH] [--threads N]\n\n"
	    "Serves Stockroom's REST API over FastCGI: on the Unix socket\n"
	    "PATH, on a socket passed by systemd, or on standard input when\n"
	    "that is a listening socket; else as a plain CGI program.\n\n"
	    "  --socket PATH  make and listen on this Unix socket\n"
	    "  --threads N    requests served at once, 1 to %d (64)\n"
	    "  --help         show this\n"
	    "  --version      show the version\n\n"
	    "Settings, from the environment or %s:\n\n",
	    ACCEPT_THREADS_MAX, CONF_FILE);
	conf_help(out);
}

static int
parse_threads(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < 1 ||
	    n > ACCEPT_THREADS_MAX) {
		fprintf(stderr, "stockroom-app: --threads must be 1 to %d\n",
		    ACCEPT_THREADS_MAX);
		exit(EX_USAGE);
	}
	return (int)n;
}

static void
parse_options(int argc, char **argv, struct options *opt)
{
	static const struct option names[] = {
	    {"socket", required_argument, NULL, 's'},
	    {"threads", required_argument, NULL, 't'},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'v'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 's':
			opt->socket = optarg;
			break;
		case 't':
			opt->threads = parse_threads(optarg);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			printf("stockroom-app %s\n", PACKAGE_VERSION);
			exit(0);
		default:
			exit(EX_USAGE);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "stockroom-app: unexpected argument: %s\n",
		    argv[optind]);
		exit(EX_USAGE);
	}
}

/* --- FastCGI --- */

/* Every thread has files of its own: take what descriptors we may. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warn("RLIMIT_NOFILE: %s", strerror(errno));
}

/* The socket to listen on; -1: none, so this is plain CGI. */
static int
find_socket(const struct options *opt)
{
	int fd;

	if (opt->socket != NULL) {
		if ((fd = sock_listen_unix(opt->socket, 0660, BACKLOG)) == -1)
			log_fatal(EX_CANTCREAT, "--socket %s: %s", opt->socket,
			    strerror(errno));
		return fd;
	}
	if ((fd = service_socket("app")) != -1 ||
	    (fd = service_only_socket()) != -1)
		return fd;
	service_close_rest();
	if (sock_is_listening(STDIN_FILENO))
		return STDIN_FILENO;
	if (getenv("GATEWAY_INTERFACE") == NULL) {
		fprintf(stderr, "stockroom-app: nothing to listen on: give"
				" --socket PATH, or see --help\n");
		exit(EX_USAGE);
	}
	return -1;
}

/*
 * What serving needs of files: the database with its companions, the keys
 * (looked at again when they are replaced), and our own socket to remove.
 */
static void
enter_sandbox(const struct app *app, const struct options *opt)
{
	struct sandbox box = {0};

	sandbox_allow_beside(&box, SANDBOX_WRITE, app->conf.db);
	sandbox_allow_beside(&box, SANDBOX_READ, app->conf.key_file);
	if (opt->socket != NULL)
		sandbox_allow_beside(&box, SANDBOX_REMOVE, opt->socket);
	sandbox_enter(&box, sandbox_mode(app->conf.sandbox));
}

static void
serve_fastcgi(const struct app *app, int fd, const struct options *opt)
{
	accept_init();
	raise_limit();
	db_after_commit(publish_wake);
	publish_start(app);
	keeper_start();
	log_info("started, %d threads", opt->threads);
	accept_run(app, fd, opt->socket, opt->threads);
	keeper_stop();
	db_after_commit(NULL);
	publish_stop();
	log_info("ended");
}

int
main(int argc, char **argv)
{
	struct options opt = {.threads = 64};
	struct app app = {0};
	char bad[64];
	int fd;

	/* Some web servers make arguments of a query: RFC 3875, 4.4. */
	if (getenv("GATEWAY_INTERFACE") == NULL)
		parse_options(argc, argv, &opt);
	service_start();
	/* A file too large is an error like any other, and no end. */
	signal(SIGXFSZ, SIG_IGN);
	if (sodium_init() == -1)
		log_fatal(EX_OSERR, "libsodium cannot start");
	conf_load(&app.conf, CONF_FILE);
	log_init("stockroom-app", (enum log_level)app.conf.log_level);
	origin_init(&app.conf);
	if (!sock_peers_parse(&app.peers, app.conf.peers, bad))
		log_fatal(
		    CONF_EXIT, "STOCKROOM_PEERS: there is no user %s", bad);
	if (signer_start(app.conf.key_file) != ST_OK)
		return CONF_EXIT;
	db_open_writer(app.conf.db);
	app.cgi = (fd = find_socket(&opt)) == -1;
	enter_sandbox(&app, &opt);
	if (app.cgi)
		cgi_serve(&app);
	else
		serve_fastcgi(&app, fd, &opt);
	db_close_writer();
	signer_stop();
	return 0;
}
