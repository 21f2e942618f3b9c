/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * libfcgi's own accept loop, in as many threads as the app has: the frame of
 * the floors that answer by FastCGI.
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

/*
 * Listen on the Unix socket, and run LOOP in each thread with an int to
 * accept from, until SIGTERM ends the process.  Returns 1 when it could not.
 */
int answer_by(void *(*loop)(void *listen_fd), const char *path);

#endif
