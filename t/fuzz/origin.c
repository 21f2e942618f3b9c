/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a page's Origin header is judged by: "REGEX\nORIGINS\nORIGIN", the
 * first two as the settings have them.
 */
#include <sys/types.h>

#include <regex.h>
#include <string.h>

#include "shared/conf-check.h"
#include "shared/origin.h"
#include "target.h"

/* What the settings take can be compiled, and costs little to ask. */
static void
try_regex(const char *text, const char *origin)
{
	regmatch_t m;
	regex_t re;

	if (text[0] == '\0' || origin_check_regex(text) != NULL)
		return;
	MUST(regcomp(&re, text, REG_EXTENDED | REG_ICASE) == 0);
	if (regexec(&re, origin, 1, &m, 0) == 0)
		MUST(m.rm_so >= 0 && m.rm_eo >= m.rm_so);
	regfree(&re);
}

/* Every word of a list that is taken is an origin, in its normal form. */
static void
try_list(const char *list)
{
	char word[CONF_WORD_MAX], normal[ORIGIN_MAX];

	if (conf_check_origins(list) != NULL)
		return;
	for (unsigned i = 0; conf_word(list, i, word, sizeof(word)); i++)
		MUST(origin_normal(word, normal) && origin_same(word, normal));
}

void
fuzz_origin(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), *rest = text;
	char normal[ORIGIN_MAX], again[ORIGIN_MAX];
	const char *line[3];

	for (int i = 0; i < 3; i++)
		line[i] = rest == NULL ? "" : strsep(&rest, "\n");
	if (origin_normal(line[2], normal)) {
		MUST(strpbrk(normal, " \r\n,@\\?#") == NULL);
		MUST(
		    origin_normal(normal, again) && strcmp(normal, again) == 0);
		MUST(origin_same(line[2], normal));
		try_regex(line[0], normal);
	}
	try_list(line[1]);
	free(text);
}
