/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A request whole: FastCGI's records on a connection, looked at, read by
 * libfcgi, and served from a database.  Input that begins with "!" is text,
 * which is put into records here: "NAME=value" lines, and after an empty one
 * the body.
 *
 * Whatever comes in, no answer is a fault of ours, and each is an answer: a
 * status, headers of one line each, and JSON that can be read.
 */
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "fcgi-app/preview.h"
#include "fcgi-app/route.h"
#include "shared/clock.h"
#include "shared/json.h"
#include "target.h"
#include "world.h"

#define INPUT_MAX  (160 * 1024) /* bytes: what a socket holds */
#define ANSWER_MAX (1 << 20)
#define RECORD_MAX 65535
#define HEAD       8

/* --- Text to records --- */

static size_t
put_record(uint8_t *out, int type, const void *data, size_t len)
{
	const uint8_t head[HEAD] = {
	    1, (uint8_t)type, 0, 1, (uint8_t)(len >> 8), (uint8_t)len, 0, 0};

	memcpy(out, head, HEAD);
	memcpy(out + HEAD, data, len);
	return HEAD + len;
}

static size_t
put_length(uint8_t *out, size_t len)
{
	if (len < 0x80) {
		out[0] = (uint8_t)len;
		return 1;
	}
	out[0] = (uint8_t)(0x80 | len >> 24);
	out[1] = (uint8_t)(len >> 16);
	out[2] = (uint8_t)(len >> 8);
	out[3] = (uint8_t)len;
	return 4;
}

static size_t
put_text(uint8_t *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out, text, len);
	return len;
}

/* The lines as parameters; what is left is the body. */
static size_t
put_pairs(uint8_t *out, char **rest)
{
	char *line, *value;
	size_t n = 0;

	while ((line = strsep(rest, "\n")) != NULL && *line != '\0') {
		if ((value = strchr(line, '=')) == NULL)
			continue;
		*value++ = '\0';
		n += put_length(out + n, strlen(line));
		n += put_length(out + n, strlen(value));
		n += put_text(out + n, line);
		n += put_text(out + n, value);
	}
	return n;
}

/* OUT has room for eight times the text, and more. */
static size_t
put_request(const uint8_t *data, size_t len, uint8_t *out)
{
	static const uint8_t responder[HEAD] = {0, 1, 1};
	char *text = fuzz_text(data, len), *rest = text;
	uint8_t *pairs = malloc(8 * len + 16);
	size_t n, size;

	MUST(pairs != NULL);
	n = put_record(out, 1, responder, sizeof(responder));
	size = put_pairs(pairs, &rest);
	if (size > 0 && size <= RECORD_MAX)
		n += put_record(out + n, 4, pairs, size);
	n += put_record(out + n, 4, "", 0);
	size = rest == NULL ? 0 : len - (size_t)(rest - text);
	if (size > 0 && size <= RECORD_MAX)
		n += put_record(out + n, 5, rest, size);
	n += put_record(out + n, 5, "", 0);
	free(pairs);
	free(text);
	return n;
}

/* --- The answer --- */

/* What its records carry on standard output, put together in place. */
static size_t
join_output(char *bytes, size_t len)
{
	size_t at = 0, out = 0, size;

	while (len - at >= HEAD) {
		const unsigned char *r = (const unsigned char *)bytes + at;
		int type = r[1], pad = r[6];

		size = (size_t)r[4] << 8 | r[5];
		MUST(r[0] == 1 && len - at >= HEAD + size + (size_t)pad);
		if (type == 6)
			memmove(bytes + out, bytes + at + HEAD, size);
		out += type == 6 ? size : 0;
		at += HEAD + size + (size_t)pad;
	}
	MUST(at == len);
	bytes[out] = '\0';
	return out;
}

static void
check_json(const char *text, size_t len)
{
	struct json_object *obj = json_tokener_parse(text);

	MUST(len == strlen(text) && json_in_is_utf8(text, len));
	MUST(obj != NULL);
	json_object_put(obj);
}

static void
check_answer(char *text, size_t len)
{
	char *line, *rest = text;
	int status = 0;
	bool json = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t n = strlen(line);

		MUST(n > 0 && line[n - 1] == '\r');
		line[n - 1] = '\0';
		if (line[0] == '\0')
			break;
		MUST(strchr(line, ':') != NULL);
		for (const char *p = line; *p != '\0'; p++)
			MUST((unsigned char)*p >= ' ' && *p != 0x7f);
		sscanf(line, "Status: %d", &status);
		json |= strncmp(line, "Content-Type: ", 14) == 0 &&
			strstr(line, "json") != NULL;
	}
	MUST(rest != NULL && status >= 200 && status != 500);
	len -= (size_t)(rest - text);
	if (json && len > 0)
		check_json(rest, len);
}

/* --- The way in, as accept.c goes it --- */

/* BYTES begin it: libfcgi knows the roles 1 to 3, and hangs up on others. */
static void
serve(int fd, const unsigned char *bytes)
{
	int role = bytes[HEAD] << 8 | bytes[HEAD + 1];
	FCGX_Request request;

	MUST(FCGX_InitRequest(&request, -1, 0) == 0);
	request.ipcFd = fd;
	request.keepConnection = 1;
	if (FCGX_Accept_r(&request) == 0) {
		route_serve(
		    world_app(), &request, world_reader(), clock_mono_ms());
		FCGX_Finish_r(&request);
	} else {
		MUST(role < 1 || role > 3);
	}
	if (request.ipcFd == fd)
		close(fd);
}

static bool
has_parameters(enum preview seen)
{
	return seen == PREVIEW_GOOD || seen == PREVIEW_BODY ||
	       seen == PREVIEW_LONG;
}

/* Once it is good, more of it does not make it bad; and so on. */
static bool
judge(const uint8_t *data, size_t len, unsigned char *bytes)
{
	enum preview whole, part;
	size_t n = len < PREVIEW_MAX ? len : PREVIEW_MAX;

	memcpy(bytes, data, n / 2);
	part = preview_judge(bytes, n / 2);
	memcpy(bytes, data, n);
	whole = preview_judge(bytes, n);
	MUST(part == PREVIEW_MORE || part == whole ||
	     (part == PREVIEW_BODY && has_parameters(whole)));
	return has_parameters(whole);
}

static void
begin(void)
{
	static bool begun;

	if (begun)
		return;
	world_app();
	/* Else libfcgi waits for a peer that does not close first. */
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "0", 1);
	MUST(FCGX_Init() == 0);
	begun = true;
}

static void
ask(const uint8_t *data, size_t len)
{
	static unsigned char bytes[PREVIEW_MAX];
	static char answer[ANSWER_MAX];
	int fds[2];
	size_t n;

	begin();
	if (len == 0 || !judge(data, len, bytes))
		return;
	world_pair(fds);
	world_send(fds[1], data, len);
	shutdown(fds[1], SHUT_WR);
	MUST(has_parameters(preview_look(fds[0], bytes)));
	serve(fds[0], bytes);
	n = world_receive(fds[1], answer, sizeof(answer));
	if ((n = join_output(answer, n)) > 0)
		check_answer(answer, n);
	close(fds[1]);
	world_restore();
}

void
fuzz_request(const uint8_t *data, size_t len)
{
	uint8_t *out;

	if (len > INPUT_MAX)
		return;
	if (len == 0 || data[0] != '!') {
		ask(data, len);
		return;
	}
	MUST((out = malloc(16 * len + 256)) != NULL);
	ask(out, put_request(data + 1, len - 1, out));
	free(out);
}
