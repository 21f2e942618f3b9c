/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What stockroomctl asks the relay: GET on its Unix socket.
 */
#ifndef FCGI_APP_CTL_RELAY_H
#define FCGI_APP_CTL_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

#include "shared/buf.h"

/*
 * The body of a 200 for GET PATH over the relay's socket, within 2 s; false
 * with errno set when there is none.
 */
bool ctl_relay_get(const char *socket, const char *path, struct buf *body);

/* The relay's /healthz, the caller's; NULL with errno set when it is down. */
struct json_object *ctl_relay_health(const char *socket);

/* The value of a metric without labels in the text of /metrics; -1: none. */
int64_t ctl_relay_metric(const char *text, const char *name);

#endif
