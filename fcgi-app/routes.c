/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * THE table: a row per endpoint with all that it needs.  Below /api/v1.
 */
#include "api.h"

/* clang-format off */
const struct route routes[] = {
	{ M_POST,   "/session", session_create, ROLE_NONE, R_BODY },
	{ M_GET,    "/session", session_get, ROLE_VIEWER, 0 },
	{ M_DELETE, "/session", session_delete, ROLE_VIEWER, R_WRITE },
	{ M_POST,   "/session/password", session_password, ROLE_VIEWER, R_BODY },
	{ M_GET,    "/sign-in", session_sign_in, ROLE_NONE, 0 },

	{ M_GET,    "/inventory/fields", field_list, ROLE_VIEWER, 0 },
	{ M_GET,    "/inventory/items", item_list, ROLE_VIEWER, 0 },
	{ M_POST,   "/inventory/items", item_create, ROLE_EDITOR, R_BODY | R_WRITE | R_IDEM | R_RATE },
	{ M_GET,    "/inventory/items/{sku}", item_get, ROLE_VIEWER, 0 },
	{ M_PATCH,  "/inventory/items/{sku}", item_patch, ROLE_EDITOR, R_BODY | R_WRITE | R_IDEM | R_RATE },
	{ M_DELETE, "/inventory/items/{sku}", item_delete, ROLE_EDITOR, R_WRITE | R_RATE },
	{ M_POST,   "/inventory/items/{sku}/adjustments", item_adjust, ROLE_EDITOR, R_BODY | R_WRITE | R_IDEM | R_RATE },
	{ M_GET,    "/inventory/items/{sku}/history", item_history, ROLE_VIEWER, 0 },
	{ M_GET,    "/inventory/changes", change_since, ROLE_VIEWER, 0 },

	{ M_GET,    "/inventory/collaboration/presence", collaboration_presence, ROLE_VIEWER, 0 },
	{ M_POST,   "/inventory/collaboration/join", collaboration_join, ROLE_VIEWER, R_BODY },
	{ M_POST,   "/inventory/collaboration/broadcast-change", collaboration_broadcast, ROLE_EDITOR, R_BODY | R_WRITE | R_IDEM | R_RATE },

	{ M_GET,    "/openapi.json", service_openapi, ROLE_NONE, 0 },
	{ M_GET,    "/health", service_health, ROLE_NONE, 0 },
	{ M_GET,    "/metrics", service_metrics, ROLE_ADMIN, 0 },
};
/* clang-format on */

const int route_count = sizeof(routes) / sizeof(routes[0]);
