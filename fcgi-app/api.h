/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The handlers that routes.c names.  Each is described where it is written:
 * session-api.c, item-api.c, change-api.c, collaboration-api.c, service-api.c.
 */
#ifndef FCGI_APP_API_H
#define FCGI_APP_API_H

#include "route.h"

/* session-api.c */
route_handler session_create, session_get, session_delete;
route_handler session_password, session_sign_in;

/* item-api.c */
route_handler item_list, item_create, item_get, item_patch, item_delete;
route_handler item_adjust, field_list;

/* change-api.c */
route_handler item_history, change_since;

/* collaboration-api.c */
route_handler collaboration_presence, collaboration_join;
route_handler collaboration_broadcast;

/* service-api.c */
route_handler service_openapi, service_health, service_metrics;

#endif
