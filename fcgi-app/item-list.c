/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Reading the parameters of the item list.
 */
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "field.h"
#include "item-list.h"
#include "shared/log.h"
#include "shared/utf8.h"

static const struct {
	const char *name;
	enum item_filter_kind kind;
} filters[] = {
#define ROW(name, kind, expr) {#name, kind},
    ITEM_FILTERS(ROW)
#undef ROW
};

static const char *const sorts[ITEM_SORT__COUNT] = {[ITEM_BY_SKU] = "sku",
    [ITEM_BY_NAME] = "name",
    [ITEM_BY_LOCATION] = "location",
    [ITEM_BY_QUANTITY] = "quantity",
    [ITEM_BY_UPDATED_AT] = "updated_at"};

/* How a filter compares. */
enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN };
static const char *const ops[] = {
    "eq.", "ne.", "lt.", "le.", "gt.", "ge.", "in."};

static enum status
bad(struct req *rq, const char *name, const char *why)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "?%s", name);
	return req_fail_at(rq, ST_BAD_REQUEST, pointer, "%s", why);
}

enum status
list_param_int(
    struct req *rq, const char *name, int64_t min, int64_t max, int64_t *out)
{
	const char *text;
	char why[96];
	int64_t n;

	if ((text = req_param(rq, name)) == NULL)
		return ST_OK;
	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0' ||
	    strlen(text) > 18 || (n = strtoll(text, NULL, 10)) < min ||
	    n > max) {
		snprintf(why, sizeof(why),
		    "must be a whole number from %lld to %lld", (long long)min,
		    (long long)max);
		return bad(rq, name, why);
	}
	*out = n;
	return ST_OK;
}

static locale_t glob_locale;
static pthread_once_t glob_once = PTHREAD_ONCE_INIT;

static void
glob_prepare(void)
{
	/* Without it only ASCII letters fold. */
	glob_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static uint32_t
other_case(uint32_t ch)
{
	wint_t up, low;

	if (glob_locale == (locale_t)0) {
		if ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')
			return ch ^ 0x20;
		return ch;
	}
	up = towupper_l((wint_t)ch, glob_locale);
	low = towlower_l((wint_t)ch, glob_locale);
	return up != (wint_t)ch ? (uint32_t)up : (uint32_t)low;
}

void
list_glob(struct buf *out, const char *text)
{
	size_t len = strlen(text), n;
	uint32_t ch, other;
	char utf8[UTF8_MAX];

	pthread_once(&glob_once, glob_prepare);
	buf_puts(out, "*");
	for (; (n = utf8_next(text, len, &ch)) > 0; text += n, len -= n) {
		other = other_case(ch);
		if (ch == ' ')
			buf_puts(out, "*");
		else if (other != ch) {
			buf_puts(out, "[");
			buf_add(out, text, n);
			buf_add(out, utf8, utf8_put(other, utf8));
			buf_puts(out, "]");
		} else if (ch == '*' || ch == '?' || ch == '[') {
			buf_puts(out, "[");
			buf_add(out, text, n);
			buf_puts(out, "]");
		} else
			buf_add(out, text, n);
	}
	buf_puts(out, "*");
}

/* "-updated_at,sku" */
static enum status
read_sort(struct req *rq, struct item_query *query)
{
	const char *text;
	size_t len;
	int i;

	if ((text = req_param(rq, "sort")) == NULL)
		return ST_OK;
	query->down = *text == '-';
	text += query->down;
	len = strcspn(text, ",");
	for (i = 0; i < ITEM_SORT__COUNT; i++) {
		if (strlen(sorts[i]) != len || memcmp(text, sorts[i], len) != 0)
			continue;
		if (text[len] != '\0' &&
		    (i == ITEM_BY_SKU || strcmp(text + len, ",sku") != 0))
			break;
		query->sort = (enum item_sort)i;
		return ST_OK;
	}
	return bad(rq, "sort",
	    "must be sku, name, location, quantity or "
	    "updated_at, with - before it for descending; ,sku may follow");
}

static enum status
read_text(struct req *rq, struct list_question *out)
{
	const char *text;

	if ((text = req_param(rq, "q")) == NULL || *text == '\0')
		return ST_OK;
	if (!utf8_valid(text, strlen(text)) ||
	    utf8_characters(text, strlen(text)) > LIST_TEXT_MAX)
		return bad(rq, "q", "must be UTF-8 of at most 100 characters");
	list_glob(&out->glob, text);
	out->query.q = out->glob.data;
	return ST_OK;
}

/* One value as its kind has it, into an array; false when it is none. */
static bool
add_value(enum item_filter_kind kind, const char *text, size_t len,
    struct json_object *array)
{
	static const char *const words[] = {
	    [FILTER_STATUS] = ",active,discontinued,",
	    [FILTER_STOCK] = ",ok,low,out,",
	    [FILTER_BOOL] = ",false,true,"};
	char word[32];
	int64_t n;

	if (kind == FILTER_NUMBER) {
		if (!json_in_parse_thousandths(text, len, &n))
			return false;
		json_object_array_add(array, json_object_new_int64(n));
		return true;
	}
	if (kind != FILTER_TEXT) {
		if (len == 0 || len > 16 || memchr(text, ',', len) != NULL)
			return false;
		snprintf(word, sizeof(word), ",%.*s,", (int)len, text);
		if (strstr(words[kind], word) == NULL)
			return false;
	}
	if (kind == FILTER_BOOL)
		json_object_array_add(
		    array, json_object_new_int(len == strlen("true")));
	else
		json_object_array_add(
		    array, json_object_new_string_len(text, (int)len));
	return true;
}

/* "(a,b,"c,d")": a value with a comma or a bracket stands in quotes. */
static bool
add_values(
    enum item_filter_kind kind, const char *text, struct json_object *array)
{
	size_t len;

	if (*text++ != '(')
		return false;
	for (;;) {
		if (*text == '"') {
			len = strcspn(++text, "\"");
			if (text[len] != '"')
				return false;
		} else
			len = strcspn(text, ",)");
		if (json_object_array_length(array) == LIST_VALUES_MAX ||
		    !add_value(kind, text, len, array))
			return false;
		text += len;
		text += *text == '"';
		if (*text == ')')
			return text[1] == '\0';
		if (*text++ != ',')
			return false;
	}
}

/*
 * A bound of a range, which is half-open: what is not to be in it is moved
 * by the least step, a thousandth or a character before all allowed ones.
 */
static bool
set_range(enum item_filter_kind kind, const char *text, bool step, char **out)
{
	int64_t n;

	if (*out != NULL)
		return false;
	if (kind == FILTER_NUMBER) {
		if (!json_in_parse_thousandths(text, strlen(text), &n) ||
		    asprintf(out, "%lld", (long long)(n + step)) < 0) {
			*out = NULL;
			return false;
		}
	} else if (asprintf(out, "%s%s", text, step ? "\x01" : "") < 0)
		log_fatal(1, "out of memory");
	return true;
}

static bool
read_filter(enum item_filter_kind kind, const char *text, struct item_bounds *b)
{
	struct json_object **array;
	enum op op = OP_EQ;
	int i;

	for (i = OP_EQ; i <= OP_IN; i++)
		if (strncmp(text, ops[i], 3) == 0) {
			op = (enum op)i;
			text += 3;
			break;
		}
	if (op == OP_EQ || op == OP_NE || op == OP_IN) {
		array = op == OP_NE ? &b->out : &b->in;
		if (*array != NULL)
			return false;
		*array = json_object_new_array();
		if (op == OP_IN)
			return add_values(kind, text, *array);
		return add_value(kind, text, strlen(text), *array);
	}
	if (kind != FILTER_TEXT && kind != FILTER_NUMBER)
		return false;
	return set_range(kind, text, op == OP_GT || op == OP_LE,
	    op == OP_GT || op == OP_GE ? &b->ge : &b->lt);
}

static const char *
filter_help(enum item_filter_kind kind)
{
	switch (kind) {
	case FILTER_NUMBER:
		return "must be a number after eq. ne. lt. le. gt. ge. or "
		       "in.(a,b), each of them once";
	case FILTER_STATUS:
		return "must be active or discontinued, after eq. ne. or "
		       "in.(a,b)";
	case FILTER_STOCK:
		return "must be ok, low or out, after eq. ne. or in.(a,b)";
	case FILTER_BOOL:
		return "must be true or false, after eq. or ne.";
	case FILTER_TEXT:
		break;
	}
	return "must be a text, after eq. ne. lt. le. gt. ge. or in.(a,b), "
	       "each of them once";
}

/* Every parameter that names a filter; repeating one with another op is fine.
 */
static enum status
read_filters(struct req *rq, struct list_question *out)
{
	struct req_param *p;
	int i, f;

	for (i = 0; i < rq->param_count; i++) {
		p = &rq->params[i];
		for (f = 0; f < ITEM_FILTER__COUNT; f++)
			if (strcmp(p->name, filters[f].name) == 0)
				break;
		if (f == ITEM_FILTER__COUNT)
			continue;
		p->used = true;
		if (!utf8_valid(p->value, strlen(p->value)) ||
		    !read_filter(
			filters[f].kind, p->value, &out->query.bounds[f]))
			return bad(rq, p->name, filter_help(filters[f].kind));
	}
	return ST_OK;
}

static enum status
read_cursor(struct req *rq, struct list_question *out)
{
	const struct req_param *p;
	const char *text;
	int i;

	for (i = 0; i < rq->param_count; i++) {
		p = &rq->params[i];
		if (strcmp(p->name, "cursor") != 0 &&
		    strcmp(p->name, "limit") != 0)
			out->number =
			    cursor_question(out->number, p->name, p->value);
	}
	if ((text = req_param(rq, "cursor")) == NULL)
		return ST_OK;
	if (!cursor_decode(text, out->number, &out->cursor))
		return bad(rq, "cursor", "is no cursor of this list");
	out->query.from = true;
	out->query.key = out->cursor.key;
	out->query.key_sku = out->cursor.sku;
	return ST_OK;
}

enum status
list_question_read(struct req *rq, struct list_question *out)
{
	int64_t limit = LIST_LIMIT_DEFAULT;
	enum status st;

	memset(out, 0, sizeof(*out));
	if ((st = list_param_int(rq, "limit", 1, LIST_LIMIT_MAX, &limit)) !=
		ST_OK ||
	    (st = read_sort(rq, &out->query)) != ST_OK ||
	    (st = read_text(rq, out)) != ST_OK ||
	    (st = read_filters(rq, out)) != ST_OK ||
	    (st = read_cursor(rq, out)) != ST_OK)
		return st;
	out->query.limit = (int)limit;
	return req_params_end(rq);
}

void
list_question_reset(struct list_question *question)
{
	item_query_reset(&question->query);
	buf_reset(&question->glob);
}

void
list_question_cursor(const struct list_question *question,
    const struct item *it, char out[CURSOR_MAX])
{
	struct cursor c = {"", ""};
	const char *key = "";
	char number[24];

	switch (question->query.sort) {
	case ITEM_BY_NAME:
		key = it->name;
		break;
	case ITEM_BY_LOCATION:
		key = it->location;
		break;
	case ITEM_BY_QUANTITY:
		snprintf(
		    number, sizeof(number), "%lld", (long long)it->quantity);
		key = number;
		break;
	case ITEM_BY_UPDATED_AT:
		key = it->updated_at;
		break;
	case ITEM_BY_SKU:
	case ITEM_SORT__COUNT:
		break;
	}
	snprintf(c.key, sizeof(c.key), "%s", key);
	snprintf(c.sku, sizeof(c.sku), "%s", it->sku);
	cursor_encode(&c, question->number, out);
}
