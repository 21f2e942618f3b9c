/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * A setting's value, as each of the checks has it.  What they let through
 * goes into headers, paths and addresses: it fits, and has no controls.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <stdio.h>
#include <string.h>

#include "shared/conf-check.h"
#include "shared/conf.h"
#include "shared/sock-tcp.h"
#include "target.h"

static bool
is_clean(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* Every word of a list that was let through fits where it is copied to. */
static unsigned
count_words(const char *list, size_t size)
{
	char word[CONF_WORD_MAX];
	unsigned n = 0;

	while (conf_word(list, n, word, sizeof(word))) {
		MUST(strlen(word) < size && strchr(word, ',') == NULL);
		n++;
	}
	return n;
}

static void
try_paths(const char *text)
{
	const struct sockaddr_un addr;

	if (conf_check_path(text) == NULL)
		MUST(text[0] == '/' && is_clean(text));
	if (conf_check_socket(text) == NULL)
		MUST(text[0] == '/' && strlen(text) < sizeof(addr.sun_path));
	if (conf_check_base(text) == NULL && text[0] != '\0')
		MUST(text[0] == '/' && text[strlen(text) - 1] != '/' &&
		     strpbrk(text, " \"'<>;\\%?#") == NULL && is_clean(text));
	if (conf_check_signout(text) == NULL)
		MUST(is_clean(text) && strncmp(text, "//", 2) != 0);
}

static void
try_lists(const char *text)
{
	if (conf_check_rooms(text) == NULL)
		MUST(count_words(text, 65) >= 1);
	if (conf_check_palette(text) == NULL)
		MUST(count_words(text, 8) >= 1);
	if (conf_check_origins(text) == NULL)
		count_words(text, CONF_WORD_MAX);
}

void
fuzz_value(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len);
	struct sockaddr_storage addr;
	socklen_t size = 0;

	if (conf_check_any(text) == NULL)
		MUST(is_clean(text));
	try_paths(text);
	try_lists(text);
	if (conf_check_listen(text) == NULL && text[0] != '\0')
		MUST(
		    sock_tcp_parse(text, &addr, &size) && size <= sizeof(addr));
	if (conf_check_push_url(text) == NULL && text[0] != '\0')
		MUST(is_clean(text) && strstr(text, "://") != NULL);
	free(text);
}
