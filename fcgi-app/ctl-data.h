/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * stockroomctl data: what its commands share.
 */
#ifndef FCGI_APP_CTL_DATA_H
#define FCGI_APP_CTL_DATA_H

#include "ctl.h"

/*
 * Verify DB, told of as NAME, with progress; findings are said on standard
 * error.  *OUT, the caller's, tells of all.  EX_OK; EX_DATAERR when there is
 * a finding, or it cannot be read.
 */
int ctl_verify(
    struct ctl *, struct db *, const char *name, struct json_object **out);

/*
 * Open a database for reading, as who called us.  EX_OK, or having said why
 * it cannot be.
 */
int ctl_open_file(struct ctl *, const char *path, struct db **out);

#endif
