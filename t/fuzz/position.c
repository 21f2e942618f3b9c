/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Positions, and a poll's parameters: three lines.
 */
#include <string.h>
#include <strings.h>

#include "push-relay/ask.h"
#include "target.h"

void
fuzz_position(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *rest = text;
	char *line[3], out[EVENT_POSITION_MAX];
	struct event_position pos, same;
	struct json_error err = {0};
	struct ask ask;

	for (int i = 0; i < 3; i++)
		line[i] = rest == NULL ? NULL : strsep(&rest, "\n");
	if (event_position_parse(text, &pos)) {
		MUST(pos.seq >= 0);
		event_position_text(&pos, out);
		MUST(event_position_parse(out, &same));
		MUST(same.seq == pos.seq && strcmp(same.epoch, pos.epoch) == 0);
	}
	if (ask_read(line[0], line[1], line[2], &ask, &err) == ST_OK)
		MUST(ask.version >= -1 && ask.answer >= 0);
	else
		MUST(err.detail[0] != '\0');
	free(text);
}
