/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Below 64 each duration has a slot, then 64 share a power of two. */
static int
slot_of(int64_t us)
{
	int shift = 0;

	if (us < 0)
		us = 0;
	while (us >> shift >= 128)
		shift++;
	return shift * 64 + (int)(us >> shift);
}

static int64_t
slot_top(int slot)
{
	int shift = slot < 128 ? 0 : slot / 64 - 1;

	return ((int64_t)(slot - shift * 64 + 1) << shift) - 1;
}

void
times_add(struct times *t, int64_t us)
{
	int slot = slot_of(us);

	if (slot >= TIMES_SLOTS)
		slot = TIMES_SLOTS - 1;
	t->slot[slot]++;
	t->count++;
	if (us > t->most)
		t->most = us;
}

int64_t
times_part(const struct times *t, int part)
{
	int64_t seen = 0, want = (t->count * part + 999) / 1000;
	int i;

	if (t->count == 0)
		return 0;
	for (i = 0; i < TIMES_SLOTS - 1; i++) {
		if ((seen += t->slot[i]) >= want)
			break;
	}
	return slot_top(i) < t->most ? slot_top(i) : t->most;
}

static void
put_ms(struct json_object *obj, const char *key, int64_t us)
{
	char text[32];

	snprintf(
	    text, sizeof(text), "%" PRId64 ".%03" PRId64, us / 1000, us % 1000);
	json_object_object_add(
	    obj, key, json_object_new_double_s((double)us / 1000, text));
}

struct json_object *
times_json(const struct times *t)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, "count", json_object_new_int64(t->count));
	put_ms(obj, "p50_ms", times_part(t, 500));
	put_ms(obj, "p90_ms", times_part(t, 900));
	put_ms(obj, "p99_ms", times_part(t, 990));
	put_ms(obj, "max_ms", t->most);
	return obj;
}

int64_t
cpu_ms(pid_t pid)
{
	char path[64], text[1024], *p;
	unsigned long user, system;
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	good = fgets(text, sizeof(text), f) != NULL;
	fclose(f);
	/* The name, in parentheses, may hold anything. */
	if (!good || (p = strrchr(text, ')')) == NULL ||
	    sscanf(p + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		&system) != 2)
		return -1;
	return (int64_t)(user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

int64_t
private_kib(pid_t pid)
{
	char path[64], line[256];
	int64_t sum = 0;
	long kib;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/smaps_rollup", (long)pid);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "Pss_Anon: %ld kB", &kib) == 1 ||
		    sscanf(line, "Pss_Shmem: %ld kB", &kib) == 1)
			sum += kib;
	}
	fclose(f);
	return sum;
}
