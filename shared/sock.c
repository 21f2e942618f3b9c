/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCK_WORD 64 /* bytes of a user's name with the NUL */

static bool
add_peer(struct sock_peers *peers, uid_t uid)
{
	int i;

	for (i = 0; i < peers->count; i++)
		if (peers->uid[i] == uid)
			return true;
	if (peers->count == SOCK_PEERS_MAX)
		return false;
	peers->uid[peers->count++] = uid;
	return true;
}

/* A user's name, or a decimal id, to the id. */
static bool
find_user(const char *word, uid_t *out)
{
	const struct passwd *pw;
	unsigned long id;
	char *end;

	if (word[strspn(word, "0123456789")] == '\0') {
		errno = 0;
		id = strtoul(word, &end, 10);
		/* The largest id means "none" to the kernel. */
		if (errno != 0 || id >= (uid_t)-1)
			return false;
		*out = (uid_t)id;
		return true;
	}
	if ((pw = getpwnam(word)) == NULL)
		return false;
	*out = pw->pw_uid;
	return true;
}

bool
sock_peers_parse(struct sock_peers *peers, const char *list, char *bad)
{
	char word[SOCK_WORD];
	size_t len;
	uid_t uid;

	*peers = (struct sock_peers){.count = 0};
	add_peer(peers, 0);
	add_peer(peers, geteuid());
	for (list += strspn(list, ", \t"); *list != '\0';
	     list += len, list += strspn(list, ", \t")) {
		len = strcspn(list, ", \t");
		snprintf(word, sizeof(word), "%.*s", (int)len, list);
		if (len >= sizeof(word) || !find_user(word, &uid) ||
		    !add_peer(peers, uid)) {
			memcpy(bad, word, sizeof(word));
			return false;
		}
	}
	return true;
}

/* A new socket and the address of PATH; -1 with errno. */
static int
open_unix(const char *path, struct sockaddr_un *addr)
{
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(addr->sun_path)) {
		errno = len == 0 ? EINVAL : ENAMETOOLONG;
		return -1;
	}
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path, path, len + 1);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void
close_keep_errno(int fd)
{
	int saved = errno;

	if (fd != -1)
		close(fd);
	errno = saved;
}

/*
 * Whoever makes or replaces a socket holds the lock of its directory, so
 * that of two starting at once the second sees the first one's listener.
 */
static int
lock_directory(const char *path)
{
	char *copy;
	int fd;

	if ((copy = strdup(path)) == NULL)
		return -1;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (fd != -1 && flock(fd, LOCK_EX) != 0) {
		close_keep_errno(fd);
		return -1;
	}
	return fd;
}

/* Remove a socket file that nobody listens on; 0, or -1 with errno. */
static int
remove_stale(const char *path)
{
	struct stat sb;
	int fd;

	if (lstat(path, &sb) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(sb.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if ((fd = sock_connect_unix(path)) != -1 || errno != ECONNREFUSED) {
		close_keep_errno(fd);
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

int
sock_listen_unix(const char *path, mode_t mode, int backlog)
{
	struct sockaddr_un addr;
	int lock, fd;

	if ((fd = open_unix(path, &addr)) == -1)
		return -1;
	/* fchmod first: the file must never be wider than MODE. */
	if ((lock = lock_directory(path)) == -1 || remove_stale(path) != 0 ||
	    fchmod(fd, mode) != 0 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    chmod(path, mode) != 0 || listen(fd, backlog) != 0) {
		close_keep_errno(fd);
		fd = -1;
	}
	close_keep_errno(lock);
	return fd;
}

int
sock_connect_unix(const char *path)
{
	struct sockaddr_un addr;
	int fd;

	if ((fd = open_unix(path, &addr)) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		close_keep_errno(fd);
		return -1;
	}
	return fd;
}

bool
sock_peer_allowed(int fd, const struct sock_peers *peers)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	for (i = 0; i < peers->count; i++)
		if (peers->uid[i] == cred.uid)
			return true;
	return false;
}

bool
sock_is_listening(int fd)
{
	socklen_t len = sizeof(int);
	int type = 0, listening = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0)
		return false;
	len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) != 0)
		return false;
	return type == SOCK_STREAM && listening != 0;
}

bool
sock_set_nonblock(int fd, bool on)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1)
		return false;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) == 0;
}

bool
sock_set_timeout(int fd, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0;
}
