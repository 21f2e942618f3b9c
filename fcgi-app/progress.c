/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define REDRAW_MS 100
#define BAR       30 /* columns of the bar */

void
progress_begin(struct progress *p, const char *what, int64_t total)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->total = total;
	p->on = isatty(STDERR_FILENO) == 1;
	/* Short work shows nothing. */
	p->shown_at = clock_mono_ms();
}

/* "importing [########------]  57% 57000 of 100000", in one write. */
static void
draw(struct progress *p, int64_t done)
{
	char bar[BAR + 1], line[200];
	int64_t full;
	int len;

	if (p->total > 0) {
		if (done > p->total)
			done = p->total;
		full = done * BAR / p->total;
		memset(bar, '-', BAR);
		memset(bar, '#', (size_t)full);
		bar[BAR] = '\0';
		len = snprintf(line, sizeof(line),
		    "\r%s [%s] %3" PRId64 "%% %" PRId64 " of %" PRId64 "\033[K",
		    p->what, bar, done * 100 / p->total, done, p->total);
	} else {
		len = snprintf(line, sizeof(line), "\r%s %" PRId64 "\033[K",
		    p->what, done);
	}
	if (len > 0 && (size_t)len < sizeof(line) &&
	    write(STDERR_FILENO, line, (size_t)len) == len)
		p->drawn = true;
}

void
progress_step(struct progress *p, int64_t done)
{
	int64_t now;

	if (!p->on || (now = clock_mono_ms()) - p->shown_at < REDRAW_MS)
		return;
	p->shown_at = now;
	draw(p, done);
}

void
progress_end(struct progress *p)
{
	static const char clear[] = "\r\033[K";
	ssize_t n;

	if (p->drawn)
		do
			n = write(STDERR_FILENO, clear, sizeof(clear) - 1);
		while (n == -1 && false);
	p->on = p->drawn = false;
}
