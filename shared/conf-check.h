/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * The checks that conf.def names.  Each returns NULL when the text is
 * allowed, else what is allowed, to be printed.  Only conf.c needs this.
 */
#ifndef SHARED_CONF_CHECK_H
#define SHARED_CONF_CHECK_H

/* Anything that is printable UTF-8. */
const char *conf_check_any(const char *);

/* An absolute path; and one that fits a Unix socket's address. */
const char *conf_check_path(const char *);
const char *conf_check_socket(const char *);

/* "" or an absolute path. */
const char *conf_check_file(const char *);

/* "" or address:port, the address numeric. */
const char *conf_check_listen(const char *);

/* "" or "/segment" once or more, without a slash at the end. */
const char *conf_check_base(const char *);

/* "" or scheme://host[:port] as browsers send it; and a list of those. */
const char *conf_check_origin(const char *);
const char *conf_check_origins(const char *);

/* "" or what origin_init takes. */
const char *conf_check_origin_regex(const char *);

/* "" or an origin and a path of which the last segment is "push". */
const char *conf_check_push_url(const char *);

/* How pages get their events: "auto" or "poll". */
const char *conf_check_transport(const char *);

/* "session" or "remote_user"; a role that may be had unasked, or "none". */
const char *conf_check_auth(const char *);
const char *conf_check_remote_role(const char *);

/* A word of STOCKROOM_SANDBOX. */
const char *conf_check_sandbox(const char *);

/* "", an absolute path of this site, or an address of http or https. */
const char *conf_check_signout(const char *);

/* One or more rooms: letters, digits, "_", "-" and ".". */
const char *conf_check_rooms(const char *);

/* One or more #RRGGBB. */
const char *conf_check_palette(const char *);

#endif
