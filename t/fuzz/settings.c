/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The settings' file, line by line: key and value lie within the line.
 */
#include <string.h>

#include "shared/conf-file.h"
#include "target.h"

void
fuzz_settings(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *rest = text, *line;
	char *key = NULL, *value = NULL;
	const char *why = NULL;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t size = strlen(line) + 1;

		switch (conf_file_line(line, &key, &value, &why)) {
		case CONF_LINE_PAIR:
			MUST(key >= line && key < line + size);
			MUST(value > key && value < line + size);
			MUST(key[0] != '\0' && strchr(key, '=') == NULL);
			MUST(strlen(value) < size);
			break;
		case CONF_LINE_BAD:
			MUST(why != NULL && why[0] != '\0');
			break;
		case CONF_LINE_EMPTY:
			break;
		}
	}
	free(text);
}
