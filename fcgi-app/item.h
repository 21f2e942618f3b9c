/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * An inventory item: load, save, list.  No HTTP in it.
 */
#ifndef FCGI_APP_ITEM_H
#define FCGI_APP_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "db.h"

/* Quantities are thousandths. */
struct item {
	int64_t			 id;		/* 0: not saved yet */
	char			*sku, *name, *location, *unit, *notes;
	char			*status;	/* active, discontinued */
	int64_t			 quantity, qty_ordered, reorder_level;
	struct json_object	*extra;		/* owned; custom fields */
	int64_t			 version;	/* seq of the change that made it */
	char			*created_at, *updated_at, *updated_by;
};

/* Free what it holds; safe on zeroes. */
void item_reset(struct item *);

/* By SKU (exact); ST_NOT_FOUND. */
enum status item_load(struct db *, const char *sku, struct item *out);

#endif
