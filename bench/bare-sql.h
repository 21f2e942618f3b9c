/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What SQLite alone does of a request, with the program's own statements: a
 * change of an item's quantity with its row in the log, and a read of an item
 * for who has a token.  Items are named PART-00001 and so on.  Whatever fails
 * ends the process; a connection is for one thread at a time.
 */
#ifndef BENCH_BARE_SQL_H
#define BENCH_BARE_SQL_H

#include <stddef.h>
#include <stdint.h>

struct bare_sql;

/* Before all else: SQLite as the program sets it up. */
void bare_init(void);

/* A connection to a database of the program's; changes are durable. */
struct bare_sql *bare_open(const char *path);
void bare_close(struct bare_sql *);

void bare_begin(struct bare_sql *);
/* The N-th change, of the item with that SKU; in a transaction. */
void bare_change(struct bare_sql *, const char *sku, int64_t n);
void bare_commit(struct bare_sql *);

/* Look some token up, and write the item as JSON; its length. */
size_t bare_read(struct bare_sql *, const char *sku, char *out, size_t size);

#endif
