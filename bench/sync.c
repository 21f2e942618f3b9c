/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * sync FILE COUNT: the floor of what is durable: write 4 KiB over what is
 * there and fdatasync() it, so many times one after the other; prints the
 * median in microseconds.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "median.h"
#include "shared/clock.h"

#define SIZE   4096
#define BLOCKS 256

int
main(int argc, char *argv[])
{
	static char block[SIZE];
	int64_t *took, began;
	long count;
	int fd;

	if (argc != 3 || (count = strtol(argv[2], NULL, 10)) < 1 ||
	    (took = calloc((size_t)count, sizeof(*took))) == NULL ||
	    (fd = open(argv[1], O_RDWR | O_CREAT, 0600)) == -1)
		return 64;
	for (int i = 0; i < BLOCKS; i++)
		if (pwrite(fd, block, SIZE, (off_t)i * SIZE) != SIZE)
			return 1;
	if (fsync(fd) == -1)
		return 1;
	for (long i = 0; i < count; i++) {
		memset(block, (int)i, SIZE);
		began = clock_mono_us();
		if (pwrite(fd, block, SIZE, (off_t)(i % BLOCKS) * SIZE) !=
			SIZE ||
		    fdatasync(fd) == -1)
			return 1;
		took[i] = clock_mono_us() - began;
	}
	printf("%lld\n", (long long)median(took, (size_t)count));
	free(took);
	return 0;
}
