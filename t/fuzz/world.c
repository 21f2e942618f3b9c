/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "world.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "fcgi-app/signer.h"
#include "fcgi-app/user.h"
#include "shared/origin.h"
#include "target.h"

#define ROOM (1 << 20) /* bytes that a socket should hold */

static struct {
	bool made;
	char dir[64];
	struct app app;
	struct db *reader;
	sqlite3 *raw;    /* past the product, to put things back */
	int64_t commits; /* of the product, when it was last put back */
} world;

/* The tables that requests change. */
static const char *const tables[] = {
    "item", "change", "idem", "session", "token", "user", "revoked", "bucket"};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

const char *
world_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", world.dir, name);
	return path;
}

/* At the end, unless a finding is the end. */
static void
remove_all(void)
{
	static const char *const names[] = {"db", "db-wal", "db-shm", "db.lock",
	    "key", "key.pub", "event.sock", "relay.sock"};

	db_close(world.reader);
	db_close_writer();
	signer_stop();
	sqlite3_close(world.raw);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(world_path(names[i]));
	rmdir(world.dir);
}

static void
run(const char *text)
{
	MUST(sqlite3_exec(world.raw, text, NULL, NULL, NULL) == SQLITE_OK);
}

/* What is there before any input. */
static void
fill(void)
{
	char token[USER_DIGEST_LEN + 1], session[USER_DIGEST_LEN + 1];
	char text[2048];

	user_digest(WORLD_TOKEN, token);
	user_digest(WORLD_COOKIE, session);
	run("UPDATE meta SET value = 'ffffffffffffffff' WHERE key = 'epoch';"
	    "INSERT INTO user VALUES (1, 'ana', 'x', 'admin', '', 0, 0, '');"
	    "INSERT INTO item (sku, name, version, created_at, updated_at,"
	    " updated_by) VALUES ('A-1', 'bolt', 5, '', '', 'ana');"
	    "INSERT INTO change VALUES (5, '', '', 1, 'ana', 'update', 1,"
	    " 'A-1', 5, '[]', NULL, NULL, NULL, 'api');");
	snprintf(text, sizeof(text),
	    "INSERT INTO token VALUES (1, 'p', 'printer', '%s', 1, 'admin',"
	    " '', NULL, %lld);"
	    "INSERT INTO session VALUES ('%s', 's', 1, %lld, %lld)",
	    token, 1LL << 52, session, 1LL << 52, 1LL << 52);
	run(text);
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(text, sizeof(text),
		    "CREATE TEMP TABLE keep_%s AS SELECT * FROM %s", tables[i],
		    tables[i]);
		run(text);
	}
	run("CREATE TEMP TABLE keep_seq AS SELECT * FROM sqlite_sequence");
}

/* Memory is a good disk for this, unless we are told where. */
static void
make_directory(void)
{
	const char *top = getenv("TMPDIR");

	if (top == NULL)
		top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(world.dir, sizeof(world.dir), "%s/stockroom-fuzz-XXXXXX", top);
	MUST(mkdtemp(world.dir) != NULL);
}

static void
make(void)
{
	make_directory();
	unsetenv("STOCKROOM_FUZZ"); /* libFuzzer's: no setting */
	setenv("STOCKROOM_DB", world_path("db"), 1);
	setenv("STOCKROOM_KEY_FILE", world_path("key"), 1);
	setenv("STOCKROOM_EVENT_SOCKET", world_path("event.sock"), 1);
	setenv("STOCKROOM_USER_WRITES", "0", 1);
	/* A wrong password costs 100 ms: a few are enough. */
	setenv("STOCKROOM_SIGNIN_FAILURES", "1", 1);
	setenv("STOCKROOM_SIGNIN_ADDRESS", "1", 1);
	setenv("STOCKROOM_SIGNIN_ACCOUNT", "1", 1);
	setenv("ALLOW_ORIGINS", "https://a.example,http://b.example:8080", 1);
	setenv("ALLOW_ORIGIN_REGEX", "https://[a-z]+\\.c\\.example", 1);
	conf_load(&world.app.conf, world_path("none"));
	origin_init(&world.app.conf);
	MUST(signer_start(world.app.conf.key_file) == ST_OK);
	db_open_writer(world.app.conf.db);
	MUST(sqlite3_open(world.app.conf.db, &world.raw) == SQLITE_OK);
	MUST(sqlite3_db_config(world.raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
		 NULL) == SQLITE_OK);
	run("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF");
	fill();
	world.reader = db_open_reader(world.app.conf.db);
	world.made = true;
	atexit(remove_all);
}

const struct app *
world_app(void)
{
	if (!world.made)
		make();
	return &world.app;
}

struct db *
world_reader(void)
{
	world_app();
	return world.reader;
}

void
world_restore(void)
{
	char text[128];

	if (db_counts().commits == world.commits)
		return;
	world.commits = db_counts().commits;
	run("BEGIN IMMEDIATE");
	for (size_t i = 0; i < TABLES; i++) {
		snprintf(text, sizeof(text),
		    "DELETE FROM main.%s; INSERT INTO main.%s"
		    " SELECT * FROM keep_%s",
		    tables[i], tables[i], tables[i]);
		run(text);
	}
	run("DELETE FROM main.sqlite_sequence;"
	    "INSERT INTO main.sqlite_sequence SELECT * FROM keep_seq;"
	    "COMMIT");
}

void
world_pair(int fds[2])
{
	const struct timeval soon = {.tv_usec = 100000};
	int room = ROOM;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
	for (int i = 0; i < 2; i++) {
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
		setsockopt(
		    fds[i], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	}
}

void
world_send(int fd, const void *data, size_t len)
{
	const char *at = data;
	ssize_t n;

	for (; len > 0; at += n, len -= (size_t)n)
		if ((n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT)) <= 0)
			return;
}

size_t
world_receive(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 &&
	       (n = recv(fd, out + len, size - 1 - len, MSG_DONTWAIT)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	return len;
}

void
world_events(char *text, void (*check)(const struct event *))
{
	struct event ev;
	char *line, *end;

	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		memset(&ev, 0, sizeof(ev));
		MUST(event_parse(line, (size_t)(end - line), &ev) == ST_OK);
		check(&ev);
		event_reset(&ev);
	}
}
