/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * seed-items DATABASE COUNT: for tests of large inventories: so many items,
 * PART-00001 and on, in one transaction.  Names, places and quantities come
 * from the number alone, so that every run has the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fcgi-app/db.h"
#include "fcgi-app/field.h"
#include "fcgi-app/item.h"

static const char *const things[] = {"Wood screw", "Hinge", "Wood glue",
    "Sanding disc", "Cable tie", "Spray paint", "Drill bit", "Hex bolt"};
static const char *const kinds[] = {"zinc", "black", "stainless", "brass"};

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static enum status
add(struct db *db, const struct field_set *set, unsigned n)
{
	struct item it = {0};
	struct change what = {0};
	char text[64];
	enum status st;

	item_init(&it);
	snprintf(text, sizeof(text), "PART-%05u", n);
	item_set(&it.sku, text);
	snprintf(text, sizeof(text), "%s %u x %u, %s",
	    things[n * 7 % COUNT_OF(things)], n % 12 + 3, n % 17 * 5 + 10,
	    kinds[n % COUNT_OF(kinds)]);
	item_set(&it.name, text);
	snprintf(text, sizeof(text), "%c%u-%02u", 'A' + n % 8, n / 8 % 4 + 1,
	    n / 32 % 24 + 1);
	item_set(&it.location, text);
	item_set(&it.unit, "pcs");
	it.quantity = n * 7919 % 1000 * INT64_C(1000);
	it.reorder_level = 20000;
	it.qty_ordered = n % 9 == 0 ? 50000 : 0;
	what.update_type = "create";
	what.user_id = 1;
	what.username = "ana";
	what.changeset = "seed";
	what.source = "import";
	st = item_commit(db, set, NULL, &it, &what);
	item_reset(&it);
	return st;
}

int
main(int argc, char *argv[])
{
	struct field_set set = {0};
	struct db *db;
	unsigned n, count;
	enum status st;

	if (argc != 3)
		return 64;
	count = (unsigned)strtoul(argv[2], NULL, 10);
	db_open_writer(argv[1]);
	if ((st = db_write_begin(&db)) != ST_OK)
		return 1;
	st = field_set_load(db, &set);
	for (n = 1; n <= count && st == ST_OK; n++)
		st = add(db, &set, n);
	if (db_write_end(db, st == ST_OK) != ST_OK)
		st = ST_UNAVAILABLE;
	db_close_writer();
	field_set_reset(&set);
	return st == ST_OK ? 0 : 1;
}
