/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "clock.h"

#include <assert.h>
#include <time.h>

static struct timespec
read_clock(clockid_t id)
{
	struct timespec ts;
	int failed = clock_gettime(id, &ts);

	assert(!failed);
	return ts;
}

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts = read_clock(id);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_mono_us(void)
{
	struct timespec ts = read_clock(CLOCK_MONOTONIC);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_utc_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

/* N in so many digits, and what comes behind; where to go on. */
static char *
put_number(char *out, int n, int digits, char behind)
{
	for (int i = digits - 1; i >= 0; i--, n /= 10)
		out[i] = (char)('0' + n % 10);
	out[digits] = behind;
	return out + digits + 1;
}

/*
 * The date of a day, counted from 1970-01-01, in the Gregorian calendar
 * (Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days):
 * years begin in March here, so that the odd day is their last.
 *
 * Not gmtime_r(3), which takes libc's lock of the time zone: the thread that
 * logs that memory has ended may hold it, and all threads would share it.
 */
static char *
put_date(char *out, int64_t days)
{
	int n = (int)days + 719468; /* since 0000-03-01 */
	int era = n / 146097, of_era = n % 146097;
	int year =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153; /* 0 is March */
	int day = of_year - (153 * month + 2) / 5 + 1;

	year += era * 400 + (month >= 10);
	out = put_number(out, year, 4, '-');
	out = put_number(out, month < 10 ? month + 3 : month - 9, 2, '-');
	return put_number(out, day, 2, 'T');
}

/* Without printf, since each request has several. */
void
clock_text(int64_t utc_ms, char out[CLOCK_TEXT])
{
	int64_t seconds = utc_ms / 1000;
	int of_day = (int)(seconds % 86400);

	assert(utc_ms >= 0 && utc_ms < INT64_C(253402300800000));
	out = put_date(out, seconds / 86400);
	out = put_number(out, of_day / 3600, 2, ':');
	out = put_number(out, of_day / 60 % 60, 2, ':');
	out = put_number(out, of_day % 60, 2, '.');
	out = put_number(out, (int)(utc_ms % 1000), 3, 'Z');
	*out = '\0';
}

int64_t
clock_parse(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	struct tm tm = {0};
	int n[7] = {0}, i = 0;
	size_t at;

	for (at = 0; form[at] != '\0'; at++) {
		if (form[at] == 'd' && text[at] >= '0' && text[at] <= '9')
			n[i] = n[i] * 10 + text[at] - '0';
		else if (form[at] == text[at] && form[at] != 'd')
			i++;
		else
			return -1;
	}
	if (text[at] != '\0')
		return -1;
	tm.tm_year = n[0] - 1900;
	tm.tm_mon = n[1] - 1;
	tm.tm_mday = n[2];
	tm.tm_hour = n[3];
	tm.tm_min = n[4];
	tm.tm_sec = n[5];
	return (int64_t)timegm(&tm) * 1000 + n[6];
}
