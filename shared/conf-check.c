/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "conf-check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "conf.h"
#include "origin.h"
#include "sock-tcp.h"
#include "utf8.h"

#define LETTERS        "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS         "0123456789"
#define PATH_MAX_BYTES 1024
#define BASE_MAX_BYTES 200
#define ROOM_MAX_BYTES 64
#define ROOMS_MAX      64
#define COLORS_MAX     64
#define ORIGINS_MAX    64

const char *
conf_check_any(const char *text)
{
	size_t len = strlen(text), n;
	uint32_t ch;

	for (; len > 0; text += n, len -= n) {
		n = utf8_next(text, len, &ch);
		if (n == 0 || ch < 0x20 || ch == 0x7f)
			return "printable text in UTF-8";
	}
	return NULL;
}

const char *
conf_check_path(const char *text)
{
	if (text[0] != '/' || strlen(text) >= PATH_MAX_BYTES ||
	    conf_check_any(text) != NULL)
		return "an absolute path of at most 1023 bytes";
	return NULL;
}

const char *
conf_check_socket(const char *text)
{
	if (conf_check_path(text) != NULL ||
	    strlen(text) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return "an absolute path of at most 107 bytes";
	return NULL;
}

const char *
conf_check_file(const char *text)
{
	return text[0] == '\0' ? NULL : conf_check_path(text);
}

const char *
conf_check_listen(const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len;

	if (text[0] == '\0' || sock_tcp_parse(text, &addr, &len))
		return NULL;
	return "empty, or a numeric address and a port such as "
	       "192.0.2.1:8443 or [::]:8443";
}

const char *
conf_check_base(const char *text)
{
	static const char allowed[] = LETTERS CAPITALS DIGITS "._~-";
	const char *p = text;
	size_t n;

	while (*p == '/') {
		n = strspn(++p, allowed);
		if (n == 0 ||
		    (p[0] == '.' && n <= 2 && (n == 1 || p[1] == '.')))
			break;
		p += n;
		if (*p == '\0' && strlen(text) <= BASE_MAX_BYTES)
			return NULL;
	}
	if (text[0] == '\0')
		return NULL;
	return "empty, or a path such as /stock without a slash at the end";
}

/* Browsers send the scheme and the host in small letters, without a path. */
static bool
is_origin(const char *text)
{
	char normal[ORIGIN_MAX];

	return strcspn(text, CAPITALS) == strlen(text) &&
	       origin_normal(text, normal);
}

const char *
conf_check_origin(const char *text)
{
	if (text[0] == '\0' || is_origin(text))
		return NULL;
	return "empty, or an origin in small letters such as "
	       "https://stock.example.com";
}

/*
 * Whether a list has MIN to MAX words, all good and, with ONCE, none twice.
 */
static bool
check_words(const char *list, unsigned min, unsigned max, bool once,
    bool (*good)(const char *))
{
	char word[CONF_WORD_MAX], other[CONF_WORD_MAX];
	const char *p = list;
	unsigned i, j;

	/* Words must fit before conf_word may be asked for them. */
	for (; *p != '\0'; p += *p == ',') {
		if (strcspn(p, ",") >= sizeof(word))
			return false;
		p += strcspn(p, ",");
	}
	for (i = 0; conf_word(list, i, word, sizeof(word)); i++) {
		if (i == max || !good(word))
			return false;
		for (j = 0; once && j < i; j++)
			if (conf_word(list, j, other, sizeof(other)) &&
			    strcmp(word, other) == 0)
				return false;
	}
	return i >= min;
}

const char *
conf_check_origins(const char *text)
{
	if (check_words(text, 0, ORIGINS_MAX, false, is_origin))
		return NULL;
	return "origins in small letters such as https://stock.example.com, "
	       "separated by commas";
}

const char *
conf_check_origin_regex(const char *text)
{
	return origin_check_regex(text);
}

const char *
conf_check_push_url(const char *text)
{
	char origin[CONF_WORD_MAX];
	const char *path = strstr(text, "://");
	size_t len = strlen(text);

	if (len == 0)
		return NULL;
	if (path != NULL)
		path = strchr(path + 3, '/');
	if (path != NULL && (size_t)(path - text) < sizeof(origin)) {
		memcpy(origin, text, (size_t)(path - text));
		origin[path - text] = '\0';
		if (is_origin(origin) && conf_check_base(path) == NULL &&
		    strcmp(text + len - 5, "/push") == 0)
			return NULL;
	}
	return "empty, or an address that ends in /push, such as "
	       "https://stock.example.com:8443/push";
}

const char *
conf_check_transport(const char *text)
{
	if (strcmp(text, "auto") == 0 || strcmp(text, "poll") == 0)
		return NULL;
	return "auto or poll";
}

const char *
conf_check_auth(const char *text)
{
	if (strcmp(text, "session") == 0 || strcmp(text, "remote_user") == 0)
		return NULL;
	return "session or remote_user";
}

const char *
conf_check_remote_role(const char *text)
{
	if (strcmp(text, "viewer") == 0 || strcmp(text, "editor") == 0 ||
	    strcmp(text, "none") == 0)
		return NULL;
	return "viewer, editor or none";
}

const char *
conf_check_sandbox(const char *text)
{
	static const char *const words[] = {"on", "strict", "log", "off"};

	for (int i = 0; i < 4; i++)
		if (strcmp(text, words[i]) == 0)
			return NULL;
	return "on, strict, log or off";
}

const char *
conf_check_signout(const char *text)
{
	size_t len = strlen(text);
	bool path = text[0] == '/' && text[1] != '/' && text[1] != '\\';
	bool plain = len < PATH_MAX_BYTES;

	for (size_t i = 0; i < len; i++)
		plain = plain && text[i] > 0x20 && text[i] < 0x7f;
	if (plain && (len == 0 || path || strncmp(text, "https://", 8) == 0 ||
			 strncmp(text, "http://", 7) == 0))
		return NULL;
	return "empty, a path such as /logout, or an address of http or https";
}

static bool
is_room(const char *text)
{
	size_t n = strspn(text, LETTERS CAPITALS DIGITS "._-");

	return n > 0 && n <= ROOM_MAX_BYTES && text[n] == '\0';
}

const char *
conf_check_rooms(const char *text)
{
	if (check_words(text, 1, ROOMS_MAX, true, is_room))
		return NULL;
	return "1 to 64 different rooms of letters, digits, \"_\", \"-\" and "
	       "\".\", separated by commas";
}

static bool
is_color(const char *text)
{
	return text[0] == '#' && strlen(text) == 7 &&
	       strspn(text + 1, DIGITS "abcdefABCDEF") == 6;
}

const char *
conf_check_palette(const char *text)
{
	if (check_words(text, 1, COLORS_MAX, false, is_color))
		return NULL;
	return "1 to 64 colours such as #FF6B6B, separated by commas";
}
