/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a poll asks for: the parameters of its address, read strictly.
 */
#ifndef PUSH_RELAY_ASK_H
#define PUSH_RELAY_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/event.h"
#include "shared/json.h"
#include "shared/status.h"

/* A poll's parameters. */
struct ask {
	bool has_position;
	struct event_position position; /* what the client has */
	int64_t version; /* of the presence that it knows; -1: not said */
	int64_t answer;  /* number of the last answer it got; 0: of none */
};

/*
 * Read the parameters position, presence_version and answer; NULL and "" are
 * one that is not there.  ST_OK, or ST_BAD_REQUEST with the place in ERR and
 * *OUT untouched.
 */
enum status ask_read(const char *position, const char *version,
    const char *answer, struct ask *out, struct json_error *err);

#endif
