/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A request as the web server's parameters tell it: "NAME=value" lines, and
 * after an empty one the body.
 */
#include <string.h>

#include "fcgi-app/app.h"
#include "fcgi-app/request.h"
#include "target.h"

#define ENV_MAX 64

/* The body's bytes, all there. */
static void
no_more(FCGX_Stream *in)
{
	in->isClosed = 1;
}

static void
serve(struct req *rq, const struct app *app, FCGX_Request *fcgx)
{
	if (req_begin(rq, app, fcgx) != ST_OK) {
		MUST(rq->path == NULL || rq->detail[0] != '\0' ||
		     rq->param_count == 0);
		return;
	}
	MUST(rq->path != NULL && rq->param_count <= REQ_PARAMS_MAX);
	req_if_match(rq, 7);
	if (req_check_body(rq) == ST_OK && req_read_body(rq) == ST_OK)
		MUST(json_object_is_type(rq->body, json_type_object));
	req_params_end(rq);
	req_drain(rq);
}

void
fuzz_head(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *rest = text, *line;
	char *env[ENV_MAX + 1];
	FCGX_Stream in = {.isReader = 1, .fillBuffProc = no_more};
	FCGX_Request fcgx = {.envp = env, .in = &in};
	struct app app = {.conf = {.base = "", .auth = "session"}};
	struct req rq = {0};
	int n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0' &&
	       n < ENV_MAX)
		if (strchr(line, '=') != NULL)
			env[n++] = line;
	env[n] = NULL;
	if (rest == NULL)
		rest = text + len;
	in.rdNext = in.stopUnget = (unsigned char *)rest;
	in.stop = (unsigned char *)text + len;
	serve(&rq, &app, &fcgx);
	req_reset(&rq);
	free(text);
}
