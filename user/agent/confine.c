// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/confine.h"

#include <fcntl.h>
#include <sched.h>

#include "base/array.h"
#include "base/capabilities.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "base/syscall_filter.h"

/* docs/security.md has the reasons. */
static const struct kept_capability at_start[] = {
	{.capability = CAP_BPF},
	{.capability = CAP_PERFMON},
	{.capability = CAP_SYS_PTRACE},
	{.capability = CAP_DAC_READ_SEARCH},
	{.capability = CAP_SYS_ADMIN},	  /* single uprobes, tracefs, run times */
	{.capability = CAP_SYS_RESOURCE}, /* locked memory before Linux 5.11 */
	{.capability = CAP_SETUID},	  /* the supervisor changes its user, and */
	{.capability = CAP_SETGID},
	{.capability = CAP_SETPCAP}, /* empties its bounding set */
};

static const struct kept_capability attached[] = {
	{.capability = CAP_BPF},
	{.capability = CAP_PERFMON},
	{.capability = CAP_SYS_PTRACE},
	{.capability = CAP_DAC_READ_SEARCH},
	/* For a supervisor that replaces a dead one. */
	{.capability = CAP_SETUID, .is_dormant = true},
	{.capability = CAP_SETGID, .is_dormant = true},
	{.capability = CAP_SYS_ADMIN}, /* the last one: may be left out */
};

#define OPENED_TO(argument_, mask_, bits) \
	.conditions = {{.argument = (argument_), .mask = (mask_), .value = (bits)}}

#define CLONE_WITH(flag)                                                 \
	{                                                                \
		.name = "clone", .conditions = {                         \
			{.argument = 0, .mask = (flag), .value = (flag)} \
		}                                                        \
	}

/* Calls by which root changes the system, other processes or files. The supervisor inherits the filter,
 * so what it needs is not here: sockets, execveat() of an open file, and changes of the user. */
static const struct syscall_rule denied[] = {
	/* Other processes */
	{.name = "ptrace"},
	{.name = "process_vm_writev"},
	{.name = "process_madvise"},
	{.name = "pidfd_getfd"},
	{.name = "kcmp"},

	/* Programs by name; files to write, /proc/PID/mem included */
	{.name = "execve"},
	{.name = "creat"},
	{.name = "open", OPENED_TO(1, O_ACCMODE, O_WRONLY)},
	{.name = "open", OPENED_TO(1, O_ACCMODE, O_RDWR)},
	{.name = "open", OPENED_TO(1, O_CREAT, O_CREAT)},
	{.name = "open", OPENED_TO(1, O_TRUNC, O_TRUNC)}, /* truncates, also with O_RDONLY */
	{.name = "openat", OPENED_TO(2, O_ACCMODE, O_WRONLY)},
	{.name = "openat", OPENED_TO(2, O_ACCMODE, O_RDWR)},
	{.name = "openat", OPENED_TO(2, O_CREAT, O_CREAT)},
	{.name = "openat", OPENED_TO(2, O_TRUNC, O_TRUNC)},
	{.name = "openat2"},
	{.name = "open_by_handle_at"},
	{.name = "link"},
	{.name = "linkat"},
	{.name = "symlink"},
	{.name = "symlinkat"},
	{.name = "unlink"},
	{.name = "unlinkat"},
	{.name = "rename"},
	{.name = "renameat"},
	{.name = "renameat2"},
	{.name = "mkdir"},
	{.name = "mkdirat"},
	{.name = "rmdir"},
	{.name = "mknod"},
	{.name = "mknodat"},
	{.name = "truncate"},
	{.name = "chmod"},
	{.name = "fchmod"},
	{.name = "fchmodat"},
	{.name = "fchmodat2"},
	{.name = "chown"},
	{.name = "lchown"},
	{.name = "fchown"},
	{.name = "fchownat"},
	{.name = "setxattr"},
	{.name = "lsetxattr"},
	{.name = "fsetxattr"},
	{.name = "removexattr"},
	{.name = "lremovexattr"},
	{.name = "fremovexattr"},
	{.name = "setxattrat"},
	{.name = "removexattrat"},
	{.name = "utime"},
	{.name = "utimes"},
	{.name = "futimesat"},
	{.name = "utimensat"},

	/* Namespaces and mounts */
	{.name = "unshare"},
	{.name = "setns"},
	CLONE_WITH(CLONE_NEWUSER),
	CLONE_WITH(CLONE_NEWNS),
	CLONE_WITH(CLONE_NEWPID),
	CLONE_WITH(CLONE_NEWNET),
	CLONE_WITH(CLONE_NEWIPC),
	CLONE_WITH(CLONE_NEWUTS),
	CLONE_WITH(CLONE_NEWCGROUP),
	/* Its arguments cannot be filtered. The C library then calls clone(). */
	{.name = "clone3", .is_absent = true},
	{.name = "mount"},
	{.name = "umount2"},
	{.name = "pivot_root"},
	{.name = "chroot"},
	{.name = "move_mount"},
	{.name = "open_tree"},
	{.name = "fsopen"},
	{.name = "fsconfig"},
	{.name = "fsmount"},
	{.name = "fspick"},
	{.name = "mount_setattr"},

	/* The kernel and the machine */
	{.name = "init_module"},
	{.name = "finit_module"},
	{.name = "delete_module"},
	{.name = "kexec_load"},
	{.name = "kexec_file_load"},
	{.name = "reboot"},
	{.name = "swapon"},
	{.name = "swapoff"},
	{.name = "iopl"},
	{.name = "ioperm"},
	{.name = "acct"},
	{.name = "quotactl"},
	{.name = "syslog"},
	{.name = "sethostname"},
	{.name = "setdomainname"},
	{.name = "settimeofday"},
	{.name = "clock_settime"},
	{.name = "clock_adjtime"},
	{.name = "adjtimex"},
	{.name = "vhangup"},

	/* Large parts of the kernel that nothing here uses */
	{.name = "add_key"},
	{.name = "request_key"},
	{.name = "keyctl"},
	{.name = "io_uring_setup"},
	{.name = "io_uring_enter"},
	{.name = "io_uring_register"},
	{.name = "userfaultfd"},
	{.name = "personality"},
	{.name = "modify_ldt"},
	{.name = "fanotify_init"},
};

int agent_confine__begin(struct error *error)
{
	int r = capabilities__keep(at_start, ARRAY_SIZE(at_start), error);

	return r < 0 ? r : sandbox__forbid_new_privileges(error);
}

int agent_confine__finish(bool keeps_sys_admin, struct error *error)
{
	const size_t count = ARRAY_SIZE(attached) - !keeps_sys_admin;
	struct error reason;
	int r = capabilities__keep(attached, count, error);

	if (r < 0)
		return r;
	if (syscall_filter__enter(SYSCALLS_DENY_LISTED, denied, ARRAY_SIZE(denied), "the agent",
				  &reason) < 0)
		log_warning("the agent: %s", reason.message);
	return 0;
}
