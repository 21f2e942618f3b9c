/*
 * Copyright (c) 2026 The Stockroom developers
 * SPDX-License-Identifier: ISC
 */

#include <sys/socket.h>

#include <errno.h>
#include <sched.h>
#include <stddef.h>

#include <seccomp.h>

#include "sandbox-inner.h"

/*
 * Calls that no part of us makes once it serves.  What an older libseccomp
 * does not know by name, an older kernel does not have.
 */
static const char *const refused[] = {
    /* other programs, other processes */
    "execve", "execveat", "fork", "vfork", "process_vm_readv",
    "process_vm_writev", "process_madvise", "pidfd_getfd", "pidfd_send_signal",
    "kcmp", "kill", "tkill", "rt_sigqueueinfo",
    /* other users */
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
    "setfsuid", "setfsgid", "setgroups", "capset", "personality",
    /* rights and attributes of files by name, which Landlock leaves alone */
    "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "setxattr",
    "lsetxattr", "setxattrat", "removexattr", "lremovexattr", "removexattrat",
    /* other roots and name spaces */
    "chroot", "pivot_root", "mount", "umount", "umount2", "move_mount",
    "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
    "unshare", "setns", "open_by_handle_at",
    /* large and rarely tried parts of the kernel; io_uring opens sockets
     * past this filter */
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "fanotify_init", "keyctl", "add_key", "request_key",
    "modify_ldt", "memfd_secret",
    /* the machine itself */
    "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "reboot", "swapon", "swapoff", "acct",
    "iopl", "ioperm", "clock_settime", "settimeofday", "clock_adjtime",
    "adjtimex", "sethostname", "setdomainname", "quotactl", "syslog",
    "vhangup"};

/* What AddressSanitizer calls to look for leaks at the end. */
static const char *const refused_unsanitized[] = {"ptrace"};

static int
refuse(scmp_filter_ctx ctx, uint32_t action, const char *const *names,
    size_t count)
{
	int call, rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		call = seccomp_syscall_resolve_name(names[i]);
		if (call != __NR_SCMP_ERROR)
			rc = seccomp_rule_add(ctx, action, call, 0);
	}
	return rc;
}

/*
 * A new process is a clone() without CLONE_THREAD; a new name space is a flag
 * of it that threads may not have anyhow.  clone3() hides its flags behind a
 * pointer: to seem an older kernel makes libc use clone().
 */
static int
refuse_processes(scmp_filter_ctx ctx, uint32_t action, uint32_t absent)
{
#if defined(__s390__)
	const unsigned flags = 1;
#else
	const unsigned flags = 0;
#endif
	int rc;

	rc = seccomp_rule_add(ctx, action, SCMP_SYS(clone), 1,
	    SCMP_CMP(flags, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return rc != 0 ? rc
		       : seccomp_rule_add(ctx, absent, SCMP_SYS(clone3), 0);
}

/* All the rules; 0, or what libseccomp says. */
static int
add_rules(scmp_filter_ctx ctx, enum sandbox_mode mode)
{
	uint32_t action = mode == SANDBOX_LOG      ? SCMP_ACT_LOG
			  : mode == SANDBOX_STRICT ? SCMP_ACT_KILL_PROCESS
						   : SCMP_ACT_ERRNO(EPERM);
	uint32_t absent =
	    mode == SANDBOX_LOG ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(ENOSYS);
	int rc;

	rc = refuse(ctx, action, refused, sizeof(refused) / sizeof(refused[0]));
	if (rc == 0 && !SANDBOX_SANITIZED)
		rc = refuse(ctx, action, refused_unsanitized,
		    sizeof(refused_unsanitized) /
			sizeof(refused_unsanitized[0]));
	if (rc == 0 && !SANDBOX_SANITIZED)
		rc = refuse_processes(ctx, action, absent);
	if (rc == 0)
		rc = seccomp_rule_add(ctx, action, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	return rc;
}

bool
sandbox_calls(enum sandbox_mode mode)
{
	scmp_filter_ctx ctx;
	int rc;

	if ((ctx = seccomp_init(SCMP_ACT_ALLOW)) == NULL) {
		errno = ENOMEM;
		return false;
	}
	/* no_new_privs is set; what is refused goes to the audit log. */
	if ((rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0)) == 0 &&
	    (rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1)) == 0 &&
	    (rc = add_rules(ctx, mode)) == 0) {
		/* Older kernels cannot, which is no reason to go without. */
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1);
		rc = seccomp_load(ctx);
	}
	seccomp_release(ctx);
	errno = -rc;
	return rc == 0;
}
