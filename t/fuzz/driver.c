/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * libFuzzer's side: which target, STOCKROOM_FUZZ says.
 */
#include <stdio.h>

#include "target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct fuzz_target *target;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("STOCKROOM_FUZZ");

	(void)argc;
	(void)argv;
	fuzz_begin();
	if (name == NULL || (target = fuzz_find(name)) == NULL) {
		fprintf(stderr, "STOCKROOM_FUZZ must name a target\n");
		exit(64);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	target->run(data, len);
	return 0;
}
