/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Root at the command line works as the database's owner: files that
 * belonged to root would shut the app out, and a name planted by the owner
 * must not lead root elsewhere.  For all others nothing changes.
 */
#ifndef FCGI_APP_CTL_OWNER_H
#define FCGI_APP_CTL_OWNER_H

#include <sys/types.h>

/*
 * Whose the database PATH is: the owner of its directory; where that is
 * root's, the owner of the file itself, links not followed; else root.
 */
uid_t ctl_owner_of(const char *path);

/*
 * Become that user, with its groups, until ctl_owner_caller(): root alone
 * can, and nothing of the database may be open yet.  To be called once.
 * Ends the process when it does not work.
 */
void ctl_owner_drop(const char *path);

/*
 * Be who called us again, to open a file that was named, and then the owner
 * once more.  Both do nothing when ctl_owner_drop() did nothing.
 */
void ctl_owner_caller(void);
void ctl_owner_drop_again(void);

/*
 * ctl_owner_caller() to make the file PATH, but for one in a directory of the
 * owner's: who could put another in its place meanwhile, so it is made as the
 * owner, and becomes the owner's.
 */
void ctl_owner_caller_at(const char *path);

#endif
