/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The client's end of HTTP/1.1, as much of it as the load program needs:
 * connect to a loopback port or a Unix socket, and read answers piece by
 * piece as they come.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_LINE 2048 /* bytes of a line of the head, at most */

/* Where a server listens. */
struct http_address {
	int port;       /* on 127.0.0.1; 0: PATH */
	char path[108]; /* of a Unix socket */
};

/* "8000", "127.0.0.1:8000" or "/path"; false when it is none of these. */
bool http_address_parse(struct http_address *, const char *text);

/*
 * Begin to connect; a non-blocking descriptor, or -1 with errno.  RCVBUF,
 * when not 0, bounds what the kernel takes in for us, in bytes.
 */
int http_connect(const struct http_address *, int rcvbuf);

enum http_state {
	HTTP_HEAD,
	HTTP_LENGTH, /* a body of known length */
	HTTP_CHUNK,  /* the line of a chunk's size */
	HTTP_CHUNK_DATA,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_CLOSE, /* a body that the end of the connection ends */
	HTTP_DONE,  /* a whole answer has come */
	HTTP_BAD    /* this is no HTTP */
};

/* An answer being read. */
struct http_in {
	enum http_state state;
	int status;   /* 0: its line has not come yet */
	int64_t left; /* bytes of body or chunk still to come; -1: unknown */
	bool chunked;
	bool keep;  /* the connection serves another request */
	size_t len; /* bytes of line */
	char line[HTTP_LINE];
};

/* Expect an answer. */
void http_in_init(struct http_in *);

/*
 * Take in the first bytes of DATA and return how many; *BODY and *BODY_LEN
 * are the piece of body among them, of length 0 when there is none.
 */
size_t http_in_take(struct http_in *, const char *data, size_t len,
    const char **body, size_t *body_len);

/* The connection has ended; true when the answer is whole. */
bool http_in_end(struct http_in *);

#endif
