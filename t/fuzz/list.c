/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The parameters of the item list: filters, sort, limit, cursor, free text.
 */
#include <string.h>

#include "fcgi-app/app.h"
#include "fcgi-app/item-list.h"
#include "target.h"

void
fuzz_list(const uint8_t *data, size_t len)
{
	static char *no_env[] = {NULL};
	FCGX_Request fcgx = {.envp = no_env};
	struct app app = {0};
	struct req rq = {.app = &app, .fcgx = &fcgx};
	struct list_question question = {0};
	char *text = fuzz_text(data, len);

	if (req_parse_query(text, rq.params, REQ_PARAMS_MAX, &rq.param_count) ==
	    ST_OK) {
		if (list_question_read(&rq, &question) == ST_OK)
			MUST(question.query.limit >= 1 &&
			     question.query.limit <= LIST_LIMIT_MAX);
		else
			MUST(rq.err_count > 0);
		list_question_reset(&question);
	}
	free(text);
}
