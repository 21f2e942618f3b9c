/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

/*
 * Tries from inside what the sandbox forbids and what it allows, for the
 * tests: try-sandbox MODE DIRECTORY FOREIGN.  DIRECTORY is allowed to be
 * written to, the directory of FOREIGN's parent is not allowed at all.  Each
 * line of standard output is "NAME yes", or "NAME" and the name of an error.
 * With a fourth word only the one of that name is tried.  A mode that begins
 * with "without-landlock:" plays a kernel that has none.
 */
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/sandbox.h"

static const char *directory, *foreign;
static int tcp_fd = -1; /* made before */

static char path[4096];

static const char *
in(const char *dir, const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Open and close. */
static long
try_open(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC, 0600);

	if (fd != -1)
		close(fd);
	return fd;
}

static long
try_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return fd;
}

/* ---- what should fail */

static long
do_execve(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};

	return execve("/bin/true", argv, NULL);
}

static long
do_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}

static long
do_inet(void)
{
	return try_socket(AF_INET, SOCK_STREAM);
}

static long
do_inet6(void)
{
	return try_socket(AF_INET6, SOCK_DGRAM);
}

static long
do_netlink(void)
{
	return try_socket(AF_NETLINK, SOCK_RAW);
}

static long
do_packet(void)
{
	return try_socket(AF_PACKET, SOCK_RAW);
}

static long
do_bind_tcp(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};

	return bind(tcp_fd, (struct sockaddr *)&sin, sizeof(sin));
}

static long
do_ptrace(void)
{
	/* Harmless where it is allowed: it is not our tracee. */
	return ptrace(PTRACE_DETACH, getppid(), NULL, NULL);
}

static long
do_read_memory(void)
{
	return syscall(
	    SYS_process_vm_readv, getppid(), NULL, 0UL, NULL, 0UL, 0UL);
}

static long
do_kill(void)
{
	return kill(getppid(), 0);
}

static long
do_mount(void)
{
	return mount("none", directory, "tmpfs", 0, NULL);
}

static long
do_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}

static long
do_chroot(void)
{
	return chroot(directory);
}

static long
do_setuid(void)
{
	return setuid(getuid());
}

static long
do_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long
do_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0);
}

static long
do_keyctl(void)
{
	return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}

static long
do_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long
do_chmod(void)
{
	return chmod(foreign, 0666);
}

static long
do_write_foreign(void)
{
	return try_open(foreign, O_WRONLY);
}

static long
do_truncate_foreign(void)
{
	return truncate(foreign, 0);
}

static long
do_make_foreign(void)
{
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s.new", foreign);
	return try_open(copy, O_WRONLY | O_CREAT);
}

static long
do_remove_foreign(void)
{
	return unlink(foreign);
}

static long
do_take_foreign(void)
{
	return rename(foreign, in(directory, "taken"));
}

static long
do_write_passwd(void)
{
	return try_open("/etc/passwd", O_WRONLY);
}

static long
do_symlink(void)
{
	return symlink("/etc", in(directory, "link"));
}

/* ---- what a sanitizer needs, and is refused otherwise */

static long
do_read_foreign(void)
{
	return try_open(foreign, O_RDONLY);
}

static long
do_read_passwd(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static long
do_list_root(void)
{
	return try_open("/", O_RDONLY | O_DIRECTORY);
}

/* ---- what should work */

static long
do_make_own(void)
{
	return try_open(in(directory, "own"), O_RDWR | O_CREAT);
}

static long
do_truncate_own(void)
{
	return truncate(in(directory, "own"), 10);
}

static long
do_remove_own(void)
{
	return unlink(in(directory, "own"));
}

static long
do_random(void)
{
	return try_open("/dev/urandom", O_RDONLY);
}

static long
do_unix(void)
{
	return try_socket(AF_UNIX, SOCK_STREAM);
}

static void *
nothing(void *arg)
{
	return arg;
}

static long
do_thread(void)
{
	pthread_t thread;

	if ((errno = pthread_create(&thread, NULL, nothing, NULL)) != 0)
		return -1;
	return pthread_join(thread, NULL);
}

/* The Unix socket of another program is reached by its name. */
static long
do_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	long rc;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.sock", foreign);
	rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	return rc;
}

static const struct {
	const char *name;
	long (*try)(void);
} tries[] = {{"execve", do_execve}, {"fork", do_fork}, {"inet", do_inet},
    {"inet6", do_inet6}, {"netlink", do_netlink}, {"packet", do_packet},
    {"bind-tcp", do_bind_tcp}, {"ptrace", do_ptrace},
    {"read-memory", do_read_memory}, {"kill", do_kill}, {"mount", do_mount},
    {"unshare", do_unshare}, {"chroot", do_chroot}, {"setuid", do_setuid},
    {"bpf", do_bpf}, {"userfaultfd", do_userfaultfd}, {"keyctl", do_keyctl},
    {"io-uring", do_io_uring}, {"chmod", do_chmod},
    {"write-foreign", do_write_foreign},
    {"truncate-foreign", do_truncate_foreign},
    {"make-foreign", do_make_foreign}, {"remove-foreign", do_remove_foreign},
    {"take-foreign", do_take_foreign}, {"write-passwd", do_write_passwd},
    {"symlink", do_symlink}, {"read-foreign", do_read_foreign},
    {"read-passwd", do_read_passwd}, {"list-root", do_list_root},
    {"make-own", do_make_own}, {"truncate-own", do_truncate_own},
    {"remove-own", do_remove_own}, {"random", do_random}, {"unix", do_unix},
    {"thread", do_thread}, {"connect", do_connect}};

static void
without_landlock(void)
{
	struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					 offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {4, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int
main(int argc, char **argv)
{
	static const char bare[] = "without-landlock:";
	struct sandbox box = {0};
	const char *mode;

	if (argc < 4)
		return 64;
	mode = argv[1];
	if (strncmp(mode, bare, sizeof(bare) - 1) == 0) {
		mode += sizeof(bare) - 1;
		without_landlock();
	}
	directory = argv[2];
	foreign = argv[3];
	tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sandbox_allow_beside(&box, SANDBOX_WRITE, in(directory, "db"));
	sandbox_enter(&box, sandbox_mode(mode));
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (argc > 4 && strcmp(tries[i].name, argv[4]) != 0)
			continue;
		printf("%s %s\n", tries[i].name,
		    tries[i].try() >= 0 ? "yes" : strerrorname_np(errno));
		fflush(stdout);
	}
	return 0;
}
