/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What the relay says of itself: whether it is well, and its figures in the
 * text format of Prometheus.
 */
#ifndef PUSH_RELAY_HEALTH_H
#define PUSH_RELAY_HEALTH_H

#include "relay.h"
#include "shared/buf.h"

/* Append the JSON of /healthz. */
void health_json(const struct relay *, struct buf *out);

/* Append the text of /metrics. */
void health_metrics(struct relay *, struct buf *out);

#endif
