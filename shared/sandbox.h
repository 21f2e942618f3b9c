/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * What a program gives up before it serves strangers, beside what the service
 * manager's sandbox takes from it: a parser that is broken into finds no
 * program to run, no network, and no file that the program does not need.
 *
 *   - no new privileges, no core dumps, no tracing by others of our user
 *   - Landlock (landlock(7), Linux 5.13, ABI 1 to 7 as the kernel has it):
 *     only the directories allowed here; no TCP; no signals and no abstract
 *     sockets out of the process
 *   - seccomp (seccomp(2)): the calls of sandbox-calls.c are refused; of
 *     sockets only Unix ones can be made
 *
 * The list of calls is one of what must never happen, not of what may: what
 * libc, SQLite and libmicrohttpd call changes from one Debian to the next,
 * and a forgotten call breaks a site at its next upgrade.  The list of what
 * may is the unit's SystemCallFilter, which systemd keeps up to date.  A
 * refused call fails with EPERM, and the kernel's audit log says so.
 *
 * A build with AddressSanitizer lets the sanitizer do what its reports need:
 * read any file, start its tracer and trace.
 */
#ifndef SHARED_SANDBOX_H
#define SHARED_SANDBOX_H

#define SANDBOX_PATHS_MAX 16

/* STOCKROOM_SANDBOX; a kernel that lacks a part: one line, and we go on. */
enum sandbox_mode {
	SANDBOX_OFF,
	SANDBOX_LOG,   /* calls of the list are logged only; no Landlock */
	SANDBOX_ON,    /* the default */
	SANDBOX_STRICT /* a missing part ends the start, a call the process */
};

/* What may be done below a directory. */
enum sandbox_access {
	SANDBOX_READ,  /* read files and list directories */
	SANDBOX_WRITE, /* also write, make and remove files */
	SANDBOX_REMOVE /* only remove files: our own sockets */
};

/* The directories; all zeroes allows none.  Paths are borrowed. */
struct sandbox {
	struct {
		char *path; /* owned */
		enum sandbox_access how;
	} paths[SANDBOX_PATHS_MAX];
	int count;
};

/* The mode that a value of STOCKROOM_SANDBOX, checked before, stands for. */
enum sandbox_mode sandbox_mode(const char *text);

/*
 * Allow what is below the directory of FILE; and, when FILE is a symbolic
 * link, below that of the file it leads to now.  For a directory that is yet
 * to be made it is the nearest one above that is there, but never the root.
 * An empty FILE allows nothing.
 */
void sandbox_allow_beside(
    struct sandbox *, enum sandbox_access, const char *file);

/*
 * Enter, for good; before there are threads, since Landlock holds for the one
 * that calls and for those that it starts.  Frees the paths.  Ends the process
 * (EX_OSERR) in mode strict where the kernel lacks a part, and in any mode
 * when what it has does not work.
 */
void sandbox_enter(struct sandbox *, enum sandbox_mode);

#endif
