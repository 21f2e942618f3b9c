/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Every file of the corpus through its target, as a test: TAP.  The folder
 * is t/fuzz/corpus of the source, or the first argument; the second names the
 * only target to run.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "target.h"

#define INPUT_MAX 200000 /* bytes of a file */

static uint8_t input[INPUT_MAX];

/* Run one file; false when it cannot be read. */
static int
replay(const struct fuzz_target *target, const char *path)
{
	FILE *f;
	uint8_t *exact;
	size_t len;

	if ((f = fopen(path, "rb")) == NULL)
		return 0;
	len = fread(input, 1, sizeof(input), f);
	fclose(f);
	/* In a block of its very size, so that a byte too far is seen. */
	exact = malloc(len > 0 ? len : 1);
	MUST(exact != NULL);
	memcpy(exact, input, len);
	target->run(exact, len);
	free(exact);
	return 1;
}

/* Run a target's folder; how many files there were, -1 on trouble. */
static int
replay_all(const struct fuzz_target *target, const char *corpus)
{
	struct dirent *entry;
	char path[4096];
	DIR *dir;
	int count = 0;

	snprintf(path, sizeof(path), "%s/%s", corpus, target->name);
	if ((dir = opendir(path)) == NULL)
		return -1;
	while (count >= 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", corpus, target->name,
		    entry->d_name);
		count = replay(target, path) ? count + 1 : -1;
	}
	closedir(dir);
	return count;
}

int
main(int argc, char *argv[])
{
	const char *corpus = argc > 1 ? argv[1] : CORPUS;
	const struct fuzz_target *t;
	int number = 0, failed = 0, count;

	setvbuf(stdout, NULL, _IONBF, 0);
	fuzz_begin();
	for (t = fuzz_targets; t->name != NULL; t++) {
		if (argc > 2 && strcmp(argv[2], t->name) != 0)
			continue;
		printf("# %s\n", t->name);
		count = replay_all(t, corpus);
		printf("%sok %d - %s: %d inputs\n", count > 0 ? "" : "not ",
		    ++number, t->name, count);
		failed |= count <= 0;
	}
	printf("1..%d\n", number);
	return failed;
}
