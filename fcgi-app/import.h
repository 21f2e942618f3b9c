/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Items from a file of comma-separated values: the first record names the
 * fields, each other one is an item, found by its SKU.  A record is checked
 * by the same table of fields as a request's body.
 */
#ifndef FCGI_APP_IMPORT_H
#define FCGI_APP_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "csv.h"
#include "field.h"
#include "item.h"

/* What is wrong with a record, and where. */
struct import_trouble {
	struct csv_place place;
	char text[300];
};

struct import {
	struct csv csv;
	struct field_set set;
	bool raw; /* texts are as they stand, without guards */
	const struct field *column[CSV_FIELDS_MAX];
	int column_count;
	int sku; /* index of its column */
	struct import_trouble trouble;
};

/* What a record comes to. */
enum import_result {
	IMPORT_END,       /* there are no more */
	IMPORT_BAD,       /* see trouble */
	IMPORT_FAILED,    /* the file or the database cannot be read */
	IMPORT_CREATED,   /* a new item */
	IMPORT_CHANGED,   /* other than the item is */
	IMPORT_UNCHANGED, /* the same */
};

/*
 * Begin with the fields of DB; IN stays the caller's.  IMPORT_UNCHANGED, or
 * IMPORT_BAD when the first record does not name fields that can be set.
 */
enum import_result import_begin(
    struct import *, struct db *, FILE *in, char delimiter, bool raw);

/* Begin again with the first item. */
enum import_result import_again(struct import *);

/*
 * Read a record and compare it with the item in DB: BEFORE, empty when there
 * is none, and AFTER are set but for BAD, END and FAILED, and are the
 * caller's to reset always.
 */
enum import_result import_next(
    struct import *, struct db *, struct item *before, struct item *after);

/* The SKU of the record that was read last; borrowed until the next one. */
const char *import_sku(const struct import *);

void import_reset(struct import *);

#endif
