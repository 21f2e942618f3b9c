/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "cgi.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "db.h"
#include "publish.h"
#include "route.h"
#include "shared/clock.h"

#define BODY_MAX (16 << 20) /* bytes of input, wanted or not */
#define FLUSH_MS 500        /* we wait so long for the relay */

/* The request's streams over standard input and output. */
static unsigned char cgi_in[8192], cgi_out[8192];
static size_t cgi_left;      /* bytes of the body not read yet */
static int64_t cgi_deadline; /* for the body, clock_mono_ms() */

/* Some of the body; -1 when it does not come in time, or not at all. */
static ssize_t
read_some(size_t want)
{
	struct pollfd pfd = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t left;
	ssize_t n = -1;

	do {
		left = cgi_deadline - clock_mono_ms();
		if (left <= 0 || poll(&pfd, 1, (int)left) == 0) {
			errno = EAGAIN;
			return -1;
		}
		n = read(STDIN_FILENO, cgi_in, want);
	} while (n == -1 && errno == EINTR);
	return n;
}

static void
cgi_fill(FCGX_Stream *in)
{
	size_t want = cgi_left < sizeof(cgi_in) ? cgi_left : sizeof(cgi_in);
	ssize_t n = want == 0 ? 0 : read_some(want);

	if (n <= 0) {
		in->FCGI_errno = n == -1 ? errno : 0;
		in->isClosed = 1;
		return;
	}
	cgi_left -= (size_t)n;
	in->rdNext = in->stopUnget = cgi_in;
	in->stop = cgi_in + n;
}

static void
cgi_empty(FCGX_Stream *out, int closing)
{
	unsigned char *p = cgi_out;
	ssize_t n;

	(void)closing;
	while (p < out->wrNext) {
		n = write(STDOUT_FILENO, p, (size_t)(out->wrNext - p));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		p += n;
	}
	out->wrNext = cgi_out;
	out->stop = cgi_out + sizeof(cgi_out);
}

/* Bytes of the body; a chunked one has no length, and its end is the end. */
static size_t
cgi_length(void)
{
	const char *length = getenv("CONTENT_LENGTH");
	const char *coding = getenv("HTTP_TRANSFER_ENCODING");
	size_t n = 0;

	if (length != NULL && *length != '\0')
		return req_parse_length(length, BODY_MAX, &n) ? n : 0;
	return coding != NULL && strcasecmp(coding, "chunked") == 0 ? BODY_MAX
								    : 0;
}

void
cgi_serve(const struct app *app)
{
	FCGX_Stream in = {0}, out = {0};
	FCGX_Request request;
	struct db *reader;
	int64_t started = clock_mono_ms();

	cgi_deadline = started + app_ask_ms(app);
	alarm((unsigned)(app_end_ms(app) / 1000));
	cgi_left = cgi_length();
	in.isReader = 1;
	in.fillBuffProc = cgi_fill;
	in.rdNext = in.stop = in.stopUnget = cgi_in;
	out.emptyBuffProc = cgi_empty;
	out.wrNext = cgi_out;
	out.stop = cgi_out + sizeof(cgi_out);

	FCGX_InitRequest(&request, -1, 0);
	request.in = &in;
	request.out = &out;
	request.envp = environ;
	reader = db_open_reader(app->conf.db);
	publish_flush(&app->conf, reader, FLUSH_MS);
	route_serve(app, &request, reader, started);
	cgi_empty(&out, 1);
	publish_flush(&app->conf, reader, FLUSH_MS);
	db_close(reader);
}
