/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * alone DATABASE ITEMS COUNT: what SQLite alone takes for a durable change
 * (bare-sql.h) of an item at random; so many, one after the other.  Prints the
 * median in microseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bare-sql.h"
#include "median.h"
#include "shared/clock.h"

int
main(int argc, char *argv[])
{
	struct bare_sql *sql;
	int64_t *took, began;
	long items, count;
	char sku[32];

	if (argc != 4 || (items = strtol(argv[2], NULL, 10)) < 1 ||
	    (count = strtol(argv[3], NULL, 10)) < 1 ||
	    (took = calloc((size_t)count, sizeof(*took))) == NULL)
		return 64;
	bare_init();
	sql = bare_open(argv[1]);
	srandom((unsigned)clock_mono_us());
	for (long i = 0; i < count; i++) {
		snprintf(sku, sizeof(sku), "PART-%05ld", random() % items + 1);
		began = clock_mono_us();
		bare_begin(sql);
		bare_change(sql, sku, i);
		bare_commit(sql);
		took[i] = clock_mono_us() - began;
	}
	printf("%lld\n", (long long)median(took, (size_t)count));
	free(took);
	bare_close(sql);
	return 0;
}
